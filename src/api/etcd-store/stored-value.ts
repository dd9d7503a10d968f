/**
 * How a value lies in an external etcd: the place of its resourceVersion as text, a colon, the value. An
 * object of the API is stored without its resourceVersion, for nobody knows the revision of a write
 * before it is done; whoever reads it puts the revision there.
 */
export interface StoredValue {
  readonly value: Uint8Array
  /** -1 for never. */
  readonly revisionOffset: number
}

const colon = 0x3a
/** A sign and ten digits. */
const prefixBytesMax = 12

export function encodeValue({ value, revisionOffset }: StoredValue): Buffer {
  return Buffer.concat([Buffer.from(`${revisionOffset}:`), value])
}

/** What somebody else wrote there, without the place, is a value as it is. */
export function decodeValue(stored: Uint8Array): StoredValue {
  const at = stored.subarray(0, prefixBytesMax).indexOf(colon)
  const text = Buffer.from(stored.subarray(0, Math.max(0, at))).toString('latin1')
  if (!/^(-1|\d+)$/.test(text)) return { value: stored, revisionOffset: -1 }
  const value = stored.subarray(at + 1)
  const revisionOffset = Number(text)
  return revisionOffset <= value.length
    ? { value, revisionOffset }
    : { value: stored, revisionOffset: -1 }
}

/** The value as readers see it. */
export function valueAt(stored: Uint8Array, revision: number): Uint8Array {
  const { value, revisionOffset } = decodeValue(stored)
  if (revisionOffset < 0) return value
  return Buffer.concat([
    value.subarray(0, revisionOffset),
    Buffer.from(`"resourceVersion":"${revision}",`),
    value.subarray(revisionOffset),
  ])
}
