import { status as codes } from '@grpc/grpc-js'
import { assert } from '../../base/assert.ts'
import type { Revision } from '../../base/brand.ts'
import type { Compare, KeyValue, RangeOperation } from '../../state/cluster-store.ts'
import { keyEnd, prefixEnd } from '../../state/keys.ts'
import type { LeaseId } from '../../state/leases.ts'
import type { EtcdContext } from './context.ts'
import { EtcdError, refusals } from './errors.ts'

/**
 * Waiting in line, as etcd's client library has it (client/v3/concurrency): everybody in line has a key
 * under one prefix, bound to a lease; whose key was created first has its turn. Keys are the store's.
 */
export interface Place {
  readonly key: string
  /** When the key was created: the place in line, and what later writes are compared with. */
  readonly revision: Revision
  readonly lease: LeaseId
}

/** For who names no lease: etcd's default session, which nobody renews after the call. */
const sessionSeconds = 60

/** Takes a place in line; the place that this lease has already, if it has one. */
export async function takePlace(
  { store, keys }: EtcdContext,
  name: Uint8Array,
  request: { readonly lease: LeaseId; readonly value: Uint8Array },
): Promise<Place> {
  const { value } = request
  const lease = request.lease || (await store.grantLease(sessionSeconds)).id
  const key = `${keys.key(name)}/${lease.toString(16)}`
  const put = { op: 'put', key, value, revisionOffset: -1, lease } as const
  const result = await store.commit({
    compares: [created(key, 0)],
    success: [put],
    failure: [{ op: 'range', key }],
  })
  const [response] = result.responses
  if (result.succeeded) return { key, revision: result.revision, lease }
  assert(response?.op === 'range' && response.items[0], 'a key that was created before is there')
  const [held] = response.items
  const place = { key, revision: held.createRevision, lease }
  if (Buffer.compare(held.value, value) !== 0) await rewrite({ store }, place, value)
  return place
}

/** Puts a new value under a place that must still be held; false when it is not. */
export async function rewrite(
  { store }: Pick<EtcdContext, 'store'>,
  { key, revision, lease }: Place,
  value: Uint8Array,
): Promise<{ held: boolean; revision: Revision }> {
  const result = await store.commit({
    compares: [created(key, revision)],
    success: [{ op: 'put', key, value, revisionOffset: -1, lease }],
    failure: [],
  })
  return { held: result.succeeded, revision: result.revision }
}

/** Leaves the line, unless the place is somebody else's by now. */
export async function leave(
  { store }: Pick<EtcdContext, 'store'>,
  { key, revision }: Pick<Place, 'key' | 'revision'>,
): Promise<Revision> {
  const result = await store.commit({
    compares: [created(key, revision)],
    success: [{ op: 'delete', key }],
    failure: [],
  })
  return result.revision
}

/**
 * Resolves when nobody is before this place. Each waits for the one right before it, so that a leaving
 * one wakes one other. Leaves the line when `signal` aborts; rejects when the lease ended meanwhile.
 */
export async function waitForTurn(
  context: EtcdContext,
  name: Uint8Array,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  const { store, keys } = context
  const prefix = `${keys.key(name)}/`
  await store.barrier()
  for (let before = lastBefore(context, prefix, place); before; ) {
    await gone(context, before, signal)
    if (signal.aborted) {
      await leave(context, place)
      throw new EtcdError(codes.CANCELLED, 'context canceled')
    }
    before = lastBefore(context, prefix, place)
  }
  if (store.view.get(place.key)?.createRevision !== place.revision) throw refusals.leaseNotFound()
}

/** Who has the turn. */
export function first({ store, keys }: EtcdContext, name: Uint8Array): KeyValue | undefined {
  const prefix = `${keys.key(name)}/`
  return store.view.read({ ...byCreation(prefix), sortOrder: 'ascend' }).items[0]
}

function lastBefore(
  { store }: EtcdContext,
  prefix: string,
  { revision }: Place,
): KeyValue | undefined {
  const maxCreateRevision = (revision - 1) as Revision
  const range: RangeOperation = { ...byCreation(prefix), sortOrder: 'descend', maxCreateRevision }
  return store.view.read(range).items[0]
}

function byCreation(prefix: string): RangeOperation {
  return { op: 'range', key: prefix, rangeEnd: prefixEnd(prefix), limit: 1, sortTarget: 'create' }
}

function created(key: string, revision: number): Compare {
  return { key, target: 'create', result: '=', value: revision }
}

/** Resolves when the key as it was is deleted, or when `signal` aborts. */
async function gone({ store }: EtcdContext, record: KeyValue, signal: AbortSignal): Promise<void> {
  const { key } = record
  let wake: () => void = () => {}
  const afterRevision = store.view.revision
  const cursor = store.watch({ start: key, end: keyEnd(key), afterRevision, wake: () => wake() })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted && store.view.get(key)?.createRevision === record.createRevision) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      if (cursor.poll(1).length === 0) await woken
    }
  } finally {
    cursor.close()
    signal.removeEventListener('abort', onAbort)
  }
}
