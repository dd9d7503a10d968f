import sortedBtree from 'sorted-btree'
import type { KeyValue } from './cluster-store.ts'

// sorted-btree is CommonJS: under Node's ESM its default import is the module object.
const BTree = sortedBtree.default

export type OrderedRecords<Value extends KeyValue = KeyValue> = InstanceType<
  typeof BTree<string, Value>
>

/** The order of UTF-16 code units, which for keys is that of bytes. */
function compareKeys(left: string, right: string): number {
  if (left < right) return -1
  return left > right ? 1 : 0
}

/** Records by key, in order. `clone` costs O(1): both copies then share nodes until one writes. */
export function orderedRecords<Value extends KeyValue>(
  sorted: [string, Value][] = [],
): OrderedRecords<Value> {
  return new BTree<string, Value>(sorted, compareKeys)
}

/** At most `limit` records of [start, end) in order. */
export function rangeOf<Value extends KeyValue>(
  records: OrderedRecords<Value>,
  start: string,
  end: string,
  limit: number,
): Value[] {
  const found: Value[] = []
  if (start >= end || limit <= 0) return found
  records.forRange(start, end, false, (_key, value) => {
    found.push(value)
    return found.length >= limit ? { break: found.length } : undefined
  })
  return found
}

export function countOf(records: OrderedRecords, start: string, end: string): number {
  return start >= end ? 0 : records.forRange(start, end, false)
}
