import type { KeyValue } from '../../../state/cluster-store.ts'
import { LongMessage } from '../grpc/long-message.ts'
import type { KeySpace } from '../key-space.ts'
import type { RangeResult } from '../operations.ts'
import { RangeResponse, type ResponseHeader } from '../wire/kv-messages.ts'
import type { Draft } from '../wire/message-type.ts'
import { writeVarint } from '../wire/varint.ts'
import { bytesField, recordBytes, writeRecord } from './record.ts'

/** One that is larger gets a part of its own. */
const partBytes = 64 * 1_024
/** Tag of the field `kvs` of a RangeResponse. */
const kvsTag = 0x12

/**
 * The answer to a range. Records never change, so they are encoded when the client takes them: ten
 * thousand of 1 KB at once would hold the event loop for 40 ms, and lie here twice.
 */
export function encodedRange(
  keys: KeySpace,
  { items, more, count }: RangeResult,
  header: Draft<ResponseHeader>,
): LongMessage {
  const head = RangeResponse.encode({ header })
  const tail = RangeResponse.encode({ more, count })
  const sizes = new Uint32Array(items.length)
  let bytes = head.length + tail.length
  for (const [at, record] of items.entries()) {
    sizes[at] = recordBytes(record, keys)
    bytes += fieldBytes(sizes[at])
  }
  return new LongMessage(bytes, partsOf(keys, items, sizes, head, tail))
}

/** A message inside of another one is there even when it is empty. */
function fieldBytes(size: number): number {
  return bytesField(size) || 2
}

function* partsOf(
  keys: KeySpace,
  items: readonly KeyValue[],
  sizes: Uint32Array,
  head: Buffer,
  tail: Buffer,
): Generator<Buffer, void, void> {
  yield head
  /** Of all parts in turn: see LongMessage. */
  let place = Buffer.alloc(0)
  for (let first = 0; first < items.length; ) {
    let bytes = fieldBytes(sizes[first] as number)
    let end = first + 1
    for (; end < items.length; end += 1) {
      const more = fieldBytes(sizes[end] as number)
      if (bytes + more > partBytes) break
      bytes += more
    }
    if (bytes > place.length)
      place = Buffer.allocUnsafe(end < items.length ? Math.max(bytes, partBytes) : bytes)
    let at = 0
    for (let nth = first; nth < end; nth += 1) {
      place[at] = kvsTag
      at = writeVarint(place, at + 1, sizes[nth] as number)
      at = writeRecord(place, at, items[nth] as KeyValue, keys)
    }
    yield place.subarray(0, bytes)
    first = end
  }
  yield tail
}
