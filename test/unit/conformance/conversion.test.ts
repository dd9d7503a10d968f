import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DefinitionVersion } from '../../../src/kinds/apiextensions/definition-spec.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { openCallee } from '../extension/callee.ts'
import {
  definitionsPath,
  establish,
  establishAgain,
  widgetDefinition,
} from '../extension/widgets.ts'

interface Endpoint {
  readonly apiVersion: string
  readonly metadata: { readonly name: string }
  readonly hostPort?: string
  readonly host?: string
  readonly port?: string
}

const text = { type: 'string' as const }
const version = (name: string, storage: boolean, fields: string[]): DefinitionVersion => ({
  name,
  served: true,
  storage,
  selectableFields: fields.map((field) => ({ jsonPath: `.${field}` })),
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field, text])),
    },
  },
})
/** Version v1 has an address in one field, v2 in two. */
const versions = (stored: string) => [
  version('v1', stored === 'v1', ['hostPort']),
  version('v2', stored === 'v2', ['host', 'port']),
]

/** Splits and joins addresses, and counts what it converted. */
function convert(one: Endpoint, desired: string): Endpoint {
  const { apiVersion, hostPort, host, port, ...rest } = one
  assert.notEqual(apiVersion, desired, 'nobody asks for what there is already')
  const converted = { ...rest, apiVersion: desired }
  if (desired.endsWith('/v1'))
    return { ...converted, ...(host ? { hostPort: `${host}:${port}` } : {}) }
  const [name = '', number = ''] = (hostPort ?? '').split(':')
  return { ...converted, ...(hostPort ? { host: name, port: number } : {}) }
}

async function withConversion(body: (cluster: TestCluster) => Promise<void>): Promise<void> {
  await using cluster = await openCluster()
  await using callee = await openCallee()
  callee.answer = ({ desiredAPIVersion, objects }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map((one: Endpoint) => convert(one, desiredAPIVersion)),
  })
  const definition = widgetDefinition({
    group: 'stable.example.com',
    names: { plural: 'endpoints', kind: 'E2eEndpoint' },
    versions: versions('v1'),
    conversion: {
      strategy: 'Webhook',
      webhook: {
        clientConfig: { url: callee.url, caBundle: callee.caBundle },
        conversionReviewVersions: ['v1', 'v1beta1'],
      },
    },
  })
  await establish(cluster, { ...definition, metadata: { name: 'endpoints.stable.example.com' } })
  await body(cluster)
}

const path = (version: string) => `/apis/stable.example.com/${version}/namespaces/default/endpoints`

async function create(cluster: TestCluster, name: string, version = 'v1', more: object = {}) {
  const apiVersion = `stable.example.com/${version}`
  const object = { apiVersion, kind: 'E2eEndpoint', metadata: { name }, ...more }
  const made = await cluster.ask('POST', path(version), object)
  assert.equal(made.status, 201, made.text)
}

const address = { hostPort: 'localhost:8080' }

function isAt(version: string, { apiVersion, hostPort, host, port }: Endpoint): void {
  assert.equal(apiVersion, `stable.example.com/${version}`)
  const expected =
    version === 'v1' ? ['localhost:8080', undefined, undefined] : [undefined, 'localhost', '8080']
  assert.deepEqual([hostPort, host, port], expected)
}

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]', async () => {
  await withConversion(async (cluster) => {
    await create(cluster, 'stub', 'v2')
    assert.equal((await cluster.ask('DELETE', `${path('v2')}/stub`)).status, 200)
    await create(cluster, 'one', 'v1', address)
    isAt('v2', (await cluster.ask('GET', `${path('v2')}/one`)).json)
  })
})

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs [Conformance]', async () => {
  await withConversion(async (cluster) => {
    await create(cluster, 'one', 'v1', address)
    const definition = `${definitionsPath}/endpoints.stable.example.com`
    const { json } = await cluster.ask('GET', definition)
    json.spec.versions = versions('v2')
    const changed = await cluster.ask('PUT', definition, json)
    assert.equal(changed.status, 200, changed.text)
    await establishAgain(cluster, changed.json)
    const { status } = (await cluster.ask('GET', definition)).json
    assert.deepEqual(status.storedVersions, ['v1', 'v2'])
    await create(cluster, 'two', 'v1', address)
    for (const version of ['v1', 'v2']) {
      const { items } = (await cluster.ask('GET', path(version))).json
      assert.deepEqual(
        items.map((one: Endpoint) => one.metadata.name),
        ['one', 'two'],
      )
      for (const one of items) isAt(version, one)
    }
  })
})

test('[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]', async () => {
  await withConversion(async (cluster) => {
    const of = (version: string) => (version === 'v1' ? 'hostPort=host1:80' : 'host=host1,port=80')
    const watches = await Promise.all(
      ['v1', 'v2'].map((version) =>
        cluster.watch(`${path(version)}?watch=true&fieldSelector=${of(version)}`),
      ),
    )
    for (const [name, hostPort] of Object.entries({
      a: 'host1:80',
      b: 'host1:8080',
      c: 'host2:80',
    }))
      await create(cluster, name, 'v1', { hostPort })
    await create(cluster, 'd', 'v2', { host: 'host1', port: '80' })
    const names = async (version: string, selector: string) =>
      (await cluster.ask('GET', `${path(version)}?fieldSelector=${selector}`)).json.items.map(
        (one: Endpoint) => one.metadata.name,
      )
    for (const version of ['v1', 'v2'])
      assert.deepEqual(await names(version, of(version)), ['a', 'd'])
    assert.deepEqual(await names('v2', 'host=host1'), ['a', 'b', 'd'])
    const other = await cluster.ask('GET', `${path('v1')}?fieldSelector=host=host1`)
    assert.equal(other.status, 400, 'a field of another version')
    const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
    await cluster.ask('PATCH', `${path('v1')}/a`, { hostPort: 'host9:80' }, merge)
    await cluster.ask('DELETE', `${path('v2')}?fieldSelector=host=host1,port=80`)
    for (const watch of watches) {
      const seen: string[] = []
      while (seen.length < 4) {
        const { type, object } = await watch.next()
        seen.push(`${type} ${object.metadata.name}`)
      }
      assert.deepEqual(seen, ['ADDED a', 'ADDED d', 'DELETED a', 'DELETED d'])
      await watch.close()
    }
    assert.deepEqual(await names('v2', 'host=host1'), ['b'])
  })
})
