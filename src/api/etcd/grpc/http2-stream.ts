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
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #isFull = false
  #trailers: Buffer | undefined

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

  /** False: wait for `drained`. */
  write(parts: readonly Buffer[]): boolean {
    if (this.isClosed || this.#trailers) return true
    for (const part of parts) {
      this.#waiting.push(part)
      this.#waitingBytes += part.length
    }
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

  /** Up to so many bytes of what waits; they count as sent. */
  take(bytesMax: number): Buffer[] {
    const taken: Buffer[] = []
    let room = bytesMax
    while (room > 0) {
      const first = this.#waiting[0]
      if (!first) break
      const part = first.length <= room ? first : first.subarray(0, room)
      if (part === first) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(room)
      taken.push(part)
      room -= part.length
    }
    const bytes = bytesMax - room
    this.#waitingBytes -= bytes
    this.sendWindow -= bytes
    return taken
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
    this.#waitingBytes = 0
  }
}
