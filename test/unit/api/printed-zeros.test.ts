import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from './cluster.ts'

/** Fields without omitempty in Go: clients of typed languages and `kubectl get -o yaml` show them at zero. */
test('a disruption budget tells its counts also when they are zero', async () => {
  await using cluster = await openCluster()
  const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
  const made = await cluster.ask('POST', path, {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
  })
  assert.equal(made.status, 201, made.text)
  const zeros = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  assert.deepEqual(made.json.status, zeros)
  const status = { ...zeros, disruptionsAllowed: 2, observedGeneration: 1 }
  const told = await cluster.ask('PUT', `${path}/b/status`, { ...made.json, status })
  assert.deepEqual(told.json.status, status)
  const back = { observedGeneration: 1, disruptionsAllowed: 0 }
  const again = await cluster.ask('PUT', `${path}/b/status`, { ...told.json, status: back })
  assert.deepEqual(again.json.status, { ...zeros, observedGeneration: 1 })
})

test('a stateful set tells its available replicas also when there are none', async () => {
  await using cluster = await openCluster()
  const labels = { a: 'b' }
  const spec = { containers: [{ name: 'main', image: 'x' }] }
  const made = await cluster.ask('POST', '/apis/apps/v1/namespaces/default/statefulsets', {
    metadata: { name: 's' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.status, { availableReplicas: 0, replicas: 0 })
})

test('an event of the core group names its reporter also when it has none; the newer form does not', async () => {
  await using cluster = await openCluster()
  const events = '/api/v1/namespaces/default/events'
  const involvedObject = { kind: 'Pod', name: 'p', namespace: 'default' }
  const made = await cluster.ask('POST', events, { metadata: { name: 'e' }, involvedObject })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual([made.json.reportingComponent, made.json.reportingInstance], ['', ''])
  const newer = await cluster.ask('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e')
  assert.equal(newer.json.regarding.name, 'p')
  assert.ok(!('reportingController' in newer.json) && !('reportingInstance' in newer.json))
})

test('a binding puts its labels and annotations on the pod, over those that it had', async () => {
  await using cluster = await openCluster()
  const pods = '/api/v1/namespaces/default/pods'
  const metadata = { name: 'p', labels: { a: '1', b: '1' }, annotations: { c: '1' } }
  const spec = { containers: [{ name: 'main', image: 'x' }] }
  assert.equal((await cluster.ask('POST', pods, { metadata, spec })).status, 201)
  const bound = await cluster.ask('POST', `${pods}/p/binding`, {
    metadata: {
      ...{ name: 'p', annotations: { d: '2' } },
      labels: { b: '2', 'topology.kubernetes.io/zone': 'z' },
    },
    target: { kind: 'Node', name: 'n1' },
  })
  assert.equal(bound.status, 201, bound.text)
  const { json } = await cluster.ask('GET', `${pods}/p`)
  assert.deepEqual(json.metadata.labels, { a: '1', b: '2', 'topology.kubernetes.io/zone': 'z' })
  assert.deepEqual(json.metadata.annotations, { c: '1', d: '2' })
})
