import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const core = '/api/v1/namespaces/default'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

async function made(cluster: TestCluster, path: string, object: object) {
  const answer = await cluster.ask('POST', path, object)
  assert.equal(answer.status, 201, answer.text)
  return answer.json
}

test('the quality of service of a pod counts what a limit range gave it, and the whole pod before its parts', async () => {
  await using cluster = await openCluster()
  const limits = [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '500m' } }]
  await made(cluster, `${core}/limitranges`, { metadata: { name: 'l' }, spec: { limits } })
  const containers = [{ name: 'c', image: 'i' }]
  const plain = await made(cluster, `${core}/pods`, {
    metadata: { name: 'a' },
    spec: { containers },
  })
  assert.equal(plain.status.qosClass, 'Burstable')
  const amounts = { cpu: '2', memory: '1Gi' }
  const resources = { limits: amounts, requests: amounts }
  const whole = await made(cluster, `${core}/pods`, {
    metadata: { name: 'b' },
    spec: { containers, resources },
  })
  assert.equal(whole.status.qosClass, 'Guaranteed')
})

test('what a status does not say of a pod or a volume stays, or is as it begins', async () => {
  await using cluster = await openCluster()
  const containers = [{ name: 'c', image: 'i' }]
  await made(cluster, `${core}/pods`, { metadata: { name: 'a' }, spec: { containers } })
  const status = { phase: 'Running', observedGeneration: 1, qosClass: 'BestEffort' }
  const url = `${core}/pods/a/status`
  assert.equal((await cluster.ask('PATCH', url, { status }, merge)).status, 200)
  const old = { metadata: { name: 'a' }, spec: { containers }, status: { phase: 'Failed' } }
  const { json } = await cluster.ask('PUT', url, old)
  assert.deepEqual(json.status, { phase: 'Failed', observedGeneration: 1, qosClass: 'BestEffort' })
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  await made(cluster, `${core}/persistentvolumeclaims`, { metadata: { name: 'v' }, spec })
  const claim = `${core}/persistentvolumeclaims/v/status`
  const empty = await cluster.ask('PATCH', claim, { status: null }, merge)
  assert.equal(empty.json.status.phase, 'Pending')
})

test('conditions of a status have a type and a state, if only an empty one', async () => {
  await using cluster = await openCluster()
  await made(cluster, '/api/v1/nodes', { metadata: { name: 'n' } })
  const status = { conditions: [{ reason: 'R' }], addresses: [{}] }
  const { json } = await cluster.ask('PATCH', '/api/v1/nodes/n/status', { status }, merge)
  assert.deepEqual(json.status.conditions, [{ reason: 'R', status: '', type: '' }])
  assert.deepEqual(json.status.addresses, [{ address: '', type: '' }])
})

test('a service that is reached by external addresses routes to all of the cluster', async () => {
  await using cluster = await openCluster()
  const ports = [{ port: 80 }]
  const spec = { externalIPs: ['1.2.3.4'], ports }
  const service = await made(cluster, `${core}/services`, { metadata: { name: 's' }, spec })
  assert.equal(service.spec.externalTrafficPolicy, 'Cluster')
})

test('system priority classes stay', async () => {
  await using cluster = await openCluster()
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  const other = { metadata: { name: 'other' }, value: 5 }
  await made(cluster, classes, other)
  await made(cluster, classes, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 })
  const refused = await cluster.ask('DELETE', `${classes}/system-node-critical`)
  assert.deepEqual(
    [refused.status, refused.json.message.split(': ').at(-1)],
    [403, 'this is a system priority class and cannot be deleted'],
  )
  assert.equal((await cluster.ask('DELETE', `${classes}/other`)).status, 200)
})

test('rules that a binding grants to a user and to his group are told once', async () => {
  await using cluster = await openCluster()
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default'
  const root = '/apis/rbac.authorization.k8s.io/v1'
  const asking = ['selfsubjectrulesreviews']
  const ask = [{ verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: asking }]
  await made(cluster, `${root}/clusterroles`, { metadata: { name: 'ask' }, rules: ask })
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }]
  await made(cluster, `${rbac}/roles`, { metadata: { name: 'r' }, rules })
  const apiGroup = 'rbac.authorization.k8s.io'
  await made(cluster, `${root}/clusterrolebindings`, {
    metadata: { name: 'ask' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'ask' },
    subjects: [{ apiGroup, kind: 'User', name: 'ann' }],
  })
  await made(cluster, `${rbac}/rolebindings`, {
    metadata: { name: 'r' },
    roleRef: { apiGroup, kind: 'Role', name: 'r' },
    subjects: [
      { apiGroup, kind: 'User', name: 'ann' },
      { apiGroup, kind: 'Group', name: 'team' },
    ],
  })
  const user = { name: 'ann', uid: '', groups: ['team', 'system:authenticated'] }
  const told = await cluster.ask(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    { spec: { namespace: 'default' } },
    { user },
  )
  const { resourceRules } = told.json.status
  const ofPods = resourceRules.filter((one: { resources: string[] }) => one.resources[0] === 'pods')
  assert.equal(ofPods.length, 1)
  assert.deepEqual(told.json.spec, {})
})
