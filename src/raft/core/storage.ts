import { assert, present } from '../../base/assert.ts'
import type { LogIndex, Term } from '../../base/brand.ts'
import type { ConfState, Entry, HardState, Snapshot } from './message.ts'
import { limitEnd, noBytes } from './message.ts'

/**
 * The stable part of the log as the core reads it: synchronous, because the core is a pure function.
 * What was handed out in a Ready must be visible here once its storage answer was stepped in.
 */
export interface Storage {
  /** What a start finds: hard state (undefined at first boot) and the newest membership. */
  initialState(): { readonly hardState: HardState | undefined; readonly confState: ConfState }
  /**
   * Entries in [low, high), at least one, cut to `bytesMax`. Undefined when `low` was compacted.
   * The core never asks past lastIndex().
   */
  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined
  /** The term at `index` in [firstIndex - 1, lastIndex]; undefined outside. */
  term(index: LogIndex): Term | undefined
  /** Of the first entry still there; one past the snapshot's index. */
  firstIndex(): LogIndex
  /** Of the last entry; firstIndex() - 1 when the log is empty. */
  lastIndex(): LogIndex
  /**
   * The newest snapshot; undefined when one cannot be given just now (the core asks again). A member
   * that was added since it was taken cannot use it and gets nothing until there is a newer one: take
   * one after every membership change that was applied, at the latest when the log is compacted.
   */
  snapshot(): Snapshot | undefined
}

export const emptyConfState: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}

/** A Storage in memory: for tests, the simulator, and as the index behind a log on disk. */
export class MemoryStorage implements Storage {
  #hardState: HardState | undefined
  #snapshot: Snapshot
  /** Where #entries[0] sits; the entry before it is the snapshot's or was compacted. */
  #offset: LogIndex
  #termBefore: Term
  #entries: Entry[] = []

  /** Starts from `snapshot`, or empty with the given membership at index 0. */
  constructor(start: ConfState | Snapshot = emptyConfState) {
    this.#snapshot =
      'metadata' in start
        ? start
        : { metadata: { index: 0, term: 0, confState: start }, data: noBytes }
    this.#offset = this.#snapshot.metadata.index + 1
    this.#termBefore = this.#snapshot.metadata.term
  }

  initialState(): { readonly hardState: HardState | undefined; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot.metadata.confState }
  }

  entries(low: LogIndex, high: LogIndex, bytesMax: number): readonly Entry[] | undefined {
    if (low < this.#offset) return undefined
    assert(high <= this.lastIndex() + 1, `storage holds entries up to ${high}`)
    const from = low - this.#offset
    // Not slice, then limit: for a member far behind, that would copy the log for every message.
    const end = limitEnd(this.#entries, from, high - this.#offset, bytesMax)
    return this.#entries.slice(from, end)
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#offset - 1) return this.#termBefore
    return this.#entries[index - this.#offset]?.term
  }

  firstIndex(): LogIndex {
    return this.#offset
  }

  lastIndex(): LogIndex {
    return this.#offset + this.#entries.length - 1
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  setHardState(state: HardState): void {
    this.#hardState = state
  }

  /** Adds entries, replacing what conflicts; what is already compacted is skipped. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    const skip = Math.max(0, this.#offset - first.index)
    if (skip >= entries.length) return
    const at = first.index + skip - this.#offset
    assert(at <= this.#entries.length, `the log has no gap before ${first.index}`)
    this.#entries.length = at
    for (let next = skip; next < entries.length; next += 1)
      this.#entries.push(entries[next] as Entry)
  }

  /** Replaces everything by a received snapshot. An older one than ours changes nothing. */
  applySnapshot(snapshot: Snapshot): void {
    if (snapshot.metadata.index <= this.#snapshot.metadata.index) return
    this.#snapshot = snapshot
    this.#offset = snapshot.metadata.index + 1
    this.#termBefore = snapshot.metadata.term
    this.#entries = []
  }

  /** Records a snapshot of our own state at an applied index; the log stays until compact(). */
  createSnapshot(index: LogIndex, confState: ConfState, data: Uint8Array): Snapshot {
    assert(index > this.#snapshot.metadata.index, 'snapshots move forward')
    const term = present(this.term(index), `the term of snapshot index ${index}`)
    this.#snapshot = { metadata: { index, term, confState }, data }
    return this.#snapshot
  }

  /** Forgets entries up to and including `index`. */
  compact(index: LogIndex): void {
    if (index < this.#offset) return
    const term = present(this.term(index), `the term of compacted index ${index}`)
    this.#entries = this.#entries.slice(index - this.#offset + 1)
    this.#offset = index + 1
    this.#termBefore = term
  }
}
