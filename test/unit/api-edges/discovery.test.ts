import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse as yamlParse } from 'yaml'
import { handleDiscovery } from '../../../src/api/discovery/handle-discovery.ts'
import { isStatus } from '../../../src/base/status.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { WireReader } from '../../../src/kinds/codec/wire-reader.ts'
import { decodeProtobuf, readEnvelope } from '../../../src/kinds/decode-protobuf.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { testContext } from './context.ts'
import { discoveryFacts } from './discovery-facts.ts'

const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const kubectl = `${v2},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`

async function ask(path: string, headers: Record<string, string> = {}) {
  const answer = handleDiscovery(testContext('GET', path, headers))
  assert.ok(answer, `${path} is not discovery`)
  const response = await answer
  const bytes = await bodyBytes(response.body)
  const text = Buffer.from(bytes).toString()
  return { ...response, bytes, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

/** The fields of a message with that number. */
function messages(message: Uint8Array | undefined, number: number): Uint8Array[] {
  const found: Uint8Array[] = []
  const reader = new WireReader(message ?? new Uint8Array())
  while (reader.nextField())
    if (reader.field === number) found.push(reader.bytes())
    else reader.skip()
  return found
}

function texts(message: Uint8Array | undefined, number: number): string[] {
  return messages(message, number).map((bytes) => Buffer.from(bytes).toString())
}

/** What of a group the test of protobuf compares. */
function seenOf({ metadata, versions }: AggregatedGroup): object {
  return {
    name: metadata.name,
    versions: versions.map(({ version, freshness, resources }) => ({
      ...{ version, freshness },
      resources: resources.map((one) => ({
        resource: one.resource,
        kind: one.responseKind.kind,
        scope: one.scope,
        singular: one.singularResource,
        verbs: one.verbs,
        shortNames: one.shortNames ?? [],
        categories: one.categories ?? [],
        subresources: (one.subresources ?? []).map((sub) => [sub.subresource, sub.verbs]),
      })),
    })),
  }
}

interface AggregatedGroup {
  metadata: { name: string }
  versions: { version: string; freshness: string; resources: AggregatedResource[] }[]
}

interface AggregatedResource {
  resource: string
  responseKind: { kind: string }
  scope: string
  singularResource?: string
  verbs: string[]
  shortNames?: string[]
  categories?: string[]
  subresources?: { subresource: string; verbs: string[] }[]
}

describe('discovery', () => {
  test('gives kubectl the aggregated form of both roots', async () => {
    for (const root of ['/api', '/apis']) {
      const response = await ask(`${root}?timeout=32s`, { accept: kubectl })
      assert.equal(response.headers.get('content-type'), v2)
      assert.equal(response.headers.get('vary'), 'Accept')
      assert.equal(response.json.kind, 'APIGroupDiscoveryList')
      assert.equal(response.json.apiVersion, 'apidiscovery.k8s.io/v2')
    }
  })

  test('is in protobuf and YAML what it is in JSON', async () => {
    const accept = 'application/vnd.kubernetes.protobuf'
    for (const [path, kind] of [
      ['/api', 'APIVersions'],
      ['/apis', 'APIGroupList'],
      ['/apis/apps', 'APIGroup'],
      ['/apis/apps/v1', 'APIResourceList'],
      ['/api/v1', 'APIResourceList'],
    ] as const) {
      const host = 'localhost:6443'
      const { json, text } = await ask(path, { host })
      const yaml = await ask(path, { host, accept: 'application/yaml' })
      assert.deepEqual(yamlParse(yaml.text), json, path)
      const { headers, bytes } = await ask(path, { host, accept: `${accept},application/json` })
      assert.equal(headers.get('content-type'), accept)
      const definition = `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`
      const { metadata: _none, ...object } = decodeProtobuf(definition, bytes).object
      // In protobuf, text that is empty is as text that is not there.
      const told = JSON.parse(text, (_, value) => (value === '' ? undefined : value))
      assert.deepEqual(JSON.parse(JSON.stringify(object)), told, path)
    }
    for (const path of ['/api/v1', '/apis'])
      await assert.rejects(ask(path, { accept: 'text/html' }), (error) =>
        isStatus(error, 'NotAcceptable'),
      )
    await assert.rejects(
      ask('/version', { accept }),
      /Available representations: application\/json$/,
    )
  })

  test('is aggregated in protobuf, too', async () => {
    const type = v2.replace('json', 'vnd.kubernetes.protobuf')
    const { json } = await ask('/apis', { accept: v2 })
    const { headers, bytes } = await ask('/apis', { accept: `${type},${v2}` })
    assert.equal(headers.get('content-type'), type)
    const { apiVersion, kind, raw } = readEnvelope(bytes)
    assert.deepEqual([apiVersion, kind], ['apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList'])
    const groups = messages(raw, 2).map((group) => ({
      name: texts(messages(group, 1)[0], 1)[0],
      versions: messages(group, 2).map((version) => ({
        version: texts(version, 1)[0],
        freshness: texts(version, 3)[0],
        resources: messages(version, 2).map((resource) => ({
          resource: texts(resource, 1)[0],
          kind: texts(messages(resource, 2)[0], 3)[0],
          scope: texts(resource, 3)[0],
          singular: texts(resource, 4)[0],
          verbs: texts(resource, 5),
          shortNames: texts(resource, 6),
          categories: texts(resource, 7),
          subresources: messages(resource, 8).map((one) => [texts(one, 1)[0], texts(one, 4)]),
        })),
      })),
    }))
    assert.deepEqual(groups, json.items.map(seenOf))
  })

  test('the root lists where to go on', async () => {
    const { paths } = (await ask('/')).json
    for (const path of ['/api/v1', '/apis/apps', '/apis/apps/v1', '/healthz', '/openapi/v3'])
      assert.ok(paths.includes(path), path)
  })

  test('describes a kind as Kubernetes does', async () => {
    const { json } = await ask('/api', { accept: v2 })
    assert.deepEqual(json.items[0].metadata, {})
    const resources: AggregatedResource[] = json.items[0].versions[0].resources
    const names = resources.map((one) => one.resource)
    assert.deepEqual(names, [...names].sort())
    const services = resources.find((one) => one.resource === 'services')
    assert.equal(services?.scope, 'Namespaced')
    assert.deepEqual(services?.shortNames, ['svc'])
    assert.equal(services?.responseKind.kind, 'Service')
    const pods = resources.find((one) => one.resource === 'pods')
    assert.ok(pods?.subresources?.some((one) => one.subresource === 'log'))
    const apps = (await ask('/apis', { accept: v2 })).json.items.find(
      (one: { metadata: { name: string } }) => one.metadata.name === 'apps',
    )
    const deployments = apps.versions[0].resources.find(
      (one: AggregatedResource) => one.resource === 'deployments',
    )
    assert.deepEqual(deployments.subresources[0], {
      subresource: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
    })
  })

  test('says by a hash in which version a kind is stored', async () => {
    const hash = async (path: string, name: string) =>
      (await ask(path)).json.resources.find((one: { name: string }) => one.name === name)
        .storageVersionHash
    // As Kubernetes 1.36 says them.
    assert.equal(await hash('/api/v1', 'pods'), 'xPOwRZ+Yhw8=')
    assert.equal(await hash('/api/v1', 'pods/status'), undefined)
    assert.equal(await hash('/apis/autoscaling/v2', 'horizontalpodautoscalers'), 'qwQve8ut294=')
    assert.equal(await hash('/apis/autoscaling/v1', 'horizontalpodautoscalers'), 'qwQve8ut294=')
    assert.equal(await hash('/apis/events.k8s.io/v1', 'events'), 'r2yiGXH7wu8=')
    assert.equal(
      await hash('/apis/authentication.k8s.io/v1', 'tokenreviews'),
      undefined,
      'what is never stored has none',
    )
  })

  test('says of every resource what Kubernetes 1.36 says', async () => {
    const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
    const lines: string[] = []
    for (const root of ['/api', '/apis'])
      for (const group of (await ask(root, { accept: v2 })).json.items)
        for (const { of, one } of group.versions.flatMap(
          (of: { version: string; resources: AggregatedResource[] }) =>
            of.resources.map((one) => ({ of, one })),
        )) {
          const { verbs, shortNames = [], categories = [], subresources = [] } = one
          // Kubernetes leaves this group to an add-on.
          if (group.metadata.name === 'metrics.k8s.io') continue
          const scope = `${group.metadata.name ?? 'core'}/${of.version}`
          const verbText = verbs.join() === all.join() ? '*' : verbs.join()
          lines.push(
            `${scope} ${one.resource} ${one.singularResource} ${one.responseKind.kind} ${one.scope} ` +
              `${verbText} short=${shortNames.join()} in=${categories.join()}`,
          )
          for (const sub of subresources) {
            const { group: g, version, kind } = sub.responseKind
            const body = g === '' ? kind : `${g}/${version}/${kind}`
            lines.push(`${one.resource}/${sub.subresource} ${body} ${sub.verbs.join()}`)
          }
        }
    let resource = ''
    const facts = discoveryFacts
      .trim()
      .split('\n')
      .map((line) => {
        if (!line.startsWith('  ')) resource = line.split(' ')[1] ?? ''
        return line.startsWith('  ') ? `${resource}/${line.trim()}` : line
      })
    assert.deepEqual(lines.sort(), facts.sort())
  })

  test('answers 304 to who has the document', async () => {
    const first = await ask('/apis', { accept: v2 })
    const etag = first.headers.get('etag') ?? ''
    assert.match(etag, /^"[0-9A-F]{128}"$/)
    const second = await ask('/apis', { accept: v2, 'if-none-match': etag })
    assert.equal(second.status, 304)
    assert.equal(second.json, undefined)
    assert.equal((await ask('/apis', { accept: v2, 'if-none-match': '"X"' })).status, 200)
    assert.notEqual((await ask('/api', { accept: v2 })).headers.get('etag'), etag)
  })

  test('gives others the plain form', async () => {
    const core = await ask('/api', { accept: 'application/json, */*', host: 'here:6443' })
    assert.deepEqual(core.json, {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'here:6443' }],
    })
    const { json } = await ask('/apis')
    assert.equal(json.kind, 'APIGroupList')
    assert.equal(json.groups[0].name, 'apiregistration.k8s.io')
    assert.deepEqual(json.groups[1], {
      name: 'apps',
      versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    })
    assert.equal((await ask('/apis/apps')).json.kind, 'APIGroup')
    assert.equal((await ask('/apis/apps/')).json.name, 'apps')
  })

  test('names every kind and its subresources in the lists of its version', async () => {
    for (const kind of allKinds) {
      const gv = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
      const { json } = await ask(kind.group === '' ? `/api/${gv}` : `/apis/${gv}`)
      assert.equal(json.groupVersion, gv)
      const listed = json.resources.find((one: { name: string }) => one.name === kind.resource)
      assert.equal(listed.kind, kind.kind)
      assert.equal(listed.namespaced, kind.namespaced)
      for (const sub of kind.subresources)
        assert.ok(
          json.resources.some(
            (one: { name: string }) => one.name === `${kind.resource}/${sub.name}`,
          ),
        )
    }
  })

  test('tells the version in the form that clients parse', async () => {
    const { json } = await ask('/version')
    assert.match(json.gitVersion, /^v1\.36\.\d+\+kijabi$/)
    assert.deepEqual([json.major, json.minor], ['1', '36'])
  })

  test('does not know what is not served', async () => {
    for (const path of ['/api/v2', '/apis/apps/v2', '/version/x'])
      await assert.rejects(ask(path), (error) => isStatus(error, 'NotFound'))
    for (const path of ['/apis/none', '/apis/none/v1']) {
      const { status, text } = await ask(path)
      assert.deepEqual([status, text], [404, '404 page not found\n'])
    }
  })

  test('leaves other paths alone and refuses other methods', async () => {
    assert.equal(handleDiscovery(testContext('GET', '/healthz')), undefined)
    assert.equal(handleDiscovery(testContext('GET', '/api/v1/pods')), undefined)
    await assert.rejects(
      handleDiscovery(testContext('POST', '/apis')) as Promise<unknown>,
      (error) => isStatus(error, 'MethodNotAllowed'),
    )
  })
})
