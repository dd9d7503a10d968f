import type { Server } from 'node:http'
import { type Duplex, PassThrough, type Readable } from 'node:stream'
import { present } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { dialPort } from './dial-port.ts'
import { limitBytes } from './log-limit.ts'
import {
  type AttachOptions,
  type ContainerConfig,
  type ContainerState,
  type ContainerUsage,
  type ExecOptions,
  type ExecResult,
  type ExecStream,
  execOutputBytesMax,
  type LogOptions,
  type ResizableResources,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeSnapshot,
  type SandboxConfig,
  type SandboxState,
} from './runtime.ts'
import { closeServer, SimNetwork, slotOf } from './sim/network.ts'
import { SimLog, SimProcess } from './sim/process.ts'
import { containerProgram, execProgram } from './sim/program.ts'

export interface SimRuntimeOptions {
  readonly clusterId: string
  readonly nodeName: string
  /** Tells the nodes of one cluster apart, from 0. */
  readonly nodeIndex: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Which images there are; all when left out. */
  readonly hasImage?: (reference: string) => boolean
}

interface Sandbox {
  readonly config: SandboxConfig
  state: SandboxState
}

interface Container {
  readonly config: ContainerConfig
  readonly log: SimLog
  readonly servers: Server[]
  state: ContainerState
  process: SimProcess | undefined
  readonly waiters: Set<() => void>
  /** What attached clients type; undefined for a container without input. */
  readonly input: PassThrough | undefined
  readonly attached: Set<{ readonly stdout: PassThrough; readonly stderr: PassThrough }>
}

/** A runtime without containers, for hosts without Docker and for scale. Its state dies with it. */
export function createSimRuntime(options: SimRuntimeOptions): Runtime {
  return new SimRuntime(options)
}

class SimRuntime implements Runtime {
  readonly name = 'sim'
  readonly #options: SimRuntimeOptions
  readonly #network: SimNetwork
  readonly #sandboxes = new Map<string, Sandbox>()
  readonly #containers = new Map<string, Container>()
  readonly #listeners = new Set<(event: RuntimeEvent) => void>()
  readonly #execs = new Set<SimProcess>()

  constructor(options: SimRuntimeOptions) {
    this.#options = options
    this.#network = new SimNetwork(
      slotOf(options.clusterId),
      options.nodeIndex,
      options.logger.child({ component: 'sim-runtime' }),
    )
  }

  async version(): Promise<string> {
    return 'sim://1.0.0'
  }

  async list(): Promise<RuntimeSnapshot> {
    return {
      sandboxes: [...this.#sandboxes.values()].map((sandbox) => sandbox.state),
      containers: [...this.#containers.values()].map((container) => container.state),
    }
  }

  /** A thousandth of a core and a MiB each: as much as programs take that mostly wait. */
  async usage(): Promise<readonly ContainerUsage[]> {
    const now = this.#options.clock.wallMs()
    const running = [...this.#containers.values()].filter((one) => one.state.state === 'running')
    return running.map(({ state: { id, pod, name, startedMs, createdMs } }) => ({
      ...{ id, pod, name, startedMs: startedMs ?? createdMs },
      cpuNanoseconds: (now - (startedMs ?? createdMs)) * 1_000,
      memoryWorkingSetBytes: 1024 * 1024,
    }))
  }

  async hostAddress(): Promise<undefined> {
    return undefined
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    const ip = config.hostNetwork ? undefined : this.#network.allocate()
    if (!config.hostNetwork && ip === undefined)
      throw new RuntimeError('Unavailable', 'all 254 addresses of this node are taken')
    const id = this.#newId()
    const state: SandboxState = {
      id,
      pod: config.pod,
      attempt: config.attempt,
      ready: true,
      createdMs: this.#options.clock.wallMs(),
      ip,
    }
    this.#sandboxes.set(id, { config, state })
    return id
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id)
    if (!sandbox?.state.ready) return
    sandbox.state = { ...sandbox.state, ready: false }
    const inside = [...this.#containers.values()].filter((one) => one.state.sandboxId === id)
    await Promise.all(inside.map((one) => this.stopContainer(one.state.id, 0)))
    this.#network.release(sandbox.state.ip)
    this.#announce({ podUid: sandbox.state.pod.uid, id, type: 'ended' })
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id)
    for (const [key, container] of this.#containers)
      if (container.state.sandboxId === id) this.#containers.delete(key)
    this.#sandboxes.delete(id)
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const sandbox = this.#sandboxes.get(sandboxId)
    if (!sandbox?.state.ready) throw new RuntimeError('NotFound', `sandbox ${sandboxId} is gone`)
    const imageId = await this.imageId(config.image)
    if (imageId === undefined)
      throw new RuntimeError('ImageNotPresent', `no such image: ${config.image}`)
    const id = this.#newId()
    const state: ContainerState = {
      id,
      sandboxId,
      pod: config.pod,
      name: config.name,
      kind: config.kind,
      attempt: config.attempt,
      hash: config.hash,
      image: config.image,
      imageId,
      state: 'created',
      createdMs: this.#options.clock.wallMs(),
      startedMs: undefined,
      finishedMs: undefined,
      exitCode: undefined,
      oomKilled: false,
      startError: undefined,
      resources: resizable(config.resources),
    }
    const log = new SimLog()
    this.#containers.set(id, {
      config,
      log,
      servers: [],
      state,
      process: undefined,
      waiters: new Set(),
      input: config.stdin ? new PassThrough() : undefined,
      attached: new Set(),
    })
    return id
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id)
    if (container.state.state !== 'created')
      throw new RuntimeError('StartFailed', `container ${id} was started before`)
    const sandbox = present(this.#sandboxes.get(container.state.sandboxId), 'sandbox')
    const { clock } = this.#options
    const argv = [...(container.config.command ?? []), ...(container.config.args ?? [])]
    const program = containerProgram(argv, this.#surroundings(container))
    const process = new SimProcess({
      clock,
      program,
      write: (stream, text) => {
        container.log.append(clock.wallMs(), text)
        const shown = container.config.tty ? 'stdout' : stream
        for (const client of container.attached) client[shown].write(text)
      },
      ...(container.input ? { input: container.input } : {}),
      ended: (exitCode) => this.#ended(container, exitCode),
    })
    if (program.steps.some((step) => step.do === 'serve')) await this.#listen(container, sandbox)
    container.process = process
    container.state = { ...container.state, state: 'running', startedMs: clock.wallMs() }
    this.#announce({ podUid: container.state.pod.uid, id, type: 'started' })
    process.start()
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.#containers.get(id)
    if (container?.state.state !== 'running') return
    const { process } = container
    if (graceMs <= 0) process?.signal('KILL')
    else if (process && !process.signal('TERM')) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(graceMs, () => process.signal('KILL'))
        container.waiters.add(() => {
          timer.cancel()
          resolve()
        })
      })
    }
    await Promise.all(container.servers.splice(0).map(closeServer))
  }

  async updateResources(id: string, resources: ResizableResources): Promise<void> {
    const container = this.#container(id)
    if (container.state.state !== 'running')
      throw new RuntimeError('NotRunning', `container ${id} does not run`)
    container.state = { ...container.state, resources: resizable(resources) }
  }

  async removeContainer(id: string): Promise<void> {
    await this.stopContainer(id, 0)
    this.#containers.delete(id)
  }

  async execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const stream = await this.exec(id, { command, stdin: false, tty: false })
    let output = ''
    const keep = (chunk: Buffer) => {
      if (output.length < execOutputBytesMax) output += chunk.toString('utf8')
    }
    stream.stdout.on('data', keep)
    stream.stderr.on('data', keep)
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(timeoutMs, () => {
        stream.close()
        reject(new RuntimeError('Timeout', `command took longer than ${timeoutMs} ms`))
      })
      void stream.exitCode.then((exitCode) => {
        timer.cancel()
        resolve({ exitCode, output })
      })
    })
  }

  async exec(id: string, options: ExecOptions): Promise<ExecStream> {
    const container = this.#container(id)
    if (container.state.state !== 'running')
      throw new RuntimeError('NotRunning', `container ${container.config.name} is not running`)
    const stdin = options.stdin ? new PassThrough() : undefined
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    const target = { stdout, stderr: options.tty ? stdout : stderr }
    if (options.tty) stderr.end()
    let settle: (exitCode: number) => void = () => {}
    const exitCode = new Promise<number>((resolve) => {
      settle = resolve
    })
    const process = new SimProcess({
      clock: this.#options.clock,
      program: execProgram(options.command, this.#surroundings(container)),
      write: (stream, text) => void target[stream].write(text),
      ...(stdin ? { input: stdin } : {}),
      ended: (code) => {
        this.#execs.delete(process)
        stdout.end()
        if (!options.tty) stderr.end()
        settle(code)
      },
    })
    this.#execs.add(process)
    setImmediate(() => process.start())
    return {
      stdin,
      stdout,
      stderr,
      resize: async () => {},
      exitCode,
      close: () => void process.signal('KILL'),
    }
  }

  async attach(id: string, options: AttachOptions): Promise<ExecStream> {
    const container = this.#container(id)
    const { config, attached, input } = container
    if (container.state.state !== 'running')
      throw new RuntimeError('NotRunning', `container ${config.name} is not running`)
    const client = { stdout: new PassThrough(), stderr: new PassThrough() }
    attached.add(client)
    const exitCode = new Promise<number>((resolve) => container.waiters.add(() => resolve(0)))
    const stdin = options.stdin && input ? new PassThrough() : undefined
    if (stdin && input) stdin.pipe(input, { end: config.stdinOnce })
    return {
      stdin,
      ...client,
      resize: async () => {},
      exitCode,
      close: () => {
        attached.delete(client)
        for (const stream of [client.stdout, client.stderr]) stream.end()
      },
    }
  }

  async portForward(sandboxId: string, port: number): Promise<Duplex> {
    const ip = this.#sandboxes.get(sandboxId)?.state.ip
    if (ip === undefined)
      throw new RuntimeError('NotFound', `sandbox ${sandboxId} has no network of its own`)
    return dialPort(ip, port)
  }

  async logs(id: string, options: LogOptions): Promise<Readable> {
    const stream = this.#container(id).log.read(options)
    return options.bytesMax === undefined ? stream : limitBytes(stream, options.bytesMax)
  }

  async imageId(reference: string): Promise<string | undefined> {
    return (this.#options.hasImage?.(reference) ?? true) ? `sim://${reference}` : undefined
  }

  async pullImage(reference: string): Promise<string> {
    const id = await this.imageId(reference)
    if (id === undefined)
      throw new RuntimeError(
        'PullFailed',
        `image ${reference} is in no registry of this simulation`,
      )
    return id
  }

  subscribe(listener: (event: RuntimeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Simulated containers live in this process: they end with it. */
  async close(): Promise<void> {
    this.#listeners.clear()
    for (const process of this.#execs) process.signal('KILL')
    await Promise.all([...this.#sandboxes.keys()].map((id) => this.stopSandbox(id)))
  }

  async #listen(container: Container, sandbox: Sandbox): Promise<void> {
    const { ip, pod } = sandbox.state
    if (ip === undefined) return
    for (const port of container.config.containerPorts) {
      const server = await this.#network.serve(ip, port, pod.name)
      if (server) container.servers.push(server)
    }
  }

  #ended(container: Container, exitCode: number): void {
    const now = this.#options.clock.wallMs()
    container.state = { ...container.state, state: 'exited', exitCode, finishedMs: now }
    container.log.close(now)
    for (const { stdout, stderr } of container.attached) {
      stdout.end()
      stderr.end()
    }
    container.attached.clear()
    for (const done of container.waiters) done()
    container.waiters.clear()
    // A stop waits for its listeners itself; after an exit they close behind it.
    for (const server of container.servers) {
      server.close()
      server.closeAllConnections()
    }
    const { pod, id } = container.state
    this.#announce({ podUid: pod.uid, id, type: 'ended' })
  }

  #surroundings(container: Container) {
    const sandbox = this.#sandboxes.get(container.state.sandboxId)
    const hostname = sandbox?.config.hostname ?? container.config.pod.name
    return { env: container.config.env, hostname }
  }

  #container(id: string): Container {
    const container = this.#containers.get(id)
    if (!container) throw new RuntimeError('NotFound', `no such container: ${id}`)
    return container
  }

  #announce(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #newId(): string {
    return this.#options.random.uuid().replaceAll('-', '')
  }
}

function resizable({ cpuShares, cpuQuotaMicros, memoryBytesMax }: ResizableResources) {
  return { cpuShares, cpuQuotaMicros, memoryBytesMax }
}
