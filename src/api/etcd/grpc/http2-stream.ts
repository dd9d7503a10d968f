import { InvariantError } from '../../../base/assert.ts'
import { windowBytesMax } from './frames.ts'

/** What the owner of a stream hears of it. */
export interface StreamListener {
  data(payload: Buffer): void
  /** The client sends no more. */
  ended(): void
  /** What was written went out: there is room for more. */
  drained(): void
  /** The client has cancelled, or is gone. Nothing is heard afterwards. */
  gone(): void
}

/** What a stream needs of its connection. */
export interface StreamCarrier {
  /** Sends a header block now. */
  headers(stream: Http2Stream, block: Buffer, isLast: boolean): void
  /** There is something to send, or the end. */
  ready(stream: Http2Stream): void
  reset(stream: Http2Stream, code: number): void
}

/** More than that waits to be sent: the writer is asked to pause. */
const waitingBytesHigh = 64 * 1_024

/** For how many looks the client may take nothing of a whole answer, and of one that goes on. */
const [stalledLooksMax, stalledLooksMaxGoingOn] = [1, 10]

/** One stream of a connection, from the side that answers. What cannot be sent yet waits here. */
export class Http2Stream {
  readonly id: number
  listener: StreamListener | undefined
  sendWindow: number
  receiveWindow: number
  /** The client has sent its last frame. */
  isHalfClosed = false
  isClosed = false
  readonly #carrier: StreamCarrier
  /** What waits: parts of messages, some of them made only when it is their turn. */
  #waiting: Iterator<Buffer, void>[] = []
  /** The beginning of what waits. */
  #part: Buffer | undefined
  #waitingBytes = 0
  #isFull = false
  #trailers: Buffer | undefined
  /** As it was at the last look, and for how many looks it has been so. */
  #seenBytes = 0
  #stalledLooks = 0

  constructor(
    id: number,
    carrier: StreamCarrier,
    windows: { readonly send: number; readonly receive: number },
  ) {
    this.id = id
    this.#carrier = carrier
    this.sendWindow = windows.send
    this.receiveWindow = windows.receive
  }

  /** The writer was asked to pause, and was not told yet to go on. */
  get isFull(): boolean {
    return this.#isFull
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Nothing is left to send but this; undefined while there is data. */
  get dueTrailers(): Buffer | undefined {
    return this.#waitingBytes === 0 ? this.#trailers : undefined
  }

  respond(block: Buffer): void {
    if (!this.isClosed) this.#carrier.headers(this, block, false)
  }

  /**
   * `bytes` in parts, each asked for when there is room for it and the one before it was sent.
   * False: wait for `drained`.
   */
  write(bytes: number, parts: Iterable<Buffer>): boolean {
    if (this.isClosed || this.#trailers) return true
    this.#waiting.push(parts[Symbol.iterator]() as Iterator<Buffer, void>)
    this.#waitingBytes += bytes
    this.#carrier.ready(this)
    if (this.#waitingBytes > waitingBytesHigh) this.#isFull = true
    return !this.#isFull
  }

  /** The last header block, once everything written is sent. */
  end(trailers: Buffer): void {
    if (this.isClosed || this.#trailers) return
    this.#trailers = trailers
    this.#carrier.ready(this)
  }

  reset(code: number): void {
    if (!this.isClosed) this.#carrier.reset(this, code)
  }

  /** Sends so many bytes of what waits, which is no less. */
  sendTo(send: (part: Buffer) => void, bytes: number): void {
    let room = bytes
    while (room > 0) {
      const next = this.#part ?? this.#nextPart()
      const part = next.length <= room ? next : next.subarray(0, room)
      this.#part = part === next ? undefined : next.subarray(room)
      send(part)
      room -= part.length
    }
    this.#waitingBytes -= bytes
    this.sendWindow -= bytes
  }

  #nextPart(): Buffer {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { value } = next.next()
      if (value) return value
      this.#waiting.shift()
    }
    throw new InvariantError('what is written has as many bytes as was said')
  }

  /**
   * True when the client has taken nothing for too many looks: what it leaves waiting keeps records in
   * memory that may be long deleted. Whoever is sent events is given longer, for it may be stopped.
   */
  stalls(): boolean {
    const isStalled = this.#waitingBytes > 0 && this.#waitingBytes === this.#seenBytes
    this.#stalledLooks = isStalled ? this.#stalledLooks + 1 : 0
    this.#seenBytes = this.#waitingBytes
    return this.#stalledLooks >= (this.#trailers ? stalledLooksMax : stalledLooksMaxGoingOn)
  }

  /** Tells the writer to go on when all that it wrote is sent. */
  tellDrained(): boolean {
    if (!this.#isFull || this.#waitingBytes > 0) return false
    this.#isFull = false
    this.listener?.drained()
    return true
  }

  /** False when no such window is allowed. */
  widen(bytes: number): boolean {
    this.sendWindow += bytes
    return this.sendWindow <= windowBytesMax
  }

  close(): void {
    this.isClosed = true
    this.#waiting = []
    this.#part = undefined
    this.#waitingBytes = 0
  }
}
