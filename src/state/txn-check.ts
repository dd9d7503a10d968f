import { limits } from '../base/limits.ts'
import type { StatusError } from '../base/status.ts'
import type { Operation, Txn } from './cluster-store.ts'
import { invalidTxn } from './errors.ts'
import { inRange, keyEnd } from './key-index.ts'

/**
 * What is wrong with a transaction, judged by itself alone: limits, ranges, keys written twice
 * (etcd server/etcdserver/api/v3rpc/key.go: checkTxnRequest, checkIntervals). The proposer asks
 * before it proposes, the machine asks again, for a log may come from another version.
 */
export function checkTxn(txn: Txn): StatusError | undefined {
  const problem = shapeProblem(txn, 1) ?? branchProblem(txn)
  return problem === undefined ? undefined : invalidTxn(problem)
}

const nestedDepthMax = 8

function shapeProblem(txn: Txn, depth: number): string | undefined {
  if (depth > nestedDepthMax) return `it nests deeper than ${nestedDepthMax}`
  for (const list of [txn.compares, txn.success, txn.failure]) {
    if (list.length > limits.txnOperationsMax) {
      return `it has ${list.length} operations in one list; at most ${limits.txnOperationsMax} may be`
    }
  }
  for (const compare of txn.compares) {
    const problem = keyProblem(compare.key, compare.rangeEnd)
    if (problem !== undefined) return problem
    if ((compare.target === 'value') !== (typeof compare.value !== 'number')) {
      return `the compare of ${compare.key} has a value that does not fit ${compare.target}`
    }
  }
  for (const operation of [...txn.success, ...txn.failure]) {
    const problem =
      operation.op === 'txn' ? shapeProblem(operation.txn, depth + 1) : operationProblem(operation)
    if (problem !== undefined) return problem
  }
  return undefined
}

function operationProblem(operation: Exclude<Operation, { op: 'txn' }>): string | undefined {
  if (operation.op !== 'put') return keyProblem(operation.key, operation.rangeEnd)
  const { value, revisionOffset } = operation
  if (value.length > limits.objectBytesMax) {
    return `the value of ${operation.key} has ${value.length} bytes, limit ${limits.objectBytesMax}`
  }
  if (revisionOffset < -1 || revisionOffset > value.length) {
    return `the value of ${operation.key} has no byte ${revisionOffset} to put the revision at`
  }
  return keyProblem(operation.key, undefined)
}

function keyProblem(key: string, rangeEnd: string | undefined): string | undefined {
  if (key.length === 0) return 'a key is empty'
  for (const text of [key, rangeEnd ?? '']) {
    const bytes = Buffer.byteLength(text)
    if (bytes > limits.keyBytesMax) {
      return `a key has ${bytes} bytes, limit ${limits.keyBytesMax}`
    }
  }
  return undefined
}

function branchProblem(txn: Txn): string | undefined {
  for (const branch of [txn.success, txn.failure]) {
    const writes = writesOf(branch)
    if (typeof writes === 'string') return writes
  }
  return undefined
}

interface Writes {
  readonly puts: Set<string>
  readonly deletes: { readonly start: string; readonly end: string }[]
}

/** The keys that a list of operations may write, or the key that it may write twice, in words. */
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
      return `duplicate key given in txn request: ${key}`
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
