import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtobufMessages } from '../../../src/api/encoding/protobuf-messages.ts'
import { bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import { WireReader } from '../../../src/kinds/codec/wire-reader.ts'
import { decodeProtobuf, readEnvelope } from '../../../src/kinds/decode-protobuf.ts'
import { encodeObject } from '../../../src/kinds/encode.ts'
import { inEnvelope, protobufMessage } from '../../../src/kinds/encode-protobuf.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import type { KeyValue } from '../../../src/state/cluster-store.ts'
import { establish, widget, widgetDefinition, widgetsPath } from '../extension/widgets.ts'
import { admin, configMap, openCluster, requestOf, type TestCluster } from './cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const accept = 'application/vnd.kubernetes.protobuf'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const partial = (version: string, suffix = '') =>
  `${accept};as=PartialObjectMetadata${suffix};v=${version};g=meta.k8s.io`

interface Answered {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
}

async function ask(
  cluster: TestCluster,
  method: HttpMethod,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { accept },
): Promise<Answered> {
  const response = await cluster.api.handle(requestOf(method, path, body, headers), admin)
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, bytes: await bodyBytes(response.body) }
}

function decoded(definition: string, { bytes, type }: Answered): AnyObject {
  assert.equal(type, accept)
  return decodeProtobuf(definition, bytes).object
}

test('one object: got, created, changed and deleted, in protobuf what it is in JSON', async () => {
  await using cluster = await openCluster()
  const definition = 'io.k8s.api.core.v1.ConfigMap'
  const created = await ask(cluster, 'POST', maps, configMap('a', { x: '1' }))
  assert.equal(created.status, 201)
  const { json } = await cluster.ask('GET', `${maps}/a`)
  assert.deepEqual(plain(decoded(definition, created)), json)
  assert.deepEqual(plain(decoded(definition, await ask(cluster, 'GET', `${maps}/a`))), json)
  const type = { 'content-type': 'application/merge-patch+json', accept }
  const patched = await ask(cluster, 'PATCH', `${maps}/a`, { data: { x: '2' } }, type)
  assert.deepEqual(
    decoded(definition, patched)['data'],
    Object.assign(Object.create(null), { x: '2' }),
  )
  const inProtobuf = inEnvelope(
    { apiVersion: 'v1', kind: 'ConfigMap' },
    protobufMessage(definition, configMap('a', { x: '3' })),
  )
  const sent = { 'content-type': accept, accept }
  const updated = await ask(cluster, 'PUT', `${maps}/a`, inProtobuf, sent)
  assert.equal(updated.status, 200)
  const now = await cluster.ask('GET', `${maps}/a`)
  assert.deepEqual(plain(decoded(definition, updated)), now.json)
  const options = inEnvelope(
    { apiVersion: 'v1', kind: 'DeleteOptions' },
    protobufMessage(`${meta}.DeleteOptions`, { propagationPolicy: 'Background' }),
  )
  const deleted = await ask(cluster, 'DELETE', `${maps}/a`, options, sent)
  assert.deepEqual(plain(decoded(`${meta}.Status`, deleted)), {
    ...{ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Success' },
    details: { name: 'a', kind: 'configmaps', uid: json.metadata.uid },
  })
})

test('refusals are in protobuf, too, and in JSON for who takes neither', async () => {
  await using cluster = await openCluster()
  const refused = await ask(cluster, 'GET', `${maps}/nobody`)
  assert.equal(refused.status, 404)
  const { message, code } = decoded(`${meta}.Status`, refused) as unknown as Record<string, unknown>
  assert.deepEqual([message, code], ['configmaps "nobody" not found', 404])
  const tables = await ask(cluster, 'GET', maps, undefined, {
    accept: `${accept};as=Table;v=v1;g=meta.k8s.io`,
  })
  assert.deepEqual([tables.status, tables.type], [406, 'application/json'])
  await cluster.ask('POST', maps, configMap('a'))
  for (const [path, form] of [
    [maps, partial('v1')],
    [`${maps}/a`, partial('v1', 'List')],
  ] as const)
    assert.equal((await ask(cluster, 'GET', path, undefined, { accept: form })).status, 406, path)
  const yaml = await ask(cluster, 'GET', `${maps}/nobody`, undefined, {
    accept: 'application/yaml',
  })
  assert.equal(yaml.type, 'application/yaml')
})

test('bodies that are no protobuf are refused in the words of the real server', async () => {
  await using cluster = await openCluster()
  const good = inEnvelope(
    { apiVersion: 'v1', kind: 'ConfigMap' },
    protobufMessage('io.k8s.api.core.v1.ConfigMap', configMap('a', { x: '1' })),
  )
  const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): '
  const noMagic =
    'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]'
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [Buffer.from('k8s\0'), `${unrecognized}empty body (6b387300)`],
    [Buffer.from('k8s'), `${unrecognized}${noMagic} (6b3873)`],
    [Buffer.from('{"metadata":{}}'), `${unrecognized}${noMagic} ({"metadata":{}})`],
    [
      good.subarray(0, good.length - 10),
      `${unrecognized}unexpected EOF (6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a01611200 ...)`,
    ],
  ]
  for (const [body, message] of cases) {
    const headers = { 'content-type': accept, accept: 'application/json' }
    const { bytes, status } = await ask(cluster, 'POST', maps, body, headers)
    assert.deepEqual([status, JSON.parse(Buffer.from(bytes).toString()).message], [400, message])
  }
})

test('a list is one message, large or small, whole or as metadata alone', async () => {
  await using cluster = await openCluster()
  for (const count of [0, 2, 60]) {
    for (let index = 0; index < count; index += 1)
      await cluster.ask('POST', maps, configMap(`m${index}`, { x: 'y'.repeat(10_000) }))
    const { json } = await cluster.ask('GET', maps)
    const list = await ask(cluster, 'GET', maps)
    const shown = plain(decoded('io.k8s.api.core.v1.ConfigMapList', list)) as typeof json
    assert.equal(shown.kind, 'ConfigMapList')
    assert.equal(shown.metadata.resourceVersion, json.metadata.resourceVersion)
    const items = json.items.map(withoutType)
    assert.deepEqual(shown.items ?? [], items)
    for (const version of ['v1', 'v1beta1']) {
      const headers = { accept: partial(version, 'List') }
      const { bytes } = await ask(cluster, 'GET', maps, undefined, headers)
      const envelope = readEnvelope(bytes)
      assert.equal(envelope.apiVersion, `meta.k8s.io/${version}`)
      assert.equal(envelope.kind, 'PartialObjectMetadataList')
      assert.deepEqual(metadataIn(envelope.raw, version), items.map(onlyMetadata))
    }
  }
  const page = await ask(cluster, 'GET', `${maps}?limit=1`)
  const { metadata } = decoded('io.k8s.api.core.v1.ConfigMapList', page)
  assert.equal((metadata as { remainingItemCount?: number }).remainingItemCount, 59)
  assert.ok((metadata as { continue?: string }).continue)
})

test('a watch is frames of its own, and ends its initial events with a bookmark', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a', { x: '1' }))
  const query =
    'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const forms = [accept, partial('v1'), 'application/json']
  const watches = await Promise.all(
    forms.map(async (form) => {
      const hangUp = new AbortController()
      const request = requestOf(
        'GET',
        `${maps}?${query}`,
        undefined,
        { accept: form },
        hangUp.signal,
      )
      const { body, headers } = await cluster.api.handle(request, admin)
      assert.ok(body.kind === 'stream')
      return { frames: new Frames(body.chunks), type: headers.get('content-type'), hangUp }
    }),
  )
  const [whole, metadataOnly, lines] = watches
  assert.ok(whole && metadataOnly && lines)
  assert.equal(whole.type, `${accept};stream=watch`)
  assert.equal(lines.type, 'application/json')
  for (const { frames } of [whole, metadataOnly]) {
    assert.equal((await frames.next()).type, 'ADDED')
    const bookmark = await frames.next()
    assert.equal(bookmark.type, 'BOOKMARK')
  }
  await cluster.ask('POST', maps, configMap('b', { x: '2' }))
  await cluster.ask('PUT', `${maps}/b`, configMap('b', { x: '3' }))
  const { json } = await cluster.ask('GET', `${maps}/b`)
  await cluster.ask('DELETE', `${maps}/b`)
  const seen = [await whole.frames.next(), await whole.frames.next(), await whole.frames.next()]
  assert.deepEqual(
    seen.map(({ type }) => type),
    ['ADDED', 'MODIFIED', 'DELETED'],
  )
  const objects = seen.map(({ object }) =>
    plain(decodeProtobuf('io.k8s.api.core.v1.ConfigMap', object).object),
  ) as (typeof json)[]
  assert.deepEqual(objects[1], json)
  const gone = objects[2].metadata.resourceVersion
  assert.ok(Number(gone) > Number(json.metadata.resourceVersion), 'the revision of the deletion')
  assert.deepEqual(objects[2], { ...json, metadata: { ...json.metadata, resourceVersion: gone } })
  const { kind, apiVersion } = readEnvelope((await metadataOnly.frames.next()).object)
  assert.deepEqual([kind, apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1'])
  for (const { hangUp, frames } of watches) {
    hangUp.abort()
    await frames.close()
  }
})

test('subresources, reviews and tokens', async () => {
  await using cluster = await openCluster()
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  const labels = { app: 'a' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await cluster.ask('POST', deployments, {
    metadata: { name: 'd' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  })
  const scale = await ask(cluster, 'GET', `${deployments}/d/scale`)
  const shown = decoded('io.k8s.api.autoscaling.v1.Scale', scale)
  assert.deepEqual(plain(shown['spec']), { replicas: 2 })
  const review = await ask(cluster, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  const { status } = decoded('io.k8s.api.authentication.v1.SelfSubjectReview', review)
  assert.deepEqual((plain(status) as { userInfo: object }).userInfo, {
    username: 'admin',
    groups: ['system:masters', 'system:authenticated'],
  })
  const scaled = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const spec = {
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
  }
  await cluster.ask('POST', scaled, { metadata: { name: 'h' }, spec })
  for (const version of ['v1', 'v2']) {
    const path = scaled.replace('/v1/', `/${version}/`)
    const found = await ask(cluster, 'GET', `${path}/h`)
    const definition = `io.k8s.api.autoscaling.${version}.HorizontalPodAutoscaler`
    assert.equal(decoded(definition, found).apiVersion, `autoscaling/${version}`)
    const list = readEnvelope((await ask(cluster, 'GET', path)).bytes)
    assert.equal(list.apiVersion, `autoscaling/${version}`)
  }
})

test('of custom resources there is metadata in protobuf and nothing else', async () => {
  await using cluster = await openCluster()
  await establish(cluster, widgetDefinition())
  const path = widgetsPath
  const made = await cluster.ask('POST', path, widget('w'))
  assert.equal(made.status, 201, made.text)
  const refused = await ask(cluster, 'GET', `${path}/w`)
  assert.equal(refused.status, 406)
  assert.match(
    String(decoded(`${meta}.Status`, refused)['message']),
    /only the following media types/,
  )
  const next = { accept: `${accept},application/json` }
  assert.equal((await ask(cluster, 'GET', `${path}/w`, undefined, next)).type, 'application/json')
  const { bytes } = await ask(cluster, 'GET', `${path}/w`, undefined, { accept: partial('v1') })
  assert.equal(readEnvelope(bytes).kind, 'PartialObjectMetadata')
})

test('messages are made once and kept within their bytes', () => {
  const messages = new ProtobufMessages(1_000)
  const record = (name: string, modRevision: number): KeyValue => {
    const { bytes } = encodeObject({ metadata: { name }, data: { x: 'y'.repeat(300) } })
    return { key: name, value: bytes, modRevision, createRevision: 1, version: 1, lease: 0 }
  }
  const definition = 'io.k8s.api.core.v1.ConfigMap'
  const first = messages.get(record('a', 1), definition)
  assert.equal(messages.get(record('a', 1), definition), first)
  assert.notEqual(messages.get(record('a', 2), definition), first, 'another revision')
  messages.get(record('a', 1), definition)
  messages.get(record('b', 3), definition)
  assert.equal(messages.get(record('a', 1), definition), first, 'what was asked for lately stays')
  assert.ok(messages.bytes <= 1_000, String(messages.bytes))
})

interface Frame {
  readonly type: string
  readonly object: Uint8Array
}

/** WatchEvents after their lengths. */
class Frames {
  readonly #chunks: AsyncIterator<Uint8Array>
  #buffered = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async next(): Promise<Frame> {
    await this.#have(4)
    const length = this.#buffered.readUInt32BE()
    await this.#have(4 + length)
    const event = new WireReader(this.#buffered.subarray(4, 4 + length))
    this.#buffered = this.#buffered.subarray(4 + length)
    const fields: number[] = []
    if (event.nextField()) fields.push(event.field)
    const type = event.text()
    if (event.nextField()) fields.push(event.field)
    assert.deepEqual(fields, [1, 2])
    const raw = new WireReader(event.bytes())
    assert.ok(raw.nextField() && raw.field === 1)
    const object = raw.bytes()
    assert.ok(event.done && raw.done)
    return { type, object }
  }

  async #have(bytes: number): Promise<void> {
    while (this.#buffered.length < bytes) {
      const chunk = await this.#chunks.next()
      assert.ok(!chunk.done, 'the watch ended')
      this.#buffered = Buffer.concat([this.#buffered, chunk.value])
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}

/** The metadata of the items of a PartialObjectMetadataList. */
function metadataIn(message: Uint8Array, version: string): unknown[] {
  const found: unknown[] = []
  const list = new WireReader(message)
  while (list.nextField()) {
    if (list.field !== (version === 'v1beta1' ? 1 : 2)) {
      list.skip()
      continue
    }
    const item = list.bytes()
    const asObject = inEnvelope({ apiVersion: 'v1', kind: 'ConfigMap' }, item)
    found.push(plain(decodeProtobuf('io.k8s.api.core.v1.ConfigMap', asObject).object.metadata))
  }
  return found
}

function onlyMetadata({ metadata }: AnyObject): unknown {
  return metadata
}

/** As an item of a list of protobuf, which says once what they all are. */
function withoutType({ apiVersion: _version, kind: _kind, ...item }: AnyObject): AnyObject {
  return item as AnyObject
}

/** Without prototypes and their differences. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
