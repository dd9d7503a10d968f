import type { Socket } from 'node:net'
import { limits } from '../../../base/limits.ts'
import type { WriteBuffers } from './write-buffers.ts'

/** So much waits at the socket; the rest waits with its stream. */
const socketBytesHigh = 512 * 1_024
/** Less than that is written from a copy of its own: a slow socket is not to hold a whole buffer for it. */
const copiedBytesMax = 16 * 1_024

/**
 * What is sent in one turn of the event loop, in one write to the socket: with TLS, a write costs more
 * than a small call. What is sent is copied at once: its owner may use the bytes again.
 */
export class TurnWriter {
  readonly #socket: Socket
  readonly #buffers: WriteBuffers
  #buffer: Buffer | undefined
  #used = 0
  #flushScheduled = false
  #isFull = false

  constructor(socket: Socket, buffers: WriteBuffers, drained: () => void) {
    this.#socket = socket
    this.#buffers = buffers
    socket.on('drain', () => {
      this.#isFull = false
      drained()
    })
  }

  /** The peer does not take what it is sent: send what must be sent, and nothing else. */
  get isFull(): boolean {
    return this.#isFull
  }

  send(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      this.#buffer ??= this.#buffers.take()
      const room = this.#buffer.length - this.#used
      const part = done === 0 && bytes.length <= room ? bytes : bytes.subarray(done, done + room)
      this.#buffer.set(part, this.#used)
      this.#used += part.length
      done += part.length
      if (this.#used === this.#buffer.length) this.flush()
    }
    if (this.#flushScheduled || this.#used === 0) return
    this.#flushScheduled = true
    // After all sockets and ports that have something in this turn.
    setImmediate(() => {
      this.#flushScheduled = false
      this.flush()
    })
  }

  flush(): void {
    const buffer = this.#buffer
    if (!buffer || this.#used === 0) return
    const bytes = buffer.subarray(0, this.#used)
    this.#used = 0
    this.#buffer = undefined
    if (this.#write(bytes, buffer)) return
    this.#isFull = this.#socket.writableLength >= socketBytesHigh
    if (this.#socket.writableLength > limits.etcdUnsentBytesMax) this.#socket.destroy()
  }

  #write(bytes: Buffer, buffer: Buffer): boolean {
    const giveBack = () => this.#buffers.give(buffer)
    if (!this.#socket.destroyed && bytes.length > copiedBytesMax)
      return this.#socket.write(bytes, giveBack)
    const copy = Buffer.from(bytes)
    giveBack()
    return this.#socket.destroyed || this.#socket.write(copy)
  }
}
