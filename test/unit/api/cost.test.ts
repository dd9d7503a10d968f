import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { openCluster, type TestCluster } from './cluster.ts'

/** What requests cost in log entries, read points and bytes: figures that no busy neighbour changes. */

const maps = '/api/v1/namespaces/default/configmaps'

/** Every look at it takes its time, as the work between two looks does. */
class BusyClock extends ManualClock {
  #passedMs = 0

  override monotonicMs(): number {
    this.#passedMs += 0.05
    return this.#passedMs
  }
}

function createAll(cluster: TestCluster, count: number): Promise<unknown> {
  const names = Array.from({ length: count }, (_, at) => `m${at}`)
  return Promise.all(names.map((name) => cluster.ask('POST', maps, { metadata: { name } })))
}

/** How many log entries and read points `work` asked the replica for. */
async function costOf(cluster: TestCluster, work: () => Promise<unknown>) {
  const { replica } = cluster.memory
  const entries = replica.log.length
  const readIndex = replica.readIndex.bind(replica)
  let reads = 0
  replica.readIndex = () => {
    reads += 1
    return readIndex()
  }
  await work()
  replica.readIndex = readIndex
  return { entries: replica.log.length - entries, reads }
}

test('a create costs one log entry and no read point', async () => {
  await using cluster = await openCluster()
  const cost = await costOf(cluster, () => createAll(cluster, 1))
  assert.deepEqual(cost, { entries: 1, reads: 0 })
})

test('creates of one turn share a log entry', async () => {
  await using cluster = await openCluster()
  const cost = await costOf(cluster, () => createAll(cluster, 2 * limits.proposalCommandsMax))
  assert.deepEqual(cost, { entries: 2, reads: 0 })
})

test('gets of one turn share a read point', async () => {
  await using cluster = await openCluster()
  await createAll(cluster, 1)
  const gets = () =>
    Promise.all(Array.from({ length: 200 }, () => cluster.ask('GET', `${maps}/m0`)))
  const cost = await costOf(cluster, gets)
  assert.equal(cost.entries, 0)
  assert.ok(cost.reads <= 2, `${cost.reads} read points`)
})

test('deletecollection fills log entries', async () => {
  await using cluster = await openCluster()
  await createAll(cluster, 10 * limits.proposalCommandsMax)
  const cost = await costOf(cluster, () => cluster.ask('DELETE', maps))
  assert.equal((await cluster.ask('GET', maps)).json.items.length, 0)
  assert.ok(cost.entries <= 12, `${cost.entries} entries`)
})

test('deletecollection gives others their turns', async () => {
  const clock = new BusyClock()
  await using cluster = await openCluster({ clock })
  await createAll(cluster, 10 * limits.proposalCommandsMax)
  const { machine } = cluster.memory
  let isOver = false
  let before = machine.size.keys
  let most = 0
  const look = () => {
    most = Math.max(most, before - machine.size.keys)
    before = machine.size.keys
    if (!isOver) setImmediate(look)
  }
  look()
  await cluster.ask('DELETE', maps)
  isOver = true
  look()
  // By this clock a slice is over after a hundred deletions; those under way come to their end.
  assert.ok(most <= 250, `${most} deletions in one turn`)
})

test('an event is framed once, whoever watches', async () => {
  await using cluster = await openCluster()
  const signals = Array.from({ length: 50 }, () => new AbortController())
  const streams = await Promise.all(
    signals.map(async ({ signal }) => {
      const headers = new Map<string, string>()
      const request = { method: 'GET', path: `${maps}?watch=1`, headers, signal } as const
      const { body } = await cluster.api.handle(request, {
        ...{ name: 'admin', uid: '', groups: ['system:masters'] },
      })
      assert.equal(body.kind, 'stream')
      return (body as { chunks: AsyncIterable<Uint8Array> }).chunks[Symbol.asyncIterator]()
    }),
  )
  const told = streams.map((stream) => stream.next())
  await createAll(cluster, 1)
  const frames = await Promise.all(told)
  assert.equal(new Set(frames.map(({ value }) => value)).size, 1, 'the same bytes, not a copy')
  for (const one of signals) one.abort()
  await Promise.all(streams.map((stream) => stream.return?.()))
})
