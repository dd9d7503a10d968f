import type { Revision } from '../../base/brand.ts'
import type { KeyValue, StoreEvent } from '../cluster-store.ts'
import type { LeaseId } from '../leases.ts'
import { valueBytes } from '../store.ts'

/**
 * A record as a snapshot has it, in msgpack: [2, [key, createRevision, modRevision, version, lease, value]],
 * and an event: [5, [deletes, revision, key, and what the record before had beside its key, if any]].
 * Written by hand, straight into the block that they go to: of a snapshot nearly all is records.
 */

/** What marks a frame as one of a record, and as one of an event. */
export const recordFrame = 2
export const eventFrame = 5

/** What packs itself into a buffer with room for so many bytes, and says where it ends. */
export interface Packable {
  readonly bytesMax: number
  readonly pack: (into: Buffer, start: number) => number
}

const fixedArray = 0x90
const fixedText = 0xa0
const text8 = 0xd9
const text16 = 0xda
const binary8 = 0xc4
const binary16 = 0xc5
const binary32 = 0xc6
const unsigned32 = 0xce
const float64 = 0xcb
const signed64 = 0xd3

/** The arrays, the heads of key and value, and six numbers as doubles. */
const overheadBytesMax = 3 + 3 + 5 + 6 * 9

/** Keys are written as UTF-8, in which each of their characters takes two bytes at most. */
function bytesMaxOf(key: string, record: KeyValue | undefined): number {
  return overheadBytesMax + 2 * key.length + (record ? valueBytes(record) : 0)
}

export function packableRecord(record: KeyValue): Packable {
  return {
    bytesMax: bytesMaxOf(record.key, record),
    pack: (into, start) => {
      const at = packHead(into, start, recordFrame, 6)
      return packFields(into, packText(into, at, record.key), record)
    },
  }
}

export function packableEvent({ type, revision, key, previous }: StoreEvent): Packable {
  return {
    bytesMax: bytesMaxOf(key, previous),
    pack: (into, start) => {
      let at = packHead(into, start, eventFrame, previous ? 8 : 3)
      at = packNumber(into, at, type === 'delete' ? 1 : 0)
      at = packNumber(into, at, revision)
      at = packText(into, at, key)
      return previous ? packFields(into, at, previous) : at
    },
  }
}

export type PackedRecord = [string, number, number, number, LeaseId, Uint8Array]

export function unpackRecord(packed: PackedRecord): KeyValue {
  const [key, createRevision, modRevision, version, lease, value] = packed
  return {
    key,
    value,
    createRevision: createRevision as Revision,
    modRevision: modRevision as Revision,
    version,
    lease,
  }
}

function packHead(into: Buffer, start: number, frame: number, fields: number): number {
  into[start] = fixedArray + 2
  into[start + 1] = frame
  into[start + 2] = fixedArray + fields
  return start + 3
}

/** All but the key. */
function packFields(into: Buffer, start: number, record: KeyValue): number {
  let at = packNumber(into, start, record.createRevision)
  at = packNumber(into, at, record.modRevision)
  at = packNumber(into, at, record.version)
  at = packNumber(into, at, record.lease)
  return packBinary(into, at, record.value)
}

function packText(into: Buffer, start: number, text: string): number {
  const bytes = Buffer.byteLength(text)
  let at = start
  if (bytes < 32) into[at++] = fixedText + bytes
  else if (bytes < 2 ** 8) {
    into[at++] = text8
    into[at++] = bytes
  } else {
    into[at] = text16
    at = into.writeUInt16BE(bytes, at + 1)
  }
  return at + into.write(text, at)
}

function packNumber(into: Buffer, at: number, value: LeaseId): number {
  if (typeof value === 'bigint') {
    into[at] = signed64
    return into.writeBigInt64BE(value, at + 1)
  }
  if (value >= 0 && value < 2 ** 7) {
    into[at] = value
    return at + 1
  }
  const fits = value >= 0 && value < 2 ** 32
  into[at] = fits ? unsigned32 : float64
  return fits ? into.writeUInt32BE(value, at + 1) : into.writeDoubleBE(value, at + 1)
}

function packBinary(into: Buffer, start: number, bytes: Uint8Array): number {
  const { length } = bytes
  let at = start + 1
  if (length < 2 ** 8) {
    into[start] = binary8
    into[at++] = length
  } else if (length < 2 ** 16) {
    into[start] = binary16
    at = into.writeUInt16BE(length, at)
  } else {
    into[start] = binary32
    at = into.writeUInt32BE(length, at)
  }
  into.set(bytes, at)
  return at + length
}
