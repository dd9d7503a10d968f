import type { Revision } from '../../../base/brand.ts'
import type { KeyValue, StoreEvent } from '../../../state/cluster-store.ts'
import { inRange } from '../../../state/keys.ts'
import type { FrozenState } from '../../../state/snapshot/snapshot.ts'
import type { Slices } from '../../slices.ts'
import { bytesField, recordBytes } from '../encoded/record.ts'
import type { KeySpace } from '../key-space.ts'
import { KeyValueMessage } from '../wire/kv-messages.ts'
import { int, int64, type MessageOf, MessageType } from '../wire/message-type.ts'
import { type BackendFile, type Bucket, layBackendFile } from './file.ts'
import type { SortedItems } from './tree.ts'

/**
 * The state as etcd's own backend would hold it (server/mvcc/kvstore.go, server/lease/leasepb), so that
 * `etcdctl snapshot restore` makes an etcd of it: what clients saw in their keys at the oldest revision that
 * can be read, everything that was done to them since, under its revision; the leases; and the note that what
 * came before is compacted.
 */
export async function layBackend(
  state: FrozenState,
  keys: KeySpace,
  slices: Slices,
): Promise<BackendFile> {
  const events = await eventsIn(state, keys, slices)
  const revisions: Change[] = await byRevision(recordsAtFloor(state, events, keys), slices)
  for (const change of [...events, ...lastMark(state, events, keys)]) revisions.push(change)
  const buckets: Bucket[] = [
    { name: 'key', items: await keyItems(revisions, keys, slices) },
    { name: 'lease', items: leaseItems(state) },
    { name: 'meta', items: metaItems(state) },
  ]
  return layBackendFile(buckets, slices)
}

async function eventsIn(
  { past }: FrozenState,
  keys: KeySpace,
  slices: Slices,
): Promise<StoreEvent[]> {
  const { start, end } = keys.whole
  const found: StoreEvent[] = []
  for (const event of past.events) {
    if (inRange(event.key, start, end)) found.push(event)
    if (slices.over) await slices.pause()
  }
  return found
}

/** The records of the oldest revision: those that did not change since, and what the first change replaced. */
function* recordsAtFloor(
  { records, past }: FrozenState,
  events: readonly StoreEvent[],
  keys: KeySpace,
): Generator<KeyValue, void, void> {
  const changed = new Set<string>()
  for (const { key, previous } of events) {
    if (previous && !changed.has(key)) yield previous
    changed.add(key)
  }
  const { start, end } = keys.whole
  for (const [key, record] of records.entries(start)) {
    if (key >= end) return
    if (record.modRevision <= past.since) yield record
  }
}

/**
 * etcd's keys in there are revisions, so they must come in that order. Merge sort, for it can pause: a
 * million records sorted at once would hold the event loop for a second.
 */
async function byRevision(records: Iterable<KeyValue>, slices: Slices): Promise<KeyValue[]> {
  let runs: KeyValue[][] = []
  let run: KeyValue[] = []
  for (const record of records) {
    run.push(record)
    if (run.length === recordsPerRun) {
      runs.push(run.sort(compareRevisions))
      run = []
    }
    if (slices.over) await slices.pause()
  }
  runs.push(run.sort(compareRevisions))
  while (runs.length > 1) {
    const merged: KeyValue[][] = []
    for (let at = 0; at < runs.length; at += 2)
      merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? [], slices))
    runs = merged
  }
  return runs[0] ?? []
}

const recordsPerRun = 1_024

/** Those of one revision stay in the order of their keys: `left` comes before `right` there. */
async function merge(
  left: readonly KeyValue[],
  right: readonly KeyValue[],
  slices: Slices,
): Promise<KeyValue[]> {
  const merged: KeyValue[] = []
  let next = 0
  for (const record of left) {
    for (let other = right[next]; other; other = right[next]) {
      if (other.modRevision >= record.modRevision) break
      merged.push(other)
      next += 1
    }
    merged.push(record)
    if (slices.over) await slices.pause()
  }
  for (; next < right.length; next += 1) merged.push(right[next] as KeyValue)
  return merged
}

function compareRevisions(left: KeyValue, right: KeyValue): number {
  return left.modRevision - right.modRevision
}

/** One entry of the bucket of keys: a record as it stood at the oldest revision, or what was done since. */
type Change = KeyValue | StoreEvent

function revisionOf(change: Change): Revision {
  return 'type' in change ? change.revision : change.modRevision
}

/** Undefined for a deletion. */
function recordOf(change: Change): KeyValue | undefined {
  if (!('type' in change)) return change
  return change.type === 'put' ? change.current : undefined
}

/**
 * Keys that these clients do not see have moved the revision on: a deletion of no key at all, which no
 * watch hears of, says how far.
 */
function lastMark(
  { revision, past }: FrozenState,
  events: readonly StoreEvent[],
  keys: KeySpace,
): Change[] {
  if (Math.max(past.since, events.at(-1)?.revision ?? 0) >= revision) return []
  const key = keys.whole.start
  const current = { key, value: noBytes, version: 0, lease: 0 }
  const revisions = { createRevision: revision, modRevision: revision }
  const gone = { ...current, ...revisions }
  return [{ type: 'delete', revision, key, current: gone, previous: undefined }]
}

const noBytes = new Uint8Array(0)

async function keyItems(
  changes: readonly Change[],
  keys: KeySpace,
  slices: Slices,
): Promise<SortedItems> {
  const change = (at: number) => changes[at] as Change
  /** Places within a revision. */
  const subs = new Uint32Array(changes.length)
  for (let at = 1; at < changes.length; at += 1) {
    if (revisionOf(change(at)) === revisionOf(change(at - 1)))
      subs[at] = (subs[at - 1] as number) + 1
    if (slices.over) await slices.pause()
  }
  return {
    length: changes.length,
    key: (at) => {
      const key = revisionKey(revisionOf(change(at)), subs[at])
      return recordOf(change(at)) ? key : Buffer.concat([key, tombstone])
    },
    value: (at) => {
      const record = recordOf(change(at))
      const message = record ? keys.message(record) : { key: keys.outside(change(at).key) }
      return KeyValueMessage.encode(message)
    },
    valueBytes: (at) => {
      const record = recordOf(change(at))
      return record ? recordBytes(record, keys) : bytesField(keys.outsideBytes(change(at).key))
    },
  }
}

/** Behind the revision of a deletion. */
const tombstone = Buffer.from('t')

/** A revision as etcd writes it: main, an underscore, sub. */
function revisionKey(main: number, sub = 0): Buffer {
  const key = Buffer.alloc(17)
  key.writeBigUInt64BE(BigInt(main), 0)
  key.write('_', 8)
  key.writeUInt32BE(sub, 13)
  return key
}

/** As etcd keeps a lease (server/lease/leasepb). */
const leaseFields = { id: int64(1), ttlSeconds: int(2) }
const LeaseRecord = new MessageType<MessageOf<typeof leaseFields>>(leaseFields)

function leaseItems({ leases }: FrozenState): SortedItems {
  const items = leases.map(([id, ttlSeconds]) => {
    const key = Buffer.alloc(8)
    key.writeBigInt64BE(BigInt(id))
    return [key, LeaseRecord.encode({ id, ttlSeconds })] as const
  })
  // Negative ids come last, as bytes are compared.
  return itemsOf(items.sort(([left], [right]) => Buffer.compare(left, right)))
}

function metaItems({ past }: FrozenState): SortedItems {
  const upTo = revisionKey(past.since)
  return itemsOf([
    [Buffer.from('finishedCompactRev'), upTo],
    [Buffer.from('scheduledCompactRev'), upTo],
  ])
}

function itemsOf(items: readonly (readonly [key: Buffer, value: Buffer])[]): SortedItems {
  const at = (nth: number) => items[nth] as readonly [Buffer, Buffer]
  return {
    length: items.length,
    key: (nth) => at(nth)[0],
    value: (nth) => at(nth)[1],
    valueBytes: (nth) => at(nth)[1].length,
  }
}
