import type { LogIndex, Revision, Term } from '../base/brand.ts'
import type { Lease, LeaseId } from './leases.ts'

/**
 * What the API needs of a cluster store: etcd's semantics, read from a local replica, written through
 * consensus. The embedded Raft gives one implementation, an external etcd may give another; one
 * contract suite runs on both.
 */
export interface ClusterStore {
  /** The local replica. Reads are synchronous and may lag; call `barrier` first for linearizable ones. */
  readonly view: StoreView

  /**
   * Resolves with the local revision once the replica reflects every write that was acknowledged
   * anywhere before the call. Rejects with ServiceUnavailable when no quorum answers.
   */
  barrier(): Promise<Revision>

  /** Resolves once the replica has reached `revision`; rejects with Timeout after `timeoutMs`. */
  reached(revision: Revision, timeoutMs: number): Promise<void>

  /**
   * Commits a transaction exactly once and resolves after it is applied to the local replica, so the
   * caller reads its own write. Retries across leader changes with the same command id.
   * Rejects with ServiceUnavailable/Timeout when the outcome is unknown, and with Conflict (reason in
   * the message) when `fence` is given and the term is over. `withinMs` is how long the caller waits, at
   * most as long as the store itself: what is not sent by then never is.
   */
  commit(txn: Txn, fence?: Term, withinMs?: number): Promise<TxnResult>

  /** `id` 0 has the store choose. Rejects with a StoreError when the id is taken. */
  grantLease(ttlSeconds: number, id?: LeaseId): Promise<LeaseResult>

  /**
   * Events from `afterRevision` (exclusive) on. Throws StatusError Expired when compacted; it says
   * with which revision a watch can begin.
   */
  watch(options: WatchOptions): StoreWatcher
}

/** With what only clients of etcd's own API need. */
export interface EtcdStore extends ClusterStore {
  /** Forgets history before `revision` on every member; that revision stays readable. */
  compact(revision: Revision, fence?: Term): Promise<TxnResult>

  /** Gives the lease its full time again. Rejects with a StoreError when it is gone. */
  keepLeaseAlive(id: LeaseId): Promise<LeaseResult>

  /** Ends a lease: its keys are deleted in one revision. */
  revokeLease(id: LeaseId): Promise<LeaseResult>

  /** How long a lease still has, by this member's estimate; undefined when it is gone. */
  leaseRemainingMs(id: LeaseId): number | undefined
}

export interface StoreView {
  /** The last applied revision; 1 for an empty store, as etcd has it. */
  readonly revision: Revision
  /** Reads below this one are refused with Expired. */
  readonly compactedRevision: Revision
  readonly appliedIndex: LogIndex
  get(key: string, revision?: Revision): KeyValue | undefined
  /** Keys in [start, end) in byte order. Throws StatusError Expired for a compacted revision. */
  range(start: string, end: string, options?: RangeOptions): RangeResult
  count(start: string, end: string, revision?: Revision): number
  /** A range with all that etcd's may ask for. Throws as `range` does. */
  read(range: RangeOperation): RangeResponse
  lease(id: LeaseId): Lease | undefined
  /**
   * A hash of all keys and values at `revision`: members agree on it. Throws as `range` does. 32 bits.
   */
  hashAt(revision?: Revision): number
  /** In ascending order. */
  readonly leaseIds: readonly LeaseId[]
}

export interface RangeOptions {
  readonly limit?: number
  readonly revision?: Revision
}

export interface RangeResult {
  readonly revision: Revision
  readonly items: readonly KeyValue[]
  /** True when `limit` cut the answer. */
  readonly more: boolean
}

/**
 * Frozen. A key is a string of bytes: each character stands for one (latin1), so that their order is
 * the order of bytes, as in etcd; `keys.ts` converts. `value` is a view into a slab: never write to it. */
export interface KeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: Revision
  readonly modRevision: Revision
  /** Writes since creation, from 1 on. */
  readonly version: number
  /** 0 without a lease. */
  readonly lease: LeaseId
}

/** A transaction: all compares hold → `success`, else `failure`. One revision if anything changed. */
export interface Txn {
  readonly compares: readonly Compare[]
  readonly success: readonly Operation[]
  readonly failure: readonly Operation[]
}

export interface Compare {
  readonly key: string
  /** Set for a range: the compare must hold for every key in [key, rangeEnd). */
  readonly rangeEnd?: string
  readonly target: 'version' | 'create' | 'mod' | 'value' | 'lease'
  readonly result: '=' | '!=' | '<' | '>'
  readonly value: LeaseId | Uint8Array
}

export type Operation = PutOperation | DeleteOperation | RangeOperation | TxnOperation

export interface PutOperation {
  readonly op: 'put'
  readonly key: string
  /** Empty with `ignoreValue`. */
  readonly value: Uint8Array
  /**
   * Where in `value` the text `"resourceVersion":"<revision>",` goes in at apply; -1 for never.
   * Kubernetes objects are encoded without it: the position right after `"metadata":{`.
   */
  readonly revisionOffset: number
  /** The key goes with this lease. 0, the default, for none; it must not be given with `ignoreLease`. */
  readonly lease?: LeaseId
  readonly previous?: boolean
  /** Keeps the value that the key has; the key must exist. */
  readonly ignoreValue?: boolean
  /** Keeps the lease that the key has; the key must exist. */
  readonly ignoreLease?: boolean
}

export interface DeleteOperation {
  readonly op: 'delete'
  readonly key: string
  readonly rangeEnd?: string
  readonly previous?: boolean
}

/** etcd's RangeRequest. What is left out asks for nothing special. */
export interface RangeOperation {
  readonly op: 'range'
  readonly key: string
  /** Set for [key, rangeEnd); `endOfKeys` for everything from `key` on. */
  readonly rangeEnd?: string
  /** At most so many items; 0 for all. `count` does not heed it. */
  readonly limit?: number
  /** Reads the past; 0 for now. */
  readonly revision?: Revision
  /** Items come without values. */
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
  /** By default items come in the order of their keys. */
  readonly sortTarget?: SortTarget
  readonly sortOrder?: 'none' | 'ascend' | 'descend'
  /** Bounds of what is returned, not of what is counted; both ends included, 0 for none. */
  readonly minModRevision?: Revision
  readonly maxModRevision?: Revision
  readonly minCreateRevision?: Revision
  readonly maxCreateRevision?: Revision
}

export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value'

export interface TxnOperation {
  readonly op: 'txn'
  readonly txn: Txn
}

export interface TxnResult {
  readonly succeeded: boolean
  /** The store's revision after the transaction. */
  readonly revision: Revision
  readonly responses: readonly OperationResult[]
}

export interface LeaseResult {
  readonly id: LeaseId
  /** What was granted: at least `limits.leaseTtlSecondsMin`. */
  readonly ttlSeconds: number
  readonly revision: Revision
}

export type OperationResult = PutResponse | DeleteResponse | RangeResponse | TxnResponse

export interface PutResponse {
  readonly op: 'put'
  readonly current: KeyValue
  readonly previous?: KeyValue
}

export interface DeleteResponse {
  readonly op: 'delete'
  readonly deleted: number
  readonly previous: readonly KeyValue[]
}

export interface RangeResponse {
  readonly op: 'range'
  readonly items: readonly KeyValue[]
  /** True when `limit` cut the answer. */
  readonly more: boolean
  /** Keys in the range at that revision, whatever limit and bounds said. */
  readonly count: number
}

export interface TxnResponse {
  readonly op: 'txn'
  readonly result: TxnResult
}

export interface WatchOptions {
  readonly start: string
  readonly end: string
  readonly afterRevision: Revision
  /** Events of these types are passed over. */
  readonly skips?: readonly StoreEvent['type'][]
  /** Called when there is something to read after `poll` came back empty. Never called inside `poll`. */
  readonly wake: () => void
}

/** A cursor into the shared event ring. A slow one costs nobody else anything. */
export interface StoreWatcher {
  /**
   * The next events in revision order, whole revisions only, at most about `bytesMax` of values.
   * Throws StatusError Expired when this cursor fell out of the ring: list again, then watch.
   */
  poll(bytesMax: number): readonly StoreEvent[]
  /** Every event up to here has been returned by poll: the revision a bookmark may carry. */
  readonly progress: Revision
  close(): void
}

export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly revision: Revision
  readonly key: string
  /** A put's new state; for a delete the last state, with the deletion's revision as modRevision. */
  readonly current: KeyValue
  /** The state before, missing for a creation. */
  readonly previous: KeyValue | undefined
}
