/** Thrown for bytes that are no protobuf. One value: callers turn it into their own error. */
export const malformed = new Error('malformed protobuf')

export const wire = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 }

const varintBytesMax = 10

/** Reads the protobuf wire format, field by field, without copying. */
export class WireReader {
  readonly #buffer: Uint8Array
  #at = 0
  /** Number and wire type of the field that nextField found; read or skip its value next. */
  field = 0
  wireType = 0

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length
  }

  /** Reads the next field's tag; false at the end. */
  nextField(): boolean {
    if (this.done) return false
    const tag = this.integer()
    this.field = Math.floor(tag / 8)
    this.wireType = tag % 8
    if (this.field === 0) throw malformed
    return true
  }

  /** A signed varint as a number: exact to 2^53, rounded beyond. */
  integer(): number {
    let value = 0
    let scale = 1
    // Seven groups of seven bits stay below 2^53; longer ones are rare.
    for (let at = this.#at; at < this.#at + 7; at += 1) {
      const byte = this.#buffer[at]
      if (byte === undefined) throw malformed
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.#at = at + 1
        return value
      }
      scale *= 128
    }
    return Number(BigInt.asIntN(64, this.varint()))
  }

  varint(): bigint {
    let value = 0n
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.#buffer[this.#at++]
      if (byte === undefined) throw malformed
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw malformed
  }

  bytes(): Uint8Array {
    if (this.wireType !== wire.bytes) throw malformed
    const length = this.integer()
    if (length < 0) throw malformed
    const start = this.#at
    this.#at += length
    if (this.#at > this.#buffer.length) throw malformed
    return this.#buffer.subarray(start, this.#at)
  }

  text(): string {
    const bytes = this.bytes()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  }

  double(): number {
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset)
    if (this.wireType !== wire.fixed64 || this.#at + 8 > this.#buffer.length) throw malformed
    this.#at += 8
    return view.getFloat64(this.#at - 8, true)
  }

  skip(): void {
    if (this.wireType === wire.varint) this.varint()
    else if (this.wireType === wire.bytes) this.bytes()
    else if (this.wireType === wire.fixed64) this.#at += 8
    else if (this.wireType === wire.fixed32) this.#at += 4
    else throw malformed
    if (this.#at > this.#buffer.length) throw malformed
  }
}
