import { assert } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type { KeyValue } from './cluster-store.ts'
import { mixBytes, mixNumber, mixText } from './hash.ts'
import { countOf, type OrderedRecords, orderedRecords, rangeOf } from './key-index.ts'
import { type LeaseId, leaseIdParts } from './leases.ts'
import { type Slab, SlabAllocator, type SlabPlace } from './slab.ts'

/** A put as the transaction hands it over; `value` may be part of a larger buffer: it is copied. */
export interface Put {
  readonly key: string
  readonly value: Uint8Array
  readonly revisionOffset: number
  readonly lease: LeaseId
}

/**
 * A record with what the store keeps about it. Where its bytes lie is known as two numbers; a view of
 * them is made for whoever looks: a million views that nobody looks at would be a third of the heap.
 */
export class StoredRecord implements KeyValue {
  readonly key: string
  readonly createRevision: Revision
  readonly modRevision: Revision
  readonly version: number
  readonly lease: LeaseId
  readonly #slab: Slab
  readonly #start: number
  readonly #bytes: number
  readonly #hash: number

  constructor(fields: Omit<KeyValue, 'value'>, { slab, start, bytes }: SlabPlace, hash: number) {
    this.key = fields.key
    this.createRevision = fields.createRevision
    this.modRevision = fields.modRevision
    this.version = fields.version
    this.lease = fields.lease
    this.#slab = slab
    this.#start = start
    this.#bytes = bytes
    this.#hash = hash
    Object.freeze(this)
  }

  get value(): Uint8Array {
    return this.#slab.buffer.subarray(this.#start, this.#start + this.#bytes)
  }

  get valueBytes(): number {
    return this.#bytes
  }

  get slab(): Slab {
    return this.#slab
  }

  /** Over every field that clients see. */
  get hash(): number {
    return this.#hash
  }
}

/** How long a record's value is, without a view of it where that can be. */
export function valueBytes(record: KeyValue): number {
  return record instanceof StoredRecord ? record.valueBytes : record.value.length
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
  *leasedKeys(): Generator<readonly [string, LeaseId], void, undefined> {
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
    const record = newRecord(
      {
        key,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
        version: (previous?.version ?? 0) + 1,
        lease: put.lease,
      },
      this.#writeValue(key, put, revision),
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
    this.#add(copiedRecord(fields, this.#slabs))
  }

  #add(record: StoredRecord): void {
    this.#records.set(record.key, record)
    this.#ordered.set(record.key, record)
    this.#bytes += record.key.length + record.valueBytes
    this.#contentHash = (this.#contentHash + record.hash) | 0
  }

  #forget(record: StoredRecord): void {
    this.#bytes -= record.key.length + record.valueBytes
    this.#contentHash = (this.#contentHash - record.hash) | 0
    if (this.#slabs.release(record.slab, record.valueBytes)) this.#empty(record.slab)
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
      const moved = this.#slabs.allocate(record.key, record.valueBytes)
      moved.slab.buffer.set(record.value, moved.start)
      slab.liveBytes -= record.valueBytes
      const copy = new StoredRecord(record, moved, record.hash)
      this.#records.set(key, copy)
      this.#ordered.set(key, copy)
    }
    assert(slab.liveBytes === 0, 'an emptied slab has no live bytes')
  }

  #writeValue(key: string, put: Put, revision: Revision): SlabPlace {
    const { value, revisionOffset } = put
    if (revisionOffset < 0) {
      const place = this.#slabs.allocate(key, value.length)
      place.slab.buffer.set(value, place.start)
      return place
    }
    const text = `"resourceVersion":"${revision}",`
    const place = this.#slabs.allocate(key, value.length + text.length)
    const { buffer } = place.slab
    const textStart = place.start + revisionOffset
    buffer.set(value.subarray(0, revisionOffset), place.start)
    buffer.write(text, textStart, 'latin1')
    buffer.set(value.subarray(revisionOffset), textStart + text.length)
    return place
  }
}

/** The same record with its value in a slab: what `fields` came in need not be kept for it. */
export function copiedRecord(fields: KeyValue, slabs: SlabAllocator): StoredRecord {
  const place = slabs.allocate(fields.key, fields.value.length)
  place.slab.buffer.set(fields.value, place.start)
  return newRecord(fields, place)
}

/** A deletion's state: the last one, with the deletion's revision. */
export function tombstone(previous: KeyValue, revision: Revision): KeyValue {
  const { key, value, createRevision, version, lease } = previous
  return Object.freeze({ key, value, createRevision, modRevision: revision, version, lease })
}

function newRecord(fields: Omit<KeyValue, 'value'>, place: SlabPlace): StoredRecord {
  const { slab, start, bytes } = place
  const value = slab.buffer.subarray(start, start + bytes)
  return new StoredRecord(fields, place, hashFields(fields, value))
}

/** Over every field that clients see. */
export function hashOf(record: KeyValue): number {
  return record instanceof StoredRecord ? record.hash : hashFields(record, record.value)
}

function hashFields(fields: Omit<KeyValue, 'value'>, value: Uint8Array): number {
  let hash = mixText(0, fields.key)
  hash = mixNumber(hash, fields.createRevision)
  hash = mixNumber(hash, fields.modRevision)
  hash = mixNumber(hash, fields.version)
  for (const part of leaseIdParts(fields.lease)) hash = mixNumber(hash, part)
  return mixBytes(hash, value)
}
