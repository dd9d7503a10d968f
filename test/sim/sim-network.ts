import { EventEmitter } from 'node:events'
import type { MemberId } from '../../src/base/brand.ts'
import type { Random } from '../../src/base/random.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimEvent, SimTime } from './sim-time.ts'

/** How the network behaves; the faults change it as time goes on. */
export interface NetworkWeather {
  delayMinMs: number
  delayMeanMs: number
  /** Chances per Raft message, on top of what connections do. */
  loss: number
  duplication: number
  /** Chance of being held back, for up to `reorderMs`, while later messages pass. */
  reordering: number
  reorderMs: number
}

export interface Host {
  readonly id: MemberId
  /** Who listens there: the process of now. */
  process: SimProcess | undefined
  accept: ((socket: SimSocket) => void) | undefined
  /** Without power, nothing answers, not even a refusal. */
  powered: boolean
}

/** One direction between two hosts. */
class Path {
  isCut = false
  clogUntilMs = 0
  /** When what waited for the end of a cut will all have arrived: nothing sent later overtakes it. */
  heldUntilMs = 0
  /** What waits for the end of a cut, in order. Each says when it arrives, at the earliest. */
  held: ((notBeforeMs: number) => number)[] = []
  /** What is to arrive at the end of a clog, in order, and how it is sent anew when that ends earlier. */
  readonly clogged = new Map<SimEvent, (notBeforeMs: number) => number>()
}

/**
 * Hosts and what connects them. Bytes of a connection arrive in order and late, or wait for the end of
 * a cut; a connection dies with its process. Losing and reordering whole messages is the transport's
 * part.
 */
export class SimNetwork {
  readonly time: SimTime
  readonly random: Random
  readonly weather: NetworkWeather
  readonly #hosts = new Map<MemberId, Host>()
  readonly #paths = new Map<number, Path>()

  constructor(time: SimTime, random: Random, weather: NetworkWeather) {
    this.time = time
    this.random = random
    this.weather = weather
  }

  host(id: MemberId): Host {
    let host = this.#hosts.get(id)
    if (!host) {
      host = { id, process: undefined, accept: undefined, powered: true }
      this.#hosts.set(id, host)
    }
    return host
  }

  path(from: MemberId, to: MemberId): Path {
    const key = from * 1000 + to
    let path = this.#paths.get(key)
    if (!path) {
      path = new Path()
      this.#paths.set(key, path)
    }
    return path
  }

  cut(from: MemberId, to: MemberId): void {
    this.path(from, to).isCut = true
  }

  heal(): void {
    for (const path of this.#paths.values()) {
      path.isCut = false
      path.clogUntilMs = 0
      const waiting = [...path.clogged.values(), ...path.held]
      for (const event of path.clogged.keys()) this.time.cancel(event)
      path.clogged.clear()
      path.held = []
      for (const send of waiting) path.heldUntilMs = send(path.heldUntilMs)
    }
  }

  clog(from: MemberId, to: MemberId, forMs: number): void {
    const path = this.path(from, to)
    path.clogUntilMs = Math.max(path.clogUntilMs, this.time.nowMs + forMs)
  }

  delayMs(): number {
    const { delayMinMs, delayMeanMs } = this.weather
    return delayMinMs - Math.log(1 - this.random.fraction()) * (delayMeanMs - delayMinMs)
  }

  /** Carries something from one host to another; never out of order with what `after` says. */
  carry(from: MemberId, to: MemberId, notBeforeMs: number, arrive: () => void): number {
    const path = this.path(from, to)
    const again = (afterMs: number) => this.carry(from, to, Math.max(afterMs, notBeforeMs), arrive)
    if (path.isCut) {
      path.held.push(again)
      return notBeforeMs
    }
    const atMs = Math.max(notBeforeMs, path.heldUntilMs, this.time.nowMs + this.delayMs())
    if (path.clogUntilMs <= atMs) {
      // Not after a while: two sums of the same instant may differ in their last bit, and in their order.
      this.time.at(atMs, arrive)
      return atMs
    }
    // Whatever follows waits as well, so that the clog's end need not be told.
    const event = this.time.at(path.clogUntilMs, () => {
      path.clogged.delete(event)
      arrive()
    })
    path.clogged.set(event, again)
    return atMs
  }

  dial(from: Host, process: SimProcess, to: MemberId): SimSocket {
    const client = new SimSocket(this, from.id, to, process)
    this.carry(from.id, to, 0, () => {
      const host = this.host(to)
      if (!host.powered) return
      const { process: target, accept } = host
      if (!target?.isAlive || !accept) {
        client.carryBack(() => client.fail('ECONNREFUSED'))
        return
      }
      target.deliver(() => {
        if (host.accept !== accept) return
        const server = new SimSocket(this, to, from.id, target)
        client.pairWith(server)
        accept(server)
        server.carry(() => client.open())
      })
    })
    return client
  }
}

/** One end of a connection: as much of a TLS socket as the links and `serveInbound` use. */
export class SimSocket extends EventEmitter {
  readonly #network: SimNetwork
  readonly #from: MemberId
  readonly #to: MemberId
  readonly #process: SimProcess
  #other: SimSocket | undefined
  #lastArrivalMs = 0
  #isClosed = false
  #isPaused = false
  #waiting: (() => void)[] = []
  writableLength = 0
  readonly #died = () => this.#processDied()

  constructor(network: SimNetwork, from: MemberId, to: MemberId, process: SimProcess) {
    super()
    this.#network = network
    this.#from = from
    this.#to = to
    this.#process = process
    process.onDeath(this.#died)
    this.once('close', () => process.forgetDeath(this.#died))
  }

  pairWith(other: SimSocket): void {
    this.#other = other
    other.#other = this
  }

  setNoDelay(): void {}

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return false
    const copy = Buffer.from(bytes)
    this.writableLength += copy.length
    this.carry(() => {
      this.writableLength -= copy.length
      const other = this.#other
      if (other) other.#receive(copy)
    })
    return true
  }

  end(bytes?: Uint8Array): void {
    if (bytes) this.write(bytes)
    this.destroy()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const emit of waiting) this.#process.later(0, emit)
  }

  destroy(error?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (error) this.#process.later(0, () => this.emit('error', error))
    this.#process.later(0, () => this.emit('close'))
    this.#goodbye()
  }

  open(): void {
    this.#process.deliver(() => {
      if (!this.#isClosed) this.emit('secureConnect')
    })
  }

  fail(code: string): void {
    this.#process.deliver(() => {
      if (this.#isClosed) return
      this.#isClosed = true
      this.emit('error', Object.assign(new Error(code), { code }))
      this.emit('close')
    })
  }

  /** To the other end, behind everything that went before. */
  carry(arrive: () => void): void {
    this.#lastArrivalMs = this.#network.carry(this.#from, this.#to, this.#lastArrivalMs, arrive)
  }

  carryBack(arrive: () => void): void {
    this.#network.carry(this.#to, this.#from, 0, arrive)
  }

  #receive(bytes: Buffer): void {
    const { random } = this.#network
    const cut = random.fraction() < 0.1 ? random.integer(1, bytes.length + 1) : bytes.length
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      if (part.length === 0) continue
      this.#process.deliver(() => {
        const emit = () => {
          if (!this.#isClosed) this.emit('data', part)
        }
        if (this.#isPaused) this.#waiting.push(emit)
        else emit()
      })
    }
  }

  #goodbye(): void {
    const other = this.#other
    if (other) this.carry(() => other.#hangUp())
  }

  #hangUp(): void {
    this.#process.deliver(() => {
      if (this.#isClosed) return
      this.#isClosed = true
      this.emit('close')
    })
  }

  /** A dead process's kernel still says goodbye; a dead host says nothing until it is back. */
  #processDied(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const host = this.#network.host(this.#from)
    if (host.powered) this.#goodbye()
    else this.#other?.onSilence()
  }

  /** The other host comes back and knows nothing of this connection: it resets it. */
  onSilence(): void {
    this.#process.later(1500, () => this.#hangUp())
  }
}
