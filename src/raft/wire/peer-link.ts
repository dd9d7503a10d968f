import type { TLSSocket } from 'node:tls'
import type { MemberId } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { encodeFrame, FrameReader, frameKind, framesBytes } from './frame.ts'
import { decodeAgreed, ownProtocols, type Protocol } from './protocol.ts'

export interface PeerLinkOptions {
  readonly peer: MemberId
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Makes a connection; it says that it is ready by 'secureConnect'. */
  readonly dial: () => TLSSocket
  readonly hello: () => Uint8Array
  readonly unreachable: () => void
  readonly lost: (how: 'closed' | 'refused') => void
}

const backoffFirstMs = 20
const backoffMaxMs = 500
/** A dying process may still take a call and drop it: only a refusal tells, so ask again soon. */
const redialFirstMs = 1
const connectTimeoutMs = 2_000
/** A peer that reads says so at least this often; see inbound.ts. */
export const ackPeriodMs = 200
const silenceMaxMs = 3_000
/** For an answer, once the peer has called anew: it may know nothing of the connection that we had. */
const hurriedMaxMs = 3 * ackPeriodMs

/** The connection that this member's messages to one peer go out on. Dials again by itself. */
export class PeerLink {
  readonly #options: PeerLinkOptions
  #socket: TLSSocket | undefined
  #state: 'connecting' | 'open' | 'waiting' | 'closed' = 'waiting'
  /** Goes out with the next connection, or is dropped when that cannot be made. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  #timer: Timer | undefined
  #backoffMs = backoffFirstMs
  /** Since when something written has not been acknowledged. */
  #unackedSinceMs: number | undefined
  #wasOpen = false
  /** When the peer called anew while this connection was open; undefined once it has been answered since. */
  #wokenMs: number | undefined
  /** What both ends speak on this connection; undefined until the peer has said so. */
  #agreed: Protocol | undefined
  /** Which process of the peer called us last. */
  #life: number | undefined
  /** A hello waits until it is known how to say it. */
  #owesHello = false

  constructor(options: PeerLinkOptions) {
    this.#options = options
    this.#dial()
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** How to encode what is sent now. */
  get protocol(): Protocol {
    return this.#agreed ?? ownProtocols.oldest
  }

  /** Sends frames, or drops them all and says that the peer is unreachable. */
  send(parts: readonly Uint8Array[]): void {
    const bytes = framesBytes(parts)
    const isOnTheWay = this.#state === 'connecting' || this.#state === 'waiting'
    if (isOnTheWay && this.#heldBytes + bytes <= limits.raftMessageBytesMax) {
      this.#held.push(...parts)
      this.#heldBytes += bytes
      return
    }
    const socket = this.#socket
    const isFull = () => (socket?.writableLength ?? 0) + bytes > limits.raftPeerQueueBytesMax
    if (this.#state !== 'open' || !socket || this.#isStuck() || isFull()) {
      this.#options.unreachable()
      return
    }
    this.#unackedSinceMs ??= this.#options.clock.monotonicMs()
    socket.write(parts.length === 1 ? (parts[0] ?? '') : Buffer.concat(parts, bytes))
  }

  /** Says hello again: what this member says of itself has changed. */
  greet(): void {
    if (this.#state !== 'open') return
    this.#owesHello = true
    this.#payHello()
  }

  /**
   * The peer is there, as it called us: no use in waiting to dial. When it is another process than called
   * before (`life`), what we opened to that one is dead, whether its host said so or not, and a dial that
   * is under way may be. Else its host may have come back without a memory of what we dialed or opened;
   * whatever is not answered soon is given up.
   */
  wake(life?: number): void {
    const isNew = life !== undefined && life !== this.#life
    const isReborn = isNew && this.#life !== undefined
    this.#life = life ?? this.#life
    if (this.#state === 'waiting') this.#dial()
    else if (this.#state === 'connecting' && isNew) this.#dialAnew()
    else if (this.#state === 'connecting') this.#limitDialing(this.#socket, hurriedMaxMs)
    else if (this.#state === 'open' && isReborn) {
      this.#dialAnew()
      this.#options.lost('closed')
    } else if (this.#state === 'open') this.#wokenMs = this.#options.clock.monotonicMs()
  }

  /** Lets what was sent last leave first. */
  closeGently(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.close()
    socket?.end()
  }

  close(): void {
    this.#state = 'closed'
    this.#timer?.cancel()
    this.#socket?.destroy()
  }

  /** A connection whose other end vanished without a word is given up. */
  #isStuck(): boolean {
    const since = this.#unackedSinceMs
    const maxMs = this.#wokenMs === undefined ? silenceMaxMs : hurriedMaxMs
    if (since === undefined || this.#options.clock.monotonicMs() - since < maxMs) return false
    this.#socket?.destroy()
    return true
  }

  #dial(): void {
    this.#state = 'connecting'
    this.#wokenMs = undefined
    this.#agreed = undefined
    this.#owesHello = false
    const socket = this.#options.dial()
    this.#socket = socket
    const reader = new FrameReader()
    let failure: NodeJS.ErrnoException | undefined
    this.#limitDialing(socket, connectTimeoutMs)
    socket.setNoDelay(true)
    socket.once('secureConnect', () => this.#opened(socket))
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk))
          if (this.#socket === socket) this.#answered(frame.kind, frame.payload)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error
    })
    socket.once('close', () => {
      if (this.#socket === socket) this.#ended(failure)
    })
  }

  /** What was dialed or opened before ends nowhere. */
  #dialAnew(): void {
    const former = this.#socket
    this.#unackedSinceMs = undefined
    this.#dial()
    former?.destroy()
  }

  #limitDialing(socket: TLSSocket | undefined, timeMaxMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(timeMaxMs, () => socket?.destroy())
  }

  #opened(socket: TLSSocket): void {
    this.#timer?.cancel()
    if (this.#state === 'closed') return
    this.#state = 'open'
    this.#wasOpen = true
    this.#sayHello(socket)
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    if (held.length > 0) this.send(held)
  }

  #sayHello(socket: TLSSocket | undefined): void {
    socket?.write(Buffer.concat(encodeFrame(frameKind.hello, this.#options.hello())))
  }

  #answered(kind: number, payload: Buffer): void {
    this.#unackedSinceMs = undefined
    // An answer that was under way when the peer's host died comes after its call, and says nothing.
    const wokenMs = this.#wokenMs ?? Number.POSITIVE_INFINITY
    if (this.#options.clock.monotonicMs() - wokenMs >= hurriedMaxMs) this.#wokenMs = undefined
    if (kind === frameKind.ack) this.#acknowledged(payload)
    else if (kind === frameKind.refused)
      this.#options.logger.error(
        { peer: this.#options.peer, why: payload.toString() },
        'a master refuses this member',
      )
  }

  #acknowledged(payload: Buffer): void {
    this.#backoffMs = backoffFirstMs
    // The first answer is the one to the hello.
    this.#agreed ??= decodeAgreed(payload) ?? ownProtocols.oldest
    this.#payHello()
  }

  /** Whom a second hello on a connection would confuse is called anew. */
  #payHello(): void {
    if (!this.#owesHello || this.#agreed === undefined) return
    this.#owesHello = false
    if (this.#agreed >= 2) {
      this.#sayHello(this.#socket)
      return
    }
    const former = this.#socket
    this.#dial()
    former?.end()
  }

  #ended(failure: NodeJS.ErrnoException | undefined): void {
    this.#timer?.cancel()
    this.#socket = undefined
    this.#unackedSinceMs = undefined
    if (this.#state === 'closed') return
    const { peer, logger, lost, clock, random, unreachable } = this.#options
    const wasOpen = this.#state === 'open'
    this.#state = 'waiting'
    if (this.#heldBytes > 0) unreachable()
    this.#held = []
    this.#heldBytes = 0
    logger.debug({ peer, code: failure?.code, wasOpen }, 'the connection to a master ended')
    if (wasOpen) {
      // At once: a refusal now proves that the process is gone. But not again and again, when a peer
      // that does not want us hangs up on every call.
      lost('closed')
      if (this.#backoffMs === backoffFirstMs) {
        this.#backoffMs = redialFirstMs
        this.#dial()
        return
      }
    } else if (failure?.code === 'ECONNREFUSED' && this.#wasOpen) {
      this.#wasOpen = false
      this.#backoffMs = backoffFirstMs
      lost('refused')
    }
    const waitMs = this.#backoffMs * (0.5 + random.fraction() / 2)
    this.#backoffMs = Math.min(backoffMaxMs, this.#backoffMs * 2)
    this.#timer = clock.after(waitMs, () => this.#dial())
  }
}
