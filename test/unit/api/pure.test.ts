import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { warningHeader } from '../../../src/api/api.ts'
import { decodeContinue, encodeContinue } from '../../../src/api/handlers/continue-token.ts'
import { generateName } from '../../../src/api/handlers/generate-name.ts'
import { EventFrames } from '../../../src/api/handlers/watch/event-frames.ts'
import { sameJson } from '../../../src/api/handlers/write-object.ts'
import { customEndpoint, negotiate } from '../../../src/api/negotiate.ts'
import { parseRequestInfo } from '../../../src/api/request-info.ts'
import {
  isKeySegment,
  objectKey,
  placeOfKey,
  prefixEnd,
  resourcePrefix,
} from '../../../src/api/storage-keys.ts'
import { sameContent, withRevision } from '../../../src/api/stored-object.ts'
import type { Revision } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { encodeObject } from '../../../src/kinds/encode.ts'
import type { StoreEvent } from '../../../src/state/cluster-store.ts'

test('request info: verbs and places of paths', () => {
  const cases: [string, string, string][] = [
    ['GET', '/api/v1/pods', 'list  v1 pods'],
    ['GET', '/api/v1/pods?watch=true', 'watch  v1 pods'],
    ['GET', '/api/v1/pods?watch=false', 'list  v1 pods'],
    ['GET', '/api/v1/namespaces/n/pods/p', 'get  v1 pods n/p'],
    ['HEAD', '/api/v1/namespaces/n/pods/p', 'get  v1 pods n/p'],
    ['PUT', '/api/v1/namespaces/n/pods/p/status', 'update  v1 pods/status n/p'],
    ['POST', '/api/v1/namespaces/n/pods/p/binding', 'create  v1 pods/binding n/p'],
    ['GET', '/api/v1/namespaces/n', 'get  v1 namespaces n/n'],
    ['GET', '/api/v1/namespaces', 'list  v1 namespaces'],
    ['PUT', '/api/v1/namespaces/n/finalize', 'update  v1 namespaces/finalize n/n'],
    ['DELETE', '/apis/apps/v1/namespaces/n/deployments', 'deletecollection apps v1 deployments n/'],
    [
      'PATCH',
      '/apis/apps/v1/namespaces/n/deployments/d/scale',
      'patch apps v1 deployments/scale n/d',
    ],
    ['GET', '//api//v1/namespaces/n/pods/', 'list  v1 pods n/'],
    ['GET', '/api/v1/nodes/n1/proxy/metrics/cadvisor', 'get  v1 nodes/proxy /n1 metrics,cadvisor'],
    ['GET', '/api/v1', 'get (no resource)'],
    ['GET', '/apis/apps', 'get (no resource)'],
    ['GET', '/healthz', 'get (no resource)'],
    ['GET', '/', 'get (no resource)'],
  ]
  for (const [method, path, expected] of cases) {
    const info = parseRequestInfo(method, path)
    const resource =
      info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
    const place = info.namespace || info.name ? ` ${info.namespace}/${info.name}` : ''
    const rest = info.rest.length > 0 ? ` ${info.rest.join(',')}` : ''
    const text = info.isResource
      ? `${info.verb} ${info.group} ${info.version} ${resource}${place}${rest}`
      : `${info.verb} (no resource)`
    assert.equal(text, expected, `${method} ${path}`)
  }
})

test('request info: no path makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseRequestInfo('GET', text)
      parseRequestInfo('GET', `/api/v1/namespaces/${text}`)
    }),
  )
})

test('negotiation: the preferred clause that fits wins', () => {
  const protobuf = 'application/vnd.kubernetes.protobuf'
  const table = ';as=Table;v=v1;g=meta.k8s.io'
  const partial = ';as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
  const cases: [string | undefined, string][] = [
    [undefined, 'json none'],
    ['', 'json none'],
    ['*/*', 'json none'],
    ['*', 'json none'],
    ['application/yaml, application/json', 'yaml none'],
    ['application/yaml;q=0.5, application/json', 'json none'],
    ['text/html, */*;q=0.1', 'json none'],
    ['*/*;q=0.9,application/yaml;q=0.1', 'yaml none'],
    [protobuf, 'protobuf none'],
    [`${protobuf},application/json`, 'protobuf none'],
    [`application/json,${protobuf}`, 'json none'],
    [`${protobuf};q=0.5,application/json;q=0.9`, 'json none'],
    [`${protobuf} ; q=0.3 , application/yaml`, 'yaml none'],
    [`${protobuf}${table},application/json${table},application/json`, 'json table'],
    [`${protobuf}${partial}`, 'protobuf partial'],
    [`${protobuf};stream=watch`, 'protobuf none'],
    ['application/yaml;stream=watch', 'refused'],
    [`${protobuf};stream=else`, 'refused'],
    [`${protobuf};sv=v1`, 'protobuf none'],
    [`${protobuf};sv=v2`, 'refused'],
    [`${protobuf}${table}`, 'refused'],
    [`${protobuf};as=Table`, 'refused'],
    [`application/json${table},application/json`, 'json table'],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', 'json none'],
    ['application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'json table'],
    [`application/json${partial}`, 'json partial'],
    ['application/json;q=0', 'json none'],
    ['text/html', 'refused'],
    ['Application/JSON', 'refused'],
    ['application/json;as=Unknown;v=v1;g=meta.k8s.io', 'refused'],
  ]
  for (const [accept, expected] of cases) {
    const seen = () => {
      const { format, transform } = negotiate(accept)
      return `${format} ${transform}`
    }
    if (expected === 'refused') assert.throws(seen, /only the following media types/, accept)
    else assert.equal(seen(), expected, accept)
  }
  assert.equal(negotiate(`${protobuf},application/json`, customEndpoint).format, 'json')
  assert.equal(negotiate(`${protobuf}${partial}`, customEndpoint).format, 'protobuf')
  assert.throws(() => negotiate(protobuf, customEndpoint), /only the following media types/)
})

test('keys: a resource has its own range, and a name cannot leave it', () => {
  const pods = { group: '', resource: 'pods', namespaced: true }
  const key = objectKey(pods, 'n', 'p')
  assert.equal(key, '/registry/core/pods/n/p')
  assert.deepEqual(placeOfKey(pods, key), { namespace: 'n', name: 'p' })
  const nodes = { group: '', resource: 'nodes', namespaced: false }
  assert.deepEqual(placeOfKey(nodes, objectKey(nodes, '', 'a')), { namespace: '', name: 'a' })
  fc.assert(
    fc.property(fc.string(), fc.string(), (namespace, name) => {
      fc.pre(isKeySegment(namespace) && isKeySegment(name))
      const place = objectKey(pods, namespace, name)
      const prefix = resourcePrefix(pods, namespace)
      assert.ok(place > prefix && place.startsWith(prefix))
      assert.equal(place.split('/').length, 6)
    }),
  )
  assert.equal(prefixEnd('/a/'), '/a0')
  for (const bad of ['', '.', '..', 'a/b', 'a\0']) assert.equal(isKeySegment(bad), false)
})

test('continue tokens come back as they were, and nothing else is one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.string({ minLength: 1 }), (revision, start) => {
      const token = { revision: revision as Revision, start }
      assert.deepEqual(decodeContinue(encodeContinue(token)), token)
    }),
  )
  const open = { revision: undefined, start: 'x' }
  assert.deepEqual(decodeContinue(encodeContinue(open)), open)
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(() => decodeContinue(text), /continue key is not valid/)
    }),
  )
})

test('generated names are labels of at most 63 characters', () => {
  const random = new SeededRandom(7)
  assert.match(generateName(random, 'web-'), /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  assert.equal(generateName(random, 'x'.repeat(80)).length, 63)
})

test('stored bytes: another revision, and whether a write would change them', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'é' }, data: { a: 'b' } }
  const { bytes, revisionOffset } = encodeObject(object)
  const stored = Buffer.concat([
    bytes.subarray(0, revisionOffset),
    Buffer.from('"resourceVersion":"12",'),
    bytes.subarray(revisionOffset),
  ])
  assert.equal(sameContent(stored, bytes), true)
  const other = encodeObject({ ...object, data: { a: 'c' } })
  assert.equal(sameContent(stored, other.bytes), false)
  const moved = JSON.parse(Buffer.from(withRevision(stored, 345 as Revision)).toString('utf8'))
  assert.deepEqual(moved, { ...object, metadata: { resourceVersion: '345', name: 'é' } })
})

test('JSON values are the same whatever the order of fields', () => {
  assert.equal(sameJson({ a: 1, b: undefined, c: [1, { d: 2 }] }, { c: [1, { d: 2 }], a: 1 }), true)
  assert.equal(sameJson({ a: 1 }, { a: 1, b: 2 }), false)
  assert.equal(sameJson([1, 2], [2, 1]), false)
  assert.equal(sameJson(null, {}), false)
  assert.equal(sameJson({ 0: 1 }, [1]), false)
})

test('warnings fit into a header', () => {
  assert.equal(
    warningHeader(['unknown field "a\\b"', 'line\nbreak é']),
    '299 - "unknown field \\"a\\\\b\\"", 299 - "line?break ?"',
  )
})

test('shared frames stay within their bytes', () => {
  const frames = new EventFrames(100)
  const events = Array.from({ length: 10 }, () => ({}) as StoreEvent)
  for (const event of events) frames.get(event, 'ADDED', () => new Uint8Array(30))
  assert.ok(frames.bytes <= 100)
  let made = 0
  const make = () => {
    made += 1
    return new Uint8Array(30)
  }
  frames.get(events[9] as StoreEvent, 'ADDED', make)
  assert.equal(made, 0, 'the last one is still there')
  frames.get(events[0] as StoreEvent, 'ADDED', make)
  assert.equal(made, 1, 'the first one is made anew')
})

test('joined frames are shared by who reads the same events, and by nobody else', () => {
  const frames = new EventFrames(16 * 100)
  const [a, b, c] = Array.from({ length: 3 }, () => ({}) as StoreEvent) as [
    StoreEvent,
    StoreEvent,
    StoreEvent,
  ]
  const join = () => new Uint8Array(10)
  const first = frames.joined([a, b], 'json', join)
  assert.equal(frames.joined([a, b], 'json', join), first)
  assert.notEqual(frames.joined([a, c], 'json', join), first)
  assert.notEqual(frames.joined([a], 'json', join), first)
  assert.notEqual(frames.joined([a, b, c], 'json', join), first)
  assert.notEqual(frames.joined([a, b], 'protobuf', join), first)
  const large = () => new Uint8Array(101)
  assert.notEqual(
    frames.joined([b, c], 'json', large),
    frames.joined([b, c], 'json', large),
    'too large to keep',
  )
})
