import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodedRange } from '../../../src/api/etcd/encoded/range.ts'
import { recordBytes } from '../../../src/api/etcd/encoded/record.ts'
import { KeySpace } from '../../../src/api/etcd/key-space.ts'
import { rangeAnswer } from '../../../src/api/etcd/operations.ts'
import { KeyValueMessage, RangeResponse } from '../../../src/api/etcd/wire/kv-messages.ts'
import type { Revision } from '../../../src/base/brand.ts'
import type { KeyValue } from '../../../src/state/cluster-store.ts'

const header = { clusterId: 2n ** 63n, memberId: 1n, revision: 2 ** 40, raftTerm: 3 }

const record = (key: string, valueBytes: number, fields: Partial<KeyValue> = {}): KeyValue => ({
  key: `/etcd/${key}`,
  value: Buffer.alloc(valueBytes, key),
  ...{ createRevision: 127 as Revision, modRevision: (2 ** 35 + 1) as Revision, version: 128 },
  ...{ lease: 0, ...fields },
})

const sizesOf: Readonly<Record<string, readonly number[]>> = {
  'of nothing': [],
  'of one record': [1_024],
  'of empty values': [0, 0, 0],
  'of lengths around those of a varint': [127, 128, 16_383, 16_384, 100],
  'of a record beyond a part, between small ones': [10, 200_000, 10],
  'of several parts, each larger than the one before': Array.from(
    { length: 90 },
    (_, at) => 50 * at,
  ),
}

for (const [title, sizes] of Object.entries(sizesOf)) {
  test(`etcd range: an answer ${title} is what the table of fields makes of it`, () => {
    const keys = new KeySpace('/etcd/')
    const items = sizes.map((bytes, at) => record(`key\xff${at}`, bytes))
    const result = { op: 'range', items, more: true, count: 2 ** 33 } as const
    const { bytes, parts } = encodedRange(keys, result, header)
    // A part may be made where the last one was.
    const encoded = Buffer.concat([...copies(parts)])
    assert.equal(encoded.length, bytes)
    assert.ok(encoded.equals(RangeResponse.encode(rangeAnswer(keys, result, header))))
  })
}

test('etcd range: how long a record is, is known before', () => {
  const keys = new KeySpace('')
  for (const one of [
    record('', 0),
    record('a', 5, { lease: 2 ** 52 }),
    record('b', 0, { version: 0, createRevision: 0 as Revision }),
    record('c'.repeat(300), 70_000, { modRevision: 1 as Revision }),
  ])
    assert.equal(recordBytes(one, keys), KeyValueMessage.encode(keys.message(one)).length)
})

function* copies(parts: Iterable<Buffer>): Generator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}
