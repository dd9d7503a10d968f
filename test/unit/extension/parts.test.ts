import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee, patchOf } from './callee.ts'
import { install, rulesFor } from './registrations.ts'

/** What webhooks and policies are told of what is sent to subresources. */

const apps = '/apis/apps/v1/namespaces/default'
const pods = '/api/v1/namespaces/default/pods'
const rule = (group: string, resource: string, operation: string) =>
  rulesFor(operation, resource, group)

async function withDeployment(): Promise<TestCluster> {
  const cluster = await openCluster()
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  }
  const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template }
  const made = await cluster.ask('POST', `${apps}/deployments`, { metadata: { name: 'd' }, spec })
  assert.equal(made.status, 201, made.text)
  return cluster
}

async function withPod(): Promise<TestCluster> {
  const cluster = await openCluster()
  const spec = { containers: [{ name: 'c', image: 'i' }] }
  const made = await cluster.ask('POST', pods, { metadata: { name: 'p' }, spec })
  assert.equal(made.status, 201, made.text)
  return cluster
}

const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const scaleTo = (cluster: TestCluster, replicas: number) =>
  cluster.ask('PATCH', `${apps}/deployments/d/scale`, { spec: { replicas } }, merge)

test('a webhook sees a Scale in the place of the one before, and may change it', async () => {
  await using cluster = await withDeployment()
  await using callee = await openCallee()
  await install(cluster, 'Mutating', callee, { rules: rule('apps', 'deployments/scale', 'UPDATE') })
  callee.answer = ({ object }) =>
    object.spec.replicas > 3
      ? patchOf({ op: 'replace', path: '/spec/replicas', value: 3 })
      : { allowed: true }
  const scaled = await scaleTo(cluster, 9)
  assert.equal(scaled.status, 200, scaled.text)
  assert.equal(scaled.json.spec.replicas, 3)
  const { request } = callee.asked[0]
  assert.deepEqual(
    [request.kind, request.resource, request.subResource, request.operation],
    [
      { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      { group: 'apps', version: 'v1', resource: 'deployments' },
      'scale',
      'UPDATE',
    ],
  )
  assert.equal(request.object.apiVersion, 'autoscaling/v1')
  assert.deepEqual([request.oldObject.spec.replicas, request.object.spec.replicas], [1, 9])
})

test('policies judge a Scale by its own fields', async () => {
  await using cluster = await withDeployment()
  const path = '/apis/admissionregistration.k8s.io/v1'
  const policy = await cluster.ask('POST', `${path}/validatingadmissionpolicies`, {
    metadata: { name: 'few' },
    spec: {
      matchConstraints: { resourceRules: rule('apps', 'deployments/scale', 'UPDATE') },
      validations: [{ expression: 'object.spec.replicas <= 3 || oldObject.spec.replicas > 3' }],
    },
  })
  assert.equal(policy.status, 201, policy.text)
  await cluster.ask('POST', `${path}/validatingadmissionpolicybindings`, {
    metadata: { name: 'few' },
    spec: { policyName: 'few', validationActions: ['Deny'] },
  })
  assert.equal((await scaleTo(cluster, 3)).status, 200)
  const refused = await scaleTo(cluster, 4)
  assert.equal(refused.status, 422)
  assert.match(refused.json.message, /'few' with binding 'few' denied request: failed expression/)
})

test('a webhook may keep a pod from being bound and from being evicted', async () => {
  await using cluster = await withPod()
  await using callee = await openCallee()
  const rules = ['pods/binding', 'pods/eviction', 'bindings'].flatMap((one) =>
    rule('', one, 'CREATE'),
  )
  await install(cluster, 'Validating', callee, { rules })
  callee.answer = () => ({ allowed: false, status: { message: 'not now' } })
  const target = { kind: 'Node', name: 'n' }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target }
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
  const answers = [
    await cluster.ask('POST', `${pods}/p/binding`, binding),
    await cluster.ask('POST', '/api/v1/namespaces/default/bindings', binding),
    await cluster.ask('POST', `${pods}/p/eviction`, eviction),
  ]
  for (const { json } of answers)
    assert.match(json.message, /webhook "one.example.com" denied the request: not now$/)
  const told = callee.asked.map(({ request }) => [
    ...[request.kind.group, request.kind.kind, request.resource.resource, request.subResource],
    ...[request.operation, request.oldObject],
  ])
  assert.deepEqual(told, [
    ['', 'Binding', 'pods', 'binding', 'CREATE', null],
    ['', 'Binding', 'bindings', undefined, 'CREATE', null],
    ['policy', 'Eviction', 'pods', 'eviction', 'CREATE', null],
  ])
  const pod = await cluster.ask('GET', `${pods}/p`)
  assert.equal(pod.json.spec.nodeName, undefined)
})

test('an eviction is no deletion to those who are asked about deletions', async () => {
  await using cluster = await withPod()
  await using callee = await openCallee()
  callee.answer = () => ({ allowed: false })
  await install(cluster, 'Validating', callee, { rules: rule('', '*', 'DELETE') })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
  const evicted = await cluster.ask('POST', `${pods}/p/eviction`, eviction)
  assert.equal(evicted.status, 201, evicted.text)
  assert.equal(callee.asked.length, 0)
})

test('a webhook may shorten a token', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const tokenSigner = { issuer: 'https://x', audiences: ['https://x'], privateKey }
  await using cluster = await openCluster({ tokenSigner })
  await using callee = await openCallee()
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await cluster.ask('POST', accounts, { metadata: { name: 'a' } })
  await install(cluster, 'Mutating', callee, {
    rules: rule('', 'serviceaccounts/token', 'CREATE'),
  })
  callee.answer = () => patchOf({ op: 'replace', path: '/spec/expirationSeconds', value: 700 })
  const issued = await cluster.ask('POST', `${accounts}/a/token`, {
    spec: { expirationSeconds: 7000, audiences: [] },
  })
  assert.equal(issued.status, 201, issued.text)
  assert.equal(issued.json.spec.expirationSeconds, 700)
  assert.deepEqual(callee.asked[0].request.kind, {
    ...{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  })
})

test('a webhook may refuse to have a request proxied', async () => {
  await using cluster = await withPod()
  await using callee = await openCallee()
  callee.answer = () => ({ allowed: false, status: { message: 'no way in' } })
  await install(cluster, 'Validating', callee, { rules: rule('', '*/proxy', 'CONNECT') })
  const refused = await cluster.ask('GET', `${pods}/p/proxy/admin`)
  assert.match(refused.json.message, /no way in$/)
  const { request } = callee.asked[0]
  assert.deepEqual(
    [request.kind.kind, request.operation, request.object.path],
    ['PodProxyOptions', 'CONNECT', '/admin'],
  )
})
