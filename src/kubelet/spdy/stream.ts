import { Duplex } from 'node:stream'
import { limits } from '../../base/limits.ts'
import type { Headers } from './header-block.ts'

/** What a stream needs of its session. */
export interface StreamWire {
  /** Resolves when there is room for more. */
  send(streamId: number, bytes: Buffer, fin: boolean): Promise<void>
  consumed(streamId: number, bytes: number): void
  reset(streamId: number): void
  forget(streamId: number): void
}

/** One stream of a session: each side ends its half by itself; destroying it before resets it. */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: Headers
  readonly #wire: StreamWire
  #goOn: () => void = () => {}
  /** Of the peer: ended by it, or reset. */
  #over = false
  #finished = false

  constructor(id: number, headers: Headers, wire: StreamWire) {
    super({ readableHighWaterMark: limits.spdyStreamBufferBytesMax })
    this.id = id
    this.headers = headers
    this.#wire = wire
    // Who reads or writes it learns of its end by its closing.
    this.on('error', () => {})
  }

  /** Bytes from the peer; resolves when there is room for more. */
  async receive(bytes: Buffer): Promise<void> {
    if (this.#over || this.destroyed) return
    if (this.push(bytes)) return this.#wire.consumed(this.id, bytes.length)
    await new Promise<void>((resolve) => {
      this.#goOn = resolve
    })
    this.#wire.consumed(this.id, bytes.length)
  }

  /** The peer sends no more. */
  receiveEnd(): void {
    if (this.#over) return
    this.#over = true
    this.push(null)
    this.#forgetWhenOver()
  }

  /** The peer, or the whole connection, let go of it. */
  lost(): void {
    this.#over = true
    this.#finished = true
    this.destroy()
  }

  /** Never was one. */
  refused(): void {
    this.lost()
  }

  override _read(): void {
    this.#goOn()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#wire.send(this.id, chunk, false).then(() => done(), done)
  }

  override _final(done: (error?: Error) => void): void {
    this.#finished = true
    this.#wire.send(this.id, Buffer.alloc(0), true).then(() => done(), done)
    this.#forgetWhenOver()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#goOn()
    if (!this.#over || !this.#finished) this.#wire.reset(this.id)
    this.#wire.forget(this.id)
    done(error)
  }

  #forgetWhenOver(): void {
    if (this.#over && this.#finished) this.#wire.forget(this.id)
  }
}
