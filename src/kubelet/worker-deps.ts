import type { Clock } from '../base/clock.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Recorder } from '../client/recorder.ts'
import type { Client } from '../client/typed.ts'
import type { Pod } from '../kinds/types.ts'
import type { ConfigSource } from './config-source.ts'
import type { ClusterDns } from './desired.ts'
import type { Images } from './images.ts'
import type { ObservedPod } from './observe.ts'
import type { Runtime } from './runtime/runtime.ts'

/** What all pod workers of a kubelet share. */
export interface WorkerDeps {
  readonly client: Client
  readonly runtime: Runtime
  readonly images: Images
  readonly configuration: ConfigSource
  readonly recorder: Recorder
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
  readonly nodeName: string
  readonly nodeIp: string
  readonly clusterDns: ClusterDns | undefined
  /** The variables by which a pod finds services. */
  serviceEnv(pod: Pod): Promise<ReadonlyMap<string, string>>
  readonly allocatable: { readonly cpuCores: number; readonly memoryBytes: number }
  readonly podsDirectory: string
  /** Whom else this node has room for, or must have. */
  otherPods(uid: string): readonly Pod[]
  /** A listing of the runtime that begins after this call. */
  observe(uid: string): Promise<ObservedPod | undefined>
  /** The pod is gone from runtime, disk and API. */
  gone(uid: string): void
}
