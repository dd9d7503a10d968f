import { wire } from '../../../kinds/codec/wire-reader.ts'
import type { KeyValue } from '../../../state/cluster-store.ts'
import type { LeaseId } from '../../../state/leases.ts'
import { valueBytes } from '../../../state/store.ts'
import type { KeySpace } from '../key-space.ts'
import { keyValueFields } from '../wire/kv-messages.ts'
import { varintBytes, writeVarint } from '../wire/varint.ts'

/**
 * A record as the message KeyValue, written from the record itself: ranges have thousands of them, for which
 * messages, and copies of their values, would cost more than the bytes that are sent.
 */

/** How long the message of a record is, without making it. */
export function recordBytes(record: KeyValue, keys: KeySpace): number {
  const { createRevision, modRevision, version, lease } = record
  return (
    bytesField(keys.outsideBytes(record.key)) +
    numberField(createRevision) +
    numberField(modRevision) +
    numberField(version) +
    bytesField(valueBytes(record)) +
    numberField(lease)
  )
}

/** How long a field of so many bytes is; an empty one is not sent. All tags here take one byte. */
export function bytesField(bytes: number): number {
  return bytes === 0 ? 0 : 1 + varintBytes(bytes) + bytes
}

function numberField(value: LeaseId): number {
  return value === 0 ? 0 : 1 + varintBytes(value)
}

/** Writes the message; where what follows begins. There is room for `recordBytes`. */
export function writeRecord(into: Buffer, start: number, record: KeyValue, keys: KeySpace): number {
  const keyBytes = keys.outsideBytes(record.key)
  let at = start
  if (keyBytes > 0) {
    into[at] = keyValueFields.key.number * 8 + wire.bytes
    at = writeVarint(into, at + 1, keyBytes)
    at += keys.writeOutside(record.key, into, at)
  }
  at = writeNumber(into, at, keyValueFields.createRevision.number, record.createRevision)
  at = writeNumber(into, at, keyValueFields.modRevision.number, record.modRevision)
  at = writeNumber(into, at, keyValueFields.version.number, record.version)
  const { value } = record
  if (value.length > 0) {
    into[at] = keyValueFields.value.number * 8 + wire.bytes
    at = writeVarint(into, at + 1, value.length)
    into.set(value, at)
    at += value.length
  }
  return writeNumber(into, at, keyValueFields.lease.number, record.lease)
}

function writeNumber(into: Buffer, at: number, field: number, value: LeaseId): number {
  if (value === 0) return at
  into[at] = field * 8 + wire.varint
  return writeVarint(into, at + 1, value)
}
