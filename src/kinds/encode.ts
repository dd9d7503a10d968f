import type { AnyObject } from './kind.ts'

export interface EncodedObject {
  /** JSON: apiVersion and kind first, then metadata without resourceVersion, then the rest. */
  readonly bytes: Uint8Array
  /** Offset in bytes right after `"metadata":{`, where the store splices in the resourceVersion. */
  readonly revisionOffset: number
}

/**
 * Encodes an object once, for log, disk, store and answers. apiVersion and kind are ASCII in every
 * kind we store, but the offset is counted in bytes all the same. metadata is never empty in a
 * stored object, so a splice may always end in a comma.
 */
export function encodeObject(object: AnyObject): EncodedObject {
  const { apiVersion, kind, metadata, ...rest } = object
  const { resourceVersion: _spliced, ...kept } = metadata
  let head = '{'
  if (apiVersion !== undefined) head += `"apiVersion":${JSON.stringify(apiVersion)},`
  if (kind !== undefined) head += `"kind":${JSON.stringify(kind)},`
  head += '"metadata":{'
  const meta = JSON.stringify(kept).slice(1)
  const tail = JSON.stringify(rest)
  const text = `${head}${meta}${tail === '{}' ? '}' : `,${tail.slice(1)}`}`
  return { bytes: Buffer.from(text), revisionOffset: Buffer.byteLength(head) }
}

/**
 * Reads what the store holds: bytes that encodeObject wrote, so no schema is needed. JSON.parse
 * makes `__proto__` an ordinary own property, so a label of that name changes no prototype.
 */
export function parseStored(bytes: Uint8Array): AnyObject {
  return JSON.parse(utf8(bytes)) as AnyObject
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
