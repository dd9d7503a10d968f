/**
 * Distinguished encoding rules (X.690), as far as certificates and requests for them need: definite
 * lengths, tags of one byte. What is malformed throws an Error that says where.
 */
export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly bytes: Uint8Array
}

export const derTags = {
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

const lengthBytesMax = 4

/** All values that stand one after the other in `bytes`. */
export function derValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; at += values.at(-1)?.bytes.length ?? 0)
    values.push(valueAt(bytes, at))
  return values
}

/** The values within one that must have this tag. */
export function derChildren(value: DerValue | undefined, tag: number): DerValue[] {
  return derValues(derContent(value, tag))
}

/** The content of a value that must have this tag. */
export function derContent(value: DerValue | undefined, tag: number): Uint8Array {
  if (value?.tag !== tag)
    throw new Error(`asn1: structure error: tag ${value?.tag ?? 'missing'} where ${tag} is due`)
  return value.content
}

/** An object identifier in dotted form. */
export function derObjectIdentifier(value: DerValue | undefined): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of derContent(value, derTags.objectIdentifier)) {
    arc = arc * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new Error('asn1: structure error: arc is too large')
    if (byte >= 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...others] = arcs
  const root = Math.min(2, Math.floor(first / 40))
  return [root, first - root * 40, ...others].join('.')
}

const charsetOfTag: ReadonlyMap<number, BufferEncoding> = new Map([
  [0x0c, 'utf8'],
  [0x12, 'latin1'],
  [0x13, 'latin1'],
  [0x14, 'latin1'],
  [0x16, 'latin1'],
])
const bmpStringTag = 0x1e

/** A string of one of the types that names are made of. */
export function derText({ tag, content }: DerValue): string {
  const charset = charsetOfTag.get(tag)
  if (charset) return Buffer.from(content).toString(charset)
  if (tag !== bmpStringTag) throw new Error(`asn1: structure error: tag ${tag} is no string`)
  if (content.length % 2 !== 0) throw new Error('asn1: structure error: odd length of a BMPString')
  return Buffer.from(content).swap16().toString('utf16le')
}

function valueAt(bytes: Uint8Array, start: number): DerValue {
  const tag = bytes[start] ?? 0
  const first = bytes[start + 1] ?? 0x80
  let length = first
  let contentAt = start + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > lengthBytesMax) throw new Error('asn1: syntax error: invalid length')
    length = 0
    for (let index = 0; index < count; index += 1)
      length = length * 256 + (bytes[contentAt + index] ?? 0)
    contentAt += count
  }
  const end = contentAt + length
  if (end > bytes.length) throw new Error('asn1: syntax error: data truncated')
  return { tag, content: bytes.subarray(contentAt, end), bytes: bytes.subarray(start, end) }
}
