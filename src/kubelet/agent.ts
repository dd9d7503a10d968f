import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { Scope } from '../base/scope.ts'
import type { Informer } from '../client/informer.ts'
import { createRecorder, type Recorder } from '../client/recorder.ts'
import { createInformer } from '../client/reflector.ts'
import { pods } from '../client/resources.ts'
import type { Client } from '../client/typed.ts'
import type { Pod } from '../kinds/types.ts'
import type { KeyPair } from './certificates/key-pair.ts'
import { ConfigSource } from './config-source.ts'
import type { ClusterDns } from './desired.ts'
import { Images } from './images.ts'
import { readCpu, readMachine } from './node/machine.ts'
import { NodeAgent } from './node/node-agent.ts'
import { fingerprint, liveSandbox, type ObservedPod } from './observe.ts'
import { Relister } from './relist.ts'
import type { ContainerState, PodIdentity, Runtime, SandboxState } from './runtime/runtime.ts'
import { KubeletServer, type ServerOptions } from './server/server.ts'
import type { StreamPath } from './server/stream-request.ts'
import type { NodeUsage } from './server/usage.ts'
import { type ServiceSource, serviceEnvOf } from './service-env.ts'
import { PodWorker } from './worker.ts'
import type { WorkerDeps } from './worker-deps.ts'

export interface KubeletOptions {
  readonly nodeName: string
  /** Where this node is reached: pods with the host's network have it, and masters dial it. */
  readonly nodeIp: string
  readonly labels: ReadonlyMap<string, string>
  /** Of its Node. */
  readonly annotations?: ReadonlyMap<string, string>
  readonly runtime: Runtime
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
  /** Port of logs and exec; undefined in tests that need neither. */
  readonly server: ServerOptions | undefined
  /** Pods' files lie under it. */
  readonly dataDirectory: string
  readonly leaseRenewSeconds: number
  readonly clusterDns?: ClusterDns
  /** Variables of every container, such as KUBERNETES_SERVICE_HOST. */
  readonly serviceEnv?: ReadonlyMap<string, string>
  /** Whose variables pods get that want them; without it, none do. */
  readonly services?: ServiceSource
  readonly version?: string
}

export interface Kubelet {
  /**
   * Resolves when it listens and its loops run; the API need not be there yet. Rejects with RuntimeError
   * when the engine does not answer, with the system's error when the port is taken.
   */
  start(): Promise<void>
  /** Containers keep running on docker. Idempotent. */
  stop(): Promise<void>
  /** Its server shows this certificate to who connects from now on. */
  serveWith(pair: KeyPair): void
  /** Where its server listens. */
  readonly address: { readonly host: string; readonly port: number } | undefined
}

const relistMs = 1_000
const volumeRefreshMs = 10_000
/** Without a listing for so long the node is not ready. */
const relistStaleMs = 30_000
const defaultVersion = 'v1.36.0'

export function createKubelet(options: KubeletOptions): Kubelet {
  return new KubeletAgent(options)
}

class KubeletAgent implements Kubelet {
  readonly #options: KubeletOptions
  readonly #scope = new Scope()
  readonly #relister: Relister
  readonly #informer: Informer<Pod>
  readonly #recorder: Recorder
  readonly #workers = new Map<string, PodWorker>()
  readonly #seen = new Map<string, string>()
  #deps: WorkerDeps | undefined
  #server: KubeletServer | undefined
  #address: { readonly host: string; readonly port: number } | undefined
  #listedMs = 0
  #relisting = false
  #listingFails = false

  constructor(options: KubeletOptions) {
    this.#options = options
    const { runtime, client, nodeName, clock, random } = options
    const logger = options.logger.child({ component: 'kubelet', node: nodeName })
    this.#relister = new Relister(runtime)
    const fieldSelector = `spec.nodeName=${nodeName}`
    this.#informer = createInformer(pods(client), { fieldSelector }, { clock, random, logger })
    const host = nodeName
    this.#recorder = createRecorder(client, { component: 'kubelet', host, clock, random, logger })
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#address
  }

  async start(): Promise<void> {
    const { clock, runtime } = this.#options
    const podsDirectory = resolve(this.#options.dataDirectory, 'pods')
    await mkdir(podsDirectory, { recursive: true, mode: 0o755 })
    const machine = await readMachine(podsDirectory)
    this.#deps = this.#workerDeps(podsDirectory, machine)
    this.#listedMs = clock.monotonicMs()
    this.#scope.onClose('recorder', () => this.#recorder.stop())
    this.#scope.onClose('pod workers', async () => {
      await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
    })
    this.#startPods()
    await this.#startServer()
    const node = new NodeAgent({
      ...this.#options,
      facts: {
        nodeName: this.#options.nodeName,
        nodeIp: this.#options.nodeIp,
        kubeletPort: this.address?.port ?? 0,
        kubeletVersion: this.#options.version ?? defaultVersion,
        runtimeVersion: await runtime.version(),
        labels: this.#options.labels,
        annotations: this.#options.annotations ?? new Map(),
      },
      readMachine: () => readMachine(podsDirectory),
      trouble: () =>
        clock.monotonicMs() - this.#listedMs > relistStaleMs
          ? 'container runtime does not answer'
          : undefined,
    })
    node.start(this.#scope)
  }

  stop(): Promise<void> {
    return this.#scope.close()
  }

  serveWith(pair: KeyPair): void {
    this.#server?.use(pair)
  }

  #workerDeps(
    podsDirectory: string,
    machine: { readonly cpuCores: number; readonly memoryBytes: number },
  ): WorkerDeps {
    const options = this.#options
    const { runtime, client, clock } = options
    return {
      ...options,
      recorder: this.#recorder,
      images: new Images(runtime, clock),
      configuration: new ConfigSource(client, clock),
      clusterDns: options.clusterDns,
      serviceEnv: (pod) => serviceEnvOf(pod, options.services, options.serviceEnv ?? new Map()),
      allocatable: { cpuCores: machine.cpuCores, memoryBytes: machine.memoryBytes },
      podsDirectory,
      otherPods: (uid) => this.#informer.list().filter(({ metadata }) => metadata.uid !== uid),
      observe: async (uid) => {
        const all = await this.#relister.fresh()
        this.#listedMs = clock.monotonicMs()
        return all.get(uid)
      },
      gone: (uid) => this.#forget(uid),
    }
  }

  async #startServer(): Promise<void> {
    const { server: options, runtime, clock, logger } = this.#options
    if (!options) return
    const server = new KubeletServer(options, {
      runtime,
      clock,
      logger,
      containers: (path) => this.#containersOf(path),
      sandbox: (path) => this.#sandboxOf(path),
      pods: () => this.#informer.list(),
      usage: () => this.#usage(),
    })
    this.#scope.onClose('server', () => server.stop())
    await server.start()
    this.#server = server
    this.#address = server.address
  }

  async #usage(): Promise<NodeUsage> {
    const { nodeName, clock, runtime, dataDirectory } = this.#options
    const wallMs = clock.wallMs()
    const [machine, containers] = await Promise.all([readMachine(dataDirectory), runtime.usage()])
    return {
      ...{ nodeName, wallMs, containers, ...readCpu(wallMs) },
      memoryWorkingSetBytes: machine.memoryBytes - machine.memoryAvailableBytes,
      memoryAvailableBytes: machine.memoryAvailableBytes,
    }
  }

  /** Of a pod's containers of one name the newest first. */
  async #containersOf(path: StreamPath): Promise<ContainerState[]> {
    return (await this.#podsNamed(path)).flatMap((one) => one.containers.get(path.container) ?? [])
  }

  async #sandboxOf(path: StreamPath): Promise<SandboxState | undefined> {
    return (await this.#podsNamed(path)).map(liveSandbox).find((one) => one !== undefined)
  }

  /** What runs of the pods of one name: the API's, unless only an older one is left. */
  async #podsNamed({ namespace, pod }: StreamPath): Promise<ObservedPod[]> {
    const named = [...(await this.#relister.fresh()).values()].filter(
      (one) => one.pod.namespace === namespace && one.pod.name === pod,
    )
    const uid = this.#informer.get(`${namespace}/${pod}`)?.metadata.uid
    const known = named.filter((one) => one.pod.uid === uid)
    return known.length > 0 ? known : named
  }

  #startPods(): void {
    const { clock, runtime, logger } = this.#options
    const scope = this.#scope
    const relist = () => void this.#relist()
    scope.onClose('runtime events', runtime.subscribe(relist))
    const relistTimer = clock.every(relistMs, relist)
    const refreshTimer = clock.every(volumeRefreshMs, () => {
      for (const worker of this.#workers.values()) worker.refreshVolumes()
    })
    scope.onClose('timers', () => {
      relistTimer.cancel()
      refreshTimer.cancel()
    })
    const unsubscribe = this.#informer.subscribe({
      added: (pod) => this.#applied(pod),
      updated: (pod, previous) => {
        // The same name, another pod: the first one was removed while nobody looked.
        if (previous.metadata.uid !== pod.metadata.uid) this.#removed(previous)
        this.#applied(pod)
      },
      deleted: (pod) => this.#removed(pod),
    })
    scope.onClose('pod handler', unsubscribe)
    this.#informer.start(scope)
    this.#informer.synced.then(relist, (error: unknown) =>
      logger.debug({ error: String(error) }, 'pods were never listed'),
    )
  }

  #applied(pod: Pod): void {
    const { uid = '' } = pod.metadata
    const worker = this.#workers.get(uid)
    if (worker) worker.update(pod)
    else this.#begin(pod, false)
  }

  #removed(pod: Pod): void {
    this.#workers.get(pod.metadata.uid ?? '')?.removed()
  }

  #begin(pod: Pod, orphan: boolean): void {
    if (!this.#deps || this.#scope.closed) return
    const worker = new PodWorker(pod, orphan, this.#deps)
    this.#workers.set(pod.metadata.uid ?? '', worker)
    worker.start()
  }

  #forget(uid: string): void {
    this.#workers.delete(uid)
    this.#seen.delete(uid)
  }

  /** Wakes the workers whose containers changed, and takes up what nobody asks for any more. */
  async #relist(): Promise<void> {
    if (this.#relisting || this.#scope.closed) return
    this.#relisting = true
    try {
      const all = await this.#relister.fresh()
      this.#listedMs = this.#options.clock.monotonicMs()
      this.#listingFails = false
      if (this.#scope.closed) return
      for (const [uid, observed] of all) this.#compare(uid, observed)
      for (const uid of this.#seen.keys())
        if (!all.has(uid)) {
          this.#seen.delete(uid)
          this.#workers.get(uid)?.wake()
        }
    } catch (error) {
      // Told once: the next second brings the same.
      if (!this.#listingFails)
        this.#options.logger.warn({ error: String(error) }, 'listing containers fails')
      this.#listingFails = true
    } finally {
      this.#relisting = false
    }
  }

  #compare(uid: string, observed: ObservedPod): void {
    const worker = this.#workers.get(uid)
    const now = fingerprint(observed)
    if (worker && this.#seen.get(uid) !== now) worker.wake()
    this.#seen.set(uid, now)
    // Before the first list of pods is in, nothing is known to be an orphan.
    if (!worker && this.#informer.hasSynced) this.#begin(orphanPod(observed.pod), true)
  }
}

/** What is known of a pod that only the runtime remembers: enough to end it. */
function orphanPod({ namespace, name, uid }: PodIdentity): Pod {
  const metadata = { namespace, name, uid }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } }
}
