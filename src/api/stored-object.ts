import type { Revision } from '../base/brand.ts'
import type { EncodedObject } from '../kinds/encode.ts'
import type { AnyObject } from '../kinds/kind.ts'
import type { KeyValue } from '../state/cluster-store.ts'

const revisionMark = Buffer.from('"resourceVersion":"')
const metadataMark = Buffer.from('"metadata":{')
const quote = 0x22
const parsedMax = 4_096

/**
 * The parsed form of a stored object, to look at and never to change: selectors, tables and checks
 * of many watchers share it. The last few thousand are kept.
 */
export class ParsedObjects {
  readonly #recent = new Map<string, AnyObject>()

  get(record: KeyValue): AnyObject {
    const id = `${record.modRevision} ${record.key}`
    const known = this.#recent.get(id)
    if (known) return known
    const object = parseObject(record.value)
    if (this.#recent.size >= parsedMax) {
      const oldest = this.#recent.keys().next()
      if (!oldest.done) this.#recent.delete(oldest.value)
    }
    this.#recent.set(id, object)
    return object
  }
}

/** A copy of one's own, free to change. */
export function parseObject(value: Uint8Array): AnyObject {
  return JSON.parse(asBuffer(value).toString('utf8')) as AnyObject
}

/**
 * The stored bytes with another resourceVersion: a deletion event carries the deletion's revision,
 * not that of the last write.
 */
export function withRevision(value: Uint8Array, revision: Revision): Uint8Array {
  const bytes = asBuffer(value)
  const span = revisionSpan(bytes)
  if (!span) return bytes
  const digits = Buffer.from(String(revision))
  return Buffer.concat([bytes.subarray(0, span.start), digits, bytes.subarray(span.end)])
}

/** An object in another form than its record's, at the same revision. */
export function encodedAt(
  { modRevision }: KeyValue,
  { bytes, revisionOffset }: EncodedObject,
): Uint8Array {
  return spliced(bytes, revisionOffset, modRevision)
}

/** Bytes of an object that have no resourceVersion, with this one; others as they are. */
export function withSplicedRevision(value: Uint8Array, revision: Revision): Uint8Array {
  const metadata = asBuffer(value).indexOf(metadataMark)
  return metadata < 0 ? value : spliced(value, metadata + metadataMark.length, revision)
}

function spliced(bytes: Uint8Array, offset: number, revision: Revision): Uint8Array {
  return Buffer.concat([
    bytes.subarray(0, offset),
    Buffer.from(`"resourceVersion":"${revision}",`),
    bytes.subarray(offset),
  ])
}

/**
 * True when `encoded`, which has no resourceVersion, says exactly what `stored` says: the write
 * would change nothing.
 */
export function sameContent(stored: Uint8Array, encoded: Uint8Array): boolean {
  const bytes = asBuffer(stored)
  const span = revisionSpan(bytes)
  if (!span) return bytes.equals(encoded)
  const cutStart = span.start - revisionMark.length
  const cutEnd = span.end + 2
  const rest = bytes.length - cutEnd
  return (
    encoded.length === cutStart + rest &&
    bytes.subarray(0, cutStart).equals(encoded.subarray(0, cutStart)) &&
    bytes.subarray(cutEnd).equals(encoded.subarray(cutStart))
  )
}

/** Where the digits of metadata.resourceVersion stand. */
function revisionSpan(bytes: Buffer): { start: number; end: number } | undefined {
  const metadata = bytes.indexOf(metadataMark)
  if (metadata < 0) return undefined
  const mark = metadata + metadataMark.length
  const start = mark + revisionMark.length
  if (!bytes.subarray(mark, start).equals(revisionMark)) return undefined
  return { start, end: bytes.indexOf(quote, start) }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
