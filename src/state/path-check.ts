import { assert } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type { Operation, PutOperation, RangeOperation } from './cluster-store.ts'
import {
  expiredRead,
  keyNotFound,
  leaseNotFound,
  type StoreError,
  tooLargeRevision,
} from './errors.ts'
import type { Leases } from './leases.ts'
import { isPast } from './range.ts'
import type { Store } from './store.ts'
import type { TxnPath } from './txn.ts'

/** The replicated state that a path is judged against: the same on every member. */
export interface PathState {
  readonly store: Store
  readonly leases: Leases
  readonly revision: Revision
  readonly compacted: Revision
}

/**
 * What is wrong with the operations that a transaction is about to carry out, judged against the state
 * before it: nothing is written then (etcd server/etcdserver/txn: checkPut before checkRange).
 */
export function checkPath(state: PathState, path: TxnPath): StoreError | undefined {
  const operations = operationsOf(path)
  for (const operation of operations) {
    const problem = operation.op === 'put' ? checkPut(state, operation) : undefined
    if (problem) return problem
  }
  for (const operation of operations) {
    const problem = operation.op === 'range' ? checkRange(state, operation) : undefined
    if (problem) return problem
  }
  return undefined
}

/** The ranges of the past in a path, nested ones too. */
export function pastRanges(path: TxnPath): RangeOperation[] {
  const past: RangeOperation[] = []
  for (const operation of operationsOf(path)) {
    if (operation.op === 'range' && isPast(operation)) past.push(operation)
  }
  return past
}

/** What a path carries out, in order, nested operations in place of their transactions. */
function operationsOf(path: TxnPath): readonly Operation[] {
  if (path.nested.length === 0) return path.operations
  let nestedSeen = 0
  return path.operations.flatMap((operation) => {
    if (operation.op !== 'txn') return [operation]
    const nested = path.nested[nestedSeen]
    assert(nested, 'every nested transaction has a path')
    nestedSeen += 1
    return operationsOf(nested)
  })
}

function checkPut({ store, leases }: PathState, put: PutOperation): StoreError | undefined {
  const { key, lease = 0, ignoreValue = false, ignoreLease = false } = put
  if ((ignoreValue || ignoreLease) && !store.get(key)) return keyNotFound(key)
  return lease === 0 || leases.get(lease) ? undefined : leaseNotFound(lease)
}

function checkRange(state: PathState, range: RangeOperation): StoreError | undefined {
  const { revision } = range
  if (revision === undefined || !isPast(range)) return undefined
  if (revision > state.revision) return tooLargeRevision(revision, state.revision)
  return revision < state.compacted ? expiredRead() : undefined
}
