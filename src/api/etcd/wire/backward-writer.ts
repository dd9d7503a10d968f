const firstBytes = 256
const low7Bits = 128

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
  varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.bigVarint(BigInt.asUintN(64, BigInt(value)))
      return
    }
    const bytes = varintBytes(value)
    // First the room, for it may be in another buffer.
    let at = this.#reserve(bytes)
    let rest = value
    while (rest >= low7Bits) {
      this.#buffer[at++] = (rest % low7Bits) + low7Bits
      rest = Math.floor(rest / low7Bits)
    }
    this.#buffer[at] = rest
  }

  bigVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    const bytes: number[] = []
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    this.raw(Uint8Array.from(bytes))
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

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= low7Bits; rest = Math.floor(rest / low7Bits)) bytes += 1
  return bytes
}
