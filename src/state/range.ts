import { unreachable } from '../base/assert.ts'
import type { KeyValue, RangeOperation, RangeResponse, SortTarget } from './cluster-store.ts'
import { keyEnd } from './keys.ts'

/** One state of the store, of now or of the past. Ranges come in key order. */
export interface RangeSource {
  get(key: string): KeyValue | undefined
  range(start: string, end: string, limit: number): KeyValue[]
  count(start: string, end: string): number
}

const noBytes = Buffer.alloc(0)

/**
 * A range with etcd's every option (server/etcdserver/txn/range.go): bounds take items away after the
 * count, sorting comes next, the limit last. With bounds or an order the whole range is looked at;
 * a target without an order sorts only what the limit has left, as etcd has it.
 */
export function runRange(source: RangeSource, operation: RangeOperation): RangeResponse {
  const { key, rangeEnd, limit = 0, countOnly = false, keysOnly = false } = operation
  const end = rangeEnd ?? keyEnd(key)
  if (countOnly) return { op: 'range', items: [], more: false, count: source.count(key, end) }
  const wanted = limit > 0 && !looksAtAll(operation) ? limit + 1 : Number.POSITIVE_INFINITY
  const found = rangeEnd === undefined ? one(source, key) : source.range(key, end, wanted)
  const count = found.length < wanted ? found.length : source.count(key, end)
  const fitting = sorted(found.filter(withinBounds(operation)), operation)
  const more = limit > 0 && fitting.length > limit
  if (more) fitting.length = limit
  return { op: 'range', items: keysOnly ? fitting.map(withoutValue) : fitting, more, count }
}

/** Whether a range asks for a past state. */
export function isPast({ revision = 0 }: RangeOperation): boolean {
  return revision > 0
}

function one(source: RangeSource, key: string): KeyValue[] {
  const record = source.get(key)
  return record ? [record] : []
}

function looksAtAll(operation: RangeOperation): boolean {
  const { sortOrder = 'none', minModRevision, maxModRevision } = operation
  const { minCreateRevision, maxCreateRevision } = operation
  return (
    sortOrder !== 'none' ||
    [minModRevision, maxModRevision, minCreateRevision, maxCreateRevision].some(Boolean)
  )
}

function withinBounds(operation: RangeOperation): (record: KeyValue) => boolean {
  const minMod = operation.minModRevision || 0
  const maxMod = operation.maxModRevision || Number.POSITIVE_INFINITY
  const minCreate = operation.minCreateRevision || 0
  const maxCreate = operation.maxCreateRevision || Number.POSITIVE_INFINITY
  return ({ modRevision, createRevision }) =>
    modRevision >= minMod &&
    modRevision <= maxMod &&
    createRevision >= minCreate &&
    createRevision <= maxCreate
}

/** Equal items keep the order of their keys. */
function sorted(items: KeyValue[], operation: RangeOperation): KeyValue[] {
  const { sortTarget = 'key', sortOrder = 'none' } = operation
  if (sortTarget === 'key' && sortOrder !== 'descend') return items
  const sign = sortOrder === 'descend' ? -1 : 1
  return items.sort((left, right) => sign * order(sortTarget, left, right))
}

function order(target: SortTarget, left: KeyValue, right: KeyValue): number {
  switch (target) {
    case 'key':
      return left.key < right.key ? -1 : 1
    case 'version':
      return left.version - right.version
    case 'create':
      return left.createRevision - right.createRevision
    case 'mod':
      return left.modRevision - right.modRevision
    case 'value':
      return Buffer.compare(left.value, right.value)
    default:
      return unreachable(target, 'sort target')
  }
}

function withoutValue(record: KeyValue): KeyValue {
  const { key, createRevision, modRevision, version, lease } = record
  return Object.freeze({ key, value: noBytes, createRevision, modRevision, version, lease })
}
