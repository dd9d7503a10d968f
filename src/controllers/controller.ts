import type { Term } from '../base/brand.ts'
import type { Clock } from '../base/clock.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Recorder } from '../client/recorder.ts'
import type { InformerFactory } from '../client/reflector.ts'
import type { Client } from '../client/typed.ts'
import type { APIService } from '../kinds/types.ts'
import type { SignCertificate } from './certificates/order.ts'

export interface ControllersConfig {
  /** A node whose Lease was not renewed for so long is lost. */
  readonly monitorGraceSeconds: number
  /** How often kubelets renew their Lease. */
  readonly leaseRenewSeconds: number
  /** PEM of the cluster's authority, published in every namespace. */
  readonly caCertificate?: string
  /** Signs with the cluster's authority; without it approved requests for certificates wait. */
  readonly signCertificate?: SignCertificate
  /** What a node's kubelet is reached by: it is approved to serve there. Nowhere when left out. */
  readonly servingHosts?: (nodeName: string) => readonly string[]
  /** Asks an API server behind a Service; undefined for an APIService that the masters serve. */
  readonly probeApiService?: (service: APIService) => Promise<ProbedAvailability | undefined>
}

/** Of an APIService: its condition Available. */
export interface ProbedAvailability {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export interface ControllersOptions {
  /** A client whose writes carry this term, so that those of a deposed leader are refused. */
  readonly clientOf: (term: Term) => Client
  /** Shared copies of the API, of a client that only reads. */
  readonly informers: InformerFactory
  /** `component` is who speaks in Events, such as `deployment-controller`. */
  readonly recorderOf: (client: Client, component: string) => Recorder
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
  readonly config: ControllersConfig
}

/** What a controller works with during one term. */
export interface ControllerContext extends Omit<ControllersOptions, 'clientOf' | 'recorderOf'> {
  readonly client: Client
  readonly recorder: Recorder
  readonly term: Term
  /** Awaited between pieces of long work: gives way once this turn of the event loop took too long. */
  pause(): Promise<void>
}

/** One reconciler: keys come in from informers, each is brought closer to what its object asks for. */
export interface Controller {
  readonly name: string
  /** Keys reconciled at the same time. */
  readonly workers: number
  /** Subscribes to what concerns this controller; returns the unsubscribing functions. */
  subscribe(queue: ReconcileQueue): readonly (() => void)[]
  /**
   * Brings one key closer. Runs for one key at a time. A rejection is retried with back-off;
   * a result asks for another run after a time even if nothing changes.
   */
  reconcile(key: string): Promise<RequeueAfter | undefined>
}

export interface RequeueAfter {
  readonly requeueAfterMs: number
}

export interface ReconcileQueue {
  add(key: string): void
  addAfter(key: string, delayMs: number): void
}
