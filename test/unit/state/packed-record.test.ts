import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import type { Revision } from '../../../src/base/brand.ts'
import {
  eventFrame,
  type Packable,
  packableEvent,
  packableRecord,
  recordFrame,
} from '../../../src/state/snapshot/packed-record.ts'

const packr = new Packr({ useRecords: false })

const anyNumber = fc.oneof(
  fc.constantFrom(0, 127, 128, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
)
const anyLength = fc.oneof(
  fc.constantFrom(0, 31, 32, 127, 128, 255, 256, 2_048),
  fc.nat({ max: 2_048 }),
)
const anyRecord = fc.record({
  key: fc
    .tuple(anyLength, fc.integer({ min: 0, max: 255 }))
    .map(([length, byte]) => String.fromCharCode(byte).repeat(length)),
  value: fc
    .oneof(fc.constantFrom(65_535, 65_536, 100_000), anyLength)
    .map((length) => Buffer.alloc(length, 'v')),
  createRevision: anyNumber.map((value) => value as Revision),
  modRevision: anyNumber.map((value) => value as Revision),
  version: anyNumber,
  lease: fc.oneof(anyNumber, fc.constantFrom(-1, -(2n ** 63n), 2n ** 53n, 2n ** 63n - 1n)),
})

/** What a reader of msgpack finds; writes behind `start` alone, and within the room that it was given. */
function unpacked({ bytesMax, pack }: Packable, start: number): [number, unknown[]] {
  const into = Buffer.alloc(start + bytesMax + 1, 0xff)
  const end = pack(into, start)
  assert.ok(end <= start + bytesMax)
  assert.ok(into.subarray(0, start).every((byte) => byte === 0xff))
  return packr.unpack(into.subarray(start, end)) as [number, unknown[]]
}

test('a packed record is msgpack, within the room that it was given', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat({ max: 9 }), (record, start) => {
      const [frame, fields] = unpacked(packableRecord(record), start)
      const { key, createRevision, modRevision, version, lease, value } = record
      assert.equal(frame, recordFrame)
      assert.deepEqual(fields.slice(0, 5), [key, createRevision, modRevision, version, lease])
      assert.ok(value.equals(fields[5] as Uint8Array))
    }),
  )
})

test('a packed event is msgpack, with what was before it', () => {
  fc.assert(
    fc.property(anyRecord, fc.boolean(), fc.boolean(), fc.nat({ max: 9 }), (record, ...how) => {
      const [deletes, creates, start] = how
      const { key, modRevision: revision } = record
      const previous = creates ? undefined : record
      const type = deletes ? 'delete' : 'put'
      const event = { type, revision, key, current: record, previous } as const
      const [frame, fields] = unpacked(packableEvent(event), start)
      const { createRevision, modRevision, version, lease, value } = record
      assert.equal(frame, eventFrame)
      assert.deepEqual(fields.slice(0, 3), [deletes ? 1 : 0, revision, key])
      assert.equal(fields.length, creates ? 3 : 8)
      if (creates) return
      assert.deepEqual(fields.slice(3, 7), [createRevision, modRevision, version, lease])
      assert.ok(value.equals(fields[7] as Uint8Array))
    }),
  )
})
