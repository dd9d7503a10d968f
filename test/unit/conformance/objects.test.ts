import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, named, openCluster, type TestCluster } from '../api/cluster.ts'

const merge = { 'content-type': 'application/merge-patch+json' }

async function ok(
  cluster: TestCluster,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer['json']> {
  const headers = method === 'PATCH' ? merge : {}
  const answer = await cluster.ask(method, path, body, { headers })
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.json
}

const involved = (name: string) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  name,
  namespace: 'default',
})

const coreEvent = (name: string, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, labels },
  message: 'This is a test event',
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: involved('test'),
})

const newEvent = (name: string, labels: object = {}) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name, labels },
  eventTime: '2026-01-02T03:04:05.000006Z',
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  note: 'This is a test event',
  regarding: involved('test'),
})

const coreEvents = '/api/v1/namespaces/default/events'
const newEvents = '/apis/events.k8s.io/v1/namespaces/default/events'

test('[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]', async () => {
  await using cluster = await openCluster()
  const event = await ok(cluster, 'POST', coreEvents, coreEvent('e', { testevent: 'yes' }))
  const everywhere = await ok(cluster, 'GET', '/api/v1/events?labelSelector=testevent=yes')
  assert.equal(everywhere.items.length, 1)
  await ok(cluster, 'PATCH', `${coreEvents}/e`, { message: 'patched' })
  const patched = await ok(cluster, 'GET', `${coreEvents}/e`)
  assert.deepEqual([patched.message, patched.metadata.uid], ['patched', event.metadata.uid])
  const series = { count: 100, lastObservedTime: '2026-01-02T03:04:05.000006Z' }
  const updated = await ok(cluster, 'PUT', `${coreEvents}/e`, { ...patched, series })
  assert.deepEqual(updated.series, series)
  await ok(cluster, 'DELETE', `${coreEvents}/e`)
  assert.equal((await ok(cluster, 'GET', coreEvents)).items.length, 0)
})

test('[sig-instrumentation] Events should delete a collection of events [Conformance]', async () => {
  await using cluster = await openCluster()
  for (const name of ['a', 'b', 'c'])
    await ok(cluster, 'POST', coreEvents, coreEvent(name, { testevent: 'yes' }))
  await ok(cluster, 'POST', coreEvents, coreEvent('other'))
  await ok(cluster, 'DELETE', `${coreEvents}?labelSelector=testevent=yes`)
  const left = (await ok(cluster, 'GET', coreEvents)).items
  assert.deepEqual(
    left.map((one: { metadata: { name: string } }) => one.metadata.name),
    ['other'],
  )
})

test('[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]', async () => {
  await using cluster = await openCluster()
  await ok(cluster, 'POST', newEvents, newEvent('e', { testevent: 'yes' }))
  const found = await ok(cluster, 'GET', '/apis/events.k8s.io/v1/events?fieldSelector=reason=Test')
  assert.equal(found.items.length, 1)
  const inCore = await ok(cluster, 'GET', `${coreEvents}/e`)
  assert.deepEqual(
    [inCore.message, inCore.involvedObject.name, inCore.reportingComponent],
    ['This is a test event', 'test', 'test-controller'],
    'the same event in the older group',
  )
  const series = { count: 2, lastObservedTime: '2026-01-02T03:04:05.000006Z' }
  const patched = await ok(cluster, 'PATCH', `${newEvents}/e`, { series })
  assert.deepEqual(patched.series, series)
  const later = { ...patched, series: { ...series, count: 100 } }
  assert.equal((await ok(cluster, 'PUT', `${newEvents}/e`, later)).series.count, 100)
  await ok(cluster, 'DELETE', `${newEvents}/e`)
  assert.equal((await ok(cluster, 'GET', newEvents)).items.length, 0)
})

test('[sig-instrumentation] Events API should delete a collection of events [Conformance]', async () => {
  await using cluster = await openCluster()
  for (const name of ['a', 'b', 'c'])
    await ok(cluster, 'POST', newEvents, newEvent(name, { testevent: 'yes' }))
  await ok(cluster, 'DELETE', `${newEvents}?labelSelector=testevent=yes`)
  assert.equal((await ok(cluster, 'GET', newEvents)).items.length, 0)
})

const namespaces = '/api/v1/namespaces'

test('[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]', async () => {
  await using cluster = await openCluster()
  await ok(cluster, 'POST', namespaces, named('Namespace', 'nspatch'))
  await ok(cluster, 'PATCH', `${namespaces}/nspatch`, { metadata: { labels: { testLabel: 'v' } } })
  const { metadata } = await ok(cluster, 'GET', `${namespaces}/nspatch`)
  assert.deepEqual(metadata.labels, {
    'kubernetes.io/metadata.name': 'nspatch',
    testLabel: 'v',
  })
})

test('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]', async () => {
  await using cluster = await openCluster()
  const namespace = await ok(cluster, 'POST', namespaces, named('Namespace', 'nsupdate'))
  namespace.metadata.labels.updated = 'yes'
  const { metadata } = await ok(cluster, 'PUT', `${namespaces}/nsupdate`, namespace)
  assert.equal(metadata.labels.updated, 'yes')
})

test('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]', async () => {
  await using cluster = await openCluster()
  await ok(cluster, 'POST', namespaces, named('Namespace', 'nsstatus'))
  const path = `${namespaces}/nsstatus/status`
  const condition = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched' }
  await ok(cluster, 'PATCH', path, { status: { conditions: [condition] } })
  const namespace = await ok(cluster, 'GET', path)
  assert.deepEqual(
    [namespace.status.phase, namespace.status.conditions[0].type],
    ['Active', 'StatusPatch'],
  )
  namespace.status.conditions.push({ ...condition, type: 'StatusUpdate' })
  const updated = await ok(cluster, 'PUT', path, namespace)
  assert.equal(updated.status.conditions.length, 2)
})

test('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]', async () => {
  await using cluster = await openCluster()
  const namespace = await ok(cluster, 'POST', namespaces, named('Namespace', 'nsfinal'))
  namespace.spec.finalizers.push('e2e.example.com/fakeFinalizer')
  const path = `${namespaces}/nsfinal/finalize`
  const finalized = await ok(cluster, 'PUT', path, namespace)
  assert.deepEqual(finalized.spec.finalizers, ['kubernetes', 'e2e.example.com/fakeFinalizer'])
  finalized.spec.finalizers.pop()
  assert.deepEqual((await ok(cluster, 'PUT', path, finalized)).spec.finalizers, ['kubernetes'])
})

const accounts = '/api/v1/namespaces/default/serviceaccounts'

test('[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]', async () => {
  await using cluster = await openCluster()
  const labels = { static: 'true' }
  const object = { ...named('ServiceAccount', 'sa'), metadata: { name: 'sa', labels } }
  await ok(cluster, 'POST', accounts, object)
  const watch = await cluster.watch(`${accounts}?watch=true&labelSelector=static=true`)
  assert.equal((await watch.next()).type, 'ADDED')
  const off = { automountServiceAccountToken: false }
  await ok(cluster, 'PATCH', `${accounts}/sa`, off)
  assert.equal((await watch.next()).object.automountServiceAccountToken, false)
  const listed = await ok(cluster, 'GET', '/api/v1/serviceaccounts?labelSelector=static=true')
  assert.equal(listed.items.length, 1)
  await ok(cluster, 'DELETE', `${accounts}?labelSelector=static=true`)
  assert.equal((await watch.next()).type, 'DELETED')
  await watch.close()
})

test('[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]', async () => {
  await using cluster = await openCluster()
  const account = await ok(cluster, 'POST', accounts, {
    ...named('ServiceAccount', 'sa'),
    automountServiceAccountToken: false,
  })
  account.automountServiceAccountToken = true
  await ok(cluster, 'PUT', `${accounts}/sa`, account)
  assert.equal((await ok(cluster, 'GET', `${accounts}/sa`)).automountServiceAccountToken, true)
})

const nodes = '/api/v1/nodes'

test('[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]', async () => {
  await using cluster = await openCluster()
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'fake', labels: { e: 'f' } } }
  await ok(cluster, 'POST', nodes, node)
  await ok(cluster, 'PATCH', `${nodes}/fake`, { metadata: { labels: { fake: 'patched' } } })
  const patched = await ok(cluster, 'GET', `${nodes}/fake`)
  assert.deepEqual(patched.metadata.labels, { e: 'f', fake: 'patched' })
  patched.metadata.labels.fake = 'updated'
  const updated = await ok(cluster, 'PUT', `${nodes}/fake`, patched)
  assert.equal(updated.metadata.labels.fake, 'updated')
  const condition = { type: 'Ready', status: 'False', reason: 'E2E', message: 'Set by test' }
  const status = await ok(cluster, 'PATCH', `${nodes}/fake/status`, {
    status: { conditions: [condition] },
  })
  assert.equal(status.status.conditions[0].reason, 'E2E')
  await ok(cluster, 'DELETE', `${nodes}?labelSelector=fake=updated`)
  assert.equal((await ok(cluster, 'GET', nodes)).items.length, 0)
})
