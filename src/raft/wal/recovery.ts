import { assert, present } from '../../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type { Disk } from '../../base/disk.ts'
import type { Entry, EntryType, HardState } from '../core/message.ts'
import { LogCorruptError } from './corrupt.ts'
import {
  readUInt64,
  recordsAnywhere,
  recordType,
  type SegmentScan,
  scanSegment,
  type WalRecord,
} from './record.ts'
import {
  damagedSuffix,
  listSegments,
  rewriteTail,
  type SegmentFile,
  segmentPath,
} from './segment-files.ts'
import { readWhole } from './unreadable.ts'
import { newerVote, type Vote, withVote } from './vote-file.ts'

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
  /** What was durable and is lost; the rest is what came before it. */
  readonly damage: LogDamage | undefined
}

/** A part of the log that was durable and can no longer be read, with everything after it. */
export interface LogDamage {
  readonly error: LogCorruptError
  /** The last entry (or snapshot) that is left. */
  readonly keptIndex: LogIndex
  /** The last entry that is known to have been there; some after it may have been, too. */
  readonly seenIndex: LogIndex
}

export interface RecoverOptions {
  readonly disk: Disk
  readonly directory: string
  /**
   * Called before the first byte is changed: this member may have acknowledged what is lost. Without
   * it, damage is refused with LogCorruptError.
   */
  readonly damaged?: ((damage: LogDamage) => Promise<void>) | undefined
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
}

const entryTypes: readonly EntryType[] = ['EntryNormal', 'EntryConfChange', 'EntryConfChangeV2']

export function entryTypeCode(type: EntryType): number {
  return entryTypes.indexOf(type)
}

export function readVote(data: Uint8Array): MemberId {
  assert(data.length === 8, 'a hard state carries a vote')
  return readUInt64(Buffer.from(data.buffer, data.byteOffset, 8), 0) as MemberId
}

/** Reads every segment, cuts a torn tail off, and what follows damage. */
export async function recoverLog(options: RecoverOptions): Promise<Recovery> {
  const found = await readSegments(options.disk, options.directory)
  try {
    return await accept(options, found)
  } catch (error) {
    for (const { file } of found) await file.close()
    throw error
  }
}

/** What a log holds before the first damage, without changing anything. */
export async function lookAtLog(
  disk: Disk,
  directory: string,
): Promise<Pick<Left, 'log' | 'error'>> {
  const found = await readSegments(disk, directory)
  for (const { file } of found) await file.close()
  return whatIsLeft(found, directory)
}

async function readSegments(disk: Disk, directory: string): Promise<Found[]> {
  const found: Found[] = []
  for (const number of await listSegments(disk, directory)) {
    const path = segmentPath(directory, number)
    const file = await disk.open(path, 'existing')
    const bytes = await file.size()
    const content = await readWhole(file, 0, bytes)
    found.push({ number, path, file, bytes, content, scan: scanSegment(content, number) })
  }
  return found
}

interface Found extends SegmentFile {
  readonly content: Buffer
  readonly scan: SegmentScan
}

async function accept(options: RecoverOptions, found: readonly Found[]): Promise<Recovery> {
  const { disk, directory } = options
  const left = whatIsLeft(found, directory)
  const { kept, segments, log, error } = left
  let damage: LogDamage | undefined
  if (error) {
    if (!options.damaged) throw error
    const records = found.flatMap(({ content, number }) => recordsAnywhere(content, number))
    const seen = records.filter(({ type }) => type === recordType.entry)
    damage = {
      error,
      keptIndex: log.base.index + log.entries.length,
      seenIndex: Math.max(0, ...seen.map(({ index }) => index)),
    }
    await options.damaged(damage)
    await setAside(disk, directory, found, kept)
    return {
      log: { ...log, hardState: salvaged(log.hardState, records), repaired: undefined, damage },
      segments,
    }
  }
  const torn = found.findLast(({ scan }) => scan.verdict === 'torn')
  const repaired = torn && { file: torn.path, offset: torn.scan.end }
  await secure(kept.at(-1))
  // Segments made ahead are made anew: whether they are durably empty, nobody knows.
  for (const { file, path } of found.slice(kept.length)) {
    await file.close()
    await disk.remove(path)
  }
  return { log: { ...log, repaired, damage }, segments }
}

/**
 * Makes durable what was read. It may be in the page cache alone, written by a process that died before
 * its sync was over, or whose sync failed: then the kernel takes the pages for clean, and another sync
 * would not write them. Whatever this member says from now on rests on it, so it is written again.
 */
async function secure(last: Found | undefined): Promise<void> {
  if (!last) return
  const { file, bytes, content, scan } = last
  await rewriteTail(file, scan.syncedMark, content.subarray(scan.syncedMark, scan.end), bytes)
}

interface Left {
  /** The segments that are used on, from the oldest; the last one up to its last good record. */
  readonly kept: readonly Found[]
  readonly segments: RecoveredSegment[]
  readonly log: Omit<RecoveredLog, 'repaired' | 'damage'>
  readonly error: LogCorruptError | undefined
}

/** The part of the log before the first damage. */
function whatIsLeft(found: readonly Found[], directory: string): Left {
  const { keep, error } = soundPart(found)
  const kept = found.slice(0, keep)
  const replay = new Replay()
  try {
    const segments = kept.map(({ number, path, file, bytes, scan }) => {
      const maxIndex = replay.segment(scan.records, path)
      return { number, path, file, bytes, end: scan.end, lastCrc: scan.lastCrc, maxIndex }
    })
    return { kept, segments, log: replay.result(kept.at(-1)?.path ?? directory), error }
  } catch (failure) {
    if (!(failure instanceof LogCorruptError)) throw failure
    const log = new Replay().result(directory)
    return { kept: [], segments: [], log, error: error ?? failure }
  }
}

/** How many segments, from the oldest, are good at least at their beginning and follow each other. */
function soundPart(found: readonly Found[]): { keep: number; error?: LogCorruptError } {
  const used = found.findLastIndex(({ scan }) => scan.records.length > 0) + 1
  for (const [at, { scan, path, number }] of found.entries()) {
    const before = found[at - 1]
    if (at < used && before) {
      if (before.number + 1 !== number) {
        const error = new LogCorruptError(path, 0, `segment ${number - 1} before it is missing`)
        return { keep: at, error }
      }
      if (scan.records.length > 0 && before.scan.lastCrc !== scan.firstPreviousCrc)
        return { keep: at, error: rot(before.path, before.scan.end) }
    }
    // A segment is begun only when the one before it is whole and durable.
    const isCutShort = scan.verdict === 'torn' && at < used - 1
    const isEmpty = scan.records.length === 0
    if (scan.verdict === 'rot' || isCutShort || (isEmpty && at < used))
      return { keep: isEmpty ? at : at + 1, error: rot(path, scan.end) }
  }
  return { keep: used }
}

/** Takes damaged segments out of the log, the newest first; they stay on disk under another name. */
async function setAside(
  disk: Disk,
  directory: string,
  found: readonly Found[],
  kept: readonly Found[],
): Promise<void> {
  for (const { file, path } of found.slice(kept.length).toReversed()) {
    await file.close()
    await disk.rename(path, `${path}${damagedSuffix}`)
    await disk.syncDirectory(directory)
  }
  await secure(kept.at(-1))
}

/** The newest term and vote that any good record tells of. An entry tells its term alone. */
function salvaged(
  state: HardState | undefined,
  records: readonly WalRecord[],
): HardState | undefined {
  let vote: Vote | undefined = state
  for (const { type, term, data } of records) {
    if (type === recordType.hardState) vote = newerVote(vote, { term, vote: readVote(data) })
    else if (type === recordType.entry) vote = newerVote(vote, { term, vote: 0 as MemberId })
  }
  return withVote(state, vote)
}

function rot(path: string, offset: number): LogCorruptError {
  return new LogCorruptError(path, offset, 'a record that was durable does not match its checksum')
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

  result(path: string): Omit<RecoveredLog, 'repaired' | 'damage'> {
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
