import assert from 'node:assert/strict'
import { test } from 'node:test'
import { establishedStatus } from '../../../src/kinds/apiextensions/establish.ts'
import { openCluster } from '../api/cluster.ts'
import {
  definitionsPath,
  establish,
  establishAgain,
  widget,
  widgetDefinition,
  widgetsPath,
  widgetVersion,
} from './widgets.ts'

/** What becomes of definitions, and of who watches their objects when they change. */

const now = '2024-01-01T00:00:00Z'

function approved(annotation?: string) {
  const made = widgetDefinition({ group: 'widgets.k8s.io' })
  const annotations = annotation === undefined ? {} : { 'api-approved.kubernetes.io': annotation }
  return { ...made, metadata: { name: 'widgets.widgets.k8s.io', annotations } }
}

test('a watch of custom resources ends when their definition changes, not when its status does', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  await cluster.ask('POST', widgetsPath, widget('a'))
  const watch = await cluster.watch(`${widgetsPath}?watch=true`)
  assert.equal((await watch.next()).object.metadata.name, 'a')
  const path = `${definitionsPath}/widgets.example.com`
  const definition = (await cluster.ask('GET', path)).json
  const conditions = [
    ...definition.status.conditions,
    { type: 'Terminating', status: 'False', reason: 'Not', message: '' },
  ]
  const status = { ...definition.status, conditions }
  assert.equal((await cluster.ask('PUT', `${path}/status`, { ...definition, status })).status, 200)
  await cluster.ask('POST', widgetsPath, widget('b'))
  assert.equal((await watch.next()).object.metadata.name, 'b')
  const current = (await cluster.ask('GET', path)).json
  const versions = [{ ...widgetVersion, additionalPrinterColumns: [] }]
  const changed = { ...current, spec: { ...current.spec, versions } }
  assert.equal((await cluster.ask('PUT', path, changed)).status, 200)
  assert.equal(await watch.next(), undefined)
})

test('an idle watch of custom resources ends when their definition changes after its status did', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  const watch = await cluster.watch(`${widgetsPath}?watch=true`)
  const path = `${definitionsPath}/widgets.example.com`
  const ended = watch.next()
  for (const reason of ['One', 'Two']) {
    const definition = (await cluster.ask('GET', path)).json
    const told = { type: 'Terminating', status: 'False', reason, message: '' }
    const status = { ...definition.status, conditions: [...definition.status.conditions, told] }
    assert.equal(
      (await cluster.ask('PUT', `${path}/status`, { ...definition, status })).status,
      200,
    )
  }
  const current = (await cluster.ask('GET', path)).json
  const versions = [{ ...widgetVersion, additionalPrinterColumns: [] }]
  const changed = { ...current, spec: { ...current.spec, versions } }
  assert.equal((await cluster.ask('PUT', path, changed)).status, 200)
  assert.equal(await ended, undefined)
})

test('a watch of custom resources ends with their definition', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  const watch = await cluster.watch(`${widgetsPath}?watch=true`)
  const path = `${definitionsPath}/widgets.example.com`
  await cluster.ask('DELETE', path)
  const going = (await cluster.ask('GET', path)).json
  await cluster.ask('PUT', path, { ...going, metadata: { ...going.metadata, finalizers: [] } })
  assert.equal(await watch.next(), undefined)
})

test('a definition in a group of the project says whether its API was approved', async () => {
  await using cluster = await openCluster()
  const refused = await cluster.ask('POST', definitionsPath, approved())
  assert.match(
    refused.json.message,
    /Required value: protected groups must have approval annotation/,
  )
  assert.equal((await cluster.ask('POST', definitionsPath, approved('mailto:x'))).status, 422)
  const told = [
    ['https://github.com/kubernetes/kubernetes/pull/1', 'True', 'ApprovedAnnotation'],
    ['unapproved, for tests', 'False', 'UnapprovedAnnotation'],
    ['no URL', 'False', 'InvalidAnnotation'],
    [undefined, 'False', 'MissingAnnotation'],
  ] as const
  for (const [annotation, status, reason] of told) {
    const { conditions } = establishedStatus(approved(annotation), [], now)
    const type = 'KubernetesAPIApprovalPolicyConformant'
    const found = conditions?.find((one) => one.type === type)
    assert.deepEqual([found?.status, found?.reason], [status, reason])
  }
  const { conditions } = establishedStatus(widgetDefinition(), [], now)
  assert.deepEqual(
    conditions?.map(({ type }) => type),
    ['NamesAccepted', 'Established'],
  )
})

test('what lacked approval before may change otherwise, and may not lose what it had', async () => {
  await using cluster = await openCluster()
  await establish(cluster, approved('https://example.com/approved'))
  const path = `${definitionsPath}/widgets.widgets.k8s.io`
  const { json } = await cluster.ask('GET', path)
  const without = { ...json, metadata: { ...json.metadata, annotations: {} } }
  assert.equal((await cluster.ask('PUT', path, without)).status, 422)
  await establishAgain(cluster, json)
})

test('of the names of a definition those that are free are accepted', () => {
  const first = widgetDefinition()
  first.status = establishedStatus(first, [], now)
  const second = widgetDefinition()
  second.metadata = { name: 'gadgets.example.com' }
  const names = { plural: 'gadgets', singular: 'gadget', kind: 'Widget', listKind: 'GadgetList' }
  second.spec.names = { ...names, shortNames: ['wd', 'gd'] }
  const { acceptedNames, conditions } = establishedStatus(second, [first], now)
  assert.deepEqual(acceptedNames, {
    ...{ plural: 'gadgets', singular: 'gadget', kind: '', listKind: 'GadgetList' },
  })
  const accepted = conditions?.find(({ type }) => type === 'NamesAccepted')
  assert.deepEqual(
    [accepted?.status, accepted?.reason, accepted?.message],
    ['False', 'KindConflict', '"Widget" is already in use'],
  )
})

test('who owned parts of what its definition makes one whole owns the whole', async () => {
  await using cluster = await openCluster()
  const properties = { a: { type: 'string' }, b: { type: 'string' } }
  const versionOf = (mapType: string) => {
    const place = { type: 'object', 'x-kubernetes-map-type': mapType, properties }
    const spec = { type: 'object', properties: { place } }
    const openAPIV3Schema = { type: 'object', properties: { spec } }
    return { ...widgetVersion, schema: { openAPIV3Schema }, selectableFields: [] } as never
  }
  await establish(cluster, widgetDefinition({ versions: [versionOf('granular')] }))
  const apply = (manager: string, place: object) =>
    cluster.ask('PATCH', `${widgetsPath}/w?fieldManager=${manager}`, widget('w', { place }), {
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
  const fieldsOf = (manager: string, object: { metadata: { managedFields: never[] } }) =>
    object.metadata.managedFields.find((one: { manager: string }) => one.manager === manager)?.[
      'fieldsV1'
    ]
  assert.equal((await apply('one', { a: 'x' })).status, 201)
  assert.equal((await apply('two', { b: 'x' })).status, 200)
  const path = `${definitionsPath}/widgets.example.com`
  const { json } = await cluster.ask('GET', path)
  const changed = { ...json, spec: { ...json.spec, versions: [versionOf('atomic')] } }
  assert.equal((await cluster.ask('PUT', path, changed)).status, 200)
  const refused = await apply('three', { a: 'y' })
  assert.equal(refused.status, 409)
  assert.deepEqual(
    refused.json.details.causes.map(({ field }: { field: string }) => field),
    ['.spec.place', '.spec.place'],
  )
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const labels = { metadata: { labels: { a: 'b' } } }
  const labelled = await cluster.ask('PATCH', `${widgetsPath}/w?fieldManager=four`, labels, merge)
  for (const manager of ['one', 'two'])
    assert.deepEqual(fieldsOf(manager, labelled.json), { 'f:spec': { 'f:place': {} } })
})

test('the path of a scale is names between dots, below spec or status', async () => {
  await using cluster = await openCluster()
  const withPath = (specReplicasPath: string) => {
    const scale = { specReplicasPath, statusReplicasPath: '.status.replicas' }
    return widgetDefinition({
      versions: [{ ...widgetVersion, subresources: { status: {}, scale } }],
    })
  }
  const dry = (path: string) => cluster.ask('POST', `${definitionsPath}?dryRun=All`, withPath(path))
  for (const path of ['.spec', ".spec['replicas']", '.status.replicas', 'spec.replicas', ''])
    assert.equal((await dry(path)).status, 422, path)
  for (const path of ['.spec.replicas', '.spec.replicas[0]', '.spec.a.b', '.spec.*'])
    assert.equal((await dry(path)).status, 201, path)
  await establish(cluster, withPath('.spec.open.n[0]'))
  const open = { 'n[0]': 3 }
  await cluster.ask('POST', widgetsPath, widget('a', { color: 'green', open }))
  const { json } = await cluster.ask('GET', `${widgetsPath}/a/scale`)
  assert.equal(json.spec.replicas, 3)
})
