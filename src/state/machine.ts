import { assert, unreachable } from '../base/assert.ts'
import type { LogIndex, Revision, Term } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import { type StatusError, statusError } from '../base/status.ts'
import type {
  KeyValue,
  RangeOperation,
  RangeOptions,
  RangeResponse,
  RangeResult,
  StoreEvent,
  StoreView,
  StoreWatcher,
  Txn,
  TxnResult,
  WatchOptions,
} from './cluster-store.ts'
import { type Command, decodeCommands } from './command.ts'
import { DedupeTable } from './dedupe.ts'
import {
  answerLost,
  compactionRefused,
  expiredRead,
  leaseExists,
  leaseNotFound,
  leaseTtlTooLarge,
  pastLost,
  staleFence,
  storeFull,
  tooLargeRevision,
  tooManyLeases,
  tooManyUnfinished,
} from './errors.ts'
import { mixNumber, mixText, RollingHash } from './hash.ts'
import { HashVotes } from './hash-votes.ts'
import { type Checkpoint, History } from './history.ts'
import { endOfKeys } from './keys.ts'
import { chooseLeaseId, type Lease, type LeaseId, Leases, leaseIdParts } from './leases.ts'
import { checkPath, type PathState, pastRanges } from './path-check.ts'
import { isPast, type RangeSource, runRange } from './range.ts'
import type { FrozenState, RestoredState } from './snapshot/snapshot.ts'
import { hashOf, Store } from './store.ts'
import {
  bytesPut,
  choosePath,
  deleteRecord,
  runPath,
  type TxnPath,
  type TxnRun,
  withRevision,
} from './txn.ts'
import { checkTxn } from './txn-check.ts'
import { type WakeClass, WatchWindow, type WindowLimits } from './watch-window.ts'

/** A committed log entry; consensus says what order they come in. */
export interface LogEntry {
  readonly index: LogIndex
  readonly term: Term
  /** Empty for entries that carry no command. */
  readonly command: Uint8Array
}

/** What one log entry did. */
export interface AppliedResult {
  readonly index: LogIndex
  readonly outcomes: readonly CommandOutcome[]
}

/** The answer to one command. Refusals are values: every member comes to the same ones. */
export interface CommandOutcome {
  readonly session: number
  readonly sequence: number
  readonly answer: CommandAnswer
}

export type CommandAnswer =
  | DoneAnswer
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly error: StatusError }
  /** An earlier copy was applied; `error` is for who never saw its answer. */
  | { readonly kind: 'duplicate'; readonly error: StatusError }
  /** Applied, but this member cannot give the whole answer. */
  | { readonly kind: 'answer lost'; readonly error: StatusError }

export interface DoneAnswer {
  readonly kind: 'done'
  readonly result: TxnResult
  /** The answer to a command about a lease. */
  readonly lease?: LeaseAnswer
}

export interface LeaseAnswer {
  readonly id: LeaseId
  readonly ttlSeconds: number
}

/** etcd gives an empty store revision 1. */
const emptyRevision = 1 as Revision
const neverCompacted = -1 as Revision

export interface MachineOptions {
  /** Smaller limits for tests. They decide no command, only how far back reads and watches go. */
  readonly window?: WindowLimits
  /** How much of it a snapshot tells of; it decides nothing either. */
  readonly snapshotHistory?: WindowLimits
  /** Replicated: every member must have the same. */
  readonly storeBytesMax?: number
  /** How many entries lie between two comparisons of state hashes. */
  readonly hashEntriesInterval?: number
}

/**
 * The replicated state machine: the cluster store as a function of the log. `apply` is deterministic:
 * the same entries give the same state, answers and hash on every member. No clock, no chance, no
 * waiting; one thread, so that a reader between two calls sees whole transactions only.
 */
export class Machine implements StoreView {
  readonly #storeBytesMax: number
  readonly #hashEntriesInterval: number
  readonly #window: WatchWindow
  readonly #snapshotHistory: WindowLimits
  #history: History
  #store = new Store()
  #dedupe = new DedupeTable()
  #hash = new RollingHash()
  #revision = emptyRevision
  /** Replicated; the window's own floor may be higher. */
  #compacted = neverCompacted
  #leases = new Leases()
  /** How this member's state compares with the others'. */
  hashVotes = new HashVotes()
  #index = 0 as LogIndex
  #term = 0 as Term

  constructor(options: MachineOptions = {}) {
    this.#storeBytesMax = options.storeBytesMax ?? limits.storeBytesMax
    this.#hashEntriesInterval = options.hashEntriesInterval ?? limits.stateHashEntriesInterval
    this.#window = new WatchWindow(emptyRevision, options.window)
    this.#snapshotHistory = options.snapshotHistory ?? {
      eventsMax: limits.snapshotHistoryEventsMax,
      bytesMax: limits.snapshotHistoryBytesMax,
    }
    this.#history = this.#newHistory()
  }

  get revision(): Revision {
    return this.#revision
  }

  get compactedRevision(): Revision {
    return Math.max(this.#compacted, this.#window.floor) as Revision
  }

  get appliedIndex(): LogIndex {
    return this.#index
  }

  get appliedTerm(): Term {
    return this.#term
  }

  /** Of everything applied so far: members at the same index must agree. 16 hexadecimal digits. */
  get stateHash(): string {
    return this.#hash.toString()
  }

  /** Figures for metrics. */
  get size(): { keys: number; bytes: number; historyEvents: number; historyBytes: number } {
    return {
      keys: this.#store.size,
      bytes: this.#store.bytes,
      historyEvents: this.#window.events,
      historyBytes: this.#window.bytes,
    }
  }

  /**
   * Applies the next entry of the log. Wakes no watcher: see `wakeNext`. `nowMs` is this member's
   * monotonic time: nothing that members share depends on it, only `expiredLeases`.
   */
  apply(entry: LogEntry, nowMs = 0): AppliedResult {
    assert(entry.index === this.#index + 1, `entry ${entry.index} follows ${this.#index}`)
    assert(entry.term >= this.#term, 'terms in the log never go back')
    this.#index = entry.index
    this.#term = entry.term
    const result = this.#applyCommands(entry, nowMs)
    this.hashVotes.passed(entry.index, this.#hash.lanes())
    if (entry.index % this.#hashEntriesInterval === 0) this.hashVotes.castAt(entry.index)
    return result
  }

  #applyCommands(entry: LogEntry, nowMs: number): AppliedResult {
    if (entry.command.length === 0) return { index: entry.index, outcomes: [] }
    const { session, floor, commands } = decodeCommands(entry.command)
    this.#dedupe.touch(session, floor)
    this.#hash.mix(session)
    this.#hash.mix(floor)
    const outcomes = commands.map((command) => ({
      session,
      sequence: command.sequence,
      answer: this.#applyOnce(session, command, nowMs),
    }))
    this.#history.forgetBefore(this.compactedRevision)
    return { index: entry.index, outcomes }
  }

  get(key: string, revision: Revision = this.#revision): KeyValue | undefined {
    return this.#at(revision).get(key)
  }

  range(start: string, end: string, options: RangeOptions = {}): RangeResult {
    const { limit = 0, revision = this.#revision } = options
    const wanted = limit > 0 ? limit + 1 : Number.POSITIVE_INFINITY
    const items = this.#at(revision).range(start, end, wanted)
    const more = items.length >= wanted
    if (more) items.pop()
    return { revision, items, more }
  }

  count(start: string, end: string, revision: Revision = this.#revision): number {
    return this.#at(revision).count(start, end)
  }

  read(range: RangeOperation): RangeResponse {
    const { revision = 0 as Revision } = range
    return runRange(this.#at(isPast(range) ? revision : this.#revision), range)
  }

  /**
   * A transaction of reads alone, on the state as it is. Throws as `read` does, and what is wrong with it.
   */
  readTxn(txn: Txn): TxnResult {
    const malformed = checkTxn(txn)
    if (malformed) throw malformed
    const path = choosePath(this.#store, txn)
    const error = checkPath(this.#pathState(), path)
    if (error) throw error
    const { succeeded } = path
    const revision = this.#revision
    const events: StoreEvent[] = []
    const past = (range: RangeOperation) => this.read(range)
    const responses = runPath({ store: this.#store, revision, events, past }, path)
    assert(events.length === 0, 'a transaction of reads changes nothing')
    return { succeeded, revision, responses }
  }

  /** What the store's content hash was: the changes since are taken back out of the sum. */
  hashAt(revision: Revision = this.#revision): number {
    let hash = this.#store.contentHash
    if (revision !== this.#revision) this.#checkReadable(revision)
    for (const event of this.#window.between('', endOfKeys, revision, this.#revision)) {
      if (event.type === 'put') hash -= hashOf(event.current)
      if (event.previous) hash += hashOf(event.previous)
      hash |= 0
    }
    return mixNumber(hash, revision) >>> 0
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#leases.get(id)
  }

  get leaseIds(): readonly LeaseId[] {
    return this.#leases.ids
  }

  /** How long a lease still has at `nowMs`, by this member's estimate. */
  leaseRemainingMs(id: LeaseId, nowMs: number): number | undefined {
    return this.#leases.remainingMs(id, nowMs)
  }

  /** Leases whose time is over at `nowMs`: for the leader to end, by `lease expire`. */
  expiredLeases(nowMs: number): readonly Lease[] {
    return this.#leases.expired(nowMs)
  }

  /** Gives every lease its full time again: there is a new leader. */
  extendLeases(nowMs: number): void {
    this.#leases.extendAll(nowMs)
  }

  watch(options: WatchOptions): StoreWatcher {
    return this.#window.watch(options)
  }

  /** Wakes one watcher that waits and has something to read now; false when there is none. */
  wakeNext(of: WakeClass): boolean {
    return this.#window.wakeNext(of)
  }

  /** How many watchers have something to read and were not woken yet. */
  waiting(of: WakeClass): number {
    return this.#window.waiting(of)
  }

  /**
   * The state as it is now, for a snapshot, and the newest part of its past. Costs O(sessions) and a look
   * at each event; later writes do not show in it.
   */
  freeze(): FrozenState {
    return {
      index: this.#index,
      term: this.#term,
      revision: this.#revision,
      compacted: this.#compacted,
      hash: this.#hash.lanes(),
      contentHash: this.#store.contentHash,
      sessions: this.#dedupe.pack(),
      leases: this.#leases.pack(),
      records: this.#store.freeze(),
      past: this.#window.newest(this.#snapshotHistory),
    }
  }

  /** The same with all of the past that can be read; costs a reference for each event of it. */
  freezeHistory(): FrozenState {
    const since = this.compactedRevision
    return { ...this.freeze(), past: { since, events: this.#window.eventsAfter(since) } }
  }

  /**
   * Replaces the whole state by a snapshot's, whose records are in `store`. History is then what the
   * snapshot tells of: how much that is, no two members need agree on.
   */
  replace(state: RestoredState, store: Store, nowMs = 0): void {
    assert(state.index >= this.#index, 'a snapshot is never behind the state it replaces')
    assert(store.contentHash === state.contentHash, 'a snapshot holds what its hash says')
    this.#store = store
    this.#dedupe = DedupeTable.unpack(state.sessions)
    this.#leases = Leases.unpack(state.leases, store.leasedKeys(), nowMs)
    this.#hash = new RollingHash(...state.hash)
    this.#revision = state.revision
    this.#compacted = state.compacted
    this.#index = state.index
    this.#term = state.term
    this.#history = this.#newHistory(state.past.checkpoints)
    this.#window.reset(state.revision, state.past)
    this.hashVotes = new HashVotes()
  }

  #applyOnce(session: number, command: Command, nowMs: number): CommandAnswer {
    const { sequence, fence, body } = command
    const judged = this.#dedupe.judge(session, sequence)
    if (judged === 'finished') return { kind: 'duplicate', error: answerLost(this.#index) }
    if (judged === 'too far') return refused(tooManyUnfinished(limits.dedupeCommandsPerSessionMax))
    this.#dedupe.finish(session, sequence)
    this.#hash.mix(sequence)
    if (fence !== 0 && fence !== this.#term) return refused(staleFence(fence, this.#term))
    switch (body.kind) {
      case 'txn':
        return this.#applyTxn(body.txn)
      case 'compact':
        return this.#compact(body.revision)
      case 'lease grant': {
        const id = body.id || chooseLeaseId(this.#leases, session, sequence)
        return this.#grantLease(id, body.ttlSeconds, nowMs)
      }
      case 'lease keep alive':
        return this.#keepLeaseAlive(body.id, nowMs)
      case 'lease revoke':
        return this.#revokeLease(body.id)
      case 'lease expire':
        return this.#revokeLease(body.id, body.renewals)
      case 'state hash':
        this.hashVotes.add(body.vote)
        return this.#unchanged()
      default:
        return unreachable(body, 'command')
    }
  }

  #applyTxn(txn: Txn): CommandAnswer {
    const path = choosePath(this.#store, txn)
    const error = checkTxn(txn) ?? checkPath(this.#pathState(), path)
    if (error) return refused(error)
    const bytes = bytesPut(path)
    if (bytes > 0 && this.#store.bytes + bytes > this.#storeBytesMax) {
      return refused(storeFull(this.#store.bytes, this.#storeBytesMax))
    }
    const { succeeded } = path
    const past = this.#readPast(path)
    const events: StoreEvent[] = []
    const revision = (this.#revision + 1) as Revision
    const run: TxnRun = { store: this.#store, revision, events, past: past.answer }
    const responses = runPath(run, path)
    if (events.length > 0) this.#changed(events, revision)
    if (past.lost) {
      if (events.length === 0) return refused(expiredRead())
      return { kind: 'answer lost', error: pastLost(past.lost) }
    }
    if (events.length > 0) return { kind: 'done', result: { succeeded, revision, responses } }
    const unchanged = this.#revision
    const results = withRevision(responses, unchanged)
    return { kind: 'done', result: { succeeded, revision: unchanged, responses: results } }
  }

  /**
   * The answers to a path's ranges of the past, read before it writes. How far back a member can read
   * is its own affair, so a past that is lost here decides nothing: only the answer suffers.
   */
  #readPast(path: TxnPath) {
    const answers = new Map<RangeOperation, RangeResponse>()
    let lost: Revision | undefined
    for (const range of pastRanges(path)) {
      const { revision = this.#revision } = range
      if (revision < this.compactedRevision) lost = revision
      else answers.set(range, this.read(range))
    }
    const none: RangeResponse = { op: 'range', items: [], more: false, count: 0 }
    return { lost, answer: (range: RangeOperation) => answers.get(range) ?? none }
  }

  #pathState(): PathState {
    const compacted = this.#compacted
    return { store: this.#store, leases: this.#leases, revision: this.#revision, compacted }
  }

  #grantLease(id: LeaseId, ttlSeconds: number, nowMs: number): CommandAnswer {
    const { leaseTtlSecondsMin, leaseTtlSecondsMax, leasesMax } = limits
    if (ttlSeconds > leaseTtlSecondsMax) {
      return refused(leaseTtlTooLarge(ttlSeconds, leaseTtlSecondsMax))
    }
    if (this.#leases.get(id)) return refused(leaseExists(id))
    if (this.#leases.size >= leasesMax) return refused(tooManyLeases(leasesMax))
    const lease = this.#leases.grant(id, Math.max(ttlSeconds, leaseTtlSecondsMin), nowMs)
    this.#mixLease(lease.id)
    this.#hash.mix(lease.ttlSeconds)
    return this.#leaseAnswer(lease)
  }

  #keepLeaseAlive(id: LeaseId, nowMs: number): CommandAnswer {
    const lease = this.#leases.renew(id, nowMs)
    if (!lease) return refused(leaseNotFound(id))
    this.#mixLease(lease.id)
    this.#hash.mix(lease.renewals)
    return this.#leaseAnswer(lease)
  }

  #unchanged(): DoneAnswer {
    const result: TxnResult = { succeeded: true, revision: this.#revision, responses: [] }
    return { kind: 'done', result }
  }

  /** Deletes the lease's keys, in their order and in one revision. */
  #revokeLease(id: LeaseId, renewals?: number): CommandAnswer {
    const lease = this.#leases.get(id)
    if (!lease || (renewals ?? lease.renewals) !== lease.renewals) return refused(leaseNotFound(id))
    const events: StoreEvent[] = []
    const revision = (this.#revision + 1) as Revision
    for (const key of [...lease.keys].sort()) {
      const record = this.#store.get(key)
      assert(record?.lease === id, 'the key of a lease is there')
      deleteRecord({ store: this.#store, revision, events }, record)
    }
    if (events.length > 0) this.#changed(events, revision)
    this.#leases.revoke(id)
    this.#mixLease(id)
    return this.#leaseAnswer(lease)
  }

  #mixLease(id: LeaseId): void {
    for (const part of leaseIdParts(id)) this.#hash.mix(part)
  }

  #leaseAnswer({ id, ttlSeconds }: Lease): CommandAnswer {
    return { ...this.#unchanged(), lease: { id, ttlSeconds } }
  }

  #changed(events: readonly StoreEvent[], revision: Revision): void {
    this.#revision = revision
    for (const event of events) {
      const put = event.type === 'put'
      this.#hash.mix(put ? (this.#store.get(event.key)?.hash ?? 0) : mixText(revision, event.key))
      this.#leases.moveKey(event.key, event.previous?.lease ?? 0, put ? event.current.lease : 0)
    }
    this.#hash.mix(this.#store.contentHash)
    this.#window.append(events, revision)
    this.#history.grew(events.length, revision, () => this.#store.freeze())
  }

  #compact(revision: Revision): CommandAnswer {
    if (revision > this.#revision) {
      const problem = `the store is at ${this.#revision}`
      return refused(compactionRefused('future revision', revision, problem))
    }
    if (revision <= this.#compacted) {
      const problem = `it was compacted to ${this.#compacted} before`
      return refused(compactionRefused('compacted', revision, problem))
    }
    this.#compacted = revision
    this.#hash.mix(revision)
    this.#window.compact(revision)
    return this.#unchanged()
  }

  #at(revision: Revision): RangeSource {
    if (revision === this.#revision) return this.#store
    this.#checkReadable(revision)
    return this.#history.at(this.#current(), revision)
  }

  #checkReadable(revision: Revision): void {
    if (revision > this.#revision) throw tooLargeRevision(revision, this.#revision)
    if (revision < 0) {
      throw statusError('BadRequest', `${revision} is no revision: revisions are not negative`)
    }
    if (revision < this.compactedRevision) throw expiredRead()
  }

  #current(): Checkpoint {
    return { revision: this.#revision, records: this.#store.ordered }
  }

  #newHistory(checkpoints: readonly Checkpoint[] = []): History {
    const { between } = this.#window
    return new History(between.bind(this.#window), checkpoints)
  }
}

function refused(error: StatusError): CommandAnswer {
  return { kind: 'refused', error }
}
