import { crc32 } from 'node:zlib'
import type { LogIndex, Term } from '../../base/brand.ts'

/**
 * The records of a log segment. A record is a header of 48 bytes and its data, padded with zeros to a
 * multiple of 8:
 *
 *     0 magic   4 data length   8 segment number   12 type   13 entry type
 *     16 index  24 term         32 synced mark     36 previous record's header CRC
 *     40 CRC of the data        44 CRC of the header up to here
 *
 * The previous CRC chains records, across segments too: a record belongs to exactly one history. The
 * synced mark says up to which byte of this segment everything was durable when the record was made.
 * It turns a hole before the mark into proof of rot, where a hole after it may be a torn write.
 */
export const recordHeaderBytes = 48
const magic = 0x4b4a_5741
const sectorBytes = 512

export const recordType = { start: 1, hardState: 2, entry: 3, snapshot: 4, mark: 5 } as const
export type RecordType = (typeof recordType)[keyof typeof recordType]

export interface WalRecord {
  readonly type: RecordType
  /** The kind of entry; 0 for other records. */
  readonly entryType: number
  readonly index: LogIndex
  readonly term: Term
  readonly data: Uint8Array
}

/** Where a record stands among the others. */
export interface RecordPlace {
  readonly segment: number
  readonly syncedMark: number
  readonly previousCrc: number
}

export function recordBytes(record: WalRecord): number {
  return recordHeaderBytes + padded(record.data.length)
}

/** Writes a record into `into` at `at`. Returns its header CRC, which the next record repeats. */
export function encodeRecord(
  into: Buffer,
  at: number,
  record: WalRecord,
  place: RecordPlace,
): number {
  const { data } = record
  into.writeUInt32BE(magic, at)
  into.writeUInt32BE(data.length, at + 4)
  into.writeUInt32BE(place.segment, at + 8)
  into.writeUInt32BE(((record.type << 24) | (record.entryType << 16)) >>> 0, at + 12)
  writeUInt64(into, record.index, at + 16)
  writeUInt64(into, record.term, at + 24)
  into.writeUInt32BE(place.syncedMark, at + 32)
  into.writeUInt32BE(place.previousCrc, at + 36)
  into.writeUInt32BE(crc32(data), at + 40)
  const crc = crc32(into.subarray(at, at + 44))
  into.writeUInt32BE(crc, at + 44)
  into.set(data, at + recordHeaderBytes)
  into.fill(0, at + recordHeaderBytes + data.length, at + recordBytes(record))
  return crc
}

export interface SegmentScan {
  readonly records: readonly WalRecord[]
  /** The first byte after the last good record. */
  readonly end: number
  readonly lastCrc: number
  /** Up to here everything was durable when the last record was made. */
  readonly syncedMark: number
  /**
   * `clean`: only zeros follow. `torn`: a write that was never acknowledged broke off at `end`.
   * `rot`: what stands at `end` was durable once and has changed since.
   */
  readonly verdict: 'clean' | 'torn' | 'rot'
  /** What the first record says is the CRC before it; undefined without a record. */
  readonly firstPreviousCrc: number | undefined
}

/** Reads a whole segment. `data` of the records are views into `bytes`. */
export function scanSegment(bytes: Buffer, segment: number): SegmentScan {
  const records: WalRecord[] = []
  let at = 0
  let lastCrc = 0
  let mark = 0
  let firstPreviousCrc: number | undefined
  while (at < bytes.length) {
    const found = readRecord(bytes, at, segment)
    if (!found || (firstPreviousCrc !== undefined && found.previousCrc !== lastCrc)) break
    firstPreviousCrc ??= found.previousCrc
    records.push(found.record)
    mark = Math.max(mark, found.syncedMark)
    lastCrc = found.crc
    at = found.end
  }
  return {
    records,
    end: at,
    lastCrc,
    syncedMark: mark,
    verdict: judge(bytes, at, segment, mark),
    firstPreviousCrc,
  }
}

/** Every good record in a damaged segment, wherever it stands. */
export function recordsAnywhere(bytes: Buffer, segment: number): WalRecord[] {
  const records: WalRecord[] = []
  for (let at = 0; at + recordHeaderBytes <= bytes.length; at += 8) {
    if (bytes.readUInt32BE(at) !== magic) continue
    const found = readRecord(bytes, at, segment)
    if (found) records.push(found.record)
  }
  return records
}

/** Why the record at `at` is not good. Sectors are written whole or not at all, over zeros. */
function judge(bytes: Buffer, at: number, segment: number, mark: number): SegmentScan['verdict'] {
  if (at < mark) return 'rot'
  if (isZero(bytes, at, bytes.length)) return 'clean'
  for (let later = at; later + recordHeaderBytes <= bytes.length; later += 8) {
    if (bytes.readUInt32BE(later) !== magic) continue
    const found = readRecord(bytes, later, segment)
    if (found && found.syncedMark > at) return 'rot'
  }
  const header = readHeader(bytes, at, segment)
  const end = header ? at + recordHeaderBytes + header.dataLength : at + recordHeaderBytes
  return hasZeroSector(bytes, at, Math.min(end, bytes.length)) ? 'torn' : 'rot'
}

interface Header {
  readonly dataLength: number
  readonly crc: number
}

function readHeader(bytes: Buffer, at: number, segment: number): Header | undefined {
  if (at + recordHeaderBytes > bytes.length) return undefined
  if (bytes.readUInt32BE(at) !== magic || bytes.readUInt32BE(at + 8) !== segment) return undefined
  const crc = bytes.readUInt32BE(at + 44)
  if (crc32(bytes.subarray(at, at + 44)) !== crc) return undefined
  const dataLength = bytes.readUInt32BE(at + 4)
  return at + recordHeaderBytes + padded(dataLength) <= bytes.length
    ? { dataLength, crc }
    : undefined
}

interface FoundRecord {
  readonly record: WalRecord
  readonly end: number
  readonly crc: number
  readonly previousCrc: number
  readonly syncedMark: number
}

function readRecord(bytes: Buffer, at: number, segment: number): FoundRecord | undefined {
  const header = readHeader(bytes, at, segment)
  if (!header) return undefined
  const start = at + recordHeaderBytes
  const data = bytes.subarray(start, start + header.dataLength)
  if (crc32(data) !== bytes.readUInt32BE(at + 40)) return undefined
  const kinds = bytes.readUInt32BE(at + 12)
  return {
    record: {
      type: (kinds >>> 24) as RecordType,
      entryType: (kinds >>> 16) & 0xff,
      index: readUInt64(bytes, at + 16) as LogIndex,
      term: readUInt64(bytes, at + 24) as Term,
      data,
    },
    end: start + padded(header.dataLength),
    crc: header.crc,
    previousCrc: bytes.readUInt32BE(at + 36),
    syncedMark: bytes.readUInt32BE(at + 32),
  }
}

function hasZeroSector(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const stop = Math.min(to, (Math.floor(at / sectorBytes) + 1) * sectorBytes)
    if (isZero(bytes, at, stop)) return true
    at = stop
  }
  return false
}

const zeros = Buffer.alloc(64 * 1024)

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += zeros.length) {
    const stop = Math.min(to, at + zeros.length)
    if (bytes.compare(zeros, 0, stop - at, at, stop) !== 0) return false
  }
  return true
}

function padded(length: number): number {
  return (length + 7) & ~7
}

/** Numbers in the log are below 2^53. */
export function writeUInt64(into: Buffer, value: number, at: number): void {
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  into.writeUInt32BE(value % 2 ** 32, at + 4)
}

export function readUInt64(from: Buffer, at: number): number {
  return from.readUInt32BE(at) * 2 ** 32 + from.readUInt32BE(at + 4)
}
