import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EncodedEvents } from '../../../src/api/etcd/encoded/events.ts'
import { KeySpace } from '../../../src/api/etcd/key-space.ts'
import { WatchResponse } from '../../../src/api/etcd/wire/kv-messages.ts'
import type { Revision } from '../../../src/base/brand.ts'
import type { StoreEvent } from '../../../src/state/cluster-store.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

async function eventsOf(puts: number): Promise<readonly StoreEvent[]> {
  const { store } = await openMemoryStore()
  const watcher = store.watch({ start: '/', end: '0', afterRevision: 1 as Revision, wake() {} })
  for (let nth = 0; nth < puts; nth += 1) {
    const value = Buffer.from(`value ${nth}`)
    const put = { op: 'put', key: '/etcd/a', value, revisionOffset: -1 } as const
    await store.commit({ compares: [], success: [put], failure: [] })
  }
  const events = watcher.poll(1e9)
  watcher.close()
  await store.stop()
  return events
}

test('etcd events: an event is encoded once, with its previous value once more', async () => {
  const [, event] = await eventsOf(2)
  assert(event)
  const encoded = new EncodedEvents(new KeySpace('/etcd/'))
  const plain = encoded.field(event, false)
  assert.equal(encoded.field(event, false), plain)
  const withPrevious = encoded.field(event, true)
  assert.equal(encoded.field(event, true), withPrevious)
  const start = WatchResponse.encode({ watchId: 7 })
  const { watchId, events } = WatchResponse.decode(Buffer.concat([start, plain, withPrevious]))
  assert.equal(watchId, 7)
  assert.deepEqual(
    events.map(({ kv, prevKv }) => [kv?.key, kv?.value, prevKv?.value].map(String)),
    [
      ['a', 'value 1', 'undefined'],
      ['a', 'value 1', 'value 0'],
    ],
  )
})

test('etcd events: only the latest are kept', async () => {
  const events = await eventsOf(1_100)
  const encoded = new EncodedEvents(new KeySpace('/etcd/'))
  const first = encoded.field(events[0] as StoreEvent, false)
  for (const event of events) encoded.field(event, false)
  const again = encoded.field(events[0] as StoreEvent, false)
  assert.notEqual(again, first)
  assert.deepEqual(again, first)
})
