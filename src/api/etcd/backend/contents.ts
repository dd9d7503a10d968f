import type { KeyValue } from '../../../state/cluster-store.ts'
import type { FrozenState } from '../../../state/snapshot/snapshot.ts'
import type { Slices } from '../../slices.ts'
import { recordBytes } from '../encoded/record.ts'
import type { KeySpace } from '../key-space.ts'
import { KeyValueMessage } from '../wire/kv-messages.ts'
import { int, int64, type MessageOf, MessageType } from '../wire/message-type.ts'
import { type BackendFile, type Bucket, layBackendFile } from './file.ts'
import type { SortedItems } from './tree.ts'

/**
 * The state as etcd's own backend would hold it (server/mvcc/kvstore.go, server/lease/leasepb), so that
 * `etcdctl snapshot restore` makes an etcd of it: the current record of every key that clients see, under
 * its revision; the leases; and the note that everything before this revision is compacted.
 */
export async function layBackend(
  state: FrozenState,
  keys: KeySpace,
  slices: Slices,
): Promise<BackendFile> {
  const records = await byRevision(recordsIn(state, keys), slices)
  const buckets: Bucket[] = [
    { name: 'key', items: await keyItems(records, keys, slices) },
    { name: 'lease', items: leaseItems(state) },
    { name: 'meta', items: metaItems(state) },
  ]
  return layBackendFile(buckets, slices)
}

function* recordsIn({ records }: FrozenState, keys: KeySpace): Generator<KeyValue, void, void> {
  const { start, end } = keys.whole
  for (const [key, record] of records.entries(start)) {
    if (key >= end) return
    yield record
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

async function keyItems(
  records: readonly KeyValue[],
  keys: KeySpace,
  slices: Slices,
): Promise<SortedItems> {
  const subs = new Uint32Array(records.length)
  for (let at = 1; at < records.length; at += 1) {
    if (records[at]?.modRevision === records[at - 1]?.modRevision)
      subs[at] = (subs[at - 1] as number) + 1
    if (slices.over) await slices.pause()
  }
  const record = (at: number) => records[at] as KeyValue
  return {
    length: records.length,
    key: (at) => revisionKey(record(at).modRevision, subs[at]),
    value: (at) => KeyValueMessage.encode(keys.message(record(at))),
    valueBytes: (at) => recordBytes(record(at), keys),
  }
}

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

function metaItems({ revision }: FrozenState): SortedItems {
  const upTo = revisionKey(revision)
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
