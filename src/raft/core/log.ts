import { assert, present } from '../../base/assert.ts'
import type { LogIndex, Term } from '../../base/brand.ts'
import type { Entry, Snapshot } from './message.ts'
import { entriesBytes, entryBytes, limitEntries } from './message.ts'
import type { Storage } from './storage.ts'

/**
 * The end of the log that storage has not confirmed yet: entries from `offset` on, and perhaps a
 * snapshot before them. "In progress" marks what a Ready already carried to storage, so that writes
 * can be pipelined and nothing is written twice.
 */
export class Unstable {
  snapshot: Snapshot | undefined
  snapshotInProgress = false
  offset: LogIndex
  offsetInProgress: LogIndex
  #entries: Entry[] = []

  constructor(offset: LogIndex) {
    this.offset = offset
    this.offsetInProgress = offset
  }

  get count(): number {
    return this.#entries.length
  }

  /** Undefined when storage knows better. */
  firstIndex(): LogIndex | undefined {
    return this.snapshot === undefined ? undefined : this.snapshot.metadata.index + 1
  }

  lastIndex(): LogIndex | undefined {
    if (this.#entries.length > 0) return this.offset + this.#entries.length - 1
    return this.snapshot?.metadata.index
  }

  term(index: LogIndex): Term | undefined {
    if (index >= this.offset) return this.#entries[index - this.offset]?.term
    const metadata = this.snapshot?.metadata
    return metadata?.index === index ? metadata.term : undefined
  }

  hasNext(): boolean {
    return this.offset + this.#entries.length > this.offsetInProgress
  }

  /** Entries that no Ready has carried to storage yet. */
  next(): readonly Entry[] {
    return this.hasNext() ? this.#entries.slice(this.offsetInProgress - this.offset) : []
  }

  nextSnapshot(): Snapshot | undefined {
    return this.snapshotInProgress ? undefined : this.snapshot
  }

  acceptInProgress(): void {
    if (this.#entries.length > 0) this.offsetInProgress = this.offset + this.#entries.length
    if (this.snapshot !== undefined) this.snapshotInProgress = true
  }

  /**
   * Storage holds everything up to this entry. An answer for an entry that was replaced meanwhile
   * (other term: the ABA case) or that a snapshot covers is stale and changes nothing.
   */
  stableTo(index: LogIndex, term: Term): boolean {
    if (index < this.offset || this.term(index) !== term) return false
    this.#entries = this.#entries.slice(index + 1 - this.offset)
    this.offset = index + 1
    this.offsetInProgress = Math.max(this.offsetInProgress, this.offset)
    return true
  }

  stableSnapshotTo(index: LogIndex): void {
    if (this.snapshot?.metadata.index !== index) return
    this.snapshot = undefined
    this.snapshotInProgress = false
  }

  restore(snapshot: Snapshot): void {
    this.offset = snapshot.metadata.index + 1
    this.offsetInProgress = this.offset
    this.#entries = []
    this.snapshot = snapshot
    this.snapshotInProgress = false
  }

  /** Adds entries; from the first one on, what was here is replaced. */
  truncateAndAppend(entries: readonly Entry[]): void {
    const from = entries[0]?.index ?? this.offset + this.#entries.length
    if (from <= this.offset) {
      this.#entries = entries.slice()
      this.offset = from
      this.offsetInProgress = from
      return
    }
    assert(from <= this.offset + this.#entries.length, 'unstable entries have no gap')
    this.#entries.length = from - this.offset
    this.offsetInProgress = Math.min(this.offsetInProgress, from)
    for (const entry of entries) this.#entries.push(entry)
  }

  /** Entries in [low, high). */
  slice(low: LogIndex, high: LogIndex): readonly Entry[] {
    assert(
      low <= high && low >= this.offset && high <= this.offset + this.#entries.length,
      `unstable holds [${low}, ${high})`,
    )
    return this.#entries.slice(low - this.offset, high - this.offset)
  }
}

/** Names an entry for good: with the log matching property, also everything before it. */
export interface EntryId {
  readonly term: Term
  readonly index: LogIndex
}

/**
 * The replicated log: storage's stable part, then the unstable part.
 * Invariant: applied <= applying <= committed <= lastIndex.
 */
export class RaftLog {
  readonly #storage: Storage
  readonly unstable: Unstable
  /** Known to be on a quorum. */
  committed: LogIndex
  /** Handed out to be applied. */
  applying: LogIndex
  /** Reported as applied. */
  applied: LogIndex
  readonly #applyingBytesMax: number
  #applyingBytes = 0
  #applyingPaused = false

  constructor(storage: Storage, applyingBytesMax: number) {
    this.#storage = storage
    this.#applyingBytesMax = applyingBytesMax
    this.unstable = new Unstable(storage.lastIndex() + 1)
    this.committed = storage.firstIndex() - 1
    this.applying = this.committed
    this.applied = this.committed
  }

  firstIndex(): LogIndex {
    return this.unstable.firstIndex() ?? this.#storage.firstIndex()
  }

  lastIndex(): LogIndex {
    return this.unstable.lastIndex() ?? this.#storage.lastIndex()
  }

  lastEntryId(): EntryId {
    const index = this.lastIndex()
    return { index, term: present(this.term(index), `the term of the last entry ${index}`) }
  }

  /** Undefined when the entry was compacted or does not exist yet. */
  term(index: LogIndex): Term | undefined {
    const term = this.unstable.term(index)
    if (term !== undefined) return term
    if (index + 1 < this.firstIndex() || index > this.lastIndex()) return undefined
    return this.#storage.term(index)
  }

  matches(id: EntryId): boolean {
    return this.term(id.index) === id.term
  }

  /** Raft section 5.4.1: the later last term wins; within one term, the longer log. */
  isUpToDate(theirs: EntryId): boolean {
    const ours = this.lastEntryId()
    return theirs.term > ours.term || (theirs.term === ours.term && theirs.index >= ours.index)
  }

  /**
   * A follower's half of AppendEntries (raft section 5.3). Returns the last index that now agrees
   * with the leader's log; undefined when the entry before `entries` does not match.
   */
  maybeAppend(
    previous: EntryId,
    entries: readonly Entry[],
    committed: LogIndex,
  ): LogIndex | undefined {
    if (!this.matches(previous)) return undefined
    const lastNew = previous.index + entries.length
    const conflict = entries.findIndex((entry) => !this.matches(entry))
    if (conflict >= 0) {
      assert(previous.index + 1 + conflict > this.committed, 'committed entries never change')
      this.append(conflict === 0 ? entries : entries.slice(conflict))
    }
    this.commitTo(Math.min(committed, lastNew))
    return lastNew
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    assert(first.index > this.committed, 'committed entries are never replaced')
    this.unstable.truncateAndAppend(entries)
  }

  /**
   * The last index at or before `index` that may match a log whose entry at `index` has `term`: ours
   * has a term no later there. `term` is 0 when it is not known, being compacted.
   */
  findConflictByTerm(index: LogIndex, term: Term): EntryId {
    for (let at = index; at > 0; at -= 1) {
      const ours = this.term(at)
      if (ours === undefined) return { index: at, term: 0 }
      if (ours <= term) return { index: at, term: ours }
    }
    return { index: 0, term: 0 }
  }

  commitTo(index: LogIndex): void {
    if (index <= this.committed) return
    assert(index <= this.lastIndex(), `entry ${index} is committed, so it is not lost here`)
    this.committed = index
  }

  /** Only entries of the leader's own term commit by counting (raft section 5.4.2). */
  maybeCommit(at: EntryId): boolean {
    if (at.term === 0 || at.index <= this.committed || !this.matches(at)) return false
    this.commitTo(at.index)
    return true
  }

  /** Committed entries to hand out; `allowUnstable` when our own durability comes before apply. */
  nextCommittedEntries(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommittedEntries(allowUnstable)) return []
    const bytesMax = this.#applyingBytesMax - this.#applyingBytes
    const high = this.#appliableIndex(allowUnstable) + 1
    return present(this.slice(this.applying + 1, high, bytesMax), 'committed, unapplied entries')
  }

  hasNextCommittedEntries(allowUnstable: boolean): boolean {
    if (this.#applyingPaused || this.unstable.snapshot !== undefined) return false
    return this.applying < this.#appliableIndex(allowUnstable)
  }

  #appliableIndex(allowUnstable: boolean): LogIndex {
    return allowUnstable ? this.committed : Math.min(this.committed, this.unstable.offset - 1)
  }

  /** The entries up to `index`, of `bytes` in all, were handed out. */
  acceptApplying(index: LogIndex, bytes: number, allowUnstable: boolean): void {
    assert(index <= this.committed, 'only committed entries are applied')
    this.applying = index
    this.#applyingBytes += bytes
    // Also paused when the batch was cut: the next one waits until this one is applied.
    this.#applyingPaused =
      this.#applyingBytes >= this.#applyingBytesMax || index < this.#appliableIndex(allowUnstable)
  }

  appliedTo(index: LogIndex, bytes: number): void {
    assert(
      index <= this.committed && index >= this.applied,
      `applied index ${index} is in [${this.applied}, ${this.committed}]`,
    )
    this.applied = index
    this.applying = Math.max(this.applying, index)
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes)
    this.#applyingPaused = this.#applyingBytes >= this.#applyingBytesMax
  }

  snapshot(): Snapshot | undefined {
    return this.unstable.snapshot ?? this.#storage.snapshot()
  }

  /** The log now begins behind a received snapshot; what was here is dropped. */
  restore(snapshot: Snapshot): void {
    this.committed = snapshot.metadata.index
    this.unstable.restore(snapshot)
  }

  /** Entries from `index` to the end, cut to `bytesMax`; undefined when compacted. */
  entriesFrom(index: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (index > this.lastIndex()) return []
    return this.slice(index, this.lastIndex() + 1, bytesMax)
  }

  /** Entries in [low, high), at least one, cut to `bytesMax`; undefined when compacted. */
  slice(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    assert(low <= high && high <= this.lastIndex() + 1, `the log holds [${low}, ${high})`)
    if (low < this.firstIndex()) return undefined
    if (low === high) return []
    const offset = this.unstable.offset
    if (low >= offset) return limitEntries(this.unstable.slice(low, high), bytesMax)

    const cut = Math.min(high, offset)
    const stable = this.#storage.entries(low, cut, bytesMax)
    if (stable === undefined || high <= offset || stable.length < cut - low) return stable
    const bytes = entriesBytes(stable)
    if (bytes >= bytesMax) return stable
    const rest = limitEntries(this.unstable.slice(offset, high), bytesMax - bytes)
    const [first] = rest
    if (rest.length === 1 && first !== undefined && bytes + entryBytes(first) > bytesMax)
      return stable
    return [...stable, ...rest]
  }

  /** Visits entries in [low, high) page by page until `visit` returns true; returns whether one did. */
  some(low: LogIndex, high: LogIndex, visit: (entry: Entry) => boolean): boolean {
    const pageBytes = this.#applyingBytesMax
    for (let at = low; at < high; ) {
      const page = present(this.slice(at, high, pageBytes), `entries from ${at} on`)
      if (page.some(visit)) return true
      at += page.length
    }
    return false
  }
}
