import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, named, openCluster, type TestCluster } from '../api/cluster.ts'
import { type Callee, openCallee, patchOf } from '../extension/callee.ts'
import {
  askInVain,
  configurationsOf,
  install,
  registration,
  rulesFor,
  type Sort,
  webhook,
} from '../extension/registrations.ts'
import {
  definitionsPath,
  establish,
  establishAgain,
  widgetDefinition,
} from '../extension/widgets.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }
const jsonPatch = { headers: { 'content-type': 'application/json-patch+json' } }

const map = (name: string, data: Record<string, string> = {}, labels = {}) => ({
  metadata: { name, labels },
  data,
})
const pod = (name: string, container: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: container, image: 'pause:1' }] },
})

const unwanted = { 'webhook-e2e-test': 'webhook-disallow' }

/** Denies what has `webhook-disallow` as the value of a data key. */
function denyUnwantedData(callee: Callee, message: string): void {
  callee.answer = ({ object, oldObject, operation }) => {
    const { data } = operation === 'DELETE' ? oldObject : object
    const bad = Object.values(data ?? {}).includes('webhook-disallow')
    return bad ? { allowed: false, status: { reason: message } } : { allowed: true }
  }
}

/** Adds the next stage to data that has begun to be mutated, as the upstream webhook does. */
function mutateByStages(callee: Callee): void {
  callee.answer = ({ object: { data = {} } }) => {
    const next = data['mutation-stage-1'] ? 'mutation-stage-2' : 'mutation-stage-1'
    if (data['mutation-start'] !== 'yes') return { allowed: true }
    return patchOf({ op: 'add', path: `/data/${next}`, value: 'yes' })
  }
}

function refused(answer: Answer, part: string): void {
  assert.ok(answer.status >= 400, answer.text)
  assert.ok(answer.json.message.includes(part), answer.json.message)
}

const foos = (version: string) => `/apis/e2e.example.com/${version}/namespaces/default/foos`
const foo = (name: string, data: object, version = 'v1') => ({
  ...{ apiVersion: `e2e.example.com/${version}`, kind: 'Foo' },
  ...{ metadata: { name }, data },
})

const fooVersion = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: {
      type: 'object' as const,
      properties: {
        data: { type: 'object' as const, 'x-kubernetes-preserve-unknown-fields': true as const },
      },
    },
  },
})

function fooDefinition(versions = [fooVersion('v1', true)]) {
  return {
    ...widgetDefinition({
      group: 'e2e.example.com',
      names: { plural: 'foos', kind: 'Foo' },
      versions,
    }),
    metadata: { name: 'foos.e2e.example.com' },
  }
}

async function withFoos(versions?: ReturnType<typeof fooVersion>[]): Promise<TestCluster> {
  const cluster = await openCluster()
  await establish(cluster, fooDefinition(versions))
  return cluster
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]', async () => {
  await using cluster = await openCluster()
  const { groups } = (await cluster.ask('GET', '/apis')).json
  const { name, versions } = groups.find((one: { name: string }) => registration.includes(one.name))
  assert.equal(name, 'admissionregistration.k8s.io')
  assert.ok(versions.some((one: { version: string }) => one.version === 'v1'))
  const group = (await cluster.ask('GET', `/apis/${name}`)).json
  assert.ok(group.versions.some((one: { groupVersion: string }) => one.groupVersion.endsWith('v1')))
  const { resources } = (await cluster.ask('GET', registration)).json
  const names = resources.map((one: { name: string }) => one.name)
  for (const sort of ['mutating', 'validating'])
    assert.ok(names.includes(`${sort}webhookconfigurations`), sort)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation [Conformance]', async () => {
  await using cluster = await openCluster()
  await using onPods = await openCallee()
  await using onMaps = await openCallee()
  await using unknown = await openCallee()
  onPods.answer = ({ object }) => {
    if (object.metadata.labels?.['webhook-e2e-test'] === 'wait-forever') return undefined
    const reasons = [
      ...(object.spec.containers[0].name === 'webhook-disallow' ? ['unwanted name'] : []),
      ...(object.metadata.labels?.['webhook-e2e-test'] ? ['unwanted label'] : []),
    ]
    return { allowed: reasons.length === 0, status: { reason: reasons.join('; ') } }
  }
  denyUnwantedData(onMaps, 'unwanted data')
  const answer = await cluster.ask('POST', configurationsOf('Validating'), {
    metadata: { name: 'several' },
    webhooks: [
      webhook(onPods, {
        name: 'pods.example.com',
        rules: rulesFor('CREATE', 'pods'),
        timeoutSeconds: 1,
      }),
      webhook(onMaps, {
        name: 'maps.example.com',
        rules: rulesFor('CREATE,UPDATE,DELETE', 'configmaps'),
        namespaceSelector: {
          matchExpressions: [{ key: 'skip-webhook', operator: 'NotIn', values: ['yes'] }],
        },
      }),
      // Whoever calls this one does not trust its certificate.
      webhook(unknown, {
        name: 'fail-open.example.com',
        clientConfig: { url: unknown.url },
        rules: rulesFor('CREATE', 'configmaps'),
        failurePolicy: 'Ignore',
      }),
    ],
  })
  assert.equal(answer.status, 201, answer.text)
  const pods = '/api/v1/namespaces/default/pods'
  const bad = await cluster.ask('POST', pods, pod('bad', 'webhook-disallow', unwanted))
  refused(bad, 'unwanted name; unwanted label')
  const labels = { 'webhook-e2e-test': 'wait-forever' }
  const hanging = await askInVain(cluster, onPods, ['POST', pods, pod('hanging', 'c', labels)])
  refused(hanging, 'webhook')
  refused(hanging, 'deadline')
  assert.equal((await cluster.ask('GET', `${pods}/hanging`)).status, 404)
  refused(await cluster.ask('POST', configMaps, map('bad', unwanted)), 'unwanted data')
  assert.equal((await cluster.ask('POST', configMaps, map('good', { admit: 'this' }))).status, 201)
  const { json } = await cluster.ask('GET', `${configMaps}/good`)
  const put = await cluster.ask('PUT', `${configMaps}/good`, { ...json, data: unwanted })
  refused(put, 'unwanted data')
  const patch = { data: unwanted }
  refused(await cluster.ask('PATCH', `${configMaps}/good`, patch, strategic), 'unwanted data')
  const skipped = named('Namespace', 'skipped', {})
  await cluster.ask('POST', '/api/v1/namespaces', {
    ...skipped,
    metadata: { name: 'skipped', labels: { 'skip-webhook': 'yes' } },
  })
  const exempt = await cluster.ask(
    'POST',
    '/api/v1/namespaces/skipped/configmaps',
    map('bad', unwanted),
  )
  assert.equal(exempt.status, 201, exempt.text)
  assert.equal(unknown.asked.length, 0)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion [Conformance]', async () => {
  await using cluster = await withFoos()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, {
    rules: rulesFor('CREATE,UPDATE,DELETE', 'foos', 'e2e.example.com'),
  })
  denyUnwantedData(callee, 'unwanted data')
  refused(await cluster.ask('POST', foos('v1'), foo('a', unwanted)), 'unwanted data')
  const path = `${foos('v1')}/a`
  assert.equal((await cluster.ask('POST', foos('v1'), foo('a', { key: 'keep' }))).status, 201)
  const { json } = await cluster.ask('GET', path)
  refused(await cluster.ask('PUT', path, { ...json, data: unwanted }), 'unwanted data')
  callee.answer = ({ operation, oldObject }) => ({
    allowed: operation !== 'DELETE' || oldObject.data.key !== 'keep',
    status: { reason: 'cannot be deleted' },
  })
  refused(await cluster.ask('DELETE', path), 'cannot be deleted')
  assert.equal((await cluster.ask('PUT', path, { ...json, data: {} })).status, 200)
  assert.equal((await cluster.ask('DELETE', path)).status, 200)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook [Conformance]', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', '/api/v1/namespaces', {
    metadata: { name: 'closed', labels: { 'fail-closed': 'yes' } },
  })
  await install(cluster, 'Validating', callee, {
    clientConfig: { service: { namespace: 'default', name: 'nobody', path: '/x', port: 8443 } },
    rules: rulesFor('CREATE', 'configmaps'),
    failurePolicy: 'Fail',
    namespaceSelector: {
      matchExpressions: [{ key: 'fail-closed', operator: 'In', values: ['yes'] }],
    },
  })
  const answer = await cluster.ask('POST', '/api/v1/namespaces/closed/configmaps', map('a'))
  assert.deepEqual([answer.status, answer.json.reason], [500, 'InternalError'])
  assert.equal((await cluster.ask('POST', configMaps, map('a'))).status, 201)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]', async () => {
  await using cluster = await openCluster()
  await using denying = await openCallee()
  await using mutating = await openCallee()
  denying.answer = () => ({ allowed: false })
  mutating.answer = () => patchOf({ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } })
  const rules = ['validating', 'mutating'].flatMap((sort) =>
    rulesFor('*', `${sort}webhookconfigurations`, 'admissionregistration.k8s.io', '*'),
  )
  await install(cluster, 'Validating', denying, { rules }, 'deny')
  await install(cluster, 'Mutating', mutating, { rules }, 'mutate')
  for (const sort of ['Validating', 'Mutating'] satisfies Sort[]) {
    const rules = rulesFor('CREATE', 'invalid')
    const made = await install(cluster, sort, denying, { rules }, 'dummy')
    assert.equal(made.json.metadata.labels, undefined)
    const gone = await cluster.ask('DELETE', `${configurationsOf(sort)}/dummy`)
    assert.equal(gone.status, 200, gone.text)
  }
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]', async () => {
  await using cluster = await withFoos()
  await using callee = await openCallee()
  mutateByStages(callee)
  const rules = rulesFor('CREATE,UPDATE', 'foos', 'e2e.example.com')
  const answer = await cluster.ask('POST', configurationsOf('Mutating'), {
    metadata: { name: 'stages' },
    webhooks: ['one.stages.com', 'two.stages.com'].map((name) => webhook(callee, { name, rules })),
  })
  assert.equal(answer.status, 201, answer.text)
  const made = await cluster.ask('POST', foos('v1'), foo('a', { 'mutation-start': 'yes' }))
  assert.deepEqual(made.json.data, {
    'mutation-start': 'yes',
    'mutation-stage-1': 'yes',
    'mutation-stage-2': 'yes',
  })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version [Conformance]', async () => {
  await using cluster = await withFoos([fooVersion('v1', true), fooVersion('v2', false)])
  await using callee = await openCallee()
  mutateByStages(callee)
  const rules = rulesFor('CREATE,UPDATE', 'foos', 'e2e.example.com')
  await install(cluster, 'Mutating', callee, { rules })
  const made = await cluster.ask('POST', foos('v1'), foo('a', { 'mutation-start': 'yes' }))
  assert.equal(made.status, 201, made.text)
  const versions = [fooVersion('v1', false), fooVersion('v2', true)]
  const path = `${definitionsPath}/foos.e2e.example.com`
  const changed = await cluster.ask('PATCH', path, { spec: { versions } }, merge)
  assert.equal(changed.status, 200, changed.text)
  await establishAgain(cluster, changed.json)
  const patch = { data: { 'mutation-start': 'yes', dummy: 'x' } }
  const patched = await cluster.ask('PATCH', `${foos('v1')}/a`, patch, merge)
  assert.equal(patched.status, 200, patched.text)
  const keys = ['dummy', 'mutation-stage-1', 'mutation-stage-2', 'mutation-start']
  assert.deepEqual(Object.keys(patched.json.data).sort(), keys)
  assert.equal((await cluster.ask('GET', `${foos('v2')}/a`)).json.apiVersion, 'e2e.example.com/v2')
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation [Conformance]', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = ({ object }) => ({
    allowed: object.metadata.labels?.['webhook-e2e-test'] !== 'webhook-disallow',
    status: { reason: 'unwanted label' },
  })
  await install(cluster, 'Validating', callee, {
    rules: rulesFor('CREATE', 'customresourcedefinitions', 'apiextensions.k8s.io', '*'),
  })
  const definition = fooDefinition()
  const bad = { ...definition, metadata: { ...definition.metadata, labels: unwanted } }
  refused(await cluster.ask('POST', definitionsPath, bad), 'unwanted label')
  assert.equal((await cluster.ask('POST', definitionsPath, definition)).status, 201)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout [Conformance]', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = () => undefined
  const rules = rulesFor('CREATE', 'configmaps')
  const slow = { rules, timeoutSeconds: 1, failurePolicy: 'Fail' }
  await install(cluster, 'Validating', callee, slow)
  const failed = await askInVain(cluster, callee, ['POST', configMaps, map('a')])
  refused(failed, 'context deadline exceeded')
  refused(failed, '/hook?timeout=1s')
  const path = `${configurationsOf('Validating')}/hooks`
  await cluster.ask('DELETE', path)
  await install(cluster, 'Validating', callee, { ...slow, failurePolicy: 'Ignore' })
  const ignored = await askInVain(cluster, callee, ['POST', configMaps, map('a')])
  assert.equal(ignored.status, 201)
  await cluster.ask('DELETE', path)
  callee.answer = () => ({ allowed: true })
  const made = await install(cluster, 'Validating', callee, { rules })
  assert.equal(made.json.webhooks[0].timeoutSeconds, 10, 'no timeout is one of ten seconds')
  assert.equal((await cluster.ask('POST', configMaps, map('b'))).status, 201)
})

for (const [sort, name] of [
  [
    'Validating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work [Conformance]',
  ],
  [
    'Mutating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    await using callee = await openCallee()
    if (sort === 'Validating') denyUnwantedData(callee, 'unwanted data')
    else mutateByStages(callee)
    await install(cluster, sort, callee, { rules: rulesFor('CREATE', 'configmaps') })
    const data = sort === 'Validating' ? unwanted : { 'mutation-start': 'yes' }
    const isAsked = async (name: string) => {
      const { status, json } = await cluster.ask('POST', configMaps, map(name, data))
      return status >= 400 || json.data['mutation-stage-1'] === 'yes'
    }
    assert.ok(await isAsked('a'))
    const path = `${configurationsOf(sort)}/hooks`
    const { json } = await cluster.ask('GET', path)
    json.webhooks[0].rules[0].operations = ['UPDATE']
    assert.equal((await cluster.ask('PUT', path, json)).status, 200)
    assert.ok(!(await isAsked('b')), 'creation is not asked about any more')
    const patch = [{ op: 'replace', path: '/webhooks/0/rules/0/operations/0', value: 'CREATE' }]
    assert.equal((await cluster.ask('PATCH', path, patch, jsonPatch)).status, 200)
    assert.ok(await isAsked('c'))
  })

for (const [sort, name] of [
  [
    'Validating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update validating webhook configurations with match conditions [Conformance]',
  ],
  [
    'Mutating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update mutating webhook configurations with match conditions [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    await using callee = await openCallee()
    const first = [{ name: 'first', expression: "object.metadata.namespace == 'production'" }]
    const made = await install(cluster, sort, callee, { matchConditions: first })
    assert.deepEqual(made.json.webhooks[0].matchConditions, first)
    const path = `${configurationsOf(sort)}/hooks`
    const more = [
      ...first,
      { name: 'second', expression: "object.metadata.namespace == 'staging'" },
    ]
    const { json } = await cluster.ask('GET', path)
    json.webhooks[0].matchConditions = more
    const updated = await cluster.ask('PUT', path, json)
    assert.deepEqual(updated.json.webhooks[0].matchConditions, more)
  })

for (const [sort, name] of [
  [
    'Validating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject validating webhook configurations with invalid match conditions [Conformance]',
  ],
  [
    'Mutating',
    '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject mutating webhook configurations with invalid match conditions [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    await using callee = await openCallee()
    const matchConditions = [{ name: 'bad', expression: '... [] bad expression' }]
    const answer = await cluster.ask('POST', configurationsOf(sort), {
      metadata: { name: 'bad' },
      webhooks: [webhook(callee, { matchConditions })],
    })
    assert.equal(answer.status, 422)
    refused(answer, 'compilation failed')
    assert.equal(answer.json.details.causes[0].field, 'webhooks[0].matchConditions[0].expression')
  })

test("[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps [Conformance]", async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  mutateByStages(callee)
  await install(cluster, 'Mutating', callee, {
    rules: rulesFor('CREATE', 'configmaps'),
    matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }],
  })
  const dataOf = async (name: string) =>
    (await cluster.ask('POST', configMaps, map(name, { 'mutation-start': 'yes' }))).json.data
  assert.deepEqual(await dataOf('skip-me'), { 'mutation-start': 'yes' })
  assert.deepEqual(await dataOf('a'), { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
})
