const bufferBytes = 64 * 1_024
const keptMax = 64

/**
 * Buffers that are written from, used again and again, by all connections: memory outside of its heap makes
 * V8's collector run, which took a third of the time of large ranges.
 */
export class WriteBuffers {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
  }

  /** Nobody reads it any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < keptMax) this.#free.push(buffer)
  }
}
