import type { Duplex, Readable, Writable } from 'node:stream'

/**
 * What the kubelet needs from a container engine; in the words of Kubernetes' CRI. Implementations:
 * `docker.ts` (Docker Engine) and `sim.ts` (simulated containers). Both pass test/contract/runtime.ts.
 *
 * Contract: the engine is the only memory. Whatever the kubelet must know after a restart comes back
 * from `list`. A runtime sees only the sandboxes and containers of its own cluster and node. Every
 * refusal rejects with a RuntimeError; stop and remove of something that is gone resolve.
 */
export interface Runtime {
  readonly name: 'docker' | 'sim'
  /** Engine name and version, as in node.status.nodeInfo: `docker://20.10.24`. */
  version(): Promise<string>
  /** Everything of this node, running or not. */
  list(): Promise<RuntimeSnapshot>

  /** What running containers have used so far. */
  usage(): Promise<readonly ContainerUsage[]>

  /** This host's address on the pods' network; undefined where pods have no network of their own. */
  hostAddress(): Promise<string | undefined>

  /** Creates and starts the holder of the pod's namespaces; resolves with its id. */
  runSandbox(config: SandboxConfig): Promise<string>
  /** Ends the sandbox and whatever still runs in it, at once. */
  stopSandbox(id: string): Promise<void>
  /** Removes a sandbox and all containers that were made in it. */
  removeSandbox(id: string): Promise<void>

  /** Creates a container in a sandbox that is ready; resolves with its id. */
  createContainer(sandboxId: string, config: ContainerConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** Sends the stop signal, and SIGKILL after `graceMs`. Resolves when the container has ended. */
  stopContainer(id: string, graceMs: number): Promise<void>
  /** Gives a running container other resources, in place. */
  updateResources(id: string, resources: ResizableResources): Promise<void>
  /** Removes a container; ends it first when it runs. */
  removeContainer(id: string): Promise<void>

  /** Runs a command inside a running container to its end, for probes and hooks. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult>
  /** Runs a command with its streams. */
  exec(id: string, options: ExecOptions): Promise<ExecStream>
  /**
   * The streams of a running container's own process, from now on: its input only when the container has
   * one (`ContainerConfig.stdin`). Its exit code counts as 0: the pod's status tells it.
   */
  attach(id: string, options: AttachOptions): Promise<ExecStream>
  /** A connection to a TCP port of a sandbox, as a process in it would open it to 127.0.0.1. */
  portForward(sandboxId: string, port: number): Promise<Duplex>
  /**
   * What the container wrote, stdout and stderr in the order of writing. Ends after the last line, or
   * with the container when `follow` is set. Destroy the stream to stop early.
   */
  logs(id: string, options: LogOptions): Promise<Readable>

  /** The image's id, or undefined when it is not on this node. */
  imageId(reference: string): Promise<string | undefined>
  /** Fetches an image from its registry; resolves with its id. */
  pullImage(reference: string): Promise<string>

  /** Calls back soon after a container starts or ends. May miss events: list as well. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void
  /** Ends streams and timers of this client. Containers keep running on docker. */
  close(): Promise<void>
}

export interface PodIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface RuntimeSnapshot {
  readonly sandboxes: readonly SandboxState[]
  readonly containers: readonly ContainerState[]
}

export interface SandboxState {
  readonly id: string
  readonly pod: PodIdentity
  /** Counts the sandboxes of one pod from 0. */
  readonly attempt: number
  readonly ready: boolean
  readonly createdMs: number
  /** Undefined with the host's network. */
  readonly ip: string | undefined
}

export type ContainerKind = 'init' | 'container' | 'ephemeral'

export interface ContainerState {
  readonly id: string
  readonly sandboxId: string
  readonly pod: PodIdentity
  readonly name: string
  readonly kind: ContainerKind
  /** How often this container was started anew before: its restartCount. */
  readonly attempt: number
  /** Of the part of the spec that it was made from. */
  readonly hash: string
  readonly image: string
  readonly imageId: string
  readonly state: 'created' | 'running' | 'exited'
  readonly createdMs: number
  readonly startedMs: number | undefined
  readonly finishedMs: number | undefined
  readonly exitCode: number | undefined
  readonly oomKilled: boolean
  /** Why the engine could not start it. */
  readonly startError: string | undefined
  /** What it may use now; undefined where the runtime does not tell. */
  readonly resources?: ResizableResources
}

export interface ContainerUsage {
  readonly id: string
  readonly pod: PodIdentity
  readonly name: string
  readonly startedMs: number
  /** Of all cores together, since its start. */
  readonly cpuNanoseconds: number
  /** Memory in use, without what the kernel could drop at once. */
  readonly memoryWorkingSetBytes: number
}

export interface SandboxConfig {
  readonly pod: PodIdentity
  readonly attempt: number
  readonly hostname: string
  readonly hostNetwork: boolean
  readonly hostPid: boolean
  readonly hostIpc: boolean
  /** Undefined: what the engine gives. */
  readonly dns: DnsConfig | undefined
  readonly extraHosts: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  readonly hostPorts: readonly HostPort[]
  readonly sysctls: ReadonlyMap<string, string>
}

export interface DnsConfig {
  readonly nameservers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface HostPort {
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIp: string
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}

export interface ContainerConfig {
  readonly pod: PodIdentity
  readonly name: string
  readonly kind: ContainerKind
  readonly attempt: number
  readonly hash: string
  readonly image: string
  /** Undefined: the image's own. */
  readonly command: readonly string[] | undefined
  readonly args: readonly string[] | undefined
  readonly workingDir: string | undefined
  readonly env: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
  readonly containerPorts: readonly number[]
  readonly resources: ContainerResources
  readonly security: ContainerSecurity
  readonly tty: boolean
  readonly stdin: boolean
  /** Its input ends with the first client that attaches to it. */
  readonly stdinOnce: boolean
  readonly stopSignal: string | undefined
  /** All containers of the pod see each other's processes. */
  readonly sharePid: boolean
  /** The container whose processes this one sees, by id: a debugger's. */
  readonly targetId: string | undefined
  readonly hostPid: boolean
  readonly hostIpc: boolean
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
  readonly propagation: 'private' | 'rslave' | 'rshared'
}

export interface ContainerResources {
  readonly cpuShares: number
  /** Per 100 ms; undefined without a limit. */
  readonly cpuQuotaMicros: number | undefined
  readonly memoryBytesMax: number | undefined
  readonly oomScoreAdjustment: number
}

/** What of a container's resources changes while it runs. */
export type ResizableResources = Omit<ContainerResources, 'oomScoreAdjustment'>

export interface ContainerSecurity {
  readonly privileged: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly noNewPrivileges: boolean
  readonly runAsUser: number | undefined
  readonly runAsGroup: number | undefined
  readonly supplementalGroups: readonly number[]
  readonly capabilitiesAdd: readonly string[]
  readonly capabilitiesDrop: readonly string[]
  readonly seccompUnconfined: boolean
}

export interface ExecResult {
  readonly exitCode: number
  /** Both streams together, cut at 64 KiB. */
  readonly output: string
}

export interface ExecOptions {
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

export interface AttachOptions {
  readonly stdin: boolean
}

/** A command's streams, or a container's. */
export interface ExecStream {
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** Ends at once with a tty. */
  readonly stderr: Readable
  resize(columns: number, rows: number): Promise<void>
  /** Resolves when the command has ended and its output was read. */
  readonly exitCode: Promise<number>
  /** Drops the connection; the command may go on when it ignores its closed input. */
  close(): void
}

export interface LogOptions {
  readonly follow: boolean
  readonly timestamps: boolean
  /** The last so many lines; undefined for all. */
  readonly tailLines: number | undefined
  /** Only lines written at or after this wall time. */
  readonly sinceMs: number | undefined
  readonly bytesMax: number | undefined
}

export interface RuntimeEvent {
  readonly podUid: string
  readonly id: string
  readonly type: 'started' | 'ended'
}

export type RuntimeErrorReason =
  | 'NotFound'
  | 'ImageNotPresent'
  | 'PullFailed'
  | 'StartFailed'
  | 'NotRunning'
  | 'Refused'
  | 'Timeout'
  | 'Unavailable'
  | 'Invalid'

/** An expected refusal of the engine. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError'
  readonly reason: RuntimeErrorReason

  constructor(reason: RuntimeErrorReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Labels that both runtimes and other tools know containers by. */
export const runtimeLabels = {
  cluster: 'kijabi.cluster',
  node: 'kijabi.node',
  type: 'kijabi.type',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
  sandboxId: 'io.kubernetes.sandbox.id',
  attempt: 'io.kubernetes.container.restartCount',
  hash: 'io.kubernetes.container.hash',
} as const

export const execOutputBytesMax = 64 * 1024
