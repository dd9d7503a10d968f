import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Term } from '../../../src/base/brand.ts'
import { configMap, openCluster, requestOf } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

test('patches at the same time all take effect', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a'))
  const keys = Array.from({ length: 12 }, (_, index) => `k${index}`)
  const answers = await Promise.all(
    keys.map((key) => cluster.ask('PATCH', `${maps}/a`, { data: { [key]: key } }, merge)),
  )
  for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  const final = await cluster.ask('GET', `${maps}/a`)
  assert.deepEqual(Object.keys(final.json.data).sort(), keys.toSorted())
})

test('of creations at the same time one wins', async () => {
  await using cluster = await openCluster()
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => cluster.ask('POST', maps, configMap('a'))),
  )
  const statuses = answers.map((answer) => answer.status).sort()
  assert.deepEqual(statuses, [201, 409, 409, 409, 409, 409, 409, 409])
})

test('of updates at the same time from one revision one wins', async () => {
  await using cluster = await openCluster()
  const created = await cluster.ask('POST', maps, configMap('a'))
  const { resourceVersion } = created.json.metadata
  const answers = await Promise.all(
    ['x', 'y', 'z'].map((value) =>
      cluster.ask('PUT', `${maps}/a`, {
        metadata: { name: 'a', resourceVersion },
        data: { value },
      }),
    ),
  )
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409, 409])
})

test('content and the end of its namespace at the same time leave nothing behind', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', '/api/v1/namespaces', { metadata: { name: 'n' } })
  const creations = Array.from({ length: 6 }, (_, index) =>
    cluster.ask('POST', '/api/v1/namespaces/n/configmaps', configMap(`m${index}`)),
  )
  const end = cluster.ask('DELETE', '/api/v1/namespaces/n')
  const more = Array.from({ length: 6 }, (_, index) =>
    cluster.ask('POST', '/api/v1/namespaces/n/configmaps', configMap(`l${index}`)),
  )
  const ended = await end
  const endRevision = Number(ended.json.metadata.resourceVersion)
  for (const answer of await Promise.all([...creations, ...more])) {
    if (answer.status === 201) assert.ok(Number(answer.json.metadata.resourceVersion) < endRevision)
    else assert.equal(answer.status, 403, answer.text)
  }
})

test('two services never get one node port', async () => {
  await using cluster = await openCluster({ nodePortRange: '30000-30003' })
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      cluster.ask('POST', '/api/v1/namespaces/default/services', {
        metadata: { name: `s${index}` },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }),
    ),
  )
  const won = answers.filter((answer) => answer.status === 201)
  assert.equal(won.length, 4, answers.map((answer) => answer.text).join('\n'))
  assert.equal(new Set(won.map((answer) => answer.json.spec.ports[0].nodePort)).size, 4)
})

test('a write that is fenced by a term that is over is refused', async () => {
  await using cluster = await openCluster()
  const { term } = cluster.memory.store.leadership
  const request = requestOf('POST', maps, configMap('a'))
  const user = { name: 'admin', uid: '', groups: ['system:masters'] }
  const stale = await cluster.api.handle({ ...request, fence: (term + 1) as Term }, user)
  assert.equal(stale.status, 409)
  assert.equal((await cluster.ask('GET', `${maps}/a`)).status, 404)
  const current = await cluster.api.handle({ ...request, fence: term }, user)
  assert.equal(current.status, 201)
})

test('a refusal is never out of date: a lagging replica asks before it says no', async () => {
  await using leader = await openCluster()
  const { store } = leader.memory
  let caughtUp = false
  await using empty = await openCluster()
  // Until its barrier, this member sees another, emptier store.
  await using lagging = await openCluster({
    store: {
      get view() {
        return caughtUp ? store.view : empty.memory.store.view
      },
      barrier: async () => {
        caughtUp = true
        return store.view.revision
      },
      reached: (revision, timeoutMs) => store.reached(revision, timeoutMs),
      commit: (txn) => store.commit(txn),
      grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
      watch: (options) => store.watch(options),
    },
  })
  await leader.ask('POST', maps, configMap('a'))
  const patched = await lagging.ask('PATCH', `${maps}/a`, { data: { x: '1' } }, merge)
  assert.equal(patched.status, 200, patched.text)
})
