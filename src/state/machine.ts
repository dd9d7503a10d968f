import { assert, unreachable } from '../base/assert.ts'
import type { LogIndex, Revision, Term } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import { type StatusError, statusError } from '../base/status.ts'
import type {
  KeyValue,
  RangeOptions,
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
  staleFence,
  storeFull,
  tooLargeRevision,
  tooManyUnfinished,
} from './errors.ts'
import { mixText, RollingHash } from './hash.ts'
import { type Checkpoint, History } from './history.ts'
import { keyEnd } from './key-index.ts'
import type { FrozenState } from './snapshot.ts'
import { Store } from './store.ts'
import { bytesPut, choosePath, runPath, withRevision } from './txn.ts'
import { checkTxn } from './txn-check.ts'
import { WatchWindow, type WindowLimits } from './watch-window.ts'

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
  | { readonly kind: 'done'; readonly result: TxnResult }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly error: StatusError }
  /** An earlier copy was applied; `error` is for who never saw its answer. */
  | { readonly kind: 'duplicate'; readonly error: StatusError }

/** etcd gives an empty store revision 1. */
const emptyRevision = 1 as Revision

export interface MachineOptions {
  /** Smaller limits for tests. They decide no command, only how far back reads and watches go. */
  readonly window?: WindowLimits
  /** Replicated: every member must have the same. */
  readonly storeBytesMax?: number
}

/**
 * The replicated state machine: the cluster store as a function of the log. `apply` is deterministic:
 * the same entries give the same state, answers and hash on every member. No clock, no chance, no
 * waiting; one thread, so that a reader between two calls sees whole transactions only.
 */
export class Machine implements StoreView {
  readonly #storeBytesMax: number
  readonly #window: WatchWindow
  #history: History
  #store = new Store()
  #dedupe = new DedupeTable()
  #hash = new RollingHash()
  #revision = emptyRevision
  /** Replicated; the window's own floor may be higher. */
  #compacted = 0 as Revision
  #index = 0 as LogIndex
  #term = 0 as Term

  constructor(options: MachineOptions = {}) {
    this.#storeBytesMax = options.storeBytesMax ?? limits.storeBytesMax
    this.#window = new WatchWindow(emptyRevision, options.window)
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

  /** Applies the next entry of the log. Wakes no watcher: see `wakeNext`. */
  apply(entry: LogEntry): AppliedResult {
    assert(entry.index === this.#index + 1, `entry ${entry.index} follows ${this.#index}`)
    assert(entry.term >= this.#term, 'terms in the log never go back')
    this.#index = entry.index
    this.#term = entry.term
    if (entry.command.length === 0) return { index: entry.index, outcomes: [] }
    const { session, floor, commands } = decodeCommands(entry.command)
    this.#dedupe.touch(session, floor)
    this.#hash.mix(session)
    this.#hash.mix(floor)
    const outcomes = commands.map((command) => ({
      session,
      sequence: command.sequence,
      answer: this.#applyOnce(session, command),
    }))
    this.#history.forgetBefore(this.compactedRevision)
    return { index: entry.index, outcomes }
  }

  get(key: string, revision?: Revision): KeyValue | undefined {
    if (revision === undefined || revision === this.#revision) return this.#store.get(key)
    this.#checkReadable(revision)
    return this.#history.range(this.#current(), key, keyEnd(key), revision, 1)[0]
  }

  range(start: string, end: string, options: RangeOptions = {}): RangeResult {
    const { limit = 0, revision = this.#revision } = options
    const wanted = limit > 0 ? limit + 1 : Number.POSITIVE_INFINITY
    this.#checkReadable(revision)
    const items: KeyValue[] =
      revision === this.#revision
        ? this.#store.range(start, end, wanted)
        : this.#history.range(this.#current(), start, end, revision, wanted)
    const more = items.length >= wanted
    if (more) items.pop()
    return { revision, items, more }
  }

  count(start: string, end: string, revision: Revision = this.#revision): number {
    this.#checkReadable(revision)
    if (revision === this.#revision) return this.#store.count(start, end)
    return this.#history.count(this.#current(), start, end, revision)
  }

  watch(options: WatchOptions): StoreWatcher {
    return this.#window.watch(options)
  }

  /** Wakes one watcher that waits and has something to read now; false when there is none. */
  wakeNext(): boolean {
    return this.#window.wakeNext()
  }

  /** The state as it is now, for a snapshot; costs O(sessions), later writes do not show in it. */
  freeze(): FrozenState {
    return {
      index: this.#index,
      term: this.#term,
      revision: this.#revision,
      compacted: this.#compacted,
      hash: this.#hash.lanes(),
      contentHash: this.#store.contentHash,
      sessions: this.#dedupe.pack(),
      records: this.#store.freeze(),
    }
  }

  /** Replaces the whole state by a snapshot's, whose records are in `store`. History starts anew. */
  replace(state: Omit<FrozenState, 'records'>, store: Store): void {
    assert(state.index >= this.#index, 'a snapshot is never behind the state it replaces')
    assert(store.contentHash === state.contentHash, 'a snapshot holds what its hash says')
    this.#store = store
    this.#dedupe = DedupeTable.unpack(state.sessions)
    this.#hash = new RollingHash(...state.hash)
    this.#revision = state.revision
    this.#compacted = state.compacted
    this.#index = state.index
    this.#term = state.term
    this.#history = this.#newHistory()
    this.#window.reset(state.revision)
  }

  #applyOnce(session: number, command: Command): CommandAnswer {
    const judged = this.#dedupe.judge(session, command.sequence)
    if (judged === 'finished') return { kind: 'duplicate', error: answerLost(this.#index) }
    if (judged === 'too far') {
      const error = tooManyUnfinished(limits.dedupeCommandsPerSessionMax)
      return { kind: 'refused', error }
    }
    this.#dedupe.finish(session, command.sequence)
    this.#hash.mix(command.sequence)
    if (command.fence !== 0 && command.fence !== this.#term) {
      return { kind: 'refused', error: staleFence(command.fence, this.#term) }
    }
    switch (command.body.kind) {
      case 'txn':
        return this.#applyTxn(command.body.txn)
      case 'compact':
        return this.#compact(command.body.revision)
      default:
        return unreachable(command.body, 'command')
    }
  }

  #applyTxn(txn: Txn): CommandAnswer {
    const error = checkTxn(txn)
    if (error) return { kind: 'refused', error }
    const path = choosePath(this.#store, txn)
    const bytes = bytesPut(path)
    if (bytes > 0 && this.#store.bytes + bytes > this.#storeBytesMax) {
      return { kind: 'refused', error: storeFull(this.#store.bytes, this.#storeBytesMax) }
    }
    const { succeeded } = path
    const revision = (this.#revision + 1) as Revision
    const events: StoreEvent[] = []
    const responses = runPath(this.#store, path, revision, events)
    if (events.length === 0) {
      const unchanged = this.#revision
      const results = withRevision(responses, unchanged)
      return { kind: 'done', result: { succeeded, revision: unchanged, responses: results } }
    }
    this.#changed(events, revision)
    return { kind: 'done', result: { succeeded, revision, responses } }
  }

  #changed(events: readonly StoreEvent[], revision: Revision): void {
    this.#revision = revision
    for (const event of events) {
      const put = event.type === 'put'
      this.#hash.mix(put ? (this.#store.get(event.key)?.hash ?? 0) : mixText(revision, event.key))
    }
    this.#hash.mix(this.#store.contentHash)
    this.#window.append(events, revision)
    this.#history.grew(events.length, revision, () => this.#store.freeze())
  }

  #compact(revision: Revision): CommandAnswer {
    if (revision > this.#revision) {
      const problem = `the store is at ${this.#revision}`
      return { kind: 'refused', error: compactionRefused(revision, problem) }
    }
    if (revision <= this.#compacted) {
      const problem = `it was compacted to ${this.#compacted} before`
      return { kind: 'refused', error: compactionRefused(revision, problem) }
    }
    this.#compacted = revision
    this.#hash.mix(revision)
    this.#window.compact(revision)
    return { kind: 'done', result: { succeeded: true, revision: this.#revision, responses: [] } }
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

  #newHistory(): History {
    return new History((start, end, after, upTo) => this.#window.between(start, end, after, upTo))
  }
}
