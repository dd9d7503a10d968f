import { assert } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type { KeyValue } from './cluster-store.ts'
import { mixBytes, mixNumber, mixText } from './hash.ts'
import { countOf, type OrderedRecords, orderedRecords, rangeOf } from './key-index.ts'
import { type Slab, SlabAllocator } from './slab.ts'

/** A put as the transaction hands it over; `value` may be part of a larger buffer: it is copied. */
export interface Put {
  readonly key: string
  readonly value: Uint8Array
  readonly revisionOffset: number
  readonly lease: number
}

/** A record with what the store keeps about it. */
export class StoredRecord implements KeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly version: number
  readonly lease: number
  readonly #slab: Slab
  readonly #hash: number

  constructor(fields: KeyValue, slab: Slab, hash: number) {
    this.key = fields.key
    this.value = fields.value
    this.createRevision = fields.createRevision
    this.modRevision = fields.modRevision
    this.version = fields.version
    this.lease = fields.lease
    this.#slab = slab
    this.#hash = hash
    Object.freeze(this)
  }

  get slab(): Slab {
    return this.#slab
  }

  /** Over every field that clients see. */
  get hash(): number {
    return this.#hash
  }
}

/**
 * The current state: a Map for point reads beside an ordered index for ranges, values in slabs.
 * It knows nothing of history, transactions or limits.
 */
export class Store {
  readonly #records = new Map<string, StoredRecord>()
  readonly #ordered: OrderedRecords<StoredRecord> = orderedRecords()
  readonly #slabs = new SlabAllocator()
  #bytes = 0
  #contentHash = 0

  get size(): number {
    return this.#records.size
  }

  /** Bytes of current keys and values: the same on every member at the same index. */
  get bytes(): number {
    return this.#bytes
  }

  /** The sum of the records' hashes: equal content gives an equal sum, whatever way led there. */
  get contentHash(): number {
    return this.#contentHash
  }

  get(key: string): StoredRecord | undefined {
    return this.#records.get(key)
  }

  /** At most `limit` records of [start, end) in key order. */
  range(start: string, end: string, limit = Number.POSITIVE_INFINITY): StoredRecord[] {
    return rangeOf(this.#ordered, start, end, limit)
  }

  count(start: string, end: string): number {
    return countOf(this.#ordered, start, end)
  }

  /** [key, lease] of the records that go with a lease. */
  *leasedKeys(): Generator<readonly [string, number], void, undefined> {
    for (const { key, lease } of this.#records.values()) if (lease !== 0) yield [key, lease]
  }

  /** The live index: for reading at once, never to keep. */
  get ordered(): OrderedRecords<StoredRecord> {
    return this.#ordered
  }

  /** The records in order as they are now; later writes do not show in it. */
  freeze(): OrderedRecords<StoredRecord> {
    return this.#ordered.clone()
  }

  /** Copies the value once, with the revision spliced in where the put asks for it. */
  put(put: Put, revision: Revision): StoredRecord {
    const previous = this.#records.get(put.key)
    const key = previous?.key ?? put.key
    const { slab, space } = this.#writeValue(key, put, revision)
    const record = newRecord(
      {
        key,
        value: space,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
        version: (previous?.version ?? 0) + 1,
        lease: put.lease,
      },
      slab,
    )
    this.#add(record)
    if (previous) this.#forget(previous)
    return record
  }

  /** The record that was there. */
  delete(key: string): StoredRecord | undefined {
    const previous = this.#records.get(key)
    if (!previous) return undefined
    this.#records.delete(key)
    this.#ordered.delete(key)
    this.#forget(previous)
    return previous
  }

  /** Adds a record as a snapshot has it; its key must be new. */
  load(fields: KeyValue): void {
    assert(!this.#records.has(fields.key), 'a snapshot holds each key once')
    const { slab, space } = this.#slabs.allocate(fields.key, fields.value.length)
    space.set(fields.value)
    this.#add(newRecord({ ...fields, value: space }, slab))
  }

  #add(record: StoredRecord): void {
    this.#records.set(record.key, record)
    this.#ordered.set(record.key, record)
    this.#bytes += record.key.length + record.value.length
    this.#contentHash = (this.#contentHash + record.hash) | 0
  }

  #forget(record: StoredRecord): void {
    this.#bytes -= record.key.length + record.value.length
    this.#contentHash = (this.#contentHash - record.hash) | 0
    if (this.#slabs.release(record.slab, record.value.length)) this.#empty(record.slab)
  }

  /**
   * Moves the last live values out of a sparse slab, so that a few old values never hold a megabyte
   * each. Costs at most a quarter of a slab per slab filled; the records' content stays the same.
   */
  #empty(slab: Slab): void {
    const keys = slab.keys
    slab.keys = []
    for (const key of keys) {
      const record = this.#records.get(key)
      if (record?.slab !== slab) continue
      const moved = this.#slabs.allocate(record.key, record.value.length)
      moved.space.set(record.value)
      slab.liveBytes -= record.value.length
      const copy = new StoredRecord({ ...record, value: moved.space }, moved.slab, record.hash)
      this.#records.set(key, copy)
      this.#ordered.set(key, copy)
    }
    assert(slab.liveBytes === 0, 'an emptied slab has no live bytes')
  }

  #writeValue(key: string, put: Put, revision: Revision): { slab: Slab; space: Buffer } {
    const { value, revisionOffset } = put
    if (revisionOffset < 0) {
      const allocated = this.#slabs.allocate(key, value.length)
      allocated.space.set(value)
      return allocated
    }
    const text = `"resourceVersion":"${revision}",`
    const allocated = this.#slabs.allocate(key, value.length + text.length)
    allocated.space.set(value.subarray(0, revisionOffset))
    allocated.space.write(text, revisionOffset, 'latin1')
    allocated.space.set(value.subarray(revisionOffset), revisionOffset + text.length)
    return allocated
  }
}

function newRecord(fields: KeyValue, slab: Slab): StoredRecord {
  return new StoredRecord(fields, slab, hashOf(fields))
}

/** Over every field that clients see. */
export function hashOf(record: KeyValue): number {
  if (record instanceof StoredRecord) return record.hash
  let hash = mixText(0, record.key)
  hash = mixNumber(hash, record.createRevision)
  hash = mixNumber(hash, record.modRevision)
  hash = mixNumber(hash, record.version)
  hash = mixNumber(hash, record.lease)
  return mixBytes(hash, record.value)
}
