import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configMap, openCluster, type TestCluster, type WatchReader } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'

test('watch: without a resourceVersion it begins with what is there', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a'))
  for (const query of ['', '&resourceVersion=0']) {
    const watch = await cluster.watch(`${maps}?watch=true${query}`)
    const first = await watch.next()
    assert.deepEqual([first.type, first.object.metadata.name], ['ADDED', 'a'])
    await watch.close()
  }
})

test('watch: the old path of one namespace, and of no part of an object', async () => {
  await using cluster = await openCluster()
  const watch = await cluster.watch('/api/v1/watch/namespaces/default')
  const first = await watch.next()
  assert.deepEqual([first.type, first.object.metadata.name], ['ADDED', 'default'])
  await watch.close()
  const part = await cluster.ask('GET', '/api/v1/watch/namespaces/default/pods/p/status')
  assert.equal(part.status, 404)
})

test('watch: WatchList ends its initial events with an annotated bookmark', async () => {
  await using cluster = await openCluster()
  const created = await cluster.ask('POST', maps, configMap('a'))
  const query =
    'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const watch = await cluster.watch(`${maps}?${query}`)
  assert.equal((await watch.next()).type, 'ADDED')
  assert.deepEqual(await watch.next(), {
    type: 'BOOKMARK',
    object: {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: created.json.metadata.resourceVersion,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    },
  })
  await cluster.ask('POST', maps, configMap('b'))
  assert.equal((await watch.next()).object.metadata.name, 'b')
  await watch.close()
  const now = await cluster.watch(
    `${maps}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
  )
  await cluster.ask('POST', maps, configMap('c'))
  const first = now.next()
  await cluster.ask('POST', maps, configMap('d'))
  assert.equal((await first).object.metadata.name, 'c')
  await now.close()
})

test('watch: bookmarks every minute and before the end, then the end', async () => {
  await using cluster = await openCluster()
  const { clock } = cluster
  const list = await cluster.ask('GET', maps)
  const at = list.json.metadata.resourceVersion
  const watch = await cluster.watch(
    `${maps}?watch=1&resourceVersion=${at}&allowWatchBookmarks=true&timeoutSeconds=90`,
  )
  const first = watch.next()
  await cluster.ask('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' } })
  await clock.advanceAsync(60_000)
  const bookmark = await first
  assert.equal(bookmark.type, 'BOOKMARK')
  assert.equal(bookmark.object.metadata.resourceVersion, String(cluster.memory.store.view.revision))
  const second = watch.next()
  await clock.advanceAsync(28_000)
  assert.equal((await second).type, 'BOOKMARK')
  const end = watch.next()
  await clock.advanceAsync(2_000)
  assert.equal(await end, undefined)
  assert.equal(clock.pendingTimers, 0)
  assert.equal(cluster.api.openWatches, 0)
})

test('watch: history that is gone is told in the stream', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a'))
  await cluster.ask('POST', maps, configMap('b'))
  const { store } = cluster.memory
  await store.compact(store.view.revision)
  const watch = await cluster.watch(`${maps}?watch=1&resourceVersion=2`)
  const event = await watch.next()
  assert.equal(event.type, 'ERROR')
  assert.deepEqual([event.object.code, event.object.reason], [410, 'Expired'])
  assert.match(event.object.message, /^too old resource version: 2 \(\d+\)$/)
  assert.equal(await watch.next(), undefined)
  assert.equal(cluster.api.openWatches, 0)
})

test('watch: events are shown as tables, with columns in the first one alone', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a'))
  const watch = await cluster.watch(`${maps}?watch=1`, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  })
  const first = await watch.next()
  assert.deepEqual([first.object.kind, first.object.rows.length], ['Table', 1])
  assert.equal(first.object.columnDefinitions.length, 3)
  await cluster.ask('POST', maps, configMap('b'))
  const second = await watch.next()
  assert.deepEqual([second.object.columnDefinitions, second.object.rows[0].cells[0]], [[], 'b'])
  await watch.close()
})

test('watch: all watchers of one event share its bytes', async () => {
  await using cluster = await openCluster()
  const at = cluster.memory.store.view.revision
  const raw = async () => {
    const hangUp = new AbortController()
    const response = await cluster.api.handle(
      {
        method: 'GET',
        path: `${maps}?watch=1&resourceVersion=${at}`,
        headers: new Map(),
        signal: hangUp.signal,
      },
      { name: 'admin', uid: '', groups: ['system:masters'] },
    )
    assert.ok(response.body.kind === 'stream')
    return { hangUp, chunks: response.body.chunks[Symbol.asyncIterator]() }
  }
  const [one, two] = [await raw(), await raw()]
  await cluster.ask('POST', maps, configMap('a'))
  const [left, right] = [await one.chunks.next(), await two.chunks.next()]
  assert.equal(left.value, right.value)
  for (const { hangUp, chunks } of [one, two]) {
    hangUp.abort()
    await chunks.next()
  }
})

type Write =
  | { readonly op: 'put'; readonly name: string; readonly app: string }
  | { readonly op: 'delete'; readonly name: string }

const names = fc.constantFrom('a', 'b', 'c')
const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    fc.record({
      op: fc.constant('put' as const),
      name: names,
      app: fc.constantFrom('x', 'y', 'z'),
    }),
    fc.record({ op: fc.constant('delete' as const), name: names }),
  ),
  { maxLength: 24 },
)

test('watch: with a selector it tells exactly what enters, changes in and leaves it', async () => {
  await fc.assert(
    fc.asyncProperty(writes, async (sequence) => {
      await using cluster = await openCluster()
      const at = cluster.memory.store.view.revision
      const watch = await cluster.watch(
        `${maps}?watch=1&resourceVersion=${at}&labelSelector=app!%3Dz`,
      )
      const expected = await applyAll(cluster, sequence)
      await cluster.ask('POST', maps, configMap('end'))
      assert.deepEqual(await eventsUntilEnd(watch), expected)
      await watch.close()
    }),
    { numRuns: 60 },
  )
})

/** The events that a model of the selector `app!=z` expects. */
async function applyAll(cluster: TestCluster, sequence: readonly Write[]): Promise<string[]> {
  const expected: string[] = []
  const labels = new Map<string, string>()
  let count = 0
  for (const write of sequence) {
    const before = labels.get(write.name)
    const was = before !== undefined && before !== 'z'
    count += 1
    if (write.op === 'delete') {
      await cluster.ask('DELETE', `${maps}/${write.name}`)
      labels.delete(write.name)
      if (was) expected.push(`DELETED ${write.name} ${before}`)
      continue
    }
    const object = configMap(write.name, { count: String(count) }, { app: write.app })
    if (before === undefined) await cluster.ask('POST', maps, object)
    else await cluster.ask('PUT', `${maps}/${write.name}`, object)
    labels.set(write.name, write.app)
    const is = write.app !== 'z'
    if (is) expected.push(`${was ? 'MODIFIED' : 'ADDED'} ${write.name} ${write.app}`)
    else if (was) expected.push(`DELETED ${write.name} ${before}`)
  }
  return expected
}

async function eventsUntilEnd(watch: WatchReader): Promise<string[]> {
  const seen: string[] = []
  let revision = 0
  for (;;) {
    const { type, object } = await watch.next()
    assert.ok(Number(object.metadata.resourceVersion) > revision, 'revisions only grow')
    revision = Number(object.metadata.resourceVersion)
    if (object.metadata.name === 'end') return seen
    seen.push(`${type} ${object.metadata.name} ${object.metadata.labels.app}`)
  }
}
