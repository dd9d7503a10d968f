import { unreachable } from '../../base/assert.ts'
import type { Revision } from '../../base/brand.ts'
import type {
  Compare,
  DeleteOperation,
  Operation,
  OperationResult,
  PutOperation,
  RangeOperation,
  Txn,
  TxnResult,
} from '../../state/cluster-store.ts'
import { invalidArgument, refusals } from './errors.ts'
import type { KeySpace } from './key-space.ts'
import type {
  CompareMessage,
  DeleteRequest,
  DeleteResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOperation,
  ResponseHeader,
  ResponseOperation,
  TxnRequest,
  TxnResponse,
} from './wire/kv-messages.ts'
import type { Draft } from './wire/message-type.ts'

/** Requests of etcd clients as operations of the store, and the store's results as answers. */

/** By the numbers that etcd gives them. */
export const sortOrders = ['none', 'ascend', 'descend'] as const
export const sortTargets = ['key', 'version', 'create', 'mod', 'value'] as const
export const compareTargets = ['version', 'create', 'mod', 'value', 'lease'] as const
export const compareResults = ['=', '>', '<', '!='] as const

export function rangeOperation(keys: KeySpace, request: RangeRequest): RangeOperation {
  const named = keys.keys(request.key, request.rangeEnd)
  const sortOrder = sortOrders[request.sortOrder]
  const sortTarget = sortTargets[request.sortTarget]
  if (sortOrder === undefined || sortTarget === undefined) throw refusals.invalidSortOption()
  return {
    ...{ op: 'range', ...named, sortOrder, sortTarget },
    limit: Math.max(0, request.limit),
    revision: Math.max(0, request.revision) as Revision,
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: request.minModRevision as Revision,
    maxModRevision: request.maxModRevision as Revision,
    minCreateRevision: request.minCreateRevision as Revision,
    maxCreateRevision: request.maxCreateRevision as Revision,
  }
}

export function putOperation(keys: KeySpace, request: PutRequest): PutOperation {
  const { value, prevKv, ignoreValue, ignoreLease } = request
  return {
    ...{ op: 'put', key: keys.key(request.key), value, revisionOffset: -1 },
    ...{ lease: request.lease, previous: prevKv, ignoreValue, ignoreLease },
  }
}

export function deleteOperation(keys: KeySpace, request: DeleteRequest): DeleteOperation {
  const { key, rangeEnd, prevKv } = request
  return { op: 'delete', ...keys.keys(key, rangeEnd), previous: prevKv }
}

export function txnOf(keys: KeySpace, request: TxnRequest): Txn {
  return {
    compares: request.compare.map((compare) => compareOf(keys, compare)),
    success: request.success.map((operation) => operationOf(keys, operation)),
    failure: request.failure.map((operation) => operationOf(keys, operation)),
  }
}

function operationOf(keys: KeySpace, request: RequestOperation): Operation {
  if (request.range) return rangeOperation(keys, request.range)
  if (request.put) return putOperation(keys, request.put)
  if (request.delete) return deleteOperation(keys, request.delete)
  if (request.txn) return { op: 'txn', txn: txnOf(keys, request.txn) }
  // etcd's answer to an operation without content (v3rpc/key.go: checkRequestOp).
  throw refusals.keyNotFound()
}

function compareOf(keys: KeySpace, message: CompareMessage): Compare {
  const target = compareTargets[message.target]
  const result = compareResults[message.result]
  if (target === undefined || result === undefined)
    throw invalidArgument('a compare has a target or a result that is not known')
  return {
    ...keys.keys(message.key, message.rangeEnd),
    ...{ target, result, value: compareValue(target, message) },
  }
}

function compareValue(target: Compare['target'], message: CompareMessage): Compare['value'] {
  switch (target) {
    case 'version':
      return message.version
    case 'create':
      return message.createRevision
    case 'mod':
      return message.modRevision
    case 'value':
      return message.value
    case 'lease':
      return message.lease
    default:
      return unreachable(target, 'compare target')
  }
}

export type RangeResult = Extract<OperationResult, { op: 'range' }>

export function rangeAnswer(
  keys: KeySpace,
  result: RangeResult,
  header: Draft<ResponseHeader>,
): Draft<RangeResponse> {
  const { items, more, count } = result
  return { header, kvs: items.map((record) => keys.message(record)), more, count }
}

export function putAnswer(
  keys: KeySpace,
  result: Extract<OperationResult, { op: 'put' }>,
  header: Draft<ResponseHeader>,
): Draft<PutResponse> {
  const { previous } = result
  return { header, prevKv: previous && keys.message(previous) }
}

export function deleteAnswer(
  keys: KeySpace,
  result: Extract<OperationResult, { op: 'delete' }>,
  header: Draft<ResponseHeader>,
): Draft<DeleteResponse> {
  const { deleted, previous } = result
  return { header, deleted, prevKvs: previous.map((record) => keys.message(record)) }
}

export function txnAnswer(
  keys: KeySpace,
  result: TxnResult,
  header: Draft<ResponseHeader>,
): Draft<TxnResponse> {
  const progress = { revision: result.revision - (changesOf(result) ? 1 : 0) }
  return { header, ...txnAnswers(keys, result, progress) }
}

/**
 * Answers inside of a transaction carry a revision alone: the store's as it was then, which the first
 * change moves on (etcd server/etcdserver/apply.go: applyTxn).
 */
function txnAnswers(
  keys: KeySpace,
  result: TxnResult,
  progress: { revision: number },
): Draft<TxnResponse> {
  const responses = result.responses.map((response): Draft<ResponseOperation> => {
    if (response.op !== 'txn' && changes(response)) progress.revision = result.revision
    const inner = { revision: progress.revision }
    switch (response.op) {
      case 'range':
        return { range: rangeAnswer(keys, response, inner) }
      case 'put':
        return { put: putAnswer(keys, response, inner) }
      case 'delete':
        return { delete: deleteAnswer(keys, response, inner) }
      case 'txn':
        return { txn: { header: {}, ...txnAnswers(keys, response.result, progress) } }
      default:
        return unreachable(response, 'result')
    }
  })
  return { succeeded: result.succeeded, responses }
}

function changesOf(result: TxnResult): boolean {
  return result.responses.some(changes)
}

function changes(response: OperationResult): boolean {
  if (response.op === 'txn') return changesOf(response.result)
  return response.op === 'put' || (response.op === 'delete' && response.deleted > 0)
}
