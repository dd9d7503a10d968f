import { dirname } from 'node:path'
import { assert, present } from '../../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type { Disk } from '../../base/disk.ts'
import type { Entry, EntryType, HardState } from '../core/message.ts'
import { LogCorruptError } from './corrupt.ts'
import { readUInt64, recordType, type SegmentScan, scanSegment, type WalRecord } from './record.ts'
import { listSegments, type SegmentFile, segmentPath, zeroTail } from './segment-files.ts'

export interface SnapshotPoint {
  readonly index: LogIndex
  readonly term: Term
}

/** What the log says after a start. */
export interface RecoveredLog {
  readonly hardState: HardState | undefined
  /** The newest snapshot that the log vouches for; index 0 when there was none. */
  readonly snapshot: SnapshotPoint
  /** The point before `entries[0]`. */
  readonly base: SnapshotPoint
  readonly entries: readonly Entry[]
  /** An unacknowledged write that broke off and was cut away. */
  readonly repaired: { readonly file: string; readonly offset: number } | undefined
}

export interface RecoveredSegment extends SegmentFile {
  readonly end: number
  readonly lastCrc: number
  readonly maxIndex: LogIndex
}

export interface Recovery {
  readonly log: RecoveredLog
  /** Those with records, oldest first. The last one is written on. */
  readonly segments: RecoveredSegment[]
  /** A segment that was made ahead and is still empty. */
  readonly spare: SegmentFile | undefined
}

const entryTypes: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2']

export function entryTypeCode(type: EntryType): number {
  return entryTypes.indexOf(type)
}

export function readVote(data: Uint8Array): MemberId {
  assert(data.length === 8, 'a hard state carries a vote')
  return readUInt64(Buffer.from(data.buffer, data.byteOffset, 8), 0) as MemberId
}

/** Reads every segment, cuts a torn tail off, and refuses rot with LogCorruptError. */
export async function recoverLog(
  disk: Disk,
  directory: string,
  segmentBytes: number,
): Promise<Recovery> {
  const found: Found[] = []
  for (const number of await listSegments(disk, directory)) {
    const path = segmentPath(directory, number)
    const file = await disk.open(path, 'existing')
    const bytes = await file.size()
    const { buffer, byteOffset, byteLength } = await file.read(0, bytes)
    const scan = scanSegment(Buffer.from(buffer, byteOffset, byteLength), number)
    found.push({ number, path, file, bytes, scan })
  }
  try {
    return await accept(disk, directory, segmentBytes, found)
  } catch (error) {
    for (const { file } of found) await file.close()
    throw error
  }
}

interface Found extends SegmentFile {
  readonly scan: SegmentScan
}

async function accept(
  disk: Disk,
  directory: string,
  segmentBytes: number,
  found: readonly Found[],
): Promise<Recovery> {
  const used = found.slice(0, found.findLastIndex(({ scan }) => scan.records.length > 0) + 1)
  checkHistory(found, used.length)
  let repaired: RecoveredLog['repaired']
  for (const { scan, file, path, bytes } of found) {
    if (scan.verdict !== 'torn') continue
    await zeroTail(file, scan.end, bytes)
    repaired = { file: path, offset: scan.end }
  }
  const replay = new Replay()
  const segments = used.map(({ number, path, file, bytes, scan }) => {
    const maxIndex = replay.segment(scan.records, path)
    return { number, path, file, bytes, end: scan.end, lastCrc: scan.lastCrc, maxIndex }
  })
  const log = { ...replay.result(used.at(-1)?.path ?? directory), repaired }
  const lastNumber = used.at(-1)?.number ?? 0
  const spare = await keepSpare(disk, found.slice(used.length), lastNumber, segmentBytes)
  return { log, segments, spare }
}

/** A segment is begun only when the one before it is whole and durable. */
function checkHistory(found: readonly Found[], usedCount: number): void {
  for (const [at, { scan, path, number }] of found.entries()) {
    if (scan.verdict === 'rot') throw rot(path, scan.end)
    if (at >= usedCount) continue
    if (scan.records.length === 0) throw rot(path, 0)
    if (scan.verdict === 'torn' && at < usedCount - 1) throw rot(path, scan.end)
    const before = found[at - 1]
    if (!before) continue
    if (before.number + 1 !== number)
      throw new LogCorruptError(path, 0, `the segment before it, ${number - 1}, is missing`)
    if (before.scan.lastCrc !== scan.firstPreviousCrc) throw rot(before.path, before.scan.end)
  }
}

function rot(path: string, offset: number): LogCorruptError {
  return new LogCorruptError(path, offset, 'a record that was durable does not match its checksum')
}

/** Half-made segments are made anew. */
async function keepSpare(
  disk: Disk,
  empty: readonly Found[],
  lastNumber: number,
  segmentBytes: number,
): Promise<SegmentFile | undefined> {
  let spare: SegmentFile | undefined
  if (empty.length > 0) await disk.syncDirectory(dirname(empty[0]?.path ?? ''))
  for (const segment of empty) {
    const { number, path, file, bytes } = segment
    if (number === lastNumber + 1 && bytes >= segmentBytes) {
      await file.sync()
      spare = { number, path, file, bytes }
    } else {
      await segment.file.close()
      await disk.remove(segment.path)
    }
  }
  return spare
}

/** Plays records into the state of a log. */
class Replay {
  #hardState: HardState | undefined
  #snapshot: SnapshotPoint = { index: 0 as LogIndex, term: 0 as Term }
  #base: SnapshotPoint | undefined
  #entries: Entry[] = []

  /** Returns the highest entry index in the segment. */
  segment(records: readonly WalRecord[], path: string): LogIndex {
    let maxIndex = 0 as LogIndex
    for (const record of records) {
      if (record.type === recordType.entry) {
        this.#entry(record, path)
        maxIndex = Math.max(maxIndex, record.index)
      } else if (record.type === recordType.hardState) this.#setHardState(record)
      else if (record.type === recordType.snapshot) this.#setSnapshot(record)
    }
    return maxIndex
  }

  result(path: string): Omit<RecoveredLog, 'repaired'> {
    let base = this.#base ?? this.#snapshot
    let entries: readonly Entry[] = this.#entries
    if (base.index > this.#snapshot.index)
      throw new LogCorruptError(path, 0, `entries ${this.#snapshot.index + 1} and on are missing`)
    // The term before the first entry is known only at a snapshot: else the first entry is given up.
    const first = entries[0]
    if (base.index === this.#snapshot.index) base = this.#snapshot
    else if (first && base.index > 0) {
      base = { index: first.index, term: first.term }
      entries = entries.slice(1)
    }
    const lastIndex = base.index + entries.length
    const hardState = this.#hardState && {
      ...this.#hardState,
      commit: Math.max(this.#snapshot.index, Math.min(this.#hardState.commit, lastIndex)),
    }
    return { hardState, snapshot: this.#snapshot, base, entries }
  }

  #entry(record: WalRecord, path: string): void {
    const { index, term } = record
    // What came before the oldest segment is gone; it may begin with entries that later ones replace.
    const replacesAll = this.#base?.term === 0 && index <= this.#base.index
    if (!this.#base || replacesAll) {
      this.#base = { index: index - 1, term: 0 as Term }
      this.#entries = []
    }
    const at = index - this.#base.index - 1
    if (at > this.#entries.length || at < 0)
      throw new LogCorruptError(path, 0, `entry ${index} does not follow the one before it`)
    this.#entries.length = at
    const type = present(entryTypes[record.entryType], 'the type of an entry')
    this.#entries.push({ index, term, type, data: record.data })
  }

  #setHardState(record: WalRecord): void {
    this.#hardState = { term: record.term, vote: readVote(record.data), commit: record.index }
  }

  #setSnapshot(record: WalRecord): void {
    const { index, term } = record
    if (index < this.#snapshot.index) return
    this.#snapshot = { index, term }
    if (!this.#base) return
    const held = this.#entries[index - this.#base.index - 1]
    if (held?.term === term || this.#base.index === index) return
    if (index < this.#base.index) return
    this.#base = { index, term }
    this.#entries = []
  }
}
