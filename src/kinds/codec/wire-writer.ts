import { wire } from './wire-reader.ts'

const bytesAtFirst = 64 * 1024
/** A buffer that one large message has made is given back. */
const bytesKept = 1024 * 1024
/** Shorter text is copied letter by letter: a call into the runtime costs more. */
const lettersByHand = 24

/**
 * Writes the protobuf wire format from its end to its beginning, as Go's generated code does: the length of
 * a message is known when the message has been written, so nothing is measured before. Values come before
 * the tags that stand in front of them, and the last field of a message first.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(bytesAtFirst)
  #at = bytesAtFirst

  /** Bytes written so far: to be handed to `message` once what is in it is written. */
  get written(): number {
    return this.#buffer.length - this.#at
  }

  /** What was written, in a buffer of its own; the writer is empty again. */
  take(): Uint8Array {
    const bytes = Buffer.from(this.#buffer.subarray(this.#at))
    if (this.#buffer.length > bytesKept) this.#buffer = Buffer.allocUnsafe(bytesAtFirst)
    this.#at = this.#buffer.length
    return bytes
  }

  /** Forgets what was written. */
  clear(): void {
    this.#at = this.#buffer.length
  }

  /** Length and tag of all that was written since `written` was `since`. */
  message(number: number, since: number): void {
    this.varint(this.written - since)
    this.tag(number, wire.bytes)
  }

  tag(number: number, wireType: number): void {
    const value = number * 8 + wireType
    if (value < 0x80) {
      this.#room(1)
      this.#at -= 1
      this.#buffer[this.#at] = value
    } else this.varint(value)
  }

  /** A whole number; negative ones take ten bytes, as in Go. */
  varint(value: number): void {
    if (value < 0) this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
    else if (value < 0x80) {
      this.#room(1)
      this.#at -= 1
      this.#buffer[this.#at] = value
    } else this.#longVarint(value)
  }

  #longVarint(value: number): void {
    const size = varintBytes(value)
    this.#room(size)
    this.#at -= size
    let rest = value
    for (let at = this.#at; at < this.#at + size; at += 1) {
      const next = Math.floor(rest / 128)
      this.#buffer[at] = (rest - next * 128) | (next > 0 ? 0x80 : 0)
      rest = next
    }
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = []
    for (let rest = value; rest > 0n || bytes.length === 0; rest >>= 7n)
      bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    this.bytes(Uint8Array.from(bytes))
  }

  double(value: number): void {
    this.#room(8)
    this.#at -= 8
    this.#buffer.writeDoubleLE(value, this.#at)
  }

  /** Bytes alone, without length and tag. */
  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#at -= bytes.length
    this.#buffer.set(bytes, this.#at)
  }

  /** Text with its length and tag. */
  text(number: number, text: string): void {
    const since = this.written
    this.utf8(text)
    this.message(number, since)
  }

  /** Text alone. */
  utf8(text: string): void {
    const { length } = text
    if (length <= lettersByHand && this.#ascii(text)) return
    const size = Buffer.byteLength(text)
    this.#room(size)
    this.#at -= size
    this.#buffer.write(text, this.#at, size, 'utf8')
  }

  /** False, and nothing written, when there is more in it than ASCII. */
  #ascii(text: string): boolean {
    const { length } = text
    this.#room(length)
    const start = this.#at - length
    for (let at = 0; at < length; at += 1) {
      const code = text.charCodeAt(at)
      if (code >= 0x80) return false
      this.#buffer[start + at] = code
    }
    this.#at = start
    return true
  }

  #room(bytes: number): void {
    if (this.#at >= bytes) return
    const { written } = this
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, 2 * (written + bytes)))
    larger.set(this.#buffer.subarray(this.#at), larger.length - written)
    this.#buffer = larger
    this.#at = larger.length - written
  }
}

/** Bytes that a whole number of at least 0 takes. */
export function varintBytes(value: number): number {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1
  return size
}
