import { assert } from '../../base/assert.ts'
import type { Revision } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { KeyValue, StoreEvent } from '../cluster-store.ts'
import { mixNumber, mixText } from '../hash.ts'
import type { Checkpoint, RestoredPast } from '../history.ts'
import type { OrderedRecords } from '../key-index.ts'
import { SlabAllocator } from '../slab.ts'
import { copiedRecord, hashOf, type Store, tombstone } from '../store.ts'
import { type PackedRecord, unpackRecord } from './packed-record.ts'

/**
 * The past in a snapshot: its events, the newest first, each with what its key had before it. What a key
 * had after it is known by then: the state of the snapshot, with all later events undone. So an event
 * takes one record, not two, and undoing them one by one also gives the checkpoints of `History`.
 */
export type PackedEvent =
  | readonly [deletes: number, revision: number, key: string]
  | readonly [number, number, ...PackedRecord]

/** Covers every event that was mixed in: its revision, its key, and the record before it. */
export function mixEvent(hash: number, { revision, key, previous }: StoreEvent): number {
  return mixNumber(mixText(mixNumber(hash, revision), key), previous ? hashOf(previous) : 0)
}

/** Undoes events from the state at `revision` back to the one at `since`. */
export class PastDecoder {
  readonly #since: Revision
  readonly #slabs = new SlabAllocator()
  /** As all events that were read so far have left it undone. */
  readonly #records: OrderedRecords<KeyValue>
  readonly #events: StoreEvent[] = []
  readonly #checkpoints: Checkpoint[]
  /** The state of `#records` is the one at it, or within it. */
  #revision: Revision
  #sinceCheckpoint = 0
  #hash = 0

  constructor(store: Store, revision: Revision, since: Revision) {
    assert(since < revision, 'a snapshot has a past or says nothing of it')
    this.#since = since
    this.#revision = revision
    this.#records = store.freeze()
    this.#checkpoints = [{ revision, records: store.freeze() }]
  }

  add(packed: PackedEvent): void {
    const revision = packed[1] as Revision
    const isNewest = this.#events.length === 0
    assert(!isNewest || revision === this.#revision, 'the newest event comes first')
    if (revision !== this.#revision) this.#reached(revision)
    const event = this.#unpack(packed)
    const { key, previous } = event
    if (previous) this.#records.set(key, previous)
    else this.#records.delete(key)
    this.#events.push(event)
    this.#sinceCheckpoint += 1
    this.#hash = mixEvent(this.#hash, event)
  }

  finish(events: number, hash: number): RestoredPast {
    assert(events === this.#events.length && hash === this.#hash, 'a past is whole and unchanged')
    assert(this.#revision === this.#since + 1, 'a past goes back to where it says')
    const checkpoints = this.#checkpoints.toReversed()
    return { since: this.#since, events: this.#events.toReversed(), checkpoints }
  }

  /** All events after `revision` are undone. */
  #reached(revision: Revision): void {
    assert(revision === this.#revision - 1, 'every revision has its events')
    this.#revision = revision
    if (this.#sinceCheckpoint < limits.historyCheckpointEvents) return
    this.#checkpoints.push({ revision, records: this.#records.clone() })
    this.#sinceCheckpoint = 0
  }

  #unpack([deletes, number, packedKey, ...fields]: PackedEvent): StoreEvent {
    const after = this.#records.get(packedKey)
    const key = after?.key ?? packedKey
    const revision = number as Revision
    const previous =
      fields.length === 0 ? undefined : copiedRecord(unpackRecord([key, ...fields]), this.#slabs)
    if (deletes === 1) {
      assert(previous && !after, 'what is deleted was there, and is not any more')
      const current = tombstone(previous, revision)
      return { type: 'delete', revision, key, current, previous }
    }
    assert(after?.modRevision === revision, 'what a put wrote was there after it')
    return { type: 'put', revision, key, current: after, previous }
  }
}
