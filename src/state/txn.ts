import { assert, unreachable } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type {
  Compare,
  DeleteOperation,
  DeleteResponse,
  KeyValue,
  Operation,
  OperationResult,
  PutOperation,
  PutResponse,
  RangeOperation,
  RangeResponse,
  StoreEvent,
  Txn,
  TxnResult,
} from './cluster-store.ts'
import { keyEnd } from './keys.ts'
import type { LeaseId } from './leases.ts'
import { isPast, runRange } from './range.ts'
import { type Store, type StoredRecord, tombstone } from './store.ts'

/** Which branches a transaction takes, decided before anything is written. */
export interface TxnPath {
  readonly succeeded: boolean
  readonly operations: readonly Operation[]
  /** One per nested transaction of `operations`, in order. */
  readonly nested: readonly TxnPath[]
}

/**
 * Judges every compare, those of nested transactions too, against the state before the transaction,
 * as etcd does (server/etcdserver/txn: compareToPath).
 */
export function choosePath(store: Store, txn: Txn): TxnPath {
  const succeeded = txn.compares.every((compare) => holds(store, compare))
  const operations = succeeded ? txn.success : txn.failure
  const nested: TxnPath[] = []
  for (const operation of operations) {
    if (operation.op === 'txn') nested.push(choosePath(store, operation.txn))
  }
  return { succeeded, operations, nested }
}

/** Bytes that the path would add if every put were new: what the store's limit is held against. */
export function bytesPut(path: TxnPath): number {
  let bytes = 0
  for (const operation of path.operations) {
    if (operation.op === 'put') bytes += operation.key.length + operation.value.length
  }
  for (const nested of path.nested) bytes += bytesPut(nested)
  return bytes
}

/** What a path is carried out on. */
export interface TxnRun {
  readonly store: Store
  /** What changes get. The results carry it too; without changes see `withRevision`. */
  readonly revision: Revision
  /** Changes are added here, in order. */
  readonly events: StoreEvent[]
  /** Answers a range of a past revision, as it was before the transaction. */
  readonly past: (operation: RangeOperation) => RangeResponse
}

/** Carries a path out. Ranges see the writes before them. */
export function runPath(run: TxnRun, path: TxnPath): OperationResult[] {
  let nestedSeen = 0
  return path.operations.map((operation) => {
    switch (operation.op) {
      case 'put':
        return put(run, operation)
      case 'delete':
        return deleteRange(run, operation)
      case 'range':
        return isPast(operation) ? run.past(operation) : runRange(run.store, operation)
      case 'txn': {
        const nested = path.nested[nestedSeen]
        assert(nested, 'every nested transaction has a path')
        nestedSeen += 1
        const { revision } = run
        const { succeeded } = nested
        return { op: 'txn', result: { succeeded, revision, responses: runPath(run, nested) } }
      }
      default:
        return unreachable(operation, 'operation')
    }
  })
}

/** The results with the store's revision, for a transaction that changed nothing. */
export function withRevision(
  responses: readonly OperationResult[],
  revision: Revision,
): OperationResult[] {
  return responses.map((response) => {
    if (response.op !== 'txn') return response
    const result: TxnResult = {
      ...response.result,
      revision,
      responses: withRevision(response.result.responses, revision),
    }
    return { op: 'txn', result }
  })
}

function put({ store, revision, events }: TxnRun, operation: PutOperation): PutResponse {
  const { key, ignoreValue = false, ignoreLease = false } = operation
  const previous = store.get(key)
  assert(previous || !(ignoreValue || ignoreLease), 'what a put keeps is there')
  const current = store.put(
    {
      key,
      value: ignoreValue && previous ? previous.value : operation.value,
      revisionOffset: ignoreValue ? -1 : operation.revisionOffset,
      lease: ignoreLease && previous ? previous.lease : (operation.lease ?? 0),
    },
    revision,
  )
  events.push({ type: 'put', revision, key: current.key, current, previous })
  return { op: 'put', current, ...(operation.previous && previous ? { previous } : {}) }
}

function deleteRange(run: TxnRun, { key, rangeEnd, ...wants }: DeleteOperation): DeleteResponse {
  const found = recordsOf(run.store, key, rangeEnd)
  for (const previous of found) deleteRecord(run, previous)
  return { op: 'delete', deleted: found.length, previous: wants.previous ? found : [] }
}

/** Deletes one record that is there. */
export function deleteRecord(
  { store, revision, events }: Pick<TxnRun, 'store' | 'revision' | 'events'>,
  previous: StoredRecord,
): void {
  store.delete(previous.key)
  const current = tombstone(previous, revision)
  events.push({ type: 'delete', revision, key: previous.key, current, previous })
}

function recordsOf(store: Store, key: string, rangeEnd: string | undefined): StoredRecord[] {
  if (rangeEnd !== undefined) return store.range(key, rangeEnd)
  const record = store.get(key)
  return record ? [record] : []
}

/**
 * Every key of the range must satisfy the compare. A missing key, or a range without keys, counts as
 * one record of zeros, and fails a compare of its value (etcd server/etcdserver/txn: applyCompare).
 */
function holds(store: Store, compare: Compare): boolean {
  const end = compare.rangeEnd ?? keyEnd(compare.key)
  const records =
    compare.rangeEnd === undefined
      ? recordsOf(store, compare.key, undefined)
      : store.range(compare.key, end)
  if (records.length > 0) return records.every((record) => compareHolds(compare, record))
  if (compare.target === 'value') return false
  return compareHolds(compare, undefined)
}

function compareHolds(compare: Compare, record: KeyValue | undefined): boolean {
  const order = compareOrder(compare, record)
  switch (compare.result) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '>':
      return order > 0
    default:
      return unreachable(compare.result, 'compare')
  }
}

function compareOrder(compare: Compare, record: KeyValue | undefined): number {
  const { value } = compare
  if (value instanceof Uint8Array) return record ? Buffer.compare(record.value, value) : -1
  const field = fieldOf(compare.target, record)
  if (field === value) return 0
  return field < value ? -1 : 1
}

function fieldOf(target: Compare['target'], record: KeyValue | undefined): LeaseId {
  if (!record) return 0
  switch (target) {
    case 'version':
      return record.version
    case 'create':
      return record.createRevision
    case 'mod':
      return record.modRevision
    case 'lease':
      return record.lease
    case 'value':
      return 0
    default:
      return unreachable(target, 'compare target')
  }
}
