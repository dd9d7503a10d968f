import { constants, createInflate, type Inflate } from 'node:zlib'
import { limits } from '../../base/limits.ts'
import { headerDictionary } from './dictionary.ts'
import { SpdyError } from './frames.ts'

/** Names are lower case. A value of several holds them apart with a zero character. */
export type Headers = ReadonlyMap<string, string>

/** PURE: names and values, each with its length before it (spdy-protocol draft 3.1, 2.6.10). */
export function encodeHeaders(headers: Headers): Buffer {
  const parts = [wordOf(headers.size)]
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text, 'latin1')
    parts.push(wordOf(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

/** PURE: throws SpdyError for a block that is not of that form, or too large. */
export function decodeHeaders(block: Buffer): Headers {
  let at = 0
  const number = () => {
    if (at + 4 > block.length) throw new SpdyError('a header block ends too early')
    at += 4
    return block.readUInt32BE(at - 4)
  }
  const text = () => {
    const length = number()
    if (length > block.length - at) throw new SpdyError('a header block ends too early')
    at += length
    return block.toString('latin1', at - length, at)
  }
  const count = number()
  if (count > limits.spdyHeadersMax) throw new SpdyError(`a header block of ${count} headers`)
  const headers = new Map<string, string>()
  for (let index = 0; index < count; index += 1) {
    const name = text().toLowerCase()
    if (name === '' || headers.has(name)) throw new SpdyError('a header without name, or twice')
    headers.set(name, text())
  }
  if (at !== block.length) throw new SpdyError('a header block goes on after its end')
  return headers
}

/** Reads the compressed header blocks of a session in their order: all share one window of zlib. */
export class HeaderInflater {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary })
  #chunks: Buffer[] = []
  #bytes = 0
  #fail: (error: Error) => void = () => {}

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
      if (this.#bytes > limits.headerBytesMax)
        this.#inflate.destroy(new SpdyError(`headers of more than ${limits.headerBytesMax} bytes`))
    })
    this.#inflate.on('error', (error) => this.#fail(error))
    this.#inflate.on('end', () => this.#fail(new SpdyError('the headers say that they are over')))
  }

  /** One block at a time. Rejects with SpdyError; then no more can be read. */
  async read(block: Buffer): Promise<Headers> {
    this.#chunks = []
    this.#bytes = 0
    await new Promise<void>((resolve, reject) => {
      this.#fail = (error) =>
        reject(error instanceof SpdyError ? error : new SpdyError(`headers: ${error.message}`))
      if (this.#inflate.destroyed || this.#inflate.readableEnded)
        return this.#fail(new SpdyError('the session is over'))
      this.#inflate.write(block)
      this.#inflate.flush(constants.Z_SYNC_FLUSH, () => {
        if (!this.#inflate.destroyed) resolve()
      })
    })
    return decodeHeaders(Buffer.concat(this.#chunks))
  }

  close(): void {
    this.#inflate.destroy()
    this.#fail(new SpdyError('the session is over'))
  }
}

/** Of a stored block, without compression (RFC 1951, 3.2.4). */
const storedBytesMax = 0xffff

/**
 * PURE: writes header blocks in zlib's form (RFC 1950) without compressing them: our own are a few
 * bytes, and secrets that are compressed beside foreign text leak (CRIME).
 */
export class HeaderStorer {
  #begun = false

  write(headers: Headers): Buffer {
    const block = encodeHeaders(headers)
    const parts: Buffer[] = this.#begun ? [] : [Buffer.of(0x78, 0x01)]
    this.#begun = true
    for (let at = 0; at < block.length; at += storedBytesMax)
      parts.push(storedBlock(block.subarray(at, at + storedBytesMax)))
    // An empty one is what a flush ends with: readers hand out what came before it (Go's wait for it).
    parts.push(storedBlock(Buffer.alloc(0)))
    return Buffer.concat(parts)
  }
}

function storedBlock(part: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt16LE(part.length, 1)
  header.writeUInt16LE(part.length ^ 0xffff, 3)
  return Buffer.concat([header, part])
}

function wordOf(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value, 0)
  return bytes
}
