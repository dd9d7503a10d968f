import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { handleOpenApi } from '../../../src/api/openapi/handle-openapi.ts'
import { isStatus } from '../../../src/base/status.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { testContext } from './context.ts'

interface Gvk {
  group: string
  version: string
  kind: string
}

async function ask(path: string, headers: Record<string, string> = {}) {
  const answer = handleOpenApi(testContext('GET', path, headers))
  assert.ok(answer, `${path} is not OpenAPI`)
  const response = await answer
  const text = Buffer.from(await bodyBytes(response.body)).toString()
  return { ...response, json: text === '' ? undefined : JSON.parse(text) }
}

/** Every $ref in a document. */
function references(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries(part).flatMap(([key, value]) =>
    // A field may be called $ref, too: then its schema stands there.
    key === '$ref' && typeof value === 'string' ? [value] : references(value),
  )
}

function resolves(document: unknown, reference: string): boolean {
  let at = document as Record<string, unknown> | undefined
  for (const token of reference.slice(2).split('/'))
    at = at?.[token] as Record<string, unknown> | undefined
  return at !== undefined
}

/** Follows a path of fields the way kubectl does: through $ref, allOf of one, items and maps. */
function fieldAt(document: Schemas, name: string, path: readonly string[]): Schema {
  let schema = document.components.schemas[name] as Schema
  const target = (from: Schema): Schema => {
    const ref = from.$ref ?? from.allOf?.[0]?.$ref ?? from.items?.$ref
    return ref ? (document.components.schemas[ref.split('/').at(-1) ?? ''] as Schema) : from
  }
  for (const [index, field] of path.entries()) {
    const owner = index === 0 ? schema : target(schema)
    schema = owner.properties?.[field] as Schema
    assert.ok(schema, `${name}: no field ${path.slice(0, index + 1).join('.')}`)
  }
  return schema
}

interface Schema {
  $ref?: string
  allOf?: Schema[]
  items?: Schema
  type?: string
  description?: string
  properties?: Record<string, Schema>
  [extension: string]: unknown
}

interface Schemas {
  components: { schemas: Record<string, Schema> }
}

describe('openapi', () => {
  test('the index names every group and version with its hash', async () => {
    const { json } = await ask('/openapi/v3?timeout=32s', { accept: 'application/json, */*' })
    for (const kind of allKinds) {
      const name = kind.group === '' ? 'api/v1' : `apis/${kind.group}/${kind.version}`
      assert.match(json.paths[name].serverRelativeURL, new RegExp(`^/openapi/v3/${name}\\?hash=`))
    }
  })

  test('a document asked for by hash may be kept; an old hash leads to the new one', async () => {
    const index = await ask('/openapi/v3')
    const url: string = index.json.paths['apis/apps/v1'].serverRelativeURL
    const found = await ask(url)
    assert.match(found.headers.get('cache-control') ?? '', /immutable/)
    const old = await ask('/openapi/v3/apis/apps/v1?hash=ABC')
    assert.equal(old.status, 301)
    assert.equal(old.headers.get('location'), url)
    const etag = found.headers.get('etag') ?? ''
    assert.equal((await ask(url, { 'if-none-match': etag })).status, 304)
  })

  test('every reference of every document resolves', async () => {
    const index = await ask('/openapi/v3')
    const urls: string[] = Object.values(
      index.json.paths as Record<string, { serverRelativeURL: string }>,
    ).map((one) => one.serverRelativeURL)
    for (const url of [...urls, '/openapi/v2']) {
      const { json } = await ask(url)
      const broken = references(json).filter((reference) => !resolves(json, reference))
      assert.deepEqual(broken, [], url)
    }
  })

  test('operation ids are unique', async () => {
    const { json } = await ask('/openapi/v2')
    const ids = Object.values(
      json.paths as Record<string, Record<string, { operationId?: string }>>,
    )
      .flatMap((item) => Object.values(item))
      .flatMap((one) => one.operationId ?? [])
    assert.equal(new Set(ids).size, ids.length)
  })

  test('paths lead kubectl from a resource to its kind, and its kind to a schema', async () => {
    for (const kind of allKinds) {
      const gv = kind.group === '' ? 'api/v1' : `apis/${kind.group}/${kind.version}`
      const { json } = await ask(`/openapi/v3/${gv}`)
      const scope = kind.namespaced ? '/namespaces/{namespace}' : ''
      const get = json.paths[`/${gv}${scope}/${kind.resource}`].get
      assert.deepEqual(get['x-kubernetes-group-version-kind'], {
        group: kind.group,
        kind: kind.kind,
        version: kind.version,
      })
      const schema = json.components.schemas[kind.definition]
      assert.ok(
        (schema['x-kubernetes-group-version-kind'] as Gvk[]).some((one) => one.kind === kind.kind),
      )
    }
  })

  test('patch takes what kubectl looks for before it sends fieldValidation and dryRun', async () => {
    const { json } = await ask('/openapi/v3/apis/apps/v1')
    const { patch } = json.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']
    const names = patch.parameters.map((one: { name: string }) => one.name)
    for (const name of ['dryRun', 'fieldValidation', 'fieldManager', 'force'])
      assert.ok(names.includes(name), name)
    assert.equal(patch['x-kubernetes-group-version-kind'].kind, 'Deployment')
  })

  test('fields carry what kubectl apply merges by', async () => {
    const { json } = await ask('/openapi/v3/api/v1')
    const containers = fieldAt(json, 'io.k8s.api.core.v1.Pod', ['spec', 'containers'])
    assert.equal(containers['x-kubernetes-patch-merge-key'], 'name')
    assert.equal(containers['x-kubernetes-patch-strategy'], 'merge')
    assert.deepEqual(containers['x-kubernetes-list-map-keys'], ['name'])
    const volumes = fieldAt(json, 'io.k8s.api.core.v1.Pod', ['spec', 'volumes'])
    assert.equal(volumes['x-kubernetes-patch-strategy'], 'merge,retainKeys')
    const image = fieldAt(json, 'io.k8s.api.core.v1.Pod', ['spec', 'containers', 'image'])
    assert.equal(image.type, 'string')
  })

  test('the list of what a document holds includes options and lists', async () => {
    const { json } = await ask('/openapi/v3/apis/apps/v1')
    const { schemas } = json.components
    assert.ok(schemas['io.k8s.api.apps.v1.DeploymentList'])
    const options = schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']
    assert.ok(options['x-kubernetes-group-version-kind'].some((one: Gvk) => one.group === 'apps'))
  })

  test('refuses what it does not serve', async () => {
    await assert.rejects(ask('/openapi/v3/apis/none/v1'), (e) => isStatus(e, 'NotFound'))
    const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
    const refused = (path: string, accept: string) =>
      assert.rejects(ask(path, { accept }), (e) => isStatus(e, 'NotAcceptable'))
    await refused('/openapi/v3', protobuf)
    await refused('/openapi/v2', 'text/html')
    assert.equal(handleOpenApi(testContext('GET', '/openapi')), undefined)
    await assert.rejects(
      handleOpenApi(testContext('POST', '/openapi/v2')) as Promise<unknown>,
      (e) => isStatus(e, 'MethodNotAllowed'),
    )
  })
})
