import type { Revision } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import type { KeyValue, StoreEvent } from './cluster-store.ts'
import { countOf, type OrderedRecords, rangeOf } from './key-index.ts'
import { keyEnd } from './keys.ts'
import type { RangeSource } from './range.ts'

/** What a past state is rebuilt from: the records as they were at `revision`. */
export interface Checkpoint {
  readonly revision: Revision
  readonly records: OrderedRecords
}

/** What led to a state. */
export interface Past {
  /** The oldest revision that can be read. */
  readonly since: Revision
  /** Every event after it, in order. */
  readonly events: readonly StoreEvent[]
}

/** A past that was kept by somebody else, with the states in it that later reads begin at, in order. */
export interface RestoredPast extends Past {
  readonly checkpoints: readonly Checkpoint[]
}

/** Events of [start, end) with after < revision ≤ upTo, in order. */
export type EventsBetween = (
  start: string,
  end: string,
  after: Revision,
  upTo: Revision,
) => Iterable<StoreEvent>

/**
 * Past states: the nearest state that is kept from then on, with the events since undone. A frozen
 * copy is kept every `historyCheckpointEvents`, so a read undoes at most that many, and copies stay
 * few however small the transactions are.
 */
export class History {
  readonly #between: EventsBetween
  #checkpoints: Checkpoint[] = []
  #eventsSince = 0

  constructor(between: EventsBetween, checkpoints: readonly Checkpoint[] = []) {
    this.#between = between
    this.#checkpoints = [...checkpoints]
  }

  /** `events` more were applied, which made `revision`; `freeze` gives the state at it. */
  grew(events: number, revision: Revision, freeze: () => OrderedRecords): void {
    this.#eventsSince += events
    if (this.#eventsSince < limits.historyCheckpointEvents) return
    this.#eventsSince = 0
    this.#checkpoints.push({ revision, records: freeze() })
  }

  /** Nobody may read before `floor` any more. */
  forgetBefore(floor: Revision): void {
    const oldest = this.#checkpoints[0]
    if (!oldest || oldest.revision >= floor) return
    this.#checkpoints = this.#checkpoints.filter(({ revision }) => revision >= floor)
  }

  get checkpoints(): number {
    return this.#checkpoints.length
  }

  /** The state as it was at `revision`; `current` is how it is now. */
  at(current: Checkpoint, revision: Revision): RangeSource {
    return {
      get: (key) => this.#range(current, key, keyEnd(key), revision, 1)[0],
      range: (start, end, limit) => this.#range(current, start, end, revision, limit),
      count: (start, end) => this.#count(current, start, end, revision),
    }
  }

  #range(
    current: Checkpoint,
    start: string,
    end: string,
    revision: Revision,
    limit: number,
  ): KeyValue[] {
    const base = this.#baseFor(revision, current)
    const undone = this.#undo(start, end, revision, base.revision)
    if (undone.size === 0) return rangeOf(base.records, start, end, limit)
    // Undoing removes at most this many of what the base has.
    const present = rangeOf(base.records, start, end, limit + undone.size)
    return merge(present, undone, limit)
  }

  #count(current: Checkpoint, start: string, end: string, revision: Revision): number {
    const base = this.#baseFor(revision, current)
    let count = countOf(base.records, start, end)
    for (const [key, then] of this.#undo(start, end, revision, base.revision)) {
      if (base.records.has(key)) count -= 1
      if (then) count += 1
    }
    return count
  }

  #baseFor(revision: Revision, current: Checkpoint): Checkpoint {
    return this.#checkpoints.find((checkpoint) => checkpoint.revision >= revision) ?? current
  }

  /** What each key changed since had at `revision`. */
  #undo(
    start: string,
    end: string,
    revision: Revision,
    upTo: Revision,
  ): Map<string, KeyValue | undefined> {
    const undone = new Map<string, KeyValue | undefined>()
    for (const event of this.#between(start, end, revision, upTo)) {
      if (!undone.has(event.key)) undone.set(event.key, event.previous)
    }
    return undone
  }
}

/** The base's records with the undone keys replaced, in order. */
function merge(
  base: readonly KeyValue[],
  undone: ReadonlyMap<string, KeyValue | undefined>,
  limit: number,
): KeyValue[] {
  const restored = [...undone.values()]
    .filter((record) => record !== undefined)
    .sort((left, right) => (left.key < right.key ? -1 : 1))
  const merged: KeyValue[] = []
  let next = 0
  for (const record of base) {
    if (undone.has(record.key)) continue
    for (let old = restored[next]; old && old.key < record.key; old = restored[next]) {
      merged.push(old)
      next += 1
    }
    merged.push(record)
    if (merged.length >= limit) return merged.slice(0, limit)
  }
  return [...merged, ...restored.slice(next)].slice(0, limit)
}
