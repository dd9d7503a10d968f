import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  CustomDefinition,
  DefinitionVersion,
} from '../../../src/kinds/apiextensions/definition-spec.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { definitionsPath, establish, widgetDefinition } from '../extension/widgets.ts'

const merge = { 'content-type': 'application/merge-patch+json' }

const version = (schema: object, more: Partial<DefinitionVersion> = {}): DefinitionVersion => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object', ...schema } },
  ...more,
})

/** What the upstream tests publish: all of it has to come back as it is. */
const published = {
  description: 'Foo for testing',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          type: 'array',
          description: 'List of bars.',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string', description: 'Name of a bar.' },
              feeling: { type: 'string', enum: ['Great', 'Down'] },
            },
          },
        },
      },
    },
    status: {
      type: 'object',
      properties: { quxType: { type: 'string', pattern: 'in-tree|out-of-tree' } },
    },
  },
}

/** `foos.<group>` of kind Foo, in the group `group`. */
function foo(
  schema: object,
  { group = 'e2e.example.com', versions = [version(schema)], kind = 'Foo' } = {},
): CustomDefinition {
  const plural = `${kind.toLowerCase()}s`
  return {
    ...widgetDefinition({ group, scope: 'Namespaced', names: { plural, kind }, versions }),
    metadata: { name: `${plural}.${group}` },
  }
}

const foos = '/apis/e2e.example.com/v1/namespaces/default/foos'
const object = (name: string, more: object = {}, apiVersion = 'e2e.example.com/v1') => ({
  ...{ apiVersion, kind: 'Foo', metadata: { name } },
  ...more,
})

async function withFoos(schema: object): Promise<TestCluster> {
  const cluster = await openCluster()
  await establish(cluster, foo(schema))
  return cluster
}

const spec = (properties: object) => ({ properties: { spec: { type: 'object', properties } } })
const open = { 'x-kubernetes-preserve-unknown-fields': true }

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]', async () => {
  await using cluster = await withFoos(spec({}))
  assert.equal((await cluster.ask('GET', foos)).status, 200)
  const gone = await cluster.ask('DELETE', `${definitionsPath}/foos.e2e.example.com`)
  assert.equal(gone.status, 200, gone.text)
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]', async () => {
  await using cluster = await openCluster()
  const labels = { 'e2e-list-test-uuid': 'x' }
  for (const group of ['a.example.com', 'b.example.com', 'c.example.com']) {
    const definition = foo(spec({}), { group })
    await establish(cluster, { ...definition, metadata: { ...definition.metadata, labels } })
  }
  const selected = `${definitionsPath}?labelSelector=e2e-list-test-uuid=x`
  assert.equal((await cluster.ask('GET', selected)).json.items.length, 3)
  assert.equal((await cluster.ask('DELETE', selected)).status, 200)
  for (const { metadata } of (await cluster.ask('GET', selected)).json.items)
    assert.ok(metadata.deletionTimestamp, 'what is left waits for its objects to go')
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]', async () => {
  await using cluster = await withFoos(spec({}))
  const path = `${definitionsPath}/foos.e2e.example.com/status`
  const { json } = await cluster.ask('GET', path)
  json.status.conditions.push({ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'm' })
  const updated = await cluster.ask('PUT', path, json)
  assert.equal(updated.json.status.conditions.length, json.status.conditions.length)
  const conditions = [{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'm' }]
  const patched = await cluster.ask('PATCH', path, { status: { conditions } }, { headers: merge })
  assert.deepEqual(
    patched.json.status.conditions.map((one: { type: string }) => one.type),
    ['StatusPatched'],
  )
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]', async () => {
  await using cluster = await withFoos({
    properties: { a: { type: 'string' }, b: { type: 'string' } },
  })
  await cluster.ask('POST', foos, object('stored'))
  const path = `${definitionsPath}/foos.e2e.example.com`
  const definition = (await cluster.ask('GET', path)).json
  const { properties } = definition.spec.versions[0].schema.openAPIV3Schema
  properties.a.default = 'A'
  properties.b.default = 'B'
  assert.equal((await cluster.ask('PUT', path, definition)).status, 200)
  const stored = (await cluster.ask('GET', `${foos}/stored`)).json
  assert.deepEqual([stored.a, stored.b], ['A', 'B'])
  const asked = (await cluster.ask('POST', foos, object('asked', { a: 'mine' }))).json
  assert.deepEqual([asked.a, asked.b], ['mine', 'B'])
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]', async () => {
  await using cluster = await openCluster()
  const { groups } = (await cluster.ask('GET', '/apis')).json
  const group = groups.find((one: { name: string }) => one.name === 'apiextensions.k8s.io')
  assert.ok(group.versions.some((one: { version: string }) => one.version === 'v1'))
  const { resources } = (await cluster.ask('GET', '/apis/apiextensions.k8s.io/v1')).json
  assert.ok(resources.some((one: { name: string }) => one.name === 'customresourcedefinitions'))
})

test('[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]', async () => {
  await using cluster = await withFoos(spec({}))
  const watches = []
  for (const name of ['a', 'b'])
    watches.push(await cluster.watch(`${foos}?watch=true&fieldSelector=metadata.name=${name}`))
  for (const [at, name] of ['a', 'b'].entries()) {
    await cluster.ask('POST', foos, object(name))
    await cluster.ask('PATCH', `${foos}/${name}`, { dummy: 'x' }, { headers: merge })
    await cluster.ask(
      ...['PATCH' as const, `${foos}/${name}`, { metadata: { labels: { dummy: 'x' } } }],
      { headers: merge },
    )
    await cluster.ask('DELETE', `${foos}/${name}`)
    const seen: string[] = []
    for (const _ of ['ADDED', 'MODIFIED', 'DELETED']) seen.push((await watches[at]?.next())?.type)
    assert.deepEqual(seen, ['ADDED', 'MODIFIED', 'DELETED'], 'an unknown field changes nothing')
  }
  for (const watch of watches) await watch.close()
})

test('custom resources are listed and watched by the fields that their version selects by', async () => {
  await using cluster = await openCluster()
  const selectable = version(
    { properties: { color: { type: 'string' }, host: { type: 'string' } } },
    {
      selectableFields: [{ jsonPath: '.color' }, { jsonPath: '.host' }],
    },
  )
  await establish(cluster, foo({}, { versions: [selectable] }))
  const blueHosts = 'fieldSelector=host=host1,color=blue'
  const watch = await cluster.watch(`${foos}?watch=true&${blueHosts}`)
  const all: [string, string, string][] = [
    ['a', 'blue', 'host1'],
    ['b', 'blue', 'host2'],
    ['c', 'green', 'host1'],
  ]
  for (const [name, color, host] of all)
    await cluster.ask('POST', foos, object(name, { color, host }))
  const names = async (query: string) =>
    (await cluster.ask('GET', `${foos}?${query}`)).json.items.map(
      (one: { metadata: { name: string } }) => one.metadata.name,
    )
  assert.deepEqual(await names(blueHosts), ['a'])
  assert.deepEqual(await names('fieldSelector=color=blue'), ['a', 'b'])
  assert.deepEqual(await names('fieldSelector=color!=blue'), ['c'])
  assert.equal((await cluster.ask('GET', `${foos}?fieldSelector=other=x`)).status, 400)
  assert.equal((await watch.next()).object.metadata.name, 'a')
  await cluster.ask('PATCH', `${foos}/a`, { host: 'host2' }, { headers: merge })
  assert.equal((await watch.next()).type, 'DELETED')
  await watch.close()
})

const strict = '?fieldValidation=Strict'

async function answers(
  cluster: TestCluster,
  body: unknown,
): Promise<{ code: number; message: string }> {
  const created = await cluster.ask('POST', `${foos}${strict}`, body)
  const applied = await cluster.ask('PATCH', `${foos}/f${strict}&fieldManager=m&force=true`, body, {
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })
  const fine = [created.status, applied.status].map((status) => status < 300)
  assert.equal(fine[0], fine[1], `create: ${created.text} apply: ${applied.text}`)
  return { code: created.status, message: created.json.message ?? '' }
}

test('[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]', async () => {
  await using cluster = await withFoos(spec({ knownField: { type: 'string' } }))
  assert.equal((await answers(cluster, object('f', { spec: { knownField: 'x' } }))).code, 201)
})

test('[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]', async () => {
  await using cluster = await withFoos(spec({ knownField: { type: 'string' } }))
  const refused = await answers(cluster, object('f', { spec: { knownField: 'x', more: 1 } }))
  assert.equal(refused.code, 400)
  assert.match(refused.message, /strict decoding error: unknown field "spec\.more"/)
  const ignored = await cluster.ask(
    'POST',
    `${foos}?fieldValidation=Ignore`,
    object('f', { spec: { more: 1 } }),
  )
  assert.deepEqual([ignored.status, ignored.json.spec], [201, {}])
})

test('[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]', async () => {
  await using cluster = await withFoos(open)
  assert.equal((await answers(cluster, object('f', { spec: { anything: 'x' } }))).code, 201)
  assert.equal((await cluster.ask('GET', `${foos}/f`)).json.spec.anything, 'x')
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]', async () => {
  await using cluster = await withFoos(
    spec({ template: { type: 'object', 'x-kubernetes-embedded-resource': true, ...open } }),
  )
  const template = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', unknownSubMeta: 'x' } }
  const body = { ...object('f'), metadata: { name: 'f', unknownMeta: 'x' }, spec: { template } }
  const { code, message } = await answers(cluster, body)
  assert.equal(code, 400)
  assert.match(message, /unknown field "metadata\.unknownMeta"/)
  assert.match(message, /unknown field "spec\.template\.metadata\.unknownSubMeta"/)
})

test('[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]', async () => {
  await using cluster = await withFoos(open)
  const body = `{"apiVersion": "e2e.example.com/v1", "kind": "Foo", "metadata": {"name": "f"},
    "spec": {"unknown": "uk1", "port": 80, "port": 81}}`
  const refused = await cluster.ask('POST', `${foos}${strict}`, body)
  assert.equal(refused.status, 400)
  assert.match(refused.json.message, /duplicate field "spec\.port"/)
})

type Published = Record<string, unknown> & { properties?: Record<string, unknown> }

/** The definition of a kind in /openapi/v2 without what every object has, as the upstream tests compare it. */
async function definitionOf(
  cluster: TestCluster,
  groupVersion: string,
  kind: string,
): Promise<Published | undefined> {
  const [group = '', name = ''] = groupVersion.split('/')
  const full = `${group.split('.').reverse().join('.')}.${name}.${kind}`
  const { definitions } = (await cluster.ask('GET', '/openapi/v2')).json
  const newer = await cluster.ask('GET', `/openapi/v3/apis/${groupVersion}`)
  const inNewer = newer.status === 200 && full in newer.json.components.schemas
  assert.equal(full in definitions, inNewer, 'both documents tell of the same kinds')
  const found: Published | undefined = definitions[full]
  for (const common of ['metadata', 'apiVersion', 'kind']) delete found?.properties?.[common]
  delete found?.['x-kubernetes-group-version-kind']
  return found
}

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]', async () => {
  await using cluster = await withFoos(published)
  assert.deepEqual(await definitionOf(cluster, 'e2e.example.com/v1', 'Foo'), {
    type: 'object',
    ...published,
  })
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]', async () => {
  await using cluster = await withFoos(open)
  const found = await definitionOf(cluster, 'e2e.example.com/v1', 'Foo')
  assert.deepEqual(found, { type: 'object' }, 'a property more, and kubectl refuses all others')
  const made = await cluster.ask(
    'POST',
    `${foos}${strict}`,
    object('f', { a: { b: [{ c: 'd' }] } }),
  )
  assert.equal(made.status, 201, made.text)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]', async () => {
  await using cluster = await withFoos({ ...open, ...spec({}) })
  const found = await definitionOf(cluster, 'e2e.example.com/v1', 'Foo')
  assert.deepEqual(found, { type: 'object' })
  const newer = (await cluster.ask('GET', '/openapi/v3/apis/e2e.example.com/v1')).json
  const { properties } = newer.components.schemas['com.example.e2e.v1.Foo']
  assert.deepEqual(Object.keys(properties).sort(), ['apiVersion', 'kind', 'metadata', 'spec'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]', async () => {
  const described = { type: 'object', description: 'Specification of Foo', ...open }
  const properties = { dummy: { type: 'object' } }
  await using cluster = await withFoos({ properties: { spec: { ...described, properties } } })
  const found = await definitionOf(cluster, 'e2e.example.com/v1', 'Foo')
  assert.deepEqual(found?.properties?.['spec'], { description: 'Specification of Foo', ...open })
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups [Conformance]', async () => {
  await using cluster = await openCluster()
  for (const group of ['a.example.com', 'b.example.com'])
    await establish(cluster, foo(spec({ of: { type: 'string' } }), { group }))
  for (const group of ['a.example.com', 'b.example.com'])
    assert.ok(await definitionOf(cluster, `${group}/v1`, 'Foo'), group)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]', async () => {
  await using cluster = await openCluster()
  const versions = [
    version(spec({})),
    version(spec({ late: { type: 'string' } }), { name: 'v2', storage: false }),
  ]
  await establish(cluster, foo({}, { versions }))
  for (const name of ['v1', 'v2'])
    assert.ok(await definitionOf(cluster, `e2e.example.com/${name}`, 'Foo'), name)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]', async () => {
  await using cluster = await openCluster()
  for (const kind of ['Foo', 'Bar']) await establish(cluster, foo(spec({}), { kind }))
  for (const kind of ['Foo', 'Bar'])
    assert.ok(await definitionOf(cluster, 'e2e.example.com/v1', kind), kind)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed [Conformance]', async () => {
  await using cluster = await openCluster()
  const versions = [version(spec({})), version(spec({}), { name: 'v2', storage: false })]
  await establish(cluster, foo({}, { versions }))
  const before = await definitionOf(cluster, 'e2e.example.com/v1', 'Foo')
  const path = `${definitionsPath}/foos.e2e.example.com`
  const definition = (await cluster.ask('GET', path)).json
  definition.spec.versions[1].name = 'v3'
  assert.equal((await cluster.ask('PUT', path, definition)).status, 200)
  assert.equal(await definitionOf(cluster, 'e2e.example.com/v2', 'Foo'), undefined)
  assert.ok(await definitionOf(cluster, 'e2e.example.com/v3', 'Foo'))
  assert.deepEqual(await definitionOf(cluster, 'e2e.example.com/v1', 'Foo'), before)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]', async () => {
  await using cluster = await openCluster()
  const versions = [version(spec({})), version(spec({}), { name: 'v2', storage: false })]
  await establish(cluster, foo({}, { versions }))
  const path = `${definitionsPath}/foos.e2e.example.com`
  const definition = (await cluster.ask('GET', path)).json
  definition.spec.versions[1].served = false
  assert.equal((await cluster.ask('PUT', path, definition)).status, 200)
  assert.equal(await definitionOf(cluster, 'e2e.example.com/v2', 'Foo'), undefined)
  assert.ok(await definitionOf(cluster, 'e2e.example.com/v1', 'Foo'))
})
