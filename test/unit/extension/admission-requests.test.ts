import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee, patchOf } from './callee.ts'
import {
  configuration,
  configurationsOf,
  install,
  registration,
  rulesFor,
} from './registrations.ts'

/** What webhooks and policies are asked about a request, when, and what becomes of what they change. */

const configMaps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const pod = (name: string) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }] },
})

async function bothAsked(cluster: TestCluster, rules: object[]) {
  const [mutating, validating] = [await openCallee(), await openCallee()]
  await install(cluster, 'Mutating', mutating, { rules })
  await install(cluster, 'Validating', validating, { rules })
  return {
    mutating,
    validating,
    [Symbol.asyncDispose]: async () => {
      await mutating[Symbol.asyncDispose]()
      await validating[Symbol.asyncDispose]()
    },
  }
}

test('a mutating webhook sees a new object as its author wrote it, a validating one as it is to be', async () => {
  await using cluster = await openCluster()
  await using asked = await bothAsked(cluster, rulesFor('*', 'pods'))
  const given = { ...pod(''), metadata: { generateName: 'p-' } }
  const made = await cluster.ask('POST', pods, given)
  assert.equal(made.status, 201, made.text)
  const before = asked.mutating.asked[0].request
  const { metadata } = before.object
  assert.deepEqual(Object.keys(metadata).sort(), ['generateName', 'managedFields', 'namespace'])
  assert.deepEqual([before.name, before.object.status], [undefined, undefined])
  const after = asked.validating.asked[0].request
  const { name, uid, creationTimestamp } = made.json.metadata
  assert.deepEqual(
    [after.name, after.object.metadata.name, after.object.metadata.uid],
    [name, name, uid],
  )
  assert.equal(after.object.metadata.creationTimestamp, creationTimestamp)
  assert.equal(after.object.status.phase, 'Pending')
})

test('options are those of what is done: a patch is an update or a creation', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, { rules: rulesFor('*', 'configmaps') })
  const apply = { headers: { 'content-type': 'application/apply-patch+yaml' } }
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } }
  await cluster.ask(
    'PATCH',
    `${configMaps}/a?fieldManager=me&fieldValidation=Strict`,
    applied,
    apply,
  )
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  await cluster.ask('PATCH', `${configMaps}/a?dryRun=All`, { data: { a: 'c' } }, merge)
  await cluster.ask('DELETE', `${configMaps}/a?gracePeriodSeconds=0&propagationPolicy=Background`)
  const options = { apiVersion: 'meta.k8s.io/v1' }
  assert.deepEqual(
    callee.asked.map(({ request }) => request.options),
    [
      { ...options, kind: 'CreateOptions', fieldManager: 'me', fieldValidation: 'Strict' },
      { ...options, kind: 'UpdateOptions', dryRun: ['All'] },
      { ...options, kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Background' },
    ],
  )
  assert.equal(callee.asked[2].request.name, 'a')
})

test('of a collection each object is asked about, and none by its name', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  for (const name of ['a', 'b']) await cluster.ask('POST', configMaps, { metadata: { name } })
  await install(cluster, 'Validating', callee, { rules: rulesFor('DELETE', 'configmaps') })
  await cluster.ask('DELETE', configMaps)
  assert.deepEqual(
    callee.asked.map(({ request }) => [request.name, request.oldObject.metadata.name]).sort(),
    [
      [undefined, 'a'],
      [undefined, 'b'],
    ],
  )
})

test('nobody is asked about content of a namespace that is not there', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Mutating', callee, { rules: rulesFor('*', 'configmaps') })
  const path = '/api/v1/namespaces/none/configmaps'
  const refused = await cluster.ask('POST', path, { metadata: { name: 'a' } })
  assert.equal(refused.json.message, 'namespaces "none" not found')
  assert.equal(callee.asked.length, 0)
})

test('a new namespace is told to be in itself', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, { rules: rulesFor('*', 'namespaces') })
  await cluster.ask('POST', '/api/v1/namespaces', { metadata: { name: 'x' } })
  assert.deepEqual([callee.asked[0].request.name, callee.asked[0].request.namespace], ['x', 'x'])
})

const limits = {
  metadata: { name: 'l' },
  spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '1' } }] },
}

test('what a webhook adds is completed as if its author had written it', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', '/api/v1/namespaces/default/limitranges', limits)
  await install(cluster, 'Mutating', callee, { rules: rulesFor('CREATE', 'pods') })
  const sidecar = { name: 'side', image: 'i' }
  callee.answer = () => patchOf({ op: 'add', path: '/spec/containers/-', value: sidecar })
  const made = await cluster.ask('POST', pods, pod('p'))
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(
    made.json.spec.containers.map(({ resources }: { resources: object }) => resources),
    [
      { limits: { cpu: '1' }, requests: { cpu: '1' } },
      { limits: { cpu: '1' }, requests: { cpu: '1' } },
    ],
  )
  assert.equal(callee.asked.length, 1)
})

test('the quality of service of a pod is that of what its namespace gives it', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', '/api/v1/namespaces/default/limitranges', limits)
  const made = await cluster.ask('POST', pods, pod('p'))
  assert.equal(made.json.status.qosClass, 'Burstable')
})

test('a policy that wishes to sees what a webhook made of the object after it', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', `${registration}/mutatingadmissionpolicies`, {
    metadata: { name: 'count' },
    spec: {
      matchConstraints: { resourceRules: rulesFor('CREATE', 'configmaps') },
      reinvocationPolicy: 'IfNeeded',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{data: {"seen": string(size(object.data))}}`,
          },
        },
      ],
    },
  })
  const spec = { policyName: 'count' }
  const bindings = `${registration}/mutatingadmissionpolicybindings`
  await cluster.ask('POST', bindings, { metadata: { name: 'count' }, spec })
  await install(cluster, 'Mutating', callee, { rules: rulesFor('CREATE', 'configmaps') })
  callee.answer = () => patchOf({ op: 'add', path: '/data/hook', value: 'x' })
  const made = await cluster.ask('POST', configMaps, { metadata: { name: 'a' }, data: { a: 'b' } })
  assert.deepEqual(made.json.data, { a: 'b', hook: 'x', seen: '3' })
  assert.equal(callee.asked.length, 1)
})

test('what a webhook adds to an object is not owned by who wrote the object', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Mutating', callee, { rules: rulesFor('*', 'configmaps') })
  const owned = ({ json }: Awaited<ReturnType<TestCluster['ask']>>) =>
    Object.keys(json.metadata.managedFields[0].fieldsV1['f:data']).sort()
  callee.answer = () => patchOf({ op: 'add', path: '/data/hook', value: 'x' })
  const made = await cluster.ask('POST', configMaps, { metadata: { name: 'a' }, data: { a: 'b' } })
  assert.deepEqual([made.json.data['hook'], owned(made)], ['x', ['.', 'f:a']])
  callee.answer = () => patchOf({ op: 'add', path: '/data/hook', value: 'y' })
  const body = { ...made.json, data: { a: 'c' } }
  const changed = await cluster.ask('PUT', `${configMaps}/a`, body)
  assert.deepEqual([changed.json.data, owned(changed)], [{ a: 'c', hook: 'y' }, ['.', 'f:a']])
})

test('who owns what stays when a webhook breaks it, and the writer is told', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  const made = await cluster.ask('POST', configMaps, { metadata: { name: 'a' }, data: { a: 'b' } })
  await install(cluster, 'Mutating', callee, { rules: rulesFor('UPDATE', 'configmaps') })
  callee.answer = () => patchOf({ op: 'remove', path: '/metadata/managedFields/0/apiVersion' })
  const changed = await cluster.ask('PUT', `${configMaps}/a`, made.json)
  assert.equal(changed.status, 200, changed.text)
  assert.deepEqual(changed.json.metadata.managedFields, made.json.metadata.managedFields)
  const warning = /managedFields was in an invalid state after admission/
  assert.match(changed.headers.get('warning') ?? '', warning)
})

test('reviews are asked about like what is stored', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  const group = 'authorization.k8s.io'
  await install(cluster, 'Validating', callee, { rules: rulesFor('CREATE', '*', group) })
  callee.answer = () => ({ allowed: false, status: { message: 'ask nobody' } })
  const spec = { resourceAttributes: { verb: 'get', resource: 'pods' } }
  const path = `/apis/${group}/v1/selfsubjectaccessreviews`
  const refused = await cluster.ask('POST', path, { spec })
  assert.match(refused.json.message, /denied the request: ask nobody$/)
  const { kind, operation, object } = callee.asked[0].request
  assert.deepEqual([kind.kind, operation], ['SelfSubjectAccessReview', 'CREATE'])
  assert.deepEqual(object.spec, spec)
})

test('no policy is about reviews or policies, and one may be about configurations of webhooks', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', `${registration}/validatingadmissionpolicies`, {
    metadata: { name: 'no' },
    spec: {
      matchConstraints: { resourceRules: rulesFor('*', '*', '*', '*') },
      validations: [{ expression: 'false' }],
    },
  })
  const spec = { policyName: 'no', validationActions: ['Deny'] }
  const bindings = `${registration}/validatingadmissionpolicybindings`
  assert.equal(
    (await cluster.ask('POST', bindings, { metadata: { name: 'no' }, spec })).status,
    201,
  )
  assert.equal((await cluster.ask('POST', configMaps, { metadata: { name: 'a' } })).status, 422)
  const asked = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
  for (const [path, body] of [
    ['authorization.k8s.io/v1/selfsubjectaccessreviews', asked],
    ['authentication.k8s.io/v1/selfsubjectreviews', {}],
  ] as const)
    assert.equal((await cluster.ask('POST', `/apis/${path}`, body)).status, 201)
  await using callee = await openCallee()
  const body = configuration('Validating', callee)
  const refused = await cluster.ask('POST', configurationsOf('Validating'), body)
  assert.match(refused.json.message, /denied request: failed expression: false/)
  assert.equal((await cluster.ask('DELETE', `${bindings}/no`)).status, 200)
})

test('options of a stream are all there is of it', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', pods, pod('p'))
  await install(cluster, 'Validating', callee, { rules: rulesFor('CONNECT', 'pods/proxy') })
  callee.answer = () => ({ allowed: false })
  await cluster.ask('GET', `${pods}/p/proxy/x`)
  const { options, object, name } = callee.asked[0].request
  assert.deepEqual([options, name], [null, 'p'])
  assert.deepEqual(object, { kind: 'PodProxyOptions', apiVersion: 'v1', path: '/x' })
})

test('an eviction is asked about before its pod is looked for, and may be changed', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', pods, pod('p'))
  const target = { kind: 'Node', name: 'n' }
  await cluster.ask('POST', `${pods}/p/binding`, { metadata: { name: 'p' }, target })
  await install(cluster, 'Mutating', callee, { rules: rulesFor('CREATE', 'pods/eviction') })
  callee.answer = () =>
    patchOf({ op: 'add', path: '/deleteOptions', value: { gracePeriodSeconds: 7 } })
  const eviction = (name: string) => ({
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
  })
  const missing = await cluster.ask('POST', `${pods}/none/eviction`, eviction('none'))
  assert.equal(missing.status, 404)
  await cluster.ask('POST', `${pods}/p/eviction`, eviction('p'))
  assert.deepEqual(
    callee.asked.map(({ request }) => [request.name, request.object.metadata.namespace]),
    [
      ['none', 'default'],
      ['p', 'default'],
    ],
  )
  const { json } = await cluster.ask('GET', `${pods}/p`)
  assert.equal(json.metadata.deletionGracePeriodSeconds, 7)
})

test('a binding holds for the revision of the pod that it names', async () => {
  await using cluster = await openCluster()
  const made = await cluster.ask('POST', pods, pod('p'))
  const target = { kind: 'Node', name: 'n' }
  const bind = (resourceVersion: string) =>
    cluster.ask('POST', `${pods}/p/binding`, { metadata: { name: 'p', resourceVersion }, target })
  const stale = await bind('1')
  assert.equal(stale.status, 409)
  assert.match(stale.json.message, /Precondition failed: ResourceVersion in precondition: 1,/)
  assert.equal((await bind(made.json.metadata.resourceVersion)).status, 201)
  assert.match((await bind('')).json.message, /on pods\/binding "p": pod p is already assigned/)
})
