import type { Socket } from 'node:net'
import { limits } from '../../../base/limits.ts'

/** So much goes to the socket in one turn and waits there; the rest waits with its stream. */
const socketBytesHigh = 512 * 1_024

/**
 * What is sent in one turn of the event loop, in one write to the socket: with TLS, a write costs more
 * than a small call.
 */
export class TurnWriter {
  readonly #socket: Socket
  #parts: Buffer[] = []
  #bytes = 0
  #flushScheduled = false
  #isFull = false

  constructor(socket: Socket, drained: () => void) {
    this.#socket = socket
    socket.on('drain', () => {
      this.#isFull = false
      drained()
    })
  }

  /** The peer does not take what it is sent: send what must be sent, and nothing else. */
  get isFull(): boolean {
    return this.#isFull
  }

  send(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= socketBytesHigh) this.flush()
    else if (!this.#flushScheduled) {
      this.#flushScheduled = true
      // After all sockets and ports that have something in this turn.
      setImmediate(() => {
        this.#flushScheduled = false
        this.flush()
      })
    }
  }

  flush(): void {
    const [first] = this.#parts
    if (!first || this.#socket.destroyed) return
    const bytes = this.#parts.length === 1 ? first : Buffer.concat(this.#parts, this.#bytes)
    this.#parts = []
    this.#bytes = 0
    if (this.#socket.write(bytes)) return
    this.#isFull = this.#socket.writableLength >= socketBytesHigh
    if (this.#socket.writableLength > limits.etcdUnsentBytesMax) this.#socket.destroy()
  }
}
