import { readFileSync } from 'node:fs'
import { type Duplex, PassThrough, type Readable } from 'node:stream'
import Docker from 'dockerode'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { containerOptions, type Owner, resourceOptions, sandboxOptions } from './docker/config.ts'
import { engineCall, engineError, statusCodeOf, unlessGone } from './docker/error.ts'
import { DockerEvents } from './docker/events.ts'
import { dockerAttach, dockerExec, dockerExecSync } from './docker/exec.ts'
import { mergedFrames } from './docker/frames.ts'
import { ensureNetwork, gatewayOf } from './docker/network.ts'
import { dockerPortForward } from './docker/port-forward.ts'
import { containerState, sandboxState } from './docker/state.ts'
import { dockerUsage } from './docker/usage.ts'
import { ensurePauseImage } from './import-image.ts'
import { limitBytes } from './log-limit.ts'
import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerState,
  type ContainerUsage,
  type ExecOptions,
  type ExecResult,
  type ExecStream,
  type LogOptions,
  runtimeLabels as labels,
  type ResizableResources,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeSnapshot,
  type SandboxConfig,
} from './runtime.ts'

export interface DockerRuntimeOptions {
  readonly socketPath: string
  /** Containers of other clusters and nodes on the same engine are none of this runtime's. */
  readonly clusterId: string
  readonly nodeName: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Docker Engine (API 1.41 on). Everything it must remember stands in the containers' labels. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  return new DockerRuntime(options)
}

class DockerRuntime implements Runtime {
  readonly name = 'docker'
  readonly #docker: Docker
  readonly #owner: Owner
  readonly #clock: Clock
  readonly #events: DockerEvents
  /** By container id and state: what is known of a container changes only with its state. */
  #inspected = new Map<string, ContainerState>()
  #ready: Promise<void> | undefined

  constructor(options: DockerRuntimeOptions) {
    this.#docker = new Docker({ socketPath: options.socketPath })
    const { clusterId, nodeName } = options
    this.#owner = { clusterId, nodeName, oomScoreMin: oomScoreMin() }
    this.#clock = options.clock
    const logger = options.logger.child({ component: 'docker-runtime' })
    this.#events = new DockerEvents(this.#docker, this.#owner, options.clock, logger)
  }

  async version(): Promise<string> {
    const { Version } = await engineCall(this.#docker.version(), 'Unavailable')
    return `docker://${Version}`
  }

  async list(): Promise<RuntimeSnapshot> {
    const { clusterId, nodeName } = this.#owner
    const label = [`${labels.cluster}=${clusterId}`, `${labels.node}=${nodeName}`]
    const listed = await engineCall(
      this.#docker.listContainers({ all: true, filters: { label } }),
      'Unavailable',
    )
    const isSandbox = (one: Docker.ContainerInfo) => one.Labels[labels.type] === 'sandbox'
    const known = this.#inspected
    this.#inspected = new Map()
    const containers = await Promise.all(
      listed.filter((one) => !isSandbox(one)).map((one) => this.#inspect(one, known)),
    )
    return {
      sandboxes: listed.filter(isSandbox).map(sandboxState),
      containers: containers.filter((one) => one !== undefined),
    }
  }

  async usage(): Promise<readonly ContainerUsage[]> {
    const { containers } = await this.list()
    return dockerUsage(this.#docker, containers)
  }

  async hostAddress(): Promise<string | undefined> {
    await this.#prepare()
    return gatewayOf(this.#docker, this.#owner.clusterId)
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    await this.#prepare()
    const options = sandboxOptions(config, this.#owner)
    const container = await this.#create(options).catch(async (error: unknown) => {
      // Network or pause image may have been taken away since they were seen.
      if (statusCodeOf(error) !== 404) throw engineError(error, 'Invalid')
      this.#ready = undefined
      await this.#prepare()
      return engineCall(this.#create(options), 'Invalid')
    })
    try {
      await engineCall(container.start(), 'StartFailed')
    } catch (error) {
      await unlessGone(container.remove({ force: true, v: true }))
      throw error
    }
    return container.id
  }

  async stopSandbox(id: string): Promise<void> {
    await Promise.all((await this.#inside(id)).map((one) => this.stopContainer(one, 0)))
    await this.stopContainer(id, 0)
  }

  async removeSandbox(id: string): Promise<void> {
    await Promise.all((await this.#inside(id)).map((one) => this.removeContainer(one)))
    await this.removeContainer(id)
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const options = containerOptions(sandboxId, config, this.#owner)
    const container = await this.#create(options).catch((error: unknown) => {
      throw engineError(error, 'Invalid')
    })
    return container.id
  }

  async startContainer(id: string): Promise<void> {
    await engineCall(this.#docker.getContainer(id).start(), 'StartFailed')
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.#docker.getContainer(id)
    if (graceMs > 0) {
      await unlessGone(container.stop({ t: Math.ceil(graceMs / 1000) }))
      return
    }
    await unlessGone(container.kill({ signal: 'SIGKILL' }))
    await unlessGone(container.wait())
  }

  async updateResources(id: string, resources: ResizableResources): Promise<void> {
    await engineCall(this.#docker.getContainer(id).update(resourceOptions(resources)), 'Refused')
    // What was known of it holds no more.
    for (const [key, state] of this.#inspected) if (state.id === id) this.#inspected.delete(key)
  }

  async removeContainer(id: string): Promise<void> {
    await unlessGone(this.#docker.getContainer(id).remove({ force: true, v: true }))
  }

  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return dockerExecSync(this.#docker, id, command, timeoutMs, this.#clock)
  }

  exec(id: string, options: ExecOptions): Promise<ExecStream> {
    return dockerExec(this.#docker, id, options, this.#clock)
  }

  attach(id: string, options: AttachOptions): Promise<ExecStream> {
    return dockerAttach(this.#docker, id, options)
  }

  portForward(sandboxId: string, port: number): Promise<Duplex> {
    return dockerPortForward(this.#docker, sandboxId, port)
  }

  async logs(id: string, options: LogOptions): Promise<Readable> {
    const container = this.#docker.getContainer(id)
    const { Config } = await engineCall(container.inspect(), 'NotFound')
    const query = {
      stdout: true,
      stderr: true,
      follow: options.follow,
      timestamps: options.timestamps,
      ...(options.tailLines === undefined ? {} : { tail: String(options.tailLines) }),
      ...(options.sinceMs === undefined ? {} : { since: (options.sinceMs / 1000).toFixed(3) }),
    }
    const source = await engineCall(this.#logStream(id, query), 'NotFound')
    const text = Config.Tty ? source.pipe(new PassThrough()) : mergedFrames(source)
    text.once('close', () => source.destroy())
    return options.bytesMax === undefined ? text : limitBytes(text, options.bytesMax)
  }

  async imageId(reference: string): Promise<string | undefined> {
    try {
      return (await this.#docker.getImage(reference).inspect()).Id
    } catch (error) {
      if (statusCodeOf(error) === 404) return undefined
      throw engineError(error, 'Unavailable')
    }
  }

  async pullImage(reference: string): Promise<string> {
    const last = reference.split('/').at(-1) ?? ''
    const tagged = /[:@]/.test(last) ? reference : `${reference}:latest`
    try {
      const stream: NodeJS.ReadableStream = await this.#docker.pull(tagged)
      await new Promise<void>((resolve, reject) => {
        this.#docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
      })
    } catch (error) {
      throw new RuntimeError('PullFailed', engineError(error, 'PullFailed').message)
    }
    const id = await this.imageId(tagged)
    if (id === undefined)
      throw new RuntimeError('PullFailed', `${tagged} is missing after its pull`)
    return id
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    return this.#events.subscribe(listener)
  }

  async close(): Promise<void> {
    this.#events.close()
  }

  /** Network and pause image, made once. */
  #prepare(): Promise<void> {
    this.#ready ??= Promise.all([
      ensureNetwork(this.#docker, this.#owner.clusterId),
      ensurePauseImage(this.#docker),
    ]).then(
      () => {},
      (error: unknown) => {
        this.#ready = undefined
        throw engineError(error, 'Unavailable')
      },
    )
    return this.#ready
  }

  /** A name that is taken belongs to an attempt that nobody finished: it makes room. */
  async #create(
    options: Docker.ContainerCreateOptions & { name: string },
  ): Promise<Docker.Container> {
    try {
      return await this.#docker.createContainer(options)
    } catch (error) {
      if (statusCodeOf(error) !== 409) throw error
      await this.removeContainer(options.name)
      return this.#docker.createContainer(options)
    }
  }

  async #inspect(
    listed: Docker.ContainerInfo,
    known: ReadonlyMap<string, ContainerState>,
  ): Promise<ContainerState | undefined> {
    const key = `${listed.Id} ${listed.State}`
    // A container that was not started may have failed since: that shows in no listing.
    const old = listed.State === 'created' ? undefined : known.get(key)
    try {
      const state = old ?? containerState(await this.#docker.getContainer(listed.Id).inspect())
      // It may have ended between listing and inspection; then the next listing asks again.
      if (state.state === listed.State) this.#inspected.set(key, state)
      return state
    } catch (error) {
      if (statusCodeOf(error) === 404) return undefined
      throw engineError(error, 'Unavailable')
    }
  }

  async #inside(sandboxId: string): Promise<string[]> {
    const label = [`${labels.sandboxId}=${sandboxId}`]
    const found = await engineCall(
      this.#docker.listContainers({ all: true, filters: { label } }),
      'Unavailable',
    )
    return found.map((one) => one.Id)
  }

  /** The log as a stream, also without `follow`, where the library would collect it in memory. */
  #logStream(id: string, options: object): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(
        {
          path: `/containers/${id}/logs?`,
          method: 'GET',
          isStream: true,
          statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
          options,
        },
        (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)),
      )
    })
  }
}

/**
 * Lowering an oom_score_adj takes CAP_SYS_RESOURCE, which engines inside a container often lack. Kubelet
 * and engine run on one host; this process's own capabilities stand for the engine's.
 */
function oomScoreMin(): number {
  const capSysResource = 1n << 24n
  try {
    const mask = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return mask !== undefined && (BigInt(`0x${mask}`) & capSysResource) !== 0n ? -1000 : 0
  } catch {
    return 0
  }
}
