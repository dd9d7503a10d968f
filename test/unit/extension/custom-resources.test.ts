import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupVersions } from '../../../src/api/discovery/resources.ts'
import { customSchemas } from '../../../src/api/openapi/custom-schemas.ts'
import { customKind } from '../../../src/kinds/apiextensions/custom-kind.ts'
import type { SchemaProps } from '../../../src/kinds/structural/schema-props.ts'
import { openCluster } from '../api/cluster.ts'
import {
  definitionsPath,
  establish,
  widget,
  widgetDefinition,
  widgetsPath,
  widgetVersion,
} from './widgets.ts'

async function withWidgets() {
  const cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  return cluster
}

test('a custom resource is created, read, listed, changed and deleted like any other', async () => {
  await using cluster = await withWidgets()
  const created = await cluster.ask('POST', widgetsPath, widget('a', { color: 'green', extra: 1 }))
  assert.equal(created.status, 201, created.text)
  assert.deepEqual(created.json.spec, { color: 'green', size: 3 })
  assert.equal(created.json.metadata.generation, 1)
  assert.equal(created.headers.get('warning'), '299 - "unknown field \\"spec.extra\\""')
  const read = await cluster.ask('GET', `${widgetsPath}/a`)
  assert.deepEqual(read.json, created.json)
  const list = await cluster.ask('GET', '/apis/example.com/v1/widgets')
  assert.equal(list.json.kind, 'WidgetList')
  assert.equal(list.json.items.length, 1)
  const changed = await cluster.ask('PUT', `${widgetsPath}/a`, {
    ...created.json,
    spec: { color: 'red', size: 4 },
  })
  assert.equal(changed.json.metadata.generation, 2)
  const gone = await cluster.ask('DELETE', `${widgetsPath}/a`)
  assert.equal(gone.status, 200)
  assert.equal(
    (await cluster.ask('GET', `${widgetsPath}/a`)).text.includes(
      'widgets.example.com \\"a\\" not found',
    ),
    true,
  )
})

test('a custom resource that breaks its schema or a rule is refused in Kubernetes’ words', async () => {
  await using cluster = await withWidgets()
  const refused = async (spec: object) =>
    (await cluster.ask('POST', widgetsPath, widget('a', spec))).json.message
  const unchecked =
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'
  assert.equal(
    await refused({}),
    `Widget.example.com "a" is invalid: [spec.color: Required value, ${unchecked}]`,
  )
  assert.equal(
    await refused({ color: 'blue' }),
    `Widget.example.com "a" is invalid: [spec.color: Unsupported value: "blue": supported values: "red", "green", ${unchecked}]`,
  )
  assert.equal(
    await refused({ color: 'red', size: 20 }),
    'Widget.example.com "a" is invalid: spec: Invalid value: red widgets are small',
  )
  assert.equal(
    await refused({ color: 'red', parts: [{ name: 'x' }, { name: 'x' }] }),
    'Widget.example.com "a" is invalid: spec.parts[1]: Duplicate value: {"name":"x"}',
  )
  const strict = await cluster.ask(
    'POST',
    `${widgetsPath}?fieldValidation=Strict`,
    Buffer.from(
      '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","nope":1},"spec":{"color":"red","color":"green","extra":1}}',
    ),
  )
  assert.equal(
    strict.json.message,
    'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.color", unknown field "metadata.nope", unknown field "spec.extra"',
  )
})

test('a kind is not served before its definition is established, nor after it is gone', async () => {
  await using cluster = await openCluster()
  assert.equal((await cluster.ask('POST', definitionsPath, widgetDefinition())).status, 201)
  assert.equal((await cluster.ask('GET', widgetsPath)).status, 404)
  await using other = await withWidgets()
  const deleted = await other.ask('DELETE', `${definitionsPath}/widgets.example.com`)
  assert.deepEqual(deleted.json.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  const late = await other.ask('POST', widgetsPath, widget('late'))
  assert.equal(late.status, 405)
  assert.equal(
    late.json.message,
    'create not allowed while custom resource definition is terminating',
  )
})

test('status and scale are subresources of their own', async () => {
  await using cluster = await withWidgets()
  const created = await cluster.ask(
    'POST',
    widgetsPath,
    widget('a', { color: 'red', replicas: 2 }, { status: { phase: 'no' } }),
  )
  assert.equal(created.json.status, undefined)
  const told = await cluster.ask('PUT', `${widgetsPath}/a/status`, {
    ...created.json,
    spec: { color: 'green' },
    metadata: { ...created.json.metadata, labels: { a: 'b' } },
    status: { replicas: 1, selector: 'app=x', phase: 'Ready' },
  })
  assert.equal(told.status, 200, told.text)
  assert.equal(told.json.spec.color, 'red')
  assert.equal(told.json.metadata.labels, undefined)
  assert.equal(told.json.metadata.generation, 1)
  const scale = await cluster.ask('GET', `${widgetsPath}/a/scale`)
  assert.deepEqual(
    [scale.json.spec, scale.json.status],
    [{ replicas: 2 }, { replicas: 1, selector: 'app=x' }],
  )
  const patched = await cluster.ask(
    'PATCH',
    `${widgetsPath}/a/scale`,
    { spec: { replicas: 7 } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.equal(patched.json.spec.replicas, 7)
  assert.equal((await cluster.ask('GET', `${widgetsPath}/a`)).json.spec.replicas, 7)
})

test('tables have the definition’s columns, field selectors its fields', async () => {
  await using cluster = await withWidgets()
  await cluster.ask('POST', widgetsPath, widget('a', { color: 'red' }))
  await cluster.ask('POST', widgetsPath, widget('b', { color: 'green' }))
  const table = await cluster.ask(
    'GET',
    `${widgetsPath}?fieldSelector=spec.color%3Dred`,
    undefined,
    {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    },
  )
  assert.deepEqual(
    table.json.columnDefinitions.map((one: { name: string }) => one.name),
    ['Name', 'Color', 'Size', 'Age'],
  )
  assert.deepEqual(
    table.json.rows.map((one: { cells: unknown[] }) => one.cells.slice(0, 3)),
    [['a', 'red', 3]],
  )
  assert.equal((await cluster.ask('GET', `${widgetsPath}?fieldSelector=spec.size%3D3`)).status, 400)
})

test('a watch sees custom resources enter and leave its selector', async () => {
  await using cluster = await withWidgets()
  const watch = await cluster.watch(`${widgetsPath}?watch=true&fieldSelector=spec.color%3Dred`)
  const created = await cluster.ask('POST', widgetsPath, widget('a', { color: 'red' }))
  assert.equal((await watch.next()).type, 'ADDED')
  await cluster.ask('PUT', `${widgetsPath}/a`, { ...created.json, spec: { color: 'green' } })
  const left = await watch.next()
  assert.deepEqual([left.type, left.object.spec.color], ['DELETED', 'red'])
  await watch.close()
})

test('patches: merge, JSON and apply are served, strategic is not', async () => {
  await using cluster = await withWidgets()
  await cluster.ask('POST', widgetsPath, widget('a', { color: 'red' }))
  const patch = (type: string, body: unknown, query = '') =>
    cluster.ask('PATCH', `${widgetsPath}/a${query}`, body, { headers: { 'content-type': type } })
  const merged = await patch('application/merge-patch+json', { spec: { size: 5, unknown: 1 } })
  assert.deepEqual(merged.json.spec, { color: 'red', size: 5 })
  const changed = await patch('application/json-patch+json', [
    { op: 'replace', path: '/spec/color', value: 'green' },
  ])
  assert.equal(changed.json.spec.color, 'green')
  const strategic = await patch('application/strategic-merge-patch+json', { spec: { size: 6 } })
  assert.equal(strategic.status, 415)
  assert.equal(
    strategic.json.message,
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  )
  const apply = (manager: string, parts: object[]) =>
    patch(
      'application/apply-patch+yaml',
      { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { parts } },
      `?fieldManager=${manager}`,
    )
  await apply('one', [{ name: 'x', count: 1 }])
  const both = await apply('two', [{ name: 'y', count: 2 }])
  assert.deepEqual(both.json.spec.parts, [
    { name: 'x', count: 1 },
    { name: 'y', count: 2 },
  ])
  const conflict = await apply('two', [{ name: 'x', count: 9 }])
  assert.equal(conflict.status, 409)
  assert.match(conflict.json.message, /\.spec\.parts\[name="x"\]\.count/)
})

test('several versions show one object; defaults apply to what was stored before them', async () => {
  await using cluster = await openCluster()
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
  await establish(
    cluster,
    widgetDefinition({
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: open } },
        {
          name: 'v2',
          served: true,
          storage: false,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    color: { type: 'string' },
                    shape: { type: 'string', default: 'round' },
                  },
                },
              },
            },
          },
          deprecated: true,
        },
      ],
    }),
  )
  await cluster.ask('POST', widgetsPath, widget('a', { color: 'red', other: 1 }))
  const other = '/apis/example.com/v2/namespaces/default/widgets'
  const read = await cluster.ask('GET', `${other}/a`)
  assert.equal(read.json.apiVersion, 'example.com/v2')
  assert.deepEqual(read.json.spec, { color: 'red', shape: 'round' })
  assert.equal(read.headers.get('warning'), '299 - "example.com/v2 Widget is deprecated"')
  const { resourceVersion } = read.json.metadata
  const list = await cluster.ask('GET', other)
  assert.deepEqual(list.json.items[0], read.json)
  const watch = await cluster.watch(`${other}?watch=true&resourceVersion=0`)
  assert.deepEqual((await watch.next()).object, read.json)
  await watch.close()
  const same = await cluster.ask('PUT', `${other}/a`, read.json)
  assert.equal(same.status, 200)
  const stored = await cluster.ask('GET', `${widgetsPath}/a`)
  assert.equal(stored.json.apiVersion, 'example.com/v1')
  assert.deepEqual(stored.json.spec, { color: 'red', shape: 'round' })
  const again = await cluster.ask('PUT', `${other}/a`, same.json)
  assert.equal(again.json.metadata.resourceVersion, same.json.metadata.resourceVersion)
  assert.notEqual(same.json.metadata.resourceVersion, resourceVersion)
})

test('discovery and OpenAPI name custom kinds while they are served', async () => {
  await using cluster = await withWidgets()
  const aggregated = await cluster.ask('GET', '/apis', undefined, {
    headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
  })
  const groups = JSON.parse(aggregated.text).items as {
    metadata: { name: string }
    versions: {
      resources: {
        resource: string
        shortNames: string[]
        categories: string[]
        subresources: { subresource: string }[]
      }[]
    }[]
  }[]
  const [resource] =
    groups.find((one) => one.metadata.name === 'example.com')?.versions[0]?.resources ?? []
  assert.deepEqual(
    [resource?.resource, resource?.shortNames, resource?.categories],
    ['widgets', ['wd'], ['all']],
  )
  assert.deepEqual(
    resource?.subresources.map((one) => one.subresource),
    ['scale', 'status'],
  )
  const legacy = await cluster.ask('GET', '/apis/example.com/v1')
  assert.deepEqual(
    legacy.json.resources.map((one: { name: string }) => one.name),
    ['widgets', 'widgets/scale', 'widgets/status'],
  )
  const index = await cluster.ask('GET', '/openapi/v3')
  const url = index.json.paths['apis/example.com/v1'].serverRelativeURL as string
  const document = await cluster.ask('GET', url)
  const schema = document.json.components.schemas['com.example.v1.Widget']
  assert.equal(schema.properties.spec.properties.color.description, 'Its color.')
  const meta = document.json.components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']
  assert.ok(meta.properties.creationTimestamp, 'what a schema refers to is in the same document')
  // What upstream's conformance tests look for in `kubectl explain`.
  assert.match(schema.properties.apiVersion.description, /^APIVersion defines /)
  assert.match(schema.properties.metadata.description, /^Standard object's metadata/)
  assert.deepEqual(schema['x-kubernetes-group-version-kind'], [
    { group: 'example.com', kind: 'Widget', version: 'v1' },
  ])
  assert.ok(document.json.paths['/apis/example.com/v1/namespaces/{namespace}/widgets/{name}/scale'])
  assert.deepEqual(schema['x-kubernetes-selectable-fields'], [{ fieldPath: 'spec.color' }])
  const old = await cluster.ask('GET', '/openapi/v2')
  assert.ok(old.json.definitions['com.example.v1.Widget'])
  await using plain = await openCluster()
  assert.equal((await plain.ask('GET', '/openapi/v3')).json.paths['apis/example.com/v1'], undefined)
})

test('what OpenAPI v2 cannot say is left out of it', () => {
  const properties: Record<string, SchemaProps> = {
    maybe: { type: 'object', nullable: true, description: 'Perhaps.', properties: {} },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: {} },
    list: { type: 'array', 'x-kubernetes-preserve-unknown-fields': true },
    either: { type: 'string', anyOf: [{ pattern: 'a' }, { pattern: 'b' }] },
    pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
  }
  const schema: SchemaProps = { type: 'object', required: ['maybe', 'list'], properties }
  const kind = customKind(widgetDefinition(), {
    ...widgetVersion,
    schema: { openAPIV3Schema: schema },
  })
  const versions = groupVersions([kind])
  const of = (dialect: 'v2' | 'v3') =>
    customSchemas(versions, dialect)['com.example.v1.Widget'] as {
      required: string[]
      properties: Record<string, { properties?: object }>
    }
  const { required, properties: found } = of('v2')
  assert.deepEqual(required, ['list'])
  assert.deepEqual(found['maybe'], { description: 'Perhaps.' })
  assert.deepEqual(found['open'], { 'x-kubernetes-preserve-unknown-fields': true })
  assert.deepEqual(found['list'], { 'x-kubernetes-preserve-unknown-fields': true })
  assert.deepEqual(found['either'], { type: 'string' })
  const common = ['apiVersion', 'kind', 'metadata']
  assert.deepEqual(Object.keys(found['pod']?.properties ?? {}), common)
  assert.deepEqual(of('v3').required, ['maybe', 'list'])
  assert.deepEqual(of('v3').properties['maybe'], properties['maybe'])
})

test('a schema that became stricter holds back only what changes', async () => {
  await using cluster = await withWidgets()
  const created = await cluster.ask('POST', widgetsPath, widget('a', { color: 'green', size: 50 }))
  const definition = (await cluster.ask('GET', `${definitionsPath}/widgets.example.com`)).json
  definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.size.maximum = 9
  assert.equal(
    (await cluster.ask('PUT', `${definitionsPath}/widgets.example.com`, definition)).status,
    200,
  )
  const labelled = await cluster.ask('PUT', `${widgetsPath}/a`, {
    ...created.json,
    metadata: { ...created.json.metadata, labels: { a: 'b' } },
  })
  assert.equal(labelled.status, 200, labelled.text)
  const grown = await cluster.ask('PUT', `${widgetsPath}/a`, {
    ...labelled.json,
    spec: { color: 'green', size: 60 },
  })
  assert.equal(
    grown.json.message,
    'Widget.example.com "a" is invalid: spec.size: Invalid value: 60: spec.size in body should be less than or equal to 9',
  )
})

test('a write to the status is judged by the schema of the status alone', async () => {
  await using cluster = await withWidgets()
  const made = await cluster.ask('POST', widgetsPath, widget('a'))
  assert.equal(made.status, 201)
  const schema = structuredClone(widgetVersion.schema?.openAPIV3Schema) as SchemaProps
  const spec = schema.properties?.['spec'] as SchemaProps
  Object.assign(spec, { required: ['color', 'replicas'] })
  const versions = [{ ...widgetVersion, schema: { openAPIV3Schema: schema } }]
  const path = `${definitionsPath}/widgets.example.com`
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const changed = await cluster.ask('PATCH', path, { spec: { versions } }, merge)
  assert.equal(changed.status, 200, changed.text)
  const told = await cluster.ask(
    'PATCH',
    `${widgetsPath}/a/status`,
    { status: { phase: 'x' } },
    merge,
  )
  assert.equal(told.status, 200, told.text)
  const wrong = await cluster.ask(
    'PATCH',
    `${widgetsPath}/a/status`,
    { status: { phase: 1 } },
    merge,
  )
  assert.match(wrong.json.message, /status\.phase: Invalid value: "integer": phase in body must/)
})

test('a schema may spell out that properties it does not name are dropped', async () => {
  await using cluster = await openCluster()
  const create = (additionalProperties: unknown) => {
    const spec = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties }
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
    const versions = [{ name: 'v1', served: true, storage: true, schema }]
    return cluster.ask('POST', `${definitionsPath}?dryRun=All`, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'mocks.example.com' },
      spec: {
        ...{ group: 'example.com', scope: 'Namespaced', versions },
        names: { plural: 'mocks', kind: 'Mock' },
      },
    })
  }
  assert.equal((await create(true)).status, 201)
  for (const restriction of [false, { type: 'string' }]) {
    const answer = await create(restriction)
    assert.equal(answer.status, 422, answer.text)
    assert.match(answer.json.message, /additionalProperties and properties are mutual exclusive/)
  }
})

test('a definition is refused for names, versions and schemas that do not do', async () => {
  await using cluster = await openCluster()
  const refused = async (definition: object) => {
    const answer = await cluster.ask('POST', definitionsPath, definition)
    assert.equal(answer.status, 422, answer.text)
    return answer.json.details.causes.map(
      (one: { field: string; message: string }) => `${one.field}: ${one.message}`,
    )
  }
  assert.deepEqual(await refused({ ...widgetDefinition(), metadata: { name: 'x.example.com' } }), [
    'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
  ])
  assert.deepEqual(
    await refused(widgetDefinition({ versions: [{ ...widgetVersion, storage: false }] })),
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
  )
  assert.deepEqual(
    await refused(
      widgetDefinition({
        versions: [
          {
            ...widgetVersion,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } },
            selectableFields: [],
          },
        ],
      }),
    ),
    [
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    ],
  )
})

test('an object that had something twice in a set may keep it', async () => {
  await using cluster = await openCluster()
  const spec = { type: 'array', items: { type: 'string' } }
  const schema = { type: 'object', properties: { spec } }
  const definition = widgetDefinition()
  const [version] = definition.spec.versions
  const withSpec = (shape: object) => ({
    ...definition,
    spec: {
      ...definition.spec,
      versions: [
        {
          ...version,
          schema: { openAPIV3Schema: { ...schema, properties: { spec: shape } } },
          subresources: undefined,
          selectableFields: undefined,
          additionalPrinterColumns: undefined,
        },
      ],
    },
  })
  await establish(cluster, withSpec(spec) as never)
  const kept = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } }
  assert.equal((await cluster.ask('POST', widgetsPath, { ...kept, spec: ['x', 'x'] })).status, 201)
  const path = `${definitionsPath}/${definition.metadata.name}`
  const stored = (await cluster.ask('GET', path)).json
  const asSet = withSpec({ ...spec, 'x-kubernetes-list-type': 'set' })
  const changed = await cluster.ask('PUT', path, { ...stored, spec: asSet.spec })
  assert.equal(changed.status, 200, changed.text)
  const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
  const write = (value: string[]) =>
    cluster.ask('PATCH', `${widgetsPath}/a`, { spec: value }, merge)
  assert.equal((await write(['y', 'y'])).status, 200)
  assert.equal((await write(['y', 'z'])).status, 200)
  assert.equal((await write(['y', 'y'])).status, 422)
})

test('what is stored in one version has its defaults in the other, too, also those that came later', async () => {
  await using cluster = await openCluster()
  const definition = widgetDefinition()
  const version = (name: string, storage: boolean, size: object) => ({
    ...{ name, storage, served: true },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { size } } },
      },
    },
  })
  const withDefault = (more: object) => ({
    ...definition,
    spec: {
      ...definition.spec,
      versions: [
        version('v1', true, { type: 'integer', ...more }),
        version('v2', false, { type: 'integer' }),
      ],
    },
  })
  await establish(cluster, withDefault({}) as never)
  const kept = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec: {} }
  assert.equal((await cluster.ask('POST', widgetsPath, kept)).status, 201)
  const path = `${definitionsPath}/${definition.metadata.name}`
  const stored = (await cluster.ask('GET', path)).json
  const spec = withDefault({ default: 7 }).spec
  const changed = await cluster.ask('PUT', path, { ...stored, spec })
  assert.equal(changed.status, 200, changed.text)
  const other = await cluster.ask('GET', `${widgetsPath.replace('/v1/', '/v2/')}/a`)
  assert.equal(other.json?.spec?.size, 7, other.text)
})
