import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExpiryLeases } from '../../../src/api/handlers/expiry-leases.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import type { LeaseId } from '../../../src/state/leases.ts'
import { openCluster, type TestCluster } from './cluster.ts'

const events = '/api/v1/namespaces/default/events'

function event(name: string): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name } },
    ...{ involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'Tested' },
  }
}

function leaseOf(cluster: TestCluster, name: string): LeaseId {
  const { items } = cluster.memory.store.view.range('/registry/', '/registry0')
  const found = items.find((one) => one.key.endsWith(`/events/default/${name}`))
  assert.ok(found, `event ${name} is stored`)
  return found.lease
}

test('an event goes by itself: its lease is shared, and each write gives it its full time', async () => {
  await using cluster = await openCluster({ eventTtlSeconds: 600 })
  const { store } = cluster.memory
  assert.equal((await cluster.ask('POST', events, event('a'))).status, 201)
  assert.equal((await cluster.ask('POST', events, event('b'))).status, 201)
  const lease = leaseOf(cluster, 'a')
  assert.equal(leaseOf(cluster, 'b'), lease)
  assert.equal(store.view.lease(lease)?.ttlSeconds, 630)
  cluster.clock.advance(31_000)
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const counted = await cluster.ask('PATCH', `${events}/b`, { count: 2 }, merge)
  assert.equal(counted.status, 200, counted.text)
  assert.notEqual(leaseOf(cluster, 'b'), lease)
  const watch = await cluster.watch(`${events}?watch=true&resourceVersion=${store.view.revision}`)
  await store.revokeLease(lease)
  const gone = await watch.next()
  assert.deepEqual([gone.type, gone.object.metadata.name], ['DELETED', 'a'])
  await watch.close()
  assert.equal((await cluster.ask('GET', `${events}/b`)).json.count, 2)
})

test('what is no event stays', async () => {
  await using cluster = await openCluster()
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stays' } }
  await cluster.ask('POST', '/api/v1/namespaces/default/configmaps', map)
  assert.deepEqual(cluster.memory.store.view.leaseIds, [])
})

test('a lease that was revoked while it was shared: the write takes a new one', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', events, event('a'))
  await cluster.memory.store.revokeLease(leaseOf(cluster, 'a'))
  assert.equal((await cluster.ask('POST', events, event('b'))).status, 201)
  assert.notEqual(leaseOf(cluster, 'b'), 0)
})

test('a shared lease has its limit of keys; a grant that fails is asked for again', async () => {
  let granted = 0
  let fails = false
  const grantLease = async (ttlSeconds: number) => {
    if (fails) throw new Error('no quorum')
    granted += 1
    return { id: granted, ttlSeconds, revision: cluster.memory.store.view.revision }
  }
  await using cluster = await openCluster()
  const leases = new ExpiryLeases({ grantLease }, new ManualClock(), 3_600)
  const used = new Map<LeaseId, number>()
  const use = (id: LeaseId) => Promise.resolve(used.set(id, (used.get(id) ?? 0) + 1))
  for (let write = 0; write < 2 * limits.expiryLeaseKeysMax; write += 1) await leases.write(use)
  assert.deepEqual(
    [...used],
    [1, 2].map((id) => [id, limits.expiryLeaseKeysMax]),
  )
  fails = true
  await assert.rejects(leases.write(use), /no quorum/)
  fails = false
  await leases.write(use)
  assert.equal(used.get(3), 1)
})
