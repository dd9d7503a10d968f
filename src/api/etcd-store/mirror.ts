import type { LogIndex, Revision } from '../../base/brand.ts'
import type {
  KeyValue,
  RangeOperation,
  RangeOptions,
  RangeResponse,
  RangeResult,
  StoreEvent,
  StoreView,
  StoreWatcher,
  WatchOptions,
} from '../../state/cluster-store.ts'
import { expiredRead, tooLargeRevision } from '../../state/errors.ts'
import { mixNumber } from '../../state/hash.ts'
import { History } from '../../state/history.ts'
import { endOfKeys } from '../../state/keys.ts'
import { type Lease, type LeaseId, Leases } from '../../state/leases.ts'
import { isPast, type RangeSource, runRange } from '../../state/range.ts'
import { hashOf, Store, tombstone } from '../../state/store.ts'
import { type WakeClass, WatchWindow } from '../../state/watch-window.ts'
import { decodeValue } from './stored-value.ts'

/** A change as etcd tells it; keys are ours already. */
export interface MirroredEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  /** As it is stored. */
  readonly value: Uint8Array
  readonly lease: LeaseId
}

/**
 * The local replica of an external etcd, kept up by a watch: the same index, slabs, history and ring of
 * events as the embedded store has, so that reads and watches of the API cost etcd nothing.
 */
export class Mirror implements StoreView {
  #store = new Store()
  #revision = 1 as Revision
  #compacted = -1 as Revision
  readonly #window = new WatchWindow(1 as Revision)
  #history: History
  #leases = new Leases()

  constructor() {
    this.#history = this.#newHistory()
  }

  get revision(): Revision {
    return this.#revision
  }

  get compactedRevision(): Revision {
    return Math.max(this.#compacted, this.#window.floor) as Revision
  }

  /** There is no log here; the revision counts as well. */
  get appliedIndex(): LogIndex {
    return this.#revision as number as LogIndex
  }

  /** Replaces everything by the state at `revision`; history begins anew. */
  load(records: readonly KeyValue[], revision: Revision): void {
    this.#store = new Store()
    this.#leases = new Leases()
    for (const record of records) {
      this.#store.load(record)
      this.#knowLease(record.lease)
      this.#leases.moveKey(record.key, 0, record.lease)
    }
    this.#history = this.#newHistory()
    this.#revision = revision
    this.#window.reset(revision)
  }

  /** All changes of one revision; none when it changed only what is not ours. */
  apply(changes: readonly MirroredEvent[], revision: Revision): void {
    const events = changes.flatMap((change) => this.#applyOne(change, revision))
    this.#revision = revision
    this.#window.append(events, revision)
    this.#history.grew(events.length, revision, () => this.#store.freeze())
    this.#history.forgetBefore(this.compactedRevision)
  }

  compact(revision: Revision): void {
    if (revision > this.#compacted) this.#compacted = revision
    this.#window.compact(revision)
  }

  wakeNext(of: WakeClass): boolean {
    return this.#window.wakeNext(of)
  }

  waiting(of: WakeClass): number {
    return this.#window.waiting(of)
  }

  watch(options: WatchOptions): StoreWatcher {
    return this.#window.watch(options)
  }

  get(key: string, revision: Revision = this.#revision): KeyValue | undefined {
    return this.#at(revision).get(key)
  }

  range(start: string, end: string, options: RangeOptions = {}): RangeResult {
    const { limit = 0, revision = this.#revision } = options
    const range = { op: 'range', key: start, rangeEnd: end, limit } as const
    const { items, more } = runRange(this.#at(revision), range)
    return { revision, items, more }
  }

  count(start: string, end: string, revision: Revision = this.#revision): number {
    return this.#at(revision).count(start, end)
  }

  read(range: RangeOperation): RangeResponse {
    const { revision = 0 as Revision } = range
    return runRange(this.#at(isPast(range) ? revision : this.#revision), range)
  }

  hashAt(revision: Revision = this.#revision): number {
    let hash = 0
    for (const record of this.#at(revision).range('', endOfKeys, Number.POSITIVE_INFINITY))
      hash = (hash + hashOf(record)) | 0
    return mixNumber(hash, revision) >>> 0
  }

  /** Leases that this member granted, and those that keys have. */
  get leases(): Leases {
    return this.#leases
  }

  lease(id: LeaseId): Lease | undefined {
    return this.#leases.get(id)
  }

  get leaseIds(): readonly LeaseId[] {
    return this.#leases.ids
  }

  #applyOne({ type, key, value, lease }: MirroredEvent, revision: Revision): StoreEvent[] {
    const previous = this.#store.get(key)
    if (type === 'put') {
      const current = this.#store.put({ key, lease, ...decodeValue(value) }, revision)
      this.#knowLease(lease)
      this.#leases.moveKey(key, previous?.lease ?? 0, lease)
      return [{ type, revision, key, current, previous }]
    }
    if (!previous) return []
    this.#store.delete(key)
    this.#leases.moveKey(key, previous.lease, 0)
    return [{ type, revision, key, current: tombstone(previous, revision), previous }]
  }

  /** A lease of somebody else: how long it lasts, only etcd knows. */
  #knowLease(id: LeaseId): void {
    if (id !== 0 && !this.#leases.get(id)) this.#leases.grant(id, 0, 0)
  }

  #at(revision: Revision): RangeSource {
    if (revision === this.#revision) return this.#store
    if (revision > this.#revision) throw tooLargeRevision(revision, this.#revision)
    if (revision < this.compactedRevision) throw expiredRead()
    return this.#history.at({ revision: this.#revision, records: this.#store.ordered }, revision)
  }

  #newHistory(): History {
    return new History((start, end, after, upTo) => this.#window.between(start, end, after, upTo))
  }
}
