import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestCluster } from '../process/test-cluster.ts'
import { RawApi, type RawRequest } from './raw-api.ts'

interface Refusal {
  readonly name: string
  readonly path: string
  readonly send?: RawRequest
  readonly who?: 'nobody'
  readonly code: number
  readonly reason: string
  readonly message: RegExp
}

const configMaps = '/api/v1/namespaces/default/configmaps'
const strict = `${configMaps}?fieldValidation=Strict`

function object(change: object): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...change })
}

function post(body: string | Buffer, contentType?: string): RawRequest {
  return { method: 'POST', body, ...(contentType ? { contentType } : {}) }
}

/** Code, reason and message as kube-apiserver gives them. */
const refusals: readonly Refusal[] = [
  {
    name: 'malformed JSON',
    ...{ path: configMaps, send: post('{"apiVersion": "v1", ') },
    ...{ code: 400, reason: 'BadRequest', message: /./ },
  },
  {
    name: 'malformed YAML',
    ...{ path: configMaps, send: post('a: [1, 2\nb: }', 'application/yaml') },
    ...{ code: 400, reason: 'BadRequest', message: /./ },
  },
  {
    name: 'a body that is no object',
    ...{ path: configMaps, send: post('[1]') },
    ...{ code: 400, reason: 'BadRequest', message: /./ },
  },
  {
    name: 'another kind than the path says',
    ...{ path: configMaps, send: post('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}') },
    ...{ code: 400, reason: 'BadRequest', message: /Pod.*ConfigMap|does not match/ },
  },
  {
    name: 'an unknown field, under Strict',
    ...{ path: strict, send: post(object({ metadata: { name: 'a' }, dta: { b: 'c' } })) },
    ...{ code: 400, reason: 'BadRequest', message: /strict decoding error: unknown field "dta"/ },
  },
  {
    name: 'a duplicate field, under Strict',
    path: strict,
    send: post('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"}}'),
    ...{ code: 400, reason: 'BadRequest', message: /duplicate field "metadata\.name"/ },
  },
  {
    name: 'a wrong type',
    ...{ path: configMaps, send: post(object({ metadata: { name: 'a' }, data: { b: 1 } })) },
    ...{ code: 400, reason: 'BadRequest', message: /cannot unmarshal number/ },
  },
  {
    name: 'an invalid name',
    ...{ path: configMaps, send: post(object({ metadata: { name: 'Not_Valid' } })) },
    ...{ code: 422, reason: 'Invalid', message: /metadata\.name: Invalid value: "Not_Valid"/ },
  },
  {
    name: 'no name',
    ...{ path: configMaps, send: post(object({ metadata: {} })) },
    ...{ code: 422, reason: 'Invalid', message: /name or generateName is required/ },
  },
  {
    name: 'a missing namespace',
    path: '/api/v1/namespaces/nowhere/configmaps',
    send: post(object({ metadata: { name: 'a' } })),
    ...{ code: 404, reason: 'NotFound', message: /namespaces "nowhere" not found/ },
  },
  {
    name: 'a namespace that is not the one of the path',
    path: configMaps,
    send: post(object({ metadata: { name: 'a', namespace: 'other' } })),
    ...{
      code: 400,
      reason: 'BadRequest',
      message: /namespace of the provided object does not match/,
    },
  },
  {
    name: 'a missing object',
    path: `${configMaps}/absent`,
    ...{ code: 404, reason: 'NotFound', message: /^configmaps "absent" not found$/ },
  },
  {
    name: 'an object that exists',
    path: configMaps,
    send: post(object({ metadata: { name: 'kept' } })),
    ...{ code: 409, reason: 'AlreadyExists', message: /^configmaps "kept" already exists$/ },
  },
  {
    name: 'a stale resourceVersion',
    path: `${configMaps}/kept`,
    send: {
      method: 'PUT',
      body: object({ metadata: { name: 'kept', resourceVersion: '1' }, data: { a: 'lost' } }),
    },
    code: 409,
    reason: 'Conflict',
    message: /^Operation cannot be fulfilled on configmaps "kept": the object has been modified/,
  },
  {
    name: 'an object over the size limit',
    path: configMaps,
    send: post(object({ metadata: { name: 'big' }, data: { a: 'x'.repeat(4 * 1024 * 1024) } })),
    ...{ code: 413, reason: 'RequestEntityTooLarge', message: /too large|limit/ },
  },
  {
    name: 'an unknown resource',
    path: '/api/v1/namespaces/default/things',
    ...{ code: 404, reason: 'NotFound', message: /could not find the requested resource/ },
  },
  {
    name: 'a method that the resource lacks',
    ...{ path: `${configMaps}/kept`, send: post('{}') },
    ...{ code: 405, reason: 'MethodNotAllowed', message: /not allow|not supported/ },
  },
  {
    name: 'an unknown media type',
    ...{ path: configMaps, send: post('a=b', 'application/x-www-form-urlencoded') },
    ...{ code: 415, reason: 'UnsupportedMediaType', message: /application\/json/ },
  },
  {
    name: 'a broken label selector',
    path: `${configMaps}?labelSelector=a%20in%20(`,
    ...{ code: 400, reason: 'BadRequest', message: /./ },
  },
  {
    name: 'a field that cannot be selected',
    path: `${configMaps}?fieldSelector=data.a%3Db`,
    ...{ code: 400, reason: 'BadRequest', message: /"data\.a" is not a known field selector/ },
  },
  {
    name: 'a JSON patch that does not apply',
    path: `${configMaps}/kept`,
    send: {
      ...{ method: 'PATCH', contentType: 'application/json-patch+json' },
      body: '[{"op":"remove","path":"/data/absent"}]',
    },
    ...{ code: 422, reason: 'Invalid', message: /./ },
  },
  {
    name: 'no credentials',
    path: configMaps,
    who: 'nobody',
    code: 403,
    reason: 'Forbidden',
    message: /User "system:anonymous" cannot list resource "configmaps"/,
  },
  {
    name: 'wrong credentials',
    path: configMaps,
    who: 'nobody',
    send: { headers: { authorization: 'Bearer wrong' } },
    ...{ code: 401, reason: 'Unauthorized', message: /^Unauthorized$/ },
  },
]

test('bad input is refused as Kubernetes refuses it, and nothing is lost', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim', masters: 3, workers: 0 })
  try {
    const admin = new RawApi(cluster.kubeconfig)
    const nobody = new RawApi(cluster.kubeconfig, 'nobody')
    const kept = { metadata: { name: 'kept' }, data: { a: 'b' } }
    assert.equal((await admin.send(configMaps, post(object(kept)))).code, 201)
    for (const refusal of refusals)
      await context.test(refusal.name, async () => {
        const api = refusal.who === 'nobody' ? nobody : admin
        const answer = await api.send(refusal.path, refusal.send ?? {})
        assert.equal(answer.code, refusal.code, answer.text)
        const status = JSON.parse(answer.text) as Record<string, unknown>
        assert.equal(status['kind'], 'Status')
        assert.equal(status['apiVersion'], 'v1')
        assert.equal(status['status'], 'Failure')
        assert.equal(status['code'], refusal.code)
        assert.equal(status['reason'], refusal.reason, answer.text)
        assert.match(String(status['message']), refusal.message)
      })
    await context.test('a path below a group that nobody serves', async () => {
      const answer = await admin.send('/apis/nothing.example/v1/things')
      // Go's page, as of a real kube-apiserver: what is not an API has no Status.
      assert.deepEqual([answer.code, answer.text], [404, '404 page not found\n'])
    })
    await context.test('a watch from a revision that is no number', async () => {
      const answer = await admin.send(`${configMaps}?watch=1&timeoutSeconds=1&resourceVersion=abc`)
      // As of a real k8s.io/apiserver 0.36, which has no reason for it.
      assert.equal(answer.code, 500, answer.text)
      assert.match(answer.text, /"message":"resourceVersion: Invalid value: \\"abc\\": strconv/)
    })
    const after = await admin.json(`${configMaps}/kept`)
    assert.deepEqual((after.body as { data: object }).data, kept.data)
  } finally {
    await cluster.remove()
  }
})
