import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isStatus } from '../../../src/base/status.ts'
import { createClient } from '../../../src/client/client.ts'
import { pods } from '../../../src/client/resources.ts'
import type { ApiRequest, ApiResponse, Transport } from '../../../src/client/transport.ts'
import type { Pod } from '../../../src/kinds/types.ts'

const text = (value: unknown) => Buffer.from(JSON.stringify(value))
const whole = (status: number, value: unknown, headers: [string, string][] = []): ApiResponse => ({
  status,
  headers: new Map(headers),
  body: { kind: 'whole', chunks: [text(value)] },
})

function stub(answer: (request: ApiRequest) => ApiResponse) {
  const requests: ApiRequest[] = []
  const transport: Transport = {
    send: (request) => {
      requests.push(request)
      return Promise.resolve(answer(request))
    },
  }
  return { transport, requests }
}

const pod = (name: string): Pod => ({ metadata: { name, namespace: 'ns' } })

describe('client', () => {
  test('addresses namespaced, cluster-wide and escaped paths', async () => {
    const { transport, requests } = stub(() => whole(200, { metadata: {}, items: [] }))
    const client = createClient(transport)
    await pods(client).get('ns', 'a/b')
    await pods(client).list({ namespace: 'ns', labelSelector: 'app=x,y!=z', limit: 5 })
    await pods(client).list()
    await client
      .resource({ group: 'apps', version: 'v1', resource: 'deployments', namespaced: true })
      .subresource('ns', 'd', 'scale', 'GET')
    assert.deepEqual(
      requests.map((request) => `${request.method} ${request.path}`),
      [
        'GET /api/v1/namespaces/ns/pods/a%2Fb',
        'GET /api/v1/namespaces/ns/pods?labelSelector=app%3Dx%2Cy%21%3Dz&limit=5',
        'GET /api/v1/pods',
        'GET /apis/apps/v1/namespaces/ns/deployments/d/scale',
      ],
    )
  })

  test('carries the fence on writes only, and asks for it each time', async () => {
    const { transport, requests } = stub(() => whole(200, pod('a')))
    let term = 4
    const client = createClient(transport, { fence: () => term })
    await pods(client).create('ns', pod('a'))
    term = 5
    await pods(client).updateStatus(pod('a'))
    await pods(client).get('ns', 'a')
    assert.deepEqual(
      requests.map((request) => request.fence),
      [4, 5, undefined],
    )
    assert.equal(requests[1]?.path, '/api/v1/namespaces/ns/pods/a/status')
  })

  test('sends DeleteOptions as the body of a deletion', async () => {
    const { transport, requests } = stub(() => whole(200, { kind: 'Status', status: 'Success' }))
    await pods(createClient(transport)).delete('ns', 'a', {
      gracePeriodSeconds: 0,
      preconditions: { uid: 'u' },
      propagationPolicy: 'Foreground',
    })
    assert.deepEqual(JSON.parse(Buffer.from(requests[0]?.body ?? []).toString()), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u' },
    })
  })

  test('rejects with the Status of the server, or with one made from the code', async () => {
    const status = {
      kind: 'Status',
      status: 'Failure',
      reason: 'Conflict',
      code: 409,
      message: 'm',
    }
    const conflict = createClient(stub(() => whole(409, status)).transport)
    await assert.rejects(
      pods(conflict).update(pod('a')),
      (error) => isStatus(error, 'Conflict') && error.message === 'm' && error.code === 409,
    )
    const bare = createClient(stub(() => whole(429, 'slow down', [['retry-after', '7']])).transport)
    await assert.rejects(
      pods(bare).get('ns', 'a'),
      (error) =>
        isStatus(error, 'TooManyRequests') && error.status.details?.retryAfterSeconds === 7,
    )
  })

  test('gives list items the kind that the list names', async () => {
    const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '9' } }
    const client = createClient(stub(() => whole(200, { ...list, items: [pod('a')] })).transport)
    const { items, resourceVersion } = await pods(client).list()
    assert.equal(resourceVersion, '9')
    assert.deepEqual([items[0]?.kind, items[0]?.apiVersion], ['Pod', 'v1'])
  })

  test('finds the same watch events however the bytes are cut', async () => {
    const events = ['ä', 'b€', '', 'long'.repeat(50)].map((name, index) => ({
      type: 'ADDED',
      object: pod(`${name}${index}`),
    }))
    const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
        const marks = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const chunks = marks.slice(1).map((mark, index) => bytes.subarray(marks[index], mark))
        const { transport } = stub(() => ({
          status: 200,
          headers: new Map(),
          body: { kind: 'whole', chunks },
        }))
        const seen: unknown[] = []
        for await (const event of pods(createClient(transport)).watch({})) seen.push(event)
        assert.deepEqual(seen, events)
      }),
    )
  })

  test('a watch turns ERROR into its Status and an unfinished last line into nothing', async () => {
    const expired = { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 }
    const lines = `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } })}\n${JSON.stringify({ type: 'ERROR', object: expired })}\n{"type":"ADD`
    const { transport } = stub(() => ({
      status: 200,
      headers: new Map(),
      body: { kind: 'whole', chunks: [Buffer.from(lines)] },
    }))
    const seen: unknown[] = []
    await assert.rejects(
      async () => {
        for await (const event of pods(createClient(transport)).watch({})) seen.push(event)
      },
      (error) => isStatus(error, 'Expired'),
    )
    assert.deepEqual(seen, [{ type: 'BOOKMARK', resourceVersion: '5' }])
  })

  test('a consumer that stops early cancels its request', async () => {
    const { transport, requests } = stub(() => ({
      status: 200,
      headers: new Map(),
      body: {
        kind: 'stream',
        chunks: (async function* () {
          for (;;) yield Buffer.from(`${JSON.stringify({ type: 'ADDED', object: pod('a') })}\n`)
        })(),
      },
    }))
    for await (const _ of pods(createClient(transport)).watch({})) break
    assert.equal(requests[0]?.signal?.aborted, true)
  })
})
