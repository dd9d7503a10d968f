import { assert } from '../../base/assert.ts'
import type { Revision } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type {
  Operation,
  OperationResult,
  PutOperation,
  TxnResult,
} from '../../state/cluster-store.ts'
import { StoreError } from '../../state/errors.ts'
import { type EtcdContext, headerAt } from './context.ts'
import { encodedRange } from './encoded/range.ts'
import { refusals } from './errors.ts'
import {
  deleteAnswer,
  deleteOperation,
  putAnswer,
  putOperation,
  rangeOperation,
  txnAnswer,
  txnOf,
} from './operations.ts'
import type { Rpc } from './rpc.ts'
import type { TxnRequest } from './wire/kv-messages.ts'
import { kvService } from './wire/services.ts'

/**
 * etcd's KV service. Reads are linearizable unless they ask to be serializable; a write is answered
 * once it is applied here, with the revision that it made.
 */
export function serveKv(rpc: Rpc, context: EtcdContext): void {
  const { keys, member, store } = context

  rpc.unary(kvService.range, async (request) => {
    const operation = rangeOperation(keys, request)
    if (!request.serializable) await store.barrier()
    return encodedRange(keys, store.view.read(operation), headerAt(context))
  })

  rpc.unary(kvService.put, async (request, _caller, requestBytes) => {
    demandFits(requestBytes)
    const operation = putOperation(keys, request)
    const { result, response } = await commitOne(context, operation).catch((error: unknown) => {
      throw leaseFirst(context, operation, error)
    })
    assert(response.op === 'put', 'a put is answered as a put')
    return putAnswer(keys, response, headerAt(context, result.revision))
  })

  rpc.unary(kvService.delete, async (request, _caller, requestBytes) => {
    demandFits(requestBytes)
    const { result, response } = await commitOne(context, deleteOperation(keys, request))
    assert(response.op === 'delete', 'a deletion is answered as one')
    return deleteAnswer(keys, response, headerAt(context, result.revision))
  })

  rpc.unary(kvService.txn, async (request, _caller, requestBytes) => {
    if (isReadOnly(request)) {
      if (!isSerializable(request)) await store.barrier()
      const result = member.readTxn(txnOf(keys, request))
      return txnAnswer(keys, result, headerAt(context, result.revision))
    }
    demandFits(requestBytes)
    const result = await store.commit(txnOf(keys, request))
    return txnAnswer(keys, result, headerAt(context, result.revision))
  })

  // Compaction is logical here and never rewrites anything: `physical` has nothing to wait for.
  rpc.unary(kvService.compact, async ({ revision }) => {
    const result = await store.compact(revision as Revision)
    return { header: headerAt(context, result.revision) }
  })
}

/** Reads cost no entry of the log, in a transaction either (etcd server/etcdserver/v3_server.go: Txn). */
function isReadOnly({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(({ range }) => range)
}

/** Every read says that this member's own state is good enough for it. */
function isSerializable({ success, failure }: TxnRequest): boolean {
  const operations = [...success, ...failure]
  return operations.length > 0 && operations.every(({ range }) => range?.serializable)
}

/** What is proposed may be so large, all its values together (etcd server/etcdserver/v3_server.go). */
function demandFits(requestBytes: number): void {
  if (requestBytes > limits.etcdProposalBytesMax) throw refusals.requestTooLarge()
}

/**
 * A put that keeps what is not there, for a lease that is not there either: outside of a transaction
 * etcd misses the lease first (server/etcdserver/apply.go: Put, checkRequestPut).
 */
function leaseFirst({ store }: EtcdContext, { lease = 0 }: PutOperation, error: unknown): unknown {
  const misses = error instanceof StoreError && error.refusal === 'key not found'
  return misses && lease !== 0 && !store.view.lease(lease) ? refusals.leaseNotFound() : error
}

/** A transaction of one operation, and what that came to. */
async function commitOne(
  { store }: EtcdContext,
  operation: Operation,
): Promise<{ result: TxnResult; response: OperationResult }> {
  const result = await store.commit({ compares: [], success: [operation], failure: [] })
  const [response] = result.responses
  assert(response, 'a transaction answers each of its operations')
  return { result, response }
}
