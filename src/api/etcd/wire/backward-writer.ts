import { varintBytes, writeVarint } from './varint.ts'

const firstBytes = 256

/**
 * Writes the protobuf wire format from the end to the start: a nested message is written before its
 * length, which is known by then, so nothing is measured twice and nothing is copied together.
 */
export class BackwardWriter {
  #buffer = Buffer.allocUnsafe(firstBytes)
  #at = firstBytes

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  /** A whole number; of a negative one the 64 bits of its two's complement. */
  varint(value: number | bigint): void {
    // First the room, for it may be in another buffer.
    const at = this.#reserve(varintBytes(value))
    writeVarint(this.#buffer, at, value)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length)
    this.#buffer.set(bytes, at)
  }

  text(text: string): void {
    const at = this.#reserve(Buffer.byteLength(text))
    this.#buffer.write(text, at, 'utf8')
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType)
  }

  /** What was written; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#at)
  }

  /** Makes room in front of what is written; where it begins. */
  #reserve(bytes: number): number {
    if (bytes > this.#at) {
      const written = this.#buffer.subarray(this.#at)
      const grown = Buffer.allocUnsafe(
        Math.max(2 * this.#buffer.length, written.length + 2 * bytes),
      )
      this.#at = grown.length - written.length
      grown.set(written, this.#at)
      this.#buffer = grown
    }
    this.#at -= bytes
    return this.#at
  }
}
