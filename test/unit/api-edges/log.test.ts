import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { createLogHandler } from '../../../src/api/subresources/log.ts'
import { StreamCount } from '../../../src/api/subresources/stream-count.ts'
import { limits } from '../../../src/base/limits.ts'
import { StatusError } from '../../../src/base/status.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { testContext } from './context.ts'
import { type FakeKubelet, nodeObject, podObject, startFakeKubelet } from './fake-kubelet.ts'

let kubelet: FakeKubelet
const streams = new StreamCount()
const handle = createLogHandler(streams)

before(async () => {
  kubelet = await startFakeKubelet()
  await kubelet.put(podObject('p', {}))
  await kubelet.put(
    podObject('many', {
      containers: [{ name: 'a' }, { name: 'b' }],
      initContainers: [{ name: 'i' }],
    }),
  )
  await kubelet.put(podObject('waiting', { nodeName: '' }))
  await kubelet.put(podObject('lost', { nodeName: 'dead' }))
  await kubelet.put(nodeObject('dead', 1))
  await kubelet.put(podObject('homeless', { nodeName: 'none' }))
})
after(() => kubelet.stop())

const logs = (pod: string, query = '', signal?: AbortSignal) => {
  const context = testContext(
    'GET',
    `/api/v1/namespaces/default/pods/${pod}/log${query}`,
    {},
    kubelet.options,
  )
  return handle(signal ? { ...context, request: { ...context.request, signal } } : context)
}
const refused = (code: number, message: RegExp) => (error: unknown) =>
  error instanceof StatusError && error.code === code && message.test(error.message)

describe('pods/log', () => {
  test('streams what the kubelet says, asked with the master certificate', async () => {
    kubelet.answer = (_request, response) => response.end('one\ntwo\n')
    const response = await logs('p')
    assert.equal(Buffer.from(await bodyBytes(response.body)).toString(), 'one\ntwo\n')
    assert.match(response.headers.get('content-type') ?? '', /text\/plain/)
    assert.deepEqual(kubelet.seen.at(-1), {
      url: '/containerLogs/default/p/main',
      client: 'kube-apiserver-kubelet-client',
    })
  })

  test('passes on what is asked for, and nothing else', async () => {
    kubelet.answer = (_request, response) => response.end()
    const query =
      '?container=b&follow=true&previous=false&tailLines=5&limitBytes=9&sinceSeconds=3&timestamps=1&pretty=1'
    await bodyBytes((await logs('many', query)).body)
    assert.equal(
      kubelet.seen.at(-1)?.url,
      '/containerLogs/default/many/b?follow=true&timestamps=true&tailLines=5&limitBytes=9&sinceSeconds=3',
    )
  })

  const refusals: [pod: string, query: string, code: number, message: RegExp][] = [
    [
      'many',
      '',
      400,
      /^a container name must be specified for pod many, choose one of: \[a b\] or one of the init containers: \[i\]$/,
    ],
    ['p', '?container=x', 400, /^container x is not valid for pod p$/],
    ['none', '', 404, /^pods "none" not found$/],
    ['p', '?tailLines=-1', 422, /PodLogOptions "" is invalid: tailLines: Invalid value: "-1"/],
    ['p', '?limitBytes=0', 422, /limitBytes/],
    ['p', '?sinceTime=yesterday', 422, /sinceTime/],
    ['p', '?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z', 422, /at most one of/],
    ['homeless', '', 404, /^nodes "none" not found$/],
    ['lost', '', 500, /kubelet of node "dead" at 127.0.0.1:1 cannot be reached/],
  ]
  for (const [pod, query, code, message] of refusals)
    test(`refuses ${pod}${query} with ${code}`, () =>
      assert.rejects(logs(pod, query), refused(code, message)))

  test('is empty for a pod that is not bound yet', async () => {
    const response = await logs('waiting')
    assert.equal(response.status, 200)
    assert.equal((await bodyBytes(response.body)).length, 0)
  })

  test('passes the kubelet refusal on as a Status', async () => {
    kubelet.answer = (_request, response) => {
      response.statusCode = 400
      response.end('container "main" in pod "p" is waiting to start: ContainerCreating')
    }
    await assert.rejects(logs('p'), refused(400, /^container "main" in pod "p" is waiting/))
    kubelet.answer = (_request, response) => {
      response.statusCode = 500
      response.end('disk')
    }
    await assert.rejects(logs('p'), refused(500, /^Internal error occurred: disk$/))
  })

  test('hangs up on the kubelet when the client does, and forgets the stream', async () => {
    const hungUp = new Promise<void>((resolve) => {
      kubelet.answer = (request, response) => {
        response.write('first\n')
        request.socket.once('close', () => resolve())
      }
    })
    const client = new AbortController()
    const response = await logs('p', '?follow=true', client.signal)
    assert.equal(response.body.kind, 'stream')
    if (response.body.kind !== 'stream') return
    const reader = response.body.chunks[Symbol.asyncIterator]()
    assert.equal(Buffer.from((await reader.next()).value ?? []).toString(), 'first\n')
    assert.equal(streams.open('w1'), 1)
    client.abort()
    assert.equal((await reader.next()).done, true)
    await hungUp
    assert.equal(streams.open('w1'), 0)
  })

  test('has a limit of streams to one node', async () => {
    const leave = Array.from({ length: limits.execStreamsPerNodeMax }, () => streams.enter('w1'))
    await assert.rejects(logs('p'), refused(429, /has 256 streams/))
    for (const one of leave) one()
    for (const one of leave) one()
    assert.equal(streams.open('w1'), 0)
  })

  test('reads no faster than the client takes', async () => {
    let blocked: Promise<unknown> = Promise.resolve()
    let written = 0
    kubelet.answer = (_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024)
      for (; written < 256; written += 1) if (!response.write(chunk) && written > 32) break
      blocked = once(response, 'close')
    }
    const response = await logs('p')
    assert.equal(response.body.kind, 'stream')
    if (response.body.kind !== 'stream') return
    const reader = response.body.chunks[Symbol.asyncIterator]()
    await reader.next()
    assert.ok(written < 256)
    await reader.return?.()
    await blocked
  })
})
