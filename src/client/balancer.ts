import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { assert, present } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { isStatus, statusError } from '../base/status.ts'
import {
  type BackendState,
  chooseBackend,
  isLost,
  probeFailed,
  probeFoundLeaving,
  probeSucceeded,
} from './balancer-choice.ts'
import { Greeting } from './balancer-greeting.ts'

export interface BalancerOptions {
  readonly host: string
  /** 0 takes a free port; see `address`. */
  readonly port: number
  /** Asked at every connection: names are identities, addresses are `host:port`. */
  readonly backends: () => readonly { readonly name: string; readonly address: string }[]
  readonly clock: Clock
  readonly logger: Logger
  /**
   * Rejects when the backend is not well; a plain TCP connect unless told. Something that only the
   * living answer, such as GET /livez, also finds a process that hangs: no answer in time rejects with
   * Timeout. One that leaves lives and wants no new connections.
   */
  readonly probe?: (address: string, signal: AbortSignal) => Promise<'serves' | 'leaves'>
}

export interface BalancerHandle {
  /** `host:port` that clients connect to; known once started. */
  readonly address: string
  start(): Promise<void>
  stop(): Promise<void>
}

const connectTimeoutMs = 1_000
/** Every backend hears a probe so often: a leave is known everywhere after that time and a probe. */
export const probePeriodMs = 1_000
const sweepPeriodMs = 100
/** What is still connected to a backend so long after it began to leave is cut off. */
const leaveMsMax = 10_000

/**
 * One TCP address in front of equal servers; bytes pass untouched, so TLS runs end to end. A refused
 * connect costs the client nothing: the next backend is tried at once; nor does a backend that dies
 * before it said a word (see Greeting). When a backend dies its clients' connections are closed at once,
 * so that they come again elsewhere, and when it is silent after three probes; a backend that leaves
 * finishes what it has begun.
 */
export function createBalancer(options: BalancerOptions): BalancerHandle {
  return new Balancer(options)
}

class Balancer implements BalancerHandle {
  readonly #options: BalancerOptions
  readonly #server: Server
  readonly #states = new Map<string, BackendState>()
  readonly #pairs = new Map<Socket, { backend: string; upstream: Socket }>()
  /** Backends that a client has been handed to, and that have not said a byte yet. */
  readonly #greeted = new Map<Socket, string>()
  /** Clients that wait for a backend. */
  readonly #waiting = new Set<Socket>()
  readonly #abort = new AbortController()
  #probes: Timer | undefined
  #turn = 0
  #address = ''

  constructor(options: BalancerOptions) {
    this.#options = options
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) => {
      void this.#serve(client)
    })
  }

  get address(): string {
    assert(this.#address !== '', 'the balancer is started')
    return this.#address
  }

  async start(): Promise<void> {
    const { host, port, clock } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#address = `${host}:${(this.#server.address() as AddressInfo).port}`
    this.#probes = clock.every(sweepPeriodMs, () => this.#sweep())
    this.#sweep()
  }

  async stop(): Promise<void> {
    this.#probes?.cancel()
    this.#abort.abort()
    for (const socket of [...this.#waiting, ...this.#greeted.keys()]) socket.destroy()
    for (const [client, { upstream }] of this.#pairs) {
      client.destroy()
      upstream.destroy()
    }
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(client: Socket): Promise<void> {
    this.#waiting.add(client)
    client.on('error', () => client.destroy())
    try {
      await this.#findServer(client)
    } finally {
      this.#waiting.delete(client)
    }
  }

  /** Joins the client with the first backend that answers it; hangs up when none does. */
  async #findServer(client: Socket): Promise<void> {
    const greeting = new Greeting(client)
    const tried = new Set<string>()
    while (greeting.repeatable) {
      const found = await this.#connect(client, tried)
      if (!found) break
      const { name, upstream } = found
      upstream.on('error', () => upstream.destroy())
      this.#greeted.set(upstream, name)
      const state = this.#states.get(name)
      if (state) state.connections += 1
      const answer = await greeting.firstAnswer(upstream)
      this.#greeted.delete(upstream)
      if (answer) {
        client.write(answer)
        this.#join(client, name, upstream, state)
        return
      }
      upstream.destroy()
      if (state) state.connections -= 1
      if (client.destroyed) return
      // It may be dying, or the client speaks nonsense: a probe tells.
      if (state) state.probeDueMs = this.#options.clock.monotonicMs()
    }
    client.destroy()
  }

  /** Tries one backend after the other, each once; those known to be down come last. */
  async #connect(
    client: Socket,
    tried: Set<string>,
  ): Promise<{ name: string; upstream: Socket } | undefined> {
    while (!client.destroyed && !this.#abort.signal.aborted) {
      this.#turn += 1
      const backend = chooseBackend(this.#known(), tried, this.#turn)
      if (!backend) {
        this.#options.logger.warn({ tried: [...tried] }, 'no backend accepts connections')
        return undefined
      }
      tried.add(backend.name)
      try {
        const upstream = await dial(backend.address, this.#options.clock, this.#abort.signal)
        // A connect says little: the kernel takes calls for a process that hangs. Where a probe says
        // more, steady traffic must neither stand for it nor put it off. One that was down and takes calls
        // again is asked at once.
        if (!this.#options.probe) this.#mark(backend.name, true)
        else if (!backend.up && !backend.probing) void this.#probe(backend)
        return { name: backend.name, upstream }
      } catch (error) {
        // A refusal is what a balancer is for: note it, take the next one.
        this.#mark(backend.name, false, isStatus(error, 'Timeout'))
      }
    }
    return undefined
  }

  /** `state` counts the connection already, and gives it back at its end. */
  #join(client: Socket, backend: string, upstream: Socket, state: BackendState | undefined): void {
    this.#pairs.set(client, { backend, upstream })
    let ended = false
    const end = () => {
      if (ended) return
      ended = true
      this.#pairs.delete(client)
      if (state) state.connections -= 1
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 10_000)
      socket.on('error', end)
      socket.on('close', end)
    }
    // A client's end is passed on and its answer still comes. A backend's end is the end: the kernel
    // sends one for a dead process too, and nobody may wait on half a connection to the dead.
    client.pipe(upstream)
    upstream.pipe(client)
    client.on('finish', end)
  }

  /** The states of the present backends; forgets those that are gone and cuts their connections. */
  #known(): readonly BackendState[] {
    const present = new Set<string>()
    for (const { name, address } of this.#options.backends()) {
      present.add(name)
      const state = this.#states.get(name)
      if (state && state.address === address) continue
      this.#states.set(name, {
        name,
        address,
        up: true,
        leavingSinceMs: undefined,
        connections: 0,
        failures: 0,
        silences: 0,
        probeDueMs: 0,
        probing: false,
      })
    }
    for (const name of this.#states.keys()) {
      if (present.has(name)) continue
      this.#states.delete(name)
      this.#cut(name)
    }
    return [...this.#states.values()]
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const state of this.#known())
      if (!state.probing && state.probeDueMs <= nowMs) void this.#probe(state)
  }

  async #probe(state: BackendState): Promise<void> {
    state.probing = true
    try {
      const { probe } = this.#options
      let found: 'serves' | 'leaves' = 'serves'
      if (probe) found = await probe(state.address, this.#abort.signal)
      else (await dial(state.address, this.#options.clock, this.#abort.signal)).destroy()
      if (found === 'leaves') this.#markLeaving(state)
      else this.#mark(state.name, true)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#mark(state.name, false, isStatus(error, 'Timeout'))
    } finally {
      state.probing = false
    }
  }

  #mark(name: string, up: boolean, silent = false): void {
    const state = this.#states.get(name)
    if (!state) return
    const nowMs = this.#options.clock.monotonicMs()
    const wasUp = state.up
    if (up) probeSucceeded(state, nowMs + probePeriodMs)
    else probeFailed(state, nowMs, silent)
    // Where nobody else is well it may be this host that is too busy to hear the answers.
    const others = [...this.#states.values()].some((other) => other.up)
    if (isLost(state) && others) this.#cut(name)
    if (wasUp !== up) this.#options.logger.info({ backend: name, up }, 'backend changed')
  }

  #markLeaving(state: BackendState): void {
    const nowMs = this.#options.clock.monotonicMs()
    const { leavingSinceMs } = state
    probeFoundLeaving(state, nowMs)
    if (leavingSinceMs === undefined)
      this.#options.logger.info({ backend: state.name }, 'backend takes its leave')
    else if (nowMs - leavingSinceMs > leaveMsMax) this.#cut(state.name)
  }

  /** Closes the connections through a backend that is no more. */
  #cut(name: string): void {
    for (const [client, { backend, upstream }] of this.#pairs) {
      if (backend !== name) continue
      upstream.destroy()
      client.destroy()
    }
    // Their clients have lost nothing yet and go on to the next one.
    for (const [upstream, backend] of this.#greeted) if (backend === name) upstream.destroy()
  }
}

/** Connects, or rejects after connectTimeoutMs. */
function dial(address: string, clock: Clock, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const colon = address.lastIndexOf(':')
    const socket = connect({
      host: address.slice(0, colon),
      port: Number(present(address.slice(colon + 1), 'a port')),
      allowHalfOpen: true,
    })
    const finish = () => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      socket.off('connect', connected)
    }
    const fail = (error: Error) => {
      finish()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const connected = () => {
      finish()
      resolve(socket)
    }
    const onAbort = () => fail(statusError('ServiceUnavailable', 'the balancer stops'))
    const timer = clock.after(connectTimeoutMs, () =>
      fail(statusError('Timeout', `no connection to ${address} within ${connectTimeoutMs} ms`)),
    )
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', fail)
    socket.once('connect', connected)
  })
}
