import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../../../src/api/context.ts'
import { limits } from '../../../src/base/limits.ts'
import { statusError } from '../../../src/base/status.ts'
import { configMap, openCluster } from './cluster.ts'
import { play } from './transcripts.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const nobody: User = { name: 'nobody', uid: '', groups: ['system:authenticated'] }

const bigPod = {
  metadata: { name: 'big' },
  spec: { containers: [{ name: 'c', image: 'i', args: ['y'.repeat(limits.objectBytesMax)] }] },
}

test('bodies that cannot be read are refused with what is wrong', () =>
  play([
    {
      ask: ['POST', maps, '{"metadata":'],
      status: 400,
      answer: { reason: 'BadRequest' },
      message:
        /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get ver/,
    },
    { ask: ['POST', maps, 'null'], status: 400 },
    { ask: ['POST', maps, '[]'], status: 400 },
    { ask: ['POST', maps], status: 400, message: /unexpected end of JSON input \(<empty>\)/ },
    {
      ask: ['POST', maps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }],
      status: 400,
      message: /Secret in version "v1" cannot be handled as a ConfigMap/,
    },
    {
      ask: ['POST', maps, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } }],
      status: 400,
    },
    {
      ask: ['POST', maps, { metadata: { name: 'a' }, data: { x: 1 } }],
      status: 400,
      message: /cannot unmarshal number/,
    },
    { ask: ['POST', maps, { metadata: 'a' }], status: 400 },
    {
      ask: ['POST', `${maps}?fieldValidation=Strict`, { metadata: { name: 'a' }, surplus: 1 }],
      status: 400,
      message: /strict decoding error: unknown field "surplus"/,
    },
    {
      ask: [
        'POST',
        `${maps}?fieldValidation=Strict`,
        '{"metadata":{"name":"a"},"data":{"x":"1"},"data":{"x":"2"}}',
      ],
      status: 400,
      message: /duplicate field "data"/,
    },
    {
      ask: ['POST', `${maps}?fieldValidation=Never`, configMap('a')],
      status: 422,
      message:
        /^CreateOptions\.meta\.k8s\.io "" is invalid: fieldValidation: Unsupported value: "N/,
    },
    {
      ask: ['POST', maps, 'a: b: c'],
      headers: { 'content-type': 'application/yaml' },
      status: 400,
    },
    {
      ask: ['POST', maps, 'x'],
      headers: { 'content-type': 'application/cbor' },
      status: 415,
      answer: { reason: 'UnsupportedMediaType' },
    },
    {
      ask: ['POST', maps, new Uint8Array([1, 2, 3])],
      headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
      status: 400,
    },
    {
      ask: ['POST', maps, new Uint8Array(limits.bodyBytesMax + 1)],
      status: 413,
      answer: { reason: 'RequestEntityTooLarge' },
    },
    {
      ask: ['POST', '/api/v1/namespaces/default/pods', bigPod],
      status: 413,
      message: /^Request entity too large: limit is 1572864$/,
    },
  ]))

test('bodies may be YAML, and need no kind', () =>
  play([
    {
      ask: ['POST', maps, 'metadata:\n  name: y\ndata:\n  a: b\n'],
      headers: { 'content-type': 'application/yaml; charset=utf-8' },
      status: 201,
      answer: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } },
    },
    {
      ask: ['POST', maps, '{metadata: {name: flow}, data: {a: b}}'],
      headers: { 'content-type': 'application/yaml' },
      status: 201,
      answer: { data: { a: 'b' } },
    },
    {
      ask: [
        'POST',
        `${maps}?fieldValidation=Strict`,
        '{"metadata":{"name":"j"},"data":{},"data":{}}',
      ],
      headers: { 'content-type': 'application/yaml' },
      status: 400,
      message: /duplicate field "data"/,
    },
    {
      ask: ['POST', maps, '{"metadata":{"name":"j"},"data":{"a":"b"}}'],
      headers: { 'content-type': 'application/yaml' },
      status: 201,
      answer: { data: { a: 'b' } },
    },
    {
      ask: ['POST', maps, { metadata: { name: 'proto', labels: { ok: 'x' } }, data: { ok: '1' } }],
      headers: { 'content-type': '' },
      status: 201,
    },
  ]))

test('paths and methods that are not served are refused', () =>
  play([
    { ask: ['GET', '/nothing'], status: 404 },
    {
      ask: ['GET', '/api/v1/widgets'],
      status: 404,
      message: 'the server could not find the requested resource',
    },
    { ask: ['GET', '/apis/example.com/v1/widgets'], status: 404 },
    { ask: ['GET', '/api/v2/pods'], status: 404 },
    { ask: ['GET', '/api/v1/pods/p'], status: 404 },
    { ask: ['GET', '/api/v1/namespaces/default/nodes/n'], status: 404 },
    { ask: ['POST', '/api/v1/pods', {}], status: 405, answer: { reason: 'MethodNotAllowed' } },
    { ask: ['PUT', maps, {}], status: 405 },
    { ask: ['POST', `${maps}/a`, configMap('a')], status: 405 },
    { ask: ['GET', `${maps}/a/status`], status: 404 },
    { ask: ['GET', `${maps}/..`], status: 404 },
    { ask: ['GET', `${maps}/a%2Fb`], status: 404 },
    { ask: ['GET', `${maps}/%zz`], status: 404 },
    { ask: ['GET', '/api/v1/namespaces/%2e%2e/configmaps/a'], status: 404 },
    { ask: ['GET', '/api/v1/namespaces/%2e%2e/configmaps'], status: 400 },
    { ask: ['DELETE', '/api/v1/namespaces/default%2Fa/configmaps'], status: 400 },
    { ask: ['GET', '/api/v1/namespaces/constructor/configmaps/__proto__'], status: 404 },
  ]))

test('who may not is told what, and nothing of what is there', () =>
  play([
    { ask: ['POST', maps, configMap('a')], status: 201 },
    {
      ask: ['GET', `${maps}/a`],
      user: nobody,
      status: 403,
      message:
        /^configmaps "a" is forbidden: User "nobody" cannot get resource "configmaps" in API group "" in the namespace "default"/,
    },
    { ask: ['GET', `${maps}/none`], user: nobody, status: 403 },
    { ask: ['POST', maps, 'not json'], user: nobody, status: 403 },
    { ask: ['GET', '/apis'], user: nobody },
  ]))

test('labels of any name are only data', async () => {
  await using cluster = await openCluster()
  const body = '{"metadata":{"name":"a","labels":{"constructor":"x"}},"data":{"__proto__":"y"}}'
  const created = await cluster.ask('POST', maps, body)
  assert.equal(created.status, 201, created.text)
  assert.match(created.text, /"__proto__":"y"/)
  const found = await cluster.ask('GET', `${maps}?labelSelector=constructor%3Dx`)
  assert.equal(found.json.items.length, 1)
  const none = await cluster.ask('GET', `${maps}?labelSelector=toString`)
  assert.equal(none.json.items.length, 0)
})

test('a store without quorum answers 503, a bug answers 500 and says nothing', async () => {
  await using cluster = await openCluster()
  const { store } = cluster.memory
  const broken = (error: Error) =>
    openCluster({
      store: {
        view: store.view,
        barrier: () => Promise.reject(error),
        reached: () => Promise.reject(error),
        commit: (txn) => store.commit(txn),
        grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
        watch: (options) => store.watch(options),
      },
    })
  await using failing = await broken(statusError('ServiceUnavailable', 'no quorum'))
  const unavailable = await failing.ask('GET', maps)
  assert.deepEqual([unavailable.status, unavailable.json.message], [503, 'no quorum'])
  assert.equal((await failing.ask('GET', `${maps}?resourceVersion=0`)).status, 200)
  await using buggy = await broken(new TypeError('secret detail'))
  const bug = await buggy.ask('GET', maps)
  assert.equal(bug.status, 500)
  assert.doesNotMatch(bug.text, /secret/)
})

test('too many requests in flight are turned away with a time to come back', async () => {
  await using cluster = await openCluster()
  let answerBarriers = () => {}
  const held = new Promise<void>((resolve) => {
    answerBarriers = resolve
  })
  const { store } = cluster.memory
  await using slow = await openCluster({
    store: {
      view: store.view,
      barrier: async () => {
        await held
        return store.view.revision
      },
      reached: (revision, timeoutMs) => store.reached(revision, timeoutMs),
      commit: (txn) => store.commit(txn),
      grantLease: (ttlSeconds) => store.grantLease(ttlSeconds),
      watch: (options) => store.watch(options),
    },
  })
  const waiting = Array.from({ length: limits.requestsInFlightMax }, () => slow.ask('GET', maps))
  const refused = await slow.ask('GET', maps)
  assert.equal(refused.status, 429)
  assert.equal(refused.headers.get('retry-after'), '1')
  assert.equal((await slow.ask('POST', maps, configMap('a'))).status, 201, 'writes go on')
  answerBarriers()
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 200)
  assert.equal(slow.api.inFlight, 0)
})
