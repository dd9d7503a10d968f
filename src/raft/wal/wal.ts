import { assert, present } from '../../base/assert.ts'
import type { LogIndex, Term } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Disk } from '../../base/disk.ts'
import { limits } from '../../base/limits.ts'
import type { Entry, HardState } from '../core/message.ts'
import { encodeRecord, recordBytes, recordType, type WalRecord, writeUInt64 } from './record.ts'
import {
  entryTypeCode,
  type LogDamage,
  type RecoveredLog,
  readVote,
  recoverLog,
  type SnapshotPoint,
} from './recovery.ts'
import { createSegment, type SegmentFile } from './segment-files.ts'

export interface WalOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly directory: string
  readonly segmentBytes?: number
  /** See RecoverOptions. */
  readonly damaged?: (damage: LogDamage) => Promise<void>
}

/** One turn's worth of what must become durable together, in this order. */
export interface WalBatch {
  readonly entries: readonly Entry[]
  readonly hardState?: HardState | undefined
  /** A snapshot whose file is durable already. */
  readonly snapshot?: SnapshotPoint | undefined
}

interface Segment extends SegmentFile {
  end: number
  maxIndex: LogIndex
}

interface Waiting {
  readonly records: readonly WalRecord[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

const noData = new Uint8Array(0)
const groupBytesMax = 8 * 1024 * 1024
/** After so much quiet a mark tells a later start that everything before it was durable. */
const markAfterQuietMs = 50
const syncSamplesMax = 256

/**
 * The log on disk: appends in order, many appends per write and sync. The first failure is final:
 * after a failed sync nobody can say what the disk holds, so every later append is refused with it.
 */
export class Wal {
  readonly #options: WalOptions
  readonly #segmentBytes: number
  readonly #segments: Segment[]
  #previousCrc: number
  #spare: Promise<SegmentFile> | undefined
  /** Synced up to here, in the last segment. */
  #synced = 0
  #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #failure: unknown
  #closed = false
  #hardState: HardState | undefined
  /** The commit index moved on without a sync; a start can do without it. */
  #lazyHardState = false
  /** As the records written so far have them: a new segment repeats these. */
  #written: { hardState: HardState | undefined; snapshot: SnapshotPoint }
  #markTimer: Timer | undefined
  #marked = 0
  #lastSyncMs = 0
  readonly #syncMs: number[] = []
  #syncCount = 0
  #syncedBytes = 0

  /** Opens the log in `directory`, which exists. Rejects with LogCorruptError as RecoverOptions has it. */
  static async open(options: WalOptions): Promise<{ wal: Wal; recovered: RecoveredLog }> {
    const { disk, directory, damaged } = options
    const recovery = await recoverLog({ disk, directory, damaged })
    const segments = recovery.segments.map((one) => ({ ...one }))
    const wal = new Wal(options, segments, recovery.log, recovery.segments.at(-1)?.lastCrc ?? 0)
    wal.#makeSpare()
    return { wal, recovered: recovery.log }
  }

  private constructor(options: WalOptions, segments: Segment[], log: RecoveredLog, crc: number) {
    this.#options = options
    this.#segmentBytes = options.segmentBytes ?? limits.walSegmentBytes
    this.#segments = segments
    this.#previousCrc = crc
    this.#hardState = log.hardState
    this.#written = { hardState: log.hardState, snapshot: log.snapshot }
    this.#synced = segments.at(-1)?.end ?? 0
  }

  /** Resolves once the batch is durable, or rejects with what made the log fail. */
  append(batch: WalBatch): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    assert(!this.#closed, 'a closed log takes no appends')
    if (!mustSync(batch, this.#hardState)) {
      this.#hardState = batch.hardState ?? this.#hardState
      this.#lazyHardState ||= batch.hardState !== undefined
      this.#armMark()
      // Whoever waits for it means everything before it, too.
      return this.#running ? this.#enqueue([]) : Promise.resolve()
    }
    if (batch.hardState) this.#hardState = batch.hardState
    const records = batchRecords(batch, this.#lazyHardState ? this.#hardState : batch.hardState)
    this.#lazyHardState = false
    return this.#enqueue(records)
  }

  /** Removes the segments that hold nothing past `index`; a durable snapshot must cover them. */
  async release(index: LogIndex): Promise<void> {
    assert(
      index <= this.#written.snapshot.index,
      'the log is released only up to a durable snapshot',
    )
    while (this.#segments.length > 1) {
      const first = present(this.#segments[0], 'the first segment')
      if (first.maxIndex > index) return
      this.#segments.shift()
      await first.file.close()
      await this.#options.disk.remove(first.path)
      await this.#options.disk.syncDirectory(this.#options.directory)
    }
  }

  /** 99th percentile of the last syncs. */
  get syncMsP99(): number {
    const sorted = this.#syncMs.toSorted((left, right) => left - right)
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0
  }

  /** Since it was opened. */
  get syncs(): number {
    return this.#syncCount
  }

  get syncedBytes(): number {
    return this.#syncedBytes
  }

  get failure(): unknown {
    return this.#failure
  }

  /** Finishes what is queued, marks the end as durable and closes. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#markTimer?.cancel()
    if (!this.#failure && this.#segments.length > 0)
      await this.#enqueue(this.#markRecords()).catch(() => {})
    this.#closed = true
    await this.#running
    const spare = await this.#spare?.catch(() => undefined)
    for (const segment of [...this.#segments, ...(spare ? [spare] : [])]) await segment.file.close()
  }

  #enqueue(records: readonly WalRecord[]): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ records, done, failed })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // Lets every append of this turn join the group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      try {
        if (this.#failure) throw this.#failure
        const records = group.flatMap((waiting) => waiting.records)
        if (records.length > 0) await this.#write(records)
        if (records.at(-1)?.type === recordType.mark) this.#marked = this.#synced
        for (const waiting of group) waiting.done()
      } catch (error) {
        this.#failure ??= error
        for (const waiting of group) waiting.failed(this.#failure)
      }
    }
    this.#running = undefined
    this.#armMark()
  }

  #takeGroup(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const waiting of this.#queue) {
      if (count > 0 && bytes > groupBytesMax) break
      for (const record of waiting.records) bytes += recordBytes(record)
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #write(records: readonly WalRecord[]): Promise<void> {
    let from = 0
    while (from < records.length) {
      let segment = this.#segments.at(-1)
      const first = present(records[from], 'a record')
      if (!segment || segment.end + recordBytes(first) > segment.bytes)
        segment = await this.#roll(recordBytes(first))
      let bytes = 0
      let to = from
      for (; to < records.length; to += 1) {
        const next = recordBytes(present(records[to], 'a record'))
        if (segment.end + bytes + next > segment.bytes) break
        bytes += next
      }
      await this.#writeInto(segment, records.slice(from, to), bytes)
      from = to
    }
  }

  async #writeInto(segment: Segment, records: readonly WalRecord[], bytes: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(bytes)
    let at = 0
    for (const record of records) {
      this.#previousCrc = encodeRecord(buffer, at, record, {
        segment: segment.number,
        syncedMark: this.#synced,
        previousCrc: this.#previousCrc,
      })
      at += recordBytes(record)
      this.#note(record, segment)
    }
    const startMs = this.#options.clock.monotonicMs()
    const position = segment.end
    const { file } = segment
    segment.end += bytes
    if (file.writeThrough) await file.writeThrough(position, buffer)
    else {
      await file.write(position, [buffer])
      await file.sync()
    }
    this.#synced = segment.end
    this.#lastSyncMs = this.#options.clock.monotonicMs()
    this.#syncMs[this.#syncCount % syncSamplesMax] = this.#lastSyncMs - startMs
    this.#syncCount += 1
    this.#syncedBytes += bytes
  }

  #note(record: WalRecord, segment: Segment): void {
    const { type, index, term } = record
    if (type === recordType.entry) segment.maxIndex = Math.max(segment.maxIndex, index)
    else if (type === recordType.snapshot) this.#written.snapshot = { index, term }
    else if (type === recordType.hardState)
      this.#written.hardState = { term, commit: index, vote: readVote(record.data) }
  }

  /** Goes on to the next segment, which repeats the state that older ones hold. */
  async #roll(recordBytesNeeded: number): Promise<Segment> {
    const start = startRecords(this.#written.hardState, this.#written.snapshot)
    const startBytes = start.reduce((sum, record) => sum + recordBytes(record), 0)
    const file = await this.#takeSpare(startBytes + recordBytesNeeded)
    const segment: Segment = { ...file, end: 0, maxIndex: 0 as LogIndex }
    this.#segments.push(segment)
    this.#synced = 0
    this.#makeSpare()
    await this.#writeInto(segment, start, startBytes)
    return segment
  }

  async #takeSpare(bytes: number): Promise<SegmentFile> {
    const { disk, directory } = this.#options
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    const wanted = Math.max(bytes, this.#segmentBytes)
    // One that could not be made ahead, as on a full disk, is tried once more now that it is needed.
    const spare = await this.#spare?.catch(() => undefined)
    if (spare && spare.bytes >= wanted) return spare
    if (spare) {
      await spare.file.close()
      await disk.remove(spare.path)
    }
    return createSegment(disk, directory, number, wanted)
  }

  #makeSpare(): void {
    const { disk, directory } = this.#options
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    this.#spare = createSegment(disk, directory, number, this.#segmentBytes)
    this.#spare.catch(() => {})
  }

  #armMark(): void {
    if (this.#markTimer || this.#closed || this.#failure || this.#segments.length === 0) return
    if (!this.#lazyHardState && this.#marked === this.#synced) return
    this.#markTimer = this.#options.clock.after(markAfterQuietMs, () => {
      this.#markTimer = undefined
      if (this.#closed || this.#failure) return
      const quietMs = this.#options.clock.monotonicMs() - this.#lastSyncMs
      if (this.#running || quietMs < markAfterQuietMs / 2) {
        this.#armMark()
        return
      }
      this.#enqueue(this.#markRecords()).catch(() => {})
    })
  }

  #markRecords(): WalRecord[] {
    const lazy = this.#lazyHardState && this.#hardState ? [hardStateRecord(this.#hardState)] : []
    this.#lazyHardState = false
    return [...lazy, record(recordType.mark, 0, 0, noData)]
  }
}

/** Entries and votes must be durable; a commit index alone can be found out again. */
function mustSync(batch: WalBatch, held: HardState | undefined): boolean {
  if (batch.entries.length > 0 || batch.snapshot) return true
  const next = batch.hardState
  return next !== undefined && (next.term !== held?.term || next.vote !== held.vote)
}

function batchRecords(batch: WalBatch, hardState: HardState | undefined): WalRecord[] {
  return [
    ...(batch.snapshot ? [snapshotRecord(batch.snapshot)] : []),
    ...batch.entries.map(entryRecord),
    ...(hardState ? [hardStateRecord(hardState)] : []),
  ]
}

function startRecords(hardState: HardState | undefined, snapshot: SnapshotPoint): WalRecord[] {
  return [
    record(recordType.start, 0, 0, noData),
    ...(hardState ? [hardStateRecord(hardState)] : []),
    ...(snapshot.index > 0 ? [snapshotRecord(snapshot)] : []),
  ]
}

function entryRecord(entry: Entry): WalRecord {
  const { index, term, data } = entry
  return { type: recordType.entry, entryType: entryTypeCode(entry.type), index, term, data }
}

function hardStateRecord(state: HardState): WalRecord {
  const vote = Buffer.alloc(8)
  writeUInt64(vote, state.vote, 0)
  return record(recordType.hardState, state.commit, state.term, vote)
}

function snapshotRecord(point: SnapshotPoint): WalRecord {
  return record(recordType.snapshot, point.index, point.term, noData)
}

function record(type: WalRecord['type'], index: LogIndex, term: Term, data: Uint8Array): WalRecord {
  return { type, entryType: 0, index, term, data }
}
