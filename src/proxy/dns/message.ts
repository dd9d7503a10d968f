/**
 * PURE: what clients and servers of names say to each other (RFC 1035; SRV: RFC 2782; OPT: RFC 6891).
 * Only what a cluster's own names need; all else is passed on as bytes.
 */
export const recordTypes = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const

export const answerCodes = { ok: 0, serverFailure: 2, noSuchName: 3, notImplemented: 4 } as const

export interface Query {
  readonly id: number
  readonly recursionDesired: boolean
  /** Other operations than 0, a query, are not known here. */
  readonly operation: number
  /** Without a dot at the end, as it was written. */
  readonly name: string
  readonly type: number
  /** The question as it came: answers repeat it. */
  readonly question: Buffer
  /** What the client takes by UDP; undefined when it did not say. */
  readonly udpBytesMax: number | undefined
}

export type Resource = { readonly name: string; readonly ttlSeconds: number } & (
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly bytes: Buffer }
  | { readonly type: 'CNAME' | 'PTR'; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly port: number
      readonly weight: number
      readonly target: string
    }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'SOA'; readonly zone: string; readonly serial: number }
)

export interface Answer {
  readonly code: number
  readonly authoritative: boolean
  readonly answers: readonly Resource[]
  readonly authority?: readonly Resource[]
  readonly additional?: readonly Resource[]
}

const headerBytes = 12
const plainUdpBytesMax = 512
/** What this server takes and sends by UDP. */
const ownUdpBytesMax = 1232
const pointerHopsMax = 32
const labelBytesMax = 63
const nameBytesMax = 255
const internet = 1

/** Undefined for what is no query with one question about the Internet's class. */
export function decodeQuery(bytes: Buffer): Query | undefined {
  try {
    if (bytes.length < headerBytes) return undefined
    const flags = bytes.readUInt16BE(2)
    if ((flags & 0x8000) !== 0 || bytes.readUInt16BE(4) !== 1) return undefined
    const { name, next } = readName(bytes, headerBytes)
    const type = bytes.readUInt16BE(next)
    if (bytes.readUInt16BE(next + 2) !== internet) return undefined
    return {
      id: bytes.readUInt16BE(0),
      recursionDesired: (flags & 0x0100) !== 0,
      operation: (flags >> 11) & 0xf,
      name,
      type,
      question: bytes.subarray(headerBytes, next + 4),
      udpBytesMax: announcedBytes(bytes, next + 4),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The addresses and aliases in somebody else's answer; undefined for what cannot be read. */
export function decodeAddresses(bytes: Buffer): readonly Resource[] | undefined {
  try {
    let at = headerBytes
    for (let left = bytes.readUInt16BE(4); left > 0; left -= 1) at = readName(bytes, at).next + 4
    const found: Resource[] = []
    for (let left = bytes.readUInt16BE(6); left > 0; left -= 1) {
      const { name, next } = readName(bytes, at)
      const type = bytes.readUInt16BE(next)
      const ttlSeconds = bytes.readUInt32BE(next + 4)
      const length = bytes.readUInt16BE(next + 8)
      const start = next + 10
      const data = bytes.subarray(start, start + length)
      if (data.length < length) return undefined
      if (type === recordTypes.A && length === 4)
        found.push({ name, ttlSeconds, type: 'A', address: data.join('.') })
      if (type === recordTypes.AAAA && length === 16)
        found.push({ name, ttlSeconds, type: 'AAAA', bytes: data })
      if (type === recordTypes.CNAME)
        found.push({ name, ttlSeconds, type: 'CNAME', target: readName(bytes, start).name })
      at = start + length
    }
    return found
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A query for `name` of our own, to ask another server. */
export function encodeQuery(id: number, name: string, type: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(0x0100, 2)
  header.writeUInt16BE(1, 4)
  return Buffer.concat([header, plainName(name), twoShorts(type, internet)])
}

/**
 * The answer's bytes. By UDP, what the client does not take is left out and the answer marked as cut: it
 * then asks by TCP.
 */
export function encodeAnswer(query: Query, answer: Answer, by: 'udp' | 'tcp'): Buffer {
  const bytesMax =
    by === 'tcp'
      ? 0xffff
      : Math.min(Math.max(query.udpBytesMax ?? 0, plainUdpBytesMax), ownUdpBytesMax)
  const whole = assemble(query, answer, false)
  if (whole.length <= bytesMax) return whole
  const lean = assemble(query, { ...answer, additional: [] }, false)
  if (lean.length <= bytesMax) return lean
  return assemble(query, { ...answer, answers: [], authority: [], additional: [] }, true)
}

function assemble(query: Query, answer: Answer, isCut: boolean): Buffer {
  const { answers, authority = [], additional = [] } = answer
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(query.id, 0)
  const flags =
    0x8000 |
    (query.operation << 11) |
    (answer.authoritative ? 0x0400 : 0) |
    (isCut ? 0x0200 : 0) |
    (query.recursionDesired ? 0x0100 : 0) |
    0x0080 |
    answer.code
  header.writeUInt16BE(flags, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  header.writeUInt16BE(authority.length, 8)
  header.writeUInt16BE(additional.length + (query.udpBytesMax === undefined ? 0 : 1), 10)
  const records = [...answers, ...authority, ...additional].map((one) => encodeResource(one, query))
  return Buffer.concat([
    ...[header, query.question, ...records],
    ...(query.udpBytesMax === undefined ? [] : [ownOptions()]),
  ])
}

function ownOptions(): Buffer {
  const options = Buffer.alloc(11)
  options.writeUInt16BE(recordTypes.OPT, 1)
  options.writeUInt16BE(ownUdpBytesMax, 3)
  return options
}

function encodeResource(resource: Resource, query: Query): Buffer {
  const data = resourceData(resource)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(recordTypes[resource.type], 0)
  fixed.writeUInt16BE(internet, 2)
  fixed.writeUInt32BE(resource.ttlSeconds, 4)
  fixed.writeUInt16BE(data.length, 8)
  // Most records are about the name that was asked for, which stands right behind the header.
  const name =
    resource.name === query.name ? Buffer.from([0xc0, headerBytes]) : plainName(resource.name)
  return Buffer.concat([name, fixed, data])
}

const refreshSeconds = [7200, 1800, 86_400, 5] as const

function resourceData(resource: Resource): Buffer {
  switch (resource.type) {
    case 'A':
      return Buffer.from(resource.address.split('.').map(Number))
    case 'AAAA':
      return resource.bytes
    case 'CNAME':
    case 'PTR':
      return plainName(resource.target)
    case 'SRV':
      return Buffer.concat([
        twoShorts(0, resource.weight),
        twoShorts(resource.port, 0).subarray(0, 2),
        plainName(resource.target),
      ])
    case 'TXT':
      return Buffer.concat([
        Buffer.from([Buffer.byteLength(resource.text)]),
        Buffer.from(resource.text),
      ])
    case 'SOA': {
      const numbers = Buffer.alloc(20)
      for (const [index, value] of [resource.serial, ...refreshSeconds].entries())
        numbers.writeUInt32BE(value >>> 0, index * 4)
      return Buffer.concat([
        plainName(`ns.dns.${resource.zone}`),
        plainName(`hostmaster.${resource.zone}`),
        numbers,
      ])
    }
  }
}

function twoShorts(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(first, 0)
  bytes.writeUInt16BE(second, 2)
  return bytes
}

function plainName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  const parts = labels.map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    if (bytes.length > labelBytesMax) throw new RangeError(`a label of ${bytes.length} bytes`)
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  })
  return Buffer.concat([...parts, Buffer.from([0])])
}

/** Throws RangeError for a name that leaves the message, is too long or goes in circles. */
function readName(bytes: Buffer, start: number): { readonly name: string; readonly next: number } {
  const labels: string[] = []
  let at = start
  let next: number | undefined
  let hops = 0
  let length = 0
  for (;;) {
    const size = bytes.readUInt8(at)
    if ((size & 0xc0) === 0xc0) {
      next ??= at + 2
      at = bytes.readUInt16BE(at) & 0x3fff
      hops += 1
      if (hops > pointerHopsMax) throw new RangeError('a name in circles')
      continue
    }
    if (size > labelBytesMax) throw new RangeError('an unknown kind of label')
    if (size === 0) return { name: labels.join('.'), next: next ?? at + 1 }
    length += size + 1
    if (length > nameBytesMax || at + 1 + size > bytes.length) throw new RangeError('a long name')
    labels.push(bytes.toString('latin1', at + 1, at + 1 + size))
    at += size + 1
  }
}

/** From the OPT record, which a query has behind its question. */
function announcedBytes(bytes: Buffer, start: number): number | undefined {
  let at = start
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10)
  for (let left = records; left > 0; left -= 1) {
    const { next } = readName(bytes, at)
    if (bytes.readUInt16BE(next) === recordTypes.OPT) return bytes.readUInt16BE(next + 2)
    at = next + 10 + bytes.readUInt16BE(next + 8)
  }
  return undefined
}
