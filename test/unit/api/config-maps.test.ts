import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, openCluster } from './cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'

test('a config map is created, read, listed, watched and deleted', async () => {
  await using cluster = await openCluster()
  const created = await cluster.ask('POST', path, configMap('a', { x: '1' }))
  assert.equal(created.status, 201, created.text)
  assert.equal(created.json.kind, 'ConfigMap')
  assert.equal(created.json.metadata.namespace, 'default')
  assert.match(created.json.metadata.uid, /^[0-9a-f-]{36}$/)
  assert.equal(created.json.metadata.creationTimestamp, '2026-01-01T00:00:00Z')

  const read = await cluster.ask('GET', `${path}/a`)
  assert.deepEqual(read.json, created.json)

  const list = await cluster.ask('GET', path)
  assert.equal(list.json.kind, 'ConfigMapList')
  assert.deepEqual(list.json.items, [created.json])

  const watch = await cluster.watch(
    `${path}?watch=1&resourceVersion=${list.json.metadata.resourceVersion}`,
  )
  const second = await cluster.ask('POST', path, configMap('b'))
  assert.deepEqual(await watch.next(), { type: 'ADDED', object: second.json })

  const gone = await cluster.ask('DELETE', `${path}/a`)
  assert.equal(gone.status, 200)
  assert.deepEqual(
    { kind: gone.json.kind, status: gone.json.status, details: gone.json.details },
    {
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: created.json.metadata.uid },
    },
  )
  const event = await watch.next()
  assert.equal(event.type, 'DELETED')
  assert.equal(event.object.data.x, '1')
  assert.ok(
    Number(event.object.metadata.resourceVersion) > Number(second.json.metadata.resourceVersion),
  )
  await watch.close()
  assert.equal(cluster.api.openWatches, 0)
  assert.equal(cluster.clock.pendingTimers, 0)
  assert.equal((await cluster.ask('GET', `${path}/a`)).status, 404)
})
