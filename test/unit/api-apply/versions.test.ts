import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee } from '../extension/callee.ts'
import {
  definitionsPath,
  establish,
  widgetDefinition,
  widgetVersion,
} from '../extension/widgets.ts'

/** Owners that write in different versions of one kind. */
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const scalers = (version: string) =>
  `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/a`
const widgets = (version: string) => `/apis/example.com/${version}/namespaces/default/widgets/a`
const apply = { headers: { 'content-type': 'application/apply-patch+yaml' } }
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const cpu = (averageUtilization: number) => [
  {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  },
]

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly fieldsV1: { readonly [field: string]: object | undefined }
}

/** Manager, version and the members of the spec that it owns. */
const owners = ({ json }: { json: { metadata: { managedFields: readonly Entry[] } } }) =>
  json.metadata.managedFields.map(({ manager, apiVersion, fieldsV1 }) => [
    ...[manager, apiVersion],
    Object.keys(fieldsV1['f:spec'] ?? {}).join(' '),
  ])

function applyScaler(
  cluster: TestCluster,
  version: string,
  manager: string,
  spec: object,
  query = '',
) {
  const path = `${scalers(version)}?fieldManager=${manager}${query}`
  const body = {
    ...{ apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler' },
    ...{ metadata: { name: 'a' }, spec },
  }
  return cluster.ask('PATCH', path, body, apply)
}

test('an applier owns what it said in v1 until somebody changes it through v2', async () => {
  await using cluster = await openCluster()
  const said = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 }
  const made = await applyScaler(cluster, 'v1', 'one', said)
  assert.equal(made.status, 201, made.text)
  const all = 'f:maxReplicas f:scaleTargetRef f:targetCPUUtilizationPercentage'
  assert.deepEqual(owners(made), [['one', 'autoscaling/v1', all]])
  const update = (body: object) =>
    cluster.ask('PATCH', `${scalers('v2')}?fieldManager=two`, { spec: body }, merge)
  const replicas = await update({ minReplicas: 2 })
  assert.deepEqual(owners(replicas), [
    ['one', 'autoscaling/v1', all],
    ['two', 'autoscaling/v2', 'f:minReplicas'],
  ])
  assert.deepEqual(owners(await update({ metrics: cpu(80) })), [
    ['one', 'autoscaling/v1', 'f:maxReplicas f:scaleTargetRef'],
    ['two', 'autoscaling/v2', 'f:metrics f:minReplicas'],
  ])
})

test('who applies in v2 is refused what an applier of v1 owns, and takes it by force', async () => {
  await using cluster = await openCluster()
  const said = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 }
  await applyScaler(cluster, 'v1', 'one', said)
  const wish = { scaleTargetRef, maxReplicas: 3, metrics: cpu(80) }
  const refused = await applyScaler(cluster, 'v2', 'two', wish)
  assert.equal(refused.status, 409)
  assert.deepEqual(refused.json.details.causes, [
    {
      ...{ reason: 'FieldManagerConflict', message: 'conflict with "one"' },
      field: '.spec.targetCPUUtilizationPercentage',
    },
  ])
  const forced = await applyScaler(cluster, 'v2', 'two', wish, '&force=true')
  assert.equal(forced.status, 200, forced.text)
  assert.deepEqual(forced.json.spec.metrics, cpu(80))
  assert.deepEqual(owners(forced), [
    ['one', 'autoscaling/v1', 'f:maxReplicas f:scaleTargetRef'],
    ['two', 'autoscaling/v2', 'f:maxReplicas f:metrics f:scaleTargetRef'],
  ])
  const again = await applyScaler(cluster, 'v2', 'two', wish)
  assert.equal(again.json.metadata.resourceVersion, forced.json.metadata.resourceVersion)
})

test('an applier that moves on to v2 stays one owner, and takes back what it leaves out', async () => {
  await using cluster = await openCluster()
  const said = {
    scaleTargetRef,
    maxReplicas: 3,
    minReplicas: 2,
    targetCPUUtilizationPercentage: 50,
  }
  await applyScaler(cluster, 'v1', 'one', said)
  const moved = await applyScaler(cluster, 'v2', 'one', { scaleTargetRef, maxReplicas: 3 })
  assert.equal(moved.status, 200, moved.text)
  // What nobody asks for is the default.
  const left = { scaleTargetRef, maxReplicas: 3, minReplicas: 1, metrics: cpu(80) }
  assert.deepEqual(moved.json.spec, left)
  assert.deepEqual(owners(moved), [['one', 'autoscaling/v2', 'f:maxReplicas f:scaleTargetRef']])
})

test('what one applier leaves out stays when another owns it in another version', async () => {
  await using cluster = await openCluster()
  const base = { scaleTargetRef, maxReplicas: 3 }
  await applyScaler(cluster, 'v1', 'one', { ...base, targetCPUUtilizationPercentage: 50 })
  await applyScaler(cluster, 'v2', 'two', { ...base, metrics: cpu(50) })
  const kept = await applyScaler(cluster, 'v1', 'one', base)
  assert.equal(kept.status, 200, kept.text)
  assert.equal(kept.json.spec.targetCPUUtilizationPercentage, 50)
  assert.deepEqual(
    owners(kept).sort(),
    [
      ['two', 'autoscaling/v2', 'f:maxReplicas f:metrics f:scaleTargetRef'],
      ['one', 'autoscaling/v1', 'f:maxReplicas f:scaleTargetRef'],
    ].sort(),
  )
  const gone = await applyScaler(cluster, 'v2', 'two', base)
  assert.deepEqual(gone.json.spec.metrics, cpu(80), 'the default')
})

test('versions of a custom kind: the webhook tells what a field is called in the other one', async () => {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = ({ desiredAPIVersion, objects }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map(
      ({ spec, ...one }: { spec: { color?: string; hue?: string } }) => ({
        ...{ ...one, apiVersion: desiredAPIVersion },
        spec: desiredAPIVersion.endsWith('v2') ? { hue: spec.color } : { color: spec.hue },
      }),
    ),
  })
  const spec = { type: 'object' as const, properties: { hue: { type: 'string' as const } } }
  const second = {
    ...{ ...widgetVersion, name: 'v2', storage: false },
    ...{ selectableFields: [], additionalPrinterColumns: [], subresources: {} },
    schema: { openAPIV3Schema: { type: 'object' as const, properties: { spec } } },
  }
  const webhook = {
    clientConfig: { url: callee.url, caBundle: callee.caBundle },
    conversionReviewVersions: ['v1'],
  }
  const conversion = { strategy: 'Webhook' as const, webhook }
  await establish(cluster, widgetDefinition({ versions: [widgetVersion, second], conversion }))
  const applied = (version: string, manager: string, body: object, query = '') =>
    cluster.ask(
      ...(['PATCH', `${widgets(version)}?fieldManager=${manager}${query}`] as const),
      { apiVersion: `example.com/${version}`, kind: 'Widget', metadata: { name: 'a' }, spec: body },
      apply,
    )
  const made = await applied('v1', 'one', { color: 'red' })
  assert.equal(made.status, 201, made.text)
  const refused = await applied('v2', 'two', { hue: 'green' })
  assert.deepEqual(
    refused.json.details.causes.map((one: { field: string }) => one.field),
    ['.spec.color'],
  )
  const forced = await applied('v2', 'two', { hue: 'green' }, '&force=true')
  assert.equal(forced.status, 200, forced.text)
  assert.deepEqual(owners(forced), [['two', 'example.com/v2', 'f:hue']])
  const changed = await cluster.ask(
    ...([
      'PATCH',
      `${widgets('v1')}?fieldManager=three`,
      { spec: { color: 'red' } },
      merge,
    ] as const),
  )
  assert.equal(changed.status, 200, changed.text)
  assert.deepEqual(owners(changed), [['three', 'example.com/v1', 'f:color']])
})

test('who wrote in a version that is served no more owns nothing after the next write', async () => {
  await using cluster = await openCluster()
  const second = { ...widgetVersion, name: 'v2', storage: false }
  await establish(cluster, widgetDefinition({ versions: [widgetVersion, second] }))
  const body = {
    ...{ apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'a' } },
    spec: { color: 'red' },
  }
  const made = await cluster.ask('PATCH', `${widgets('v2')}?fieldManager=one`, body, apply)
  assert.equal(made.status, 201, made.text)
  const name = `${definitionsPath}/widgets.example.com`
  const definition = (await cluster.ask('GET', name)).json
  definition.spec.versions[1].served = false
  assert.equal((await cluster.ask('PUT', name, definition)).status, 200)
  const changed = await cluster.ask(
    ...(['PATCH', `${widgets('v1')}?fieldManager=two`, { spec: { size: 4 } }, merge] as const),
  )
  assert.deepEqual(owners(changed), [['two', 'example.com/v1', 'f:size']])
})
