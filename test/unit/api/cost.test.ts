import assert from 'node:assert/strict'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
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

test('creates that arrive one by one in a turn share a log entry', async () => {
  await using cluster = await openCluster()
  const cost = await costOf(cluster, async () => {
    const writing: Promise<unknown>[] = []
    for (const name of ['a', 'b', 'c']) {
      writing.push(cluster.ask('POST', maps, { metadata: { name } }))
      // As requests of several connections do: each is handled before the next one is read.
      for (let microtasks = 0; microtasks < 100; microtasks += 1) await undefined
    }
    await Promise.all(writing)
  })
  assert.deepEqual(cost, { entries: 1, reads: 0 })
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

/** Watches with these queries, open and read from. */
async function openWatches(cluster: TestCluster, queries: readonly string[]) {
  const signals = queries.map(() => new AbortController())
  const streams = await Promise.all(
    queries.map(async (query, at) => {
      const signal = present(signals[at], 'its signal').signal
      const headers = new Map<string, string>()
      const request = { method: 'GET', path: `${maps}?watch=1${query}`, headers, signal } as const
      const { body } = await cluster.api.handle(request, {
        ...{ name: 'admin', uid: '', groups: ['system:masters'] },
      })
      assert.equal(body.kind, 'stream')
      return (body as { chunks: AsyncIterable<Uint8Array> }).chunks[Symbol.asyncIterator]()
    }),
  )
  const close = async () => {
    for (const one of signals) one.abort()
    await Promise.all(streams.map((stream) => stream.return?.()))
  }
  return { streams, close }
}

test('an event is framed once, whoever watches', async () => {
  await using cluster = await openCluster()
  const { streams, close } = await openWatches(cluster, Array<string>(50).fill(''))
  const told = streams.map((stream) => stream.next())
  await createAll(cluster, 1)
  const frames = await Promise.all(told)
  assert.equal(new Set(frames.map(({ value }) => value)).size, 1, 'the same bytes, not a copy')
  await close()
})

test('events of one turn are one piece, shared by who sees them all', async () => {
  await using cluster = await openCluster()
  const queries = [...Array<string>(20).fill(''), '&labelSelector=a%3Db']
  const { streams, close } = await openWatches(cluster, queries)
  const told = streams.map((stream) => stream.next())
  const labelled = { name: 'labelled', labels: { a: 'b' } }
  await Promise.all([createAll(cluster, 5), cluster.ask('POST', maps, { metadata: labelled })])
  const pieces = (await Promise.all(told)).map(({ value }) => value as Uint8Array)
  const own = present(pieces.pop(), 'what the last one sees')
  assert.equal(new Set(pieces).size, 1, 'the same bytes, not a copy')
  const names = (bytes: Uint8Array | undefined) =>
    [
      ...Buffer.from(bytes ?? [])
        .toString()
        .matchAll(/"name":"(\w+)"/g),
    ].map(([, name]) => name)
  assert.deepEqual(names(pieces[0]), ['m0', 'm1', 'm2', 'm3', 'm4', 'labelled'])
  assert.deepEqual(names(own), ['labelled'])
  await close()
})

test('who has waited for an event need not wait for another turn', async () => {
  const clock = new ManualClock()
  await using cluster = await openCluster({ clock })
  const { store } = cluster.memory
  const seen: string[] = []
  let nextTurn = () => {}
  const turn = new Promise<void>((resolve) => {
    nextTurn = () =>
      setImmediate(() => {
        seen.push('turn')
        resolve()
      })
  })
  // Of the same objects, and woken before the others: its range is the wider one.
  const first = store.watch({
    ...{ start: '/registry/core/configmaps/', end: '/registry/core/configmaps0' },
    ...{ afterRevision: store.view.revision, wake: () => nextTurn() },
  })
  const { streams, close } = await openWatches(cluster, ['', '&labelSelector=!a'])
  const told = streams.map((stream) => stream.next().then(() => seen.push('event')))
  // All of them wait by then.
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(1_000)
  await Promise.all([createAll(cluster, 1), turn, ...told])
  assert.deepEqual(seen, ['event', 'event', 'turn'])
  first.close()
  await close()
})
