import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import type { Revision } from '../../../src/base/brand.ts'
import {
  packedRecordBytesMax,
  packRecord,
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

test('a packed record is msgpack, within the room that it was given', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat({ max: 9 }), (record, start) => {
      const room = packedRecordBytesMax(record)
      const into = Buffer.alloc(start + room + 1, 0xff)
      const end = packRecord(into, start, record)
      assert.ok(end <= start + room)
      const [frame, fields] = packr.unpack(into.subarray(start, end)) as [number, unknown[]]
      const { key, createRevision, modRevision, version, lease, value } = record
      assert.equal(frame, recordFrame)
      assert.deepEqual(fields.slice(0, 5), [key, createRevision, modRevision, version, lease])
      assert.ok(value.equals(fields[5] as Uint8Array))
      assert.ok(into.subarray(0, start).every((byte) => byte === 0xff))
    }),
  )
})
