import { limits } from '../base/limits.ts'
import type { Operation, Txn, TxnOperation } from './cluster-store.ts'
import {
  duplicateKey,
  emptyKey,
  invalidTxn,
  leaseProvided,
  type StoreError,
  tooManyOperations,
  valueProvided,
} from './errors.ts'
import { inRange, isKey, isRangeEnd, keyEnd } from './keys.ts'

/**
 * What is wrong with a transaction, judged by itself alone: limits, ranges, keys written twice
 * (etcd server/etcdserver/api/v3rpc/key.go: checkTxnRequest, checkIntervals). The proposer asks
 * before it proposes, the machine asks again, for a log may come from another version.
 */
export function checkTxn(txn: Txn): StoreError | undefined {
  return (
    shapeProblem(txn, limits.txnOperationsMax, { operations: 0 }) ??
    branchProblem(txn.success) ??
    branchProblem(txn.failure)
  )
}

/** A nested transaction may have what its parents left of the operations, as etcd counts them. */
function shapeProblem(
  { compares, success, failure }: Txn,
  operationsMax: number,
  total: { operations: number },
): StoreError | undefined {
  const longest = Math.max(compares.length, success.length, failure.length)
  if (longest > operationsMax) return tooManyOperations(longest, operationsMax)
  total.operations += compares.length + success.length + failure.length
  if (total.operations > limits.txnOperationsTotalMax) {
    return tooManyOperations(total.operations, limits.txnOperationsTotalMax)
  }
  for (const compare of compares) {
    const problem = keyProblem(compare.key, compare.rangeEnd)
    if (problem) return problem
    if ((compare.target === 'value') !== compare.value instanceof Uint8Array) {
      return invalidTxn(`the compare of ${compare.key} has no value for a ${compare.target}`)
    }
  }
  for (const operation of [...success, ...failure]) {
    const problem =
      operation.op === 'txn'
        ? shapeProblem(operation.txn, operationsMax - longest, total)
        : operationProblem(operation)
    if (problem) return problem
  }
  return undefined
}

function operationProblem(operation: Exclude<Operation, TxnOperation>): StoreError | undefined {
  if (operation.op !== 'put') return keyProblem(operation.key, operation.rangeEnd)
  const { key, value, revisionOffset, lease = 0, ignoreValue, ignoreLease } = operation
  const problem = keyProblem(key, undefined)
  if (problem) return problem
  if (ignoreValue && value.length > 0) return valueProvided(key)
  if (ignoreLease && lease !== 0) return leaseProvided(key)
  if (value.length > limits.objectBytesMax) {
    return invalidTxn(
      `the value of ${key} has ${value.length} bytes, limit ${limits.objectBytesMax}`,
    )
  }
  if (revisionOffset < -1 || revisionOffset > value.length) {
    return invalidTxn(`the value of ${key} has no byte ${revisionOffset} to put the revision at`)
  }
  return undefined
}

function keyProblem(key: string, rangeEnd: string | undefined): StoreError | undefined {
  if (key.length === 0) return emptyKey()
  const bytes = Math.max(key.length, rangeEnd?.length ?? 0)
  if (bytes > limits.keyBytesMax) {
    return invalidTxn(`a key has ${bytes} bytes, limit ${limits.keyBytesMax}`)
  }
  if (!isKey(key) || !isRangeEnd(rangeEnd ?? '')) {
    return invalidTxn('a key has a character that does not stand for one byte')
  }
  return undefined
}

function branchProblem(branch: readonly Operation[]): StoreError | undefined {
  const writes = writesOf(branch)
  return typeof writes === 'string' ? duplicateKey(writes) : undefined
}

interface Writes {
  readonly puts: Set<string>
  readonly deletes: { readonly start: string; readonly end: string }[]
}

/** The keys that a list of operations may write, or the key that it may write twice. */
function writesOf(operations: readonly Operation[]): Writes | string {
  const puts = new Set<string>()
  const deletes: Writes['deletes'] = []
  for (const operation of operations) {
    if (operation.op !== 'delete') continue
    deletes.push({ start: operation.key, end: operation.rangeEnd ?? keyEnd(operation.key) })
  }
  const add = (key: string, exempt?: Set<string>): string | undefined => {
    const taken = puts.has(key) && !exempt?.has(key)
    if (taken || deletes.some(({ start, end }) => inRange(key, start, end))) {
      return key
    }
    puts.add(key)
    return undefined
  }
  for (const operation of operations) {
    if (operation.op !== 'txn') continue
    const success = writesOf(operation.txn.success)
    if (typeof success === 'string') return success
    const failure = writesOf(operation.txn.failure)
    if (typeof failure === 'string') return failure
    for (const key of success.puts) {
      const problem = add(key)
      if (problem !== undefined) return problem
    }
    // Only one of the two branches runs: they may write the same keys.
    for (const key of failure.puts) {
      const problem = add(key, success.puts)
      if (problem !== undefined) return problem
    }
    deletes.push(...success.deletes, ...failure.deletes)
  }
  for (const operation of operations) {
    if (operation.op !== 'put') continue
    const problem = add(operation.key)
    if (problem !== undefined) return problem
  }
  return { puts, deletes }
}
