import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, openCluster } from '../api/cluster.ts'
import { openCallee, patchOf } from './callee.ts'
import { askInVain, configuration, install, registration, rulesFor } from './registrations.ts'
import { establish, widget, widgetDefinition, widgetsPath, widgetVersion } from './widgets.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more: object = {}) => ({ metadata: { name }, data: { a: '1' }, ...more })

test('a validating webhook sees the request and refuses it in its own words', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee)
  callee.answer = ({ object }) =>
    object?.data?.bad
      ? {
          allowed: false,
          status: { message: 'bad data', code: 403, reason: 'Forbidden' },
          warnings: ['think again'],
        }
      : { allowed: true }
  const refused = await cluster.ask('POST', configMaps, map('a', { data: { bad: 'x' } }))
  assert.equal(refused.status, 403)
  assert.equal(
    refused.json.message,
    'admission webhook "one.example.com" denied the request: bad data',
  )
  assert.equal(refused.headers.get('warning'), '299 - "think again"')
  const created = await cluster.ask('POST', configMaps, map('a'))
  assert.equal(created.status, 201)
  const { request } = callee.asked.at(-1)
  assert.deepEqual(
    [
      request.operation,
      request.kind,
      request.resource,
      request.name,
      request.namespace,
      request.dryRun,
    ],
    [
      'CREATE',
      { group: '', version: 'v1', kind: 'ConfigMap' },
      { group: '', version: 'v1', resource: 'configmaps' },
      'a',
      'default',
      false,
    ],
  )
  assert.deepEqual(
    [request.object.kind, request.object.apiVersion, request.oldObject],
    ['ConfigMap', 'v1', null],
  )
  assert.equal(request.userInfo.username, 'admin')
  callee.answer = ({ operation }) => ({ allowed: operation !== 'DELETE' })
  const kept = await cluster.ask('DELETE', `${configMaps}/a`)
  assert.equal(
    kept.json.message,
    'admission webhook "one.example.com" denied the request without explanation',
  )
  assert.equal(callee.asked.at(-1).request.oldObject.metadata.name, 'a')
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap [Conformance]', async () => {
  await using cluster = await openCluster()
  await using first = await openCallee()
  await using second = await openCallee()
  first.answer = ({ object }) =>
    patchOf({ op: 'add', path: '/data/first', value: `saw ${Object.keys(object.data).join()}` })
  second.answer = () => patchOf({ op: 'add', path: '/data/second', value: 'x' })
  await install(cluster, 'Mutating', first, { reinvocationPolicy: 'IfNeeded' }, 'a-first')
  await install(cluster, 'Mutating', second, { name: 'two.example.com' }, 'b-second')
  const created = await cluster.ask('POST', configMaps, map('a'))
  assert.deepEqual(created.json.data, { a: '1', first: 'saw a,first,second', second: 'x' })
  assert.equal(first.asked.length, 2)
  assert.equal(second.asked.length, 1)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation [Conformance]', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Mutating', callee, {
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  })
  callee.answer = () =>
    patchOf({ op: 'add', path: '/spec/initContainers', value: [{ name: 'i', image: 'x:1' }] })
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'y:1' }] } }
  const created = await cluster.ask('POST', '/api/v1/namespaces/default/pods', pod)
  assert.equal(created.status, 201, created.text)
  assert.equal(created.json.spec.initContainers[0].terminationMessagePolicy, 'File')
})

test('a question of rights is dear: three of them are more than one condition may cost', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  const asked =
    "authorizer.group('').resource('pods').namespace('default').check('create').allowed()"
  const expression = [asked, asked, asked].join(' && ')
  await install(cluster, 'Validating', callee, { matchConditions: [{ name: 'dear', expression }] })
  const refused = await cluster.ask('POST', configMaps, map('a'))
  assert.match(refused.json.message, /operation cancelled: actual cost limit exceeded/)
  await using other = await openCluster()
  const cheap = { matchConditions: [{ name: 'cheap', expression: [asked, asked].join(' && ') }] }
  await install(other, 'Validating', callee, cheap)
  assert.equal((await other.ask('POST', configMaps, map('a'))).status, 201)
  await using many = await openCluster()
  const matchConditions = Array.from({ length: 8 }, (_, at) => ({
    name: `c${at}`,
    expression: asked,
  }))
  await install(many, 'Validating', callee, { matchConditions })
  const all = await many.ask('POST', configMaps, map('a'))
  assert.match(
    all.json.message,
    /^configmaps "a" is forbidden: validation failed due to running out of cost budget, no further/,
  )
})

test('a webhook has no more time than the request it is asked about', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, { timeoutSeconds: 20 })
  await cluster.ask('POST', `${configMaps}?timeout=7s`, map('a'))
  await cluster.ask('POST', configMaps, map('b'))
  assert.deepEqual(callee.paths, ['/hook?timeout=7s', '/hook?timeout=20s'])
})

test('a webhook that does not answer fails the request, or is ignored, as its policy says', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = () => undefined
  await install(cluster, 'Validating', callee, { timeoutSeconds: 1 })
  const failed = await askInVain(cluster, callee, ['POST', configMaps, map('a')])
  assert.equal(failed.status, 500)
  assert.equal(
    failed.json.message,
    `Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: Post "${callee.url}?timeout=1s": context deadline exceeded`,
  )
  await using open = await openCluster()
  await using gone = await openCallee()
  await install(open, 'Validating', gone, { failurePolicy: 'Ignore' })
  await gone[Symbol.asyncDispose]()
  assert.equal((await open.ask('POST', configMaps, map('a'))).status, 201)
})

test('selectors, match conditions and dry run decide whether a webhook is asked', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = () => ({ allowed: false })
  await install(cluster, 'Validating', callee, {
    objectSelector: { matchLabels: { watched: 'yes' } },
    matchConditions: [
      { name: 'not-skipped', expression: "!has(object.data) || object.data.a != 'skip'" },
    ],
    sideEffects: 'NoneOnDryRun',
  })
  const labels = { watched: 'yes' }
  assert.equal((await cluster.ask('POST', configMaps, map('a'))).status, 201)
  assert.equal(
    (
      await cluster.ask('POST', configMaps, {
        metadata: { name: 'b', labels },
        data: { a: 'skip' },
      })
    ).status,
    201,
  )
  assert.equal(
    (await cluster.ask('POST', configMaps, { metadata: { name: 'c', labels }, data: { a: '1' } }))
      .status,
    400,
  )
  assert.equal(
    (await cluster.ask('POST', `${configMaps}?dryRun=All`, { metadata: { name: 'c', labels } }))
      .status,
    400,
  )
  assert.equal(callee.asked.at(-1).request.dryRun, true)
})

test('configurations of webhooks are beyond their reach, and are checked themselves', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = () => ({ allowed: false })
  await install(cluster, 'Validating', callee)
  await install(cluster, 'Mutating', callee)
  const path = `${registration}/validatingwebhookconfigurations/hooks`
  assert.equal((await cluster.ask('DELETE', path)).status, 200)
  const wrong = configuration(
    'Validating',
    callee,
    { matchConditions: [{ name: 'x', expression: '1 + ' }] },
    'wrong',
  )
  const refused = await cluster.ask(
    'POST',
    `${registration}/validatingwebhookconfigurations`,
    wrong,
  )
  assert.equal(refused.status, 422)
  assert.match(
    refused.json.message,
    /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "1 \+ ": compilation failed: ERROR: <input>:1:5: Syntax error/,
  )
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning [Conformance]', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  await using callee = await openCallee()
  callee.answer = () =>
    patchOf(
      { op: 'add', path: '/spec/size', value: 9 },
      { op: 'add', path: '/spec/unknown', value: 1 },
    )
  await install(cluster, 'Mutating', callee, {
    rules: [
      {
        operations: ['CREATE'],
        apiGroups: ['example.com'],
        apiVersions: ['*'],
        resources: ['widgets'],
      },
    ],
  })
  const created = await cluster.ask('POST', widgetsPath, widget('a'))
  assert.deepEqual(created.json.spec, { color: 'green', size: 9 })
})

test('a Service is called at its endpoint, by the name that its certificate has', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await cluster.ask('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443, targetPort: callee.port }] },
  })
  await cluster.ask('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: '', port: callee.port, protocol: 'TCP' }],
  })
  await install(cluster, 'Validating', callee, {
    clientConfig: {
      service: { namespace: 'default', name: 'hook', path: '/check' },
      caBundle: callee.caBundle,
    },
    rules: [
      { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
    ],
  })
  assert.equal((await cluster.ask('POST', configMaps, map('a'))).status, 201)
  assert.equal(callee.asked.length, 1)
})

test('a conversion webhook converts what is read, listed and written in another version', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = ({ desiredAPIVersion, objects }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map((one: { spec: { color?: string; hue?: string } }) => ({
      ...one,
      apiVersion: desiredAPIVersion,
      spec: desiredAPIVersion.endsWith('v2') ? { hue: one.spec.color } : { color: one.spec.hue },
    })),
  })
  const v2 = {
    ...widgetVersion,
    name: 'v2',
    storage: false,
    selectableFields: [],
    additionalPrinterColumns: [],
    schema: {
      openAPIV3Schema: {
        type: 'object' as const,
        properties: {
          spec: { type: 'object' as const, properties: { hue: { type: 'string' as const } } },
          status: {
            type: 'object' as const,
            properties: {
              replicas: { type: 'integer' as const },
              selector: { type: 'string' as const },
            },
          },
        },
      },
    },
  }
  await establish(
    cluster,
    widgetDefinition({
      versions: [widgetVersion, v2],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { url: callee.url, caBundle: callee.caBundle },
          // Tekton's list: no v1.
          conversionReviewVersions: ['v1alpha1', 'v1beta1'],
        },
      },
    }),
  )
  await cluster.ask('POST', widgetsPath, widget('a', { color: 'red', size: 2 }))
  const other = '/apis/example.com/v2/namespaces/default/widgets'
  assert.deepEqual((await cluster.ask('GET', `${other}/a`)).json.spec, { hue: 'red' })
  const made = await cluster.ask('POST', other, {
    ...widget('b', { hue: 'green' }),
    apiVersion: 'example.com/v2',
  })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.spec, { hue: 'green' })
  const list = await cluster.ask('GET', other)
  assert.deepEqual(
    list.json.items.map((one: { spec: object }) => one.spec),
    [{ hue: 'red' }, { hue: 'green' }],
  )
  assert.deepEqual((await cluster.ask('GET', `${widgetsPath}/b`)).json.spec, {
    color: 'green',
    size: 3,
  })
  assert.equal(callee.asked[0].apiVersion, 'apiextensions.k8s.io/v1beta1')
  callee.answer = () => ({ result: { status: 'Failed', message: 'no way' } })
  const failed = await cluster.ask('POST', other, {
    ...widget('c', { hue: 'x' }),
    apiVersion: 'example.com/v2',
  })
  assert.equal(failed.status, 500)
  assert.match(
    failed.json.message,
    /conversion webhook for example\.com\/v2, Kind=Widget failed: no way/,
  )
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod [Conformance]', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  await install(cluster, 'Validating', callee, {
    rules: [
      { operations: ['CONNECT'], apiGroups: ['*'], apiVersions: ['*'], resources: ['pods/attach'] },
    ],
  })
  callee.answer = ({ kind }) => ({
    allowed: kind.kind !== 'PodAttachOptions',
    status: { message: 'attaching is not allowed' },
  })
  const pod = '/api/v1/namespaces/default/pods/p'
  const stream = (path: string) =>
    cluster.api.admitStream({ method: 'POST', path: `${pod}/${path}`, headers: new Map() }, admin)
  await assert.rejects(stream('attach?stdin=true&container=c'), {
    message: 'admission webhook "one.example.com" denied the request: attaching is not allowed',
  })
  const { request } = callee.asked[0]
  assert.deepEqual(
    [
      request.operation,
      request.subResource,
      request.name,
      request.object.stdin,
      request.object.container,
    ],
    ['CONNECT', 'attach', 'p', true, 'c'],
  )
  await stream('exec?command=ls')
  assert.equal(callee.asked.length, 1)
})

test('a webhook is asked in the first review version of its list that is known', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  const versions = { admissionReviewVersions: ['v9', 'v1beta1', 'v1'] }
  await install(cluster, 'Mutating', callee, { ...versions, rules: rulesFor('*', 'configmaps') })
  // As in v1beta1: neither whose answer it is nor what kind of patch.
  callee.answer = () => ({
    ...patchOf({ op: 'add', path: '/data/old', value: 'yes' }),
    ...{ patchType: undefined, uid: undefined },
  })
  const made = await cluster.ask('POST', configMaps, map('a'))
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.data, { a: '1', old: 'yes' })
  assert.equal(callee.asked[0].apiVersion, 'admission.k8s.io/v1beta1')
})

test('an answer in v1 says what it is, and only a mutating webhook patches', async () => {
  const patch = patchOf({ op: 'add', path: '/data/new', value: 'yes' })
  const cases: [sort: 'Mutating' | 'Validating', answer: object, version: string, why: string][] = [
    [
      ...(['Validating', { allowed: true }, 'admission.k8s.io/v1beta1'] as const),
      'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v1beta1, Kind=AdmissionReview',
    ],
    ['Validating', patch, '', 'validating webhook may not return response.patch'],
    [
      ...(['Mutating', { ...patch, patchType: undefined }, ''] as const),
      'webhook returned response.patch but not response.patchType',
    ],
    [
      ...(['Mutating', { allowed: true, patchType: 'JSONPatch' }, ''] as const),
      'webhook returned response.patchType but not response.patch',
    ],
  ]
  for (const [sort, answer, version, why] of cases) {
    await using cluster = await openCluster()
    await using callee = await openCallee()
    await install(cluster, sort, callee, { rules: rulesFor('*', 'configmaps') })
    callee.answer = () => answer
    if (version !== '') callee.apiVersion = version
    const refused = await cluster.ask('POST', configMaps, map('a'))
    assert.equal(refused.status, 500)
    assert.equal(
      refused.json.message,
      `Internal error occurred: failed calling webhook "one.example.com": received invalid webhook response: ${why}`,
    )
  }
})
