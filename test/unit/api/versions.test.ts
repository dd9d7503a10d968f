import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from './cluster.ts'

/** Kinds that are served in several versions, or under two groups, and stored once. */
const v1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
const v2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
const events = '/api/v1/namespaces/default/events'
const newerEvents = '/apis/events.k8s.io/v1/namespaces/default/events'
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }

test('an autoscaler written as v1 is read, listed and watched as v2, and the other way round', async () => {
  await using cluster = await openCluster()
  const watch = await cluster.watch(`${v2}?watch=1`)
  const made = await cluster.ask('POST', v1, {
    metadata: { name: 'a' },
    spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
  })
  assert.equal(made.status, 201, made.text)
  assert.equal(made.json.apiVersion, 'autoscaling/v1')
  assert.equal(made.json.spec.minReplicas, 1)
  const newer = (await cluster.ask('GET', `${v2}/a`)).json
  assert.equal(newer.apiVersion, 'autoscaling/v2')
  assert.equal(newer.metadata.resourceVersion, made.json.metadata.resourceVersion)
  assert.deepEqual(newer.spec.metrics, [
    {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
    },
  ])
  assert.deepEqual(await watch.next(), { type: 'ADDED', object: newer })
  const older = (await cluster.ask('GET', v1)).json
  assert.deepEqual(older.items, [made.json])
  assert.equal(older.kind, 'HorizontalPodAutoscalerList')
  await watch.close()
})

test('a change through v1 keeps what only v2 can say', async () => {
  await using cluster = await openCluster()
  const memory = {
    type: 'Resource',
    resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
  }
  const spec = { scaleTargetRef, maxReplicas: 3, minReplicas: 2, metrics: [memory] }
  await cluster.ask('POST', v2, { metadata: { name: 'a' }, spec })
  const patched = await cluster.ask(
    'PATCH',
    `${v1}/a`,
    { spec: { maxReplicas: 5 } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(patched.status, 200, patched.text)
  const { json } = await cluster.ask('GET', `${v2}/a`)
  assert.deepEqual(json.spec, { ...spec, maxReplicas: 5 })
  assert.equal(json.metadata.annotations, undefined)
})

test('a write that changes nothing makes no revision, in either version', async () => {
  await using cluster = await openCluster()
  const body = { metadata: { name: 'a' }, spec: { scaleTargetRef, maxReplicas: 3 } }
  await cluster.ask('POST', v2, body)
  const older = (await cluster.ask('GET', `${v1}/a`)).json
  const again = await cluster.ask('PUT', `${v1}/a`, older)
  assert.equal(again.json.metadata.resourceVersion, older.metadata.resourceVersion, again.text)
})

test('an event of events.k8s.io is one of the core group, and is gone from both', async () => {
  await using cluster = await openCluster()
  const written = {
    metadata: { name: 'e' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'test.io/c',
    reportingInstance: 'c-1',
    action: 'Try',
    reason: 'Tried',
    note: 'it was tried',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  }
  const made = await cluster.ask('POST', newerEvents, written)
  assert.equal(made.status, 201, made.text)
  const core = (await cluster.ask('GET', `${events}/e`)).json
  assert.equal(core.apiVersion, 'v1')
  assert.equal(core.message, 'it was tried')
  assert.deepEqual(core.involvedObject, written.regarding)
  const selected = await cluster.ask('GET', `${newerEvents}?fieldSelector=regarding.name%3Dp`)
  assert.deepEqual(selected.json.items, [made.json])
  const table = await cluster.ask('GET', newerEvents, undefined, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  })
  assert.equal(table.json.rows[0].cells[3], 'pod/p')
  assert.equal((await cluster.ask('DELETE', `${events}/e`)).status, 200)
  assert.equal((await cluster.ask('GET', `${newerEvents}/e`)).status, 404)
})

test('an event of events.k8s.io says when, who and what, or is refused', async () => {
  await using cluster = await openCluster()
  const refused = await cluster.ask('POST', newerEvents, { metadata: { name: 'e' }, type: 'Odd' })
  assert.equal(refused.status, 422)
  const fields = refused.json.details.causes.map(({ field }: { field: string }) => field)
  for (const field of ['eventTime', 'reportingController', 'action', 'reason', 'type'])
    assert.ok(fields.includes(field), field)
})
