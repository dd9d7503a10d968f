import { assert, unreachable } from '../../base/assert.ts'
import type { Revision, Term } from '../../base/brand.ts'
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  Txn,
  TxnResult,
} from '../../state/cluster-store.ts'
import { endOfKeys } from '../../state/keys.ts'
import { compareResults, compareTargets, sortOrders, sortTargets } from '../etcd/operations.ts'
import type {
  CompareMessage,
  KeyValueMessage,
  RequestOperation,
  ResponseOperation,
  TxnRequest,
  TxnResponse,
} from '../etcd/wire/kv-messages.ts'
import type { Draft } from '../etcd/wire/message-type.ts'
import { encodeValue, valueAt } from './stored-value.ts'

/** Transactions of the store as etcd's requests, and etcd's answers as the store's results. */

export function bytesOf(key: string): Buffer {
  return key === endOfKeys ? Buffer.from([0]) : Buffer.from(key, 'latin1')
}

export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The same transaction inside of one that holds only while `electionKey` was made at `fence`. */
export function fenced(
  request: Draft<TxnRequest>,
  electionKey: string,
  fence: Term,
): Draft<TxnRequest> {
  const compare = [{ key: bytesOf(electionKey), target: 1, result: 0, createRevision: fence }]
  return { compare, success: [{ txn: request }], failure: [] }
}

export function txnRequest(txn: Txn): Draft<TxnRequest> {
  return {
    compare: txn.compares.map(compareMessage),
    success: txn.success.map(requestOperation),
    failure: txn.failure.map(requestOperation),
  }
}

function compareMessage({ key, rangeEnd, target, result, value }: Compare): Draft<CompareMessage> {
  const common = {
    ...{
      key: bytesOf(key),
      target: compareTargets.indexOf(target),
      result: compareResults.indexOf(result),
    },
    ...(rangeEnd === undefined ? {} : { rangeEnd: bytesOf(rangeEnd) }),
  }
  if (value instanceof Uint8Array)
    return { ...common, value: encodeValue({ value, revisionOffset: -1 }) }
  switch (target) {
    case 'version':
      return { ...common, version: Number(value) }
    case 'create':
      return { ...common, createRevision: Number(value) }
    case 'mod':
      return { ...common, modRevision: Number(value) }
    default:
      return { ...common, lease: value }
  }
}

function requestOperation(operation: Operation): Draft<RequestOperation> {
  const ends = (end: string | undefined) => (end === undefined ? {} : { rangeEnd: bytesOf(end) })
  switch (operation.op) {
    case 'put': {
      const { lease = 0, previous = false, ignoreValue = false, ignoreLease = false } = operation
      const value = ignoreValue ? new Uint8Array(0) : encodeValue(operation)
      const key = bytesOf(operation.key)
      return { put: { key, value, lease, prevKv: previous, ignoreValue, ignoreLease } }
    }
    case 'delete': {
      const { key, rangeEnd, previous = false } = operation
      return { delete: { key: bytesOf(key), ...ends(rangeEnd), prevKv: previous } }
    }
    case 'range': {
      const { key, rangeEnd, sortOrder = 'none', sortTarget = 'key', op: _op, ...rest } = operation
      const sort = {
        sortOrder: sortOrders.indexOf(sortOrder),
        sortTarget: sortTargets.indexOf(sortTarget),
      }
      return { range: { ...rest, key: bytesOf(key), ...ends(rangeEnd), ...sort } }
    }
    case 'txn':
      return { txn: txnRequest(operation.txn) }
    default:
      return unreachable(operation, 'operation')
  }
}

export function recordOf(message: KeyValueMessage): KeyValue {
  const { createRevision, modRevision, version, lease } = message
  return Object.freeze({
    key: keyOf(message.key),
    value: message.value.length === 0 ? message.value : valueAt(message.value, modRevision),
    createRevision: createRevision as Revision,
    modRevision: modRevision as Revision,
    ...{ version, lease },
  })
}

/** `written` gives what a put made, which etcd's answer leaves out. */
export function txnResult(
  txn: Txn,
  response: TxnResponse,
  revision: Revision,
  written: (key: string) => KeyValue | undefined,
): TxnResult {
  const operations = response.succeeded ? txn.success : txn.failure
  const responses = operations.map((operation, at): OperationResult => {
    const answer = response.responses[at]
    assert(answer, 'etcd answers each operation')
    return operationResult(operation, answer, revision, written)
  })
  return { succeeded: response.succeeded, revision, responses }
}

function operationResult(
  operation: Operation,
  answer: ResponseOperation,
  revision: Revision,
  written: (key: string) => KeyValue | undefined,
): OperationResult {
  switch (operation.op) {
    case 'put': {
      const current = written(operation.key)
      assert(current, 'what was put is in the mirror')
      const previous = answer.put?.prevKv && recordOf(answer.put.prevKv)
      return { op: 'put', current, ...(previous ? { previous } : {}) }
    }
    case 'delete': {
      const { deleted = 0, prevKvs = [] } = answer.delete ?? {}
      return { op: 'delete', deleted, previous: prevKvs.map(recordOf) }
    }
    case 'range': {
      const { kvs = [], more = false, count = 0 } = answer.range ?? {}
      return { op: 'range', items: kvs.map(recordOf), more, count }
    }
    case 'txn': {
      assert(answer.txn, 'a nested transaction is answered as one')
      return { op: 'txn', result: txnResult(operation.txn, answer.txn, revision, written) }
    }
    default:
      return unreachable(operation, 'operation')
  }
}
