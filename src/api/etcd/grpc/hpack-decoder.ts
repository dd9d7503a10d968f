import { decodeHuffman } from './huffman.ts'

/** RFC 7541, appendix A, from index 1 on. */
const staticTable: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  ...['200', '204', '206', '304', '400', '404', '500'].map((code) => [':status', code] as const),
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...[
    ...['accept-language', 'accept-ranges', 'accept', 'access-control-allow-origin', 'age'],
    ...['allow', 'authorization', 'cache-control', 'content-disposition', 'content-encoding'],
    ...['content-language', 'content-length', 'content-location', 'content-range'],
    ...['content-type', 'cookie', 'date', 'etag', 'expect', 'expires', 'from', 'host', 'if-match'],
    ...['if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified'],
    ...['link', 'location', 'max-forwards', 'proxy-authenticate', 'proxy-authorization', 'range'],
    ...['referer', 'refresh', 'retry-after', 'server', 'set-cookie', 'strict-transport-security'],
    ...['transfer-encoding', 'user-agent', 'vary', 'via', 'www-authenticate'],
  ].map((name) => [name, ''] as const),
]

/** The table that every decoder begins with; nobody is told another size. */
const tableBytesMax = 4_096
/** What an entry counts beside its text (RFC 7541, section 4.1). */
const entryOverheadBytes = 32
/** Far more than any length or index that fits a header list. */
const integerMax = 2 ** 24

interface Entry {
  readonly name: string
  readonly value: string
}

/** Header fields in their order; names may repeat. */
export type HeaderField = Entry

/** Thrown for what is no HPACK: the connection cannot go on, for its tables differ from now on. */
export class HpackError extends Error {
  override readonly name = 'HpackError'
}

/** Decodes the header blocks of one connection, in their order (RFC 7541). */
export class HpackDecoder {
  readonly #listBytesMax: number
  /** Newest first. */
  readonly #dynamic: Entry[] = []
  #tableBytes = 0
  #sizeLimit = tableBytesMax
  #block: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(listBytesMax: number) {
    this.#listBytesMax = listBytesMax
  }

  /**
   * The fields of a block. Undefined when they are more than may be: the table is up to date all the
   * same, so that the connection can go on.
   */
  decode(block: Uint8Array): HeaderField[] | undefined {
    this.#block = block
    this.#at = 0
    const fields: HeaderField[] = []
    let bytes = 0
    while (this.#at < block.length) {
      const first = block[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        if (fields.length > 0) throw new HpackError('a table size is told within a block')
        this.#resize(this.#integer(5))
        continue
      }
      const field = this.#field(first)
      bytes += sizeOf(field)
      if (bytes <= this.#listBytesMax) fields.push(field)
    }
    return bytes <= this.#listBytesMax ? fields : undefined
  }

  #field(first: number): Entry {
    if (first >= 0x80) return this.#entry(this.#integer(7))
    const isIndexed = first >= 0x40
    const index = this.#integer(isIndexed ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#entry(index).name
    const field = { name, value: this.#string() }
    if (isIndexed) this.#add(field)
    return field
  }

  #entry(index: number): Entry {
    const known = staticTable[index - 1]
    if (known) return { name: known[0], value: known[1] }
    const entry = this.#dynamic[index - 1 - staticTable.length]
    if (!entry) throw new HpackError(`there is no header ${index}`)
    return entry
  }

  #add(entry: Entry): void {
    this.#dynamic.unshift(entry)
    this.#tableBytes += sizeOf(entry)
    this.#evict()
  }

  #resize(bytes: number): void {
    if (bytes > tableBytesMax) throw new HpackError(`a header table of ${bytes} bytes`)
    this.#sizeLimit = bytes
    this.#evict()
  }

  #evict(): void {
    while (this.#tableBytes > this.#sizeLimit) {
      const oldest = this.#dynamic.pop()
      this.#tableBytes -= oldest ? sizeOf(oldest) : this.#tableBytes
    }
  }

  /** RFC 7541, section 5.1: the low bits of a byte, and more bytes when they are all set. */
  #integer(prefixBits: number): number {
    const prefixMax = 2 ** prefixBits - 1
    let value = this.#byte() & prefixMax
    if (value < prefixMax) return value
    for (let scale = 1; value <= integerMax; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new HpackError('an integer is too large')
  }

  #string(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const start = this.#at
    this.#at += length
    if (this.#at > this.#block.length) throw new HpackError('a header block ends in a string')
    const bytes = this.#block.subarray(start, this.#at)
    if (!isHuffman) return latin1(bytes)
    const text = decodeHuffman(bytes)
    if (text === undefined) throw new HpackError('a string is no Huffman code')
    return text
  }

  #byte(): number {
    const byte = this.#block[this.#at]
    if (byte === undefined) throw new HpackError('a header block ends too early')
    this.#at += 1
    return byte
  }
}

function sizeOf({ name, value }: Entry): number {
  return name.length + value.length + entryOverheadBytes
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
