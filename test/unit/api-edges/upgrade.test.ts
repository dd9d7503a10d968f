import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { User } from '../../../src/api/context.ts'
import { StreamCount } from '../../../src/api/subresources/stream-count.ts'
import { createUpgradeHandler } from '../../../src/api/subresources/upgrade.ts'
import { StatusError } from '../../../src/base/status.ts'
import { testContext, testUser } from './context.ts'
import { type FakeKubelet, podObject, startFakeKubelet } from './fake-kubelet.ts'

let kubelet: FakeKubelet
let api: Server
let user: User = testUser
let ended: Promise<void> = Promise.resolve()
const streams = new StreamCount()
const sockets = new WebSocketServer({
  noServer: true,
  handleProtocols: (asked) => [...asked][0] ?? false,
})

before(async () => {
  kubelet = await startFakeKubelet()
  await kubelet.put(podObject('p', {}))
  await kubelet.put(podObject('done', {}, 'Succeeded'))
  await kubelet.put(podObject('waiting', { nodeName: '' }))
  const { options } = testContext('GET', '/', {}, kubelet.options)
  const { handleUpgrade } = createUpgradeHandler(options, streams)
  api = createServer()
  api.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    ended = handleUpgrade(request, socket, head, user).catch((error: unknown) => {
      assert.ok(error instanceof StatusError)
      const body = JSON.stringify(error.status)
      socket.end(`HTTP/1.1 ${error.code} X\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
})
after(async () => {
  api.closeAllConnections()
  await new Promise((resolve) => api.close(resolve))
  await kubelet.stop()
})

const port = () => (api.address() as AddressInfo).port
const pathOf = (pod: string, rest: string) => `/api/v1/namespaces/default/pods/${pod}/${rest}`
const connect = (pod: string, rest: string, protocol = 'v5.channel.k8s.io') =>
  new WebSocket(`ws://127.0.0.1:${port()}${pathOf(pod, rest)}`, protocol, {
    perMessageDeflate: false,
  })

/** What the API answers instead of an upgrade. */
async function refusal(pod: string, rest: string, headers: Record<string, string> = {}) {
  const request = httpRequest({
    port: port(),
    host: '127.0.0.1',
    path: pathOf(pod, rest),
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'v5.channel.k8s.io',
      ...headers,
    },
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const status = JSON.parse(Buffer.concat(chunks).toString())
  return { code: response.statusCode, kind: status.kind, message: String(status.message) }
}

/** Answers every message with itself, and says goodbye. */
function echo(): void {
  kubelet.upgrade = (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on('message', (data) => peer.send(data))
    })
}

describe('pods/exec, attach and port-forward', () => {
  test('carries a WebSocket to the kubelet and back', async () => {
    echo()
    const client = connect(
      'p',
      'exec?command=sh&command=-c&command=a%20b&stdin=true&stdout=true&stderr=true',
    )
    await once(client, 'open')
    assert.equal(client.protocol, 'v5.channel.k8s.io')
    assert.equal(streams.open('w1'), 1)
    client.send(Buffer.from([0, 104, 105]))
    const [answer] = await once(client, 'message')
    assert.deepEqual([...(answer as Buffer)], [0, 104, 105])
    assert.deepEqual(kubelet.seen.at(-1), {
      url: '/exec/default/p/main?command=sh&command=-c&command=a+b&input=1&output=1&error=1',
      client: 'kube-apiserver-kubelet-client',
    })
    client.close()
    await once(client, 'close')
    await ended
    assert.equal(streams.open('w1'), 0)
  })

  test('delivers what the kubelet said last, then closes', async () => {
    const last = Buffer.alloc(3 * 1024 * 1024, 7)
    kubelet.upgrade = (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (peer) => {
        peer.send(last)
        peer.close(1000)
      })
    const client = connect('p', 'attach?stdout=true&tty=true')
    const closed = once(client, 'close')
    const [data] = await once(client, 'message')
    assert.ok((data as Buffer).equals(last))
    assert.equal((await closed)[0], 1000)
    await ended
    assert.equal(kubelet.seen.at(-1)?.url, '/attach/default/p/main?output=1&tty=1')
  })

  test('cuts the other side when one is cut', async () => {
    const kubeletSide = new Promise<Duplex>((resolve) => {
      kubelet.upgrade = (request, socket, head) =>
        sockets.handleUpgrade(request, socket, head, () => resolve(socket))
    })
    const client = connect('p', 'exec?command=x&stdout=true')
    client.on('error', () => undefined)
    await once(client, 'open')
    const socket = await kubeletSide
    const closed = once(client, 'close')
    socket.destroy()
    await closed
    await ended
    assert.equal(streams.open('w1'), 0)
  })

  test('carries a port-forward in channels', async () => {
    echo()
    const client = connect('p', 'portforward?ports=80', 'v4.channel.k8s.io')
    await once(client, 'open')
    assert.equal(kubelet.seen.at(-1)?.url, '/portForward/default/p?port=80')
    client.close()
    await once(client, 'close')
    await ended
  })

  test('carries a port-forward of SPDY within a WebSocket, bytes as they are', async () => {
    const protocol = 'SPDY/3.1+portforward.k8s.io'
    kubelet.upgrade = (request, socket) => {
      assert.equal(request.headers['sec-websocket-protocol'], protocol)
      assert.equal(request.headers['authorization'], undefined)
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n' +
          `sec-websocket-protocol: ${protocol}\r\n\r\nearly`,
      )
      socket.pipe(socket)
    }
    const request = httpRequest({
      port: port(),
      host: '127.0.0.1',
      path: pathOf('p', 'portforward'),
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        authorization: 'Bearer secret',
        'sec-websocket-protocol': protocol,
      },
    })
    request.end()
    const [, socket, head] = (await once(request, 'upgrade')) as [unknown, Duplex, Buffer]
    let text = head.toString()
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text === 'early, late') socket.end()
    })
    socket.write(', late')
    await once(socket, 'close')
    assert.equal(text, 'early, late')
    await ended
  })

  const exec = 'exec?command=x&stdout=true'
  const refusals: [
    pod: string,
    rest: string,
    headers: Record<string, string>,
    code: number,
    message: RegExp,
  ][] = [
    ['p', 'exec?stdout=true', {}, 400, /at least 1 command/],
    ['p', 'exec?command=x', {}, 400, /at least 1 of stdin, stdout, stderr/],
    ['p', `${exec}&container=y`, {}, 400, /container y is not valid for pod p/],
    ['p', 'portforward?ports=0', {}, 400, /is no port/],
    ['none', exec, {}, 404, /pods "none" not found/],
    ['done', exec, {}, 400, /completed pod; current phase is Succeeded/],
    ['waiting', exec, {}, 400, /does not have a host assigned/],
    ['p', 'status', {}, 404, /could not find/],
  ]
  for (const [pod, rest, headers, code, message] of refusals)
    test(`refuses ${pod}/${rest} ${JSON.stringify(headers)}`, async () => {
      const answer = await refusal(pod, rest, headers)
      assert.equal(answer.kind, 'Status')
      assert.equal(answer.code, code)
      assert.match(answer.message, message)
    })

  test('refuses who may not create', async () => {
    user = { name: 'eve', uid: '', groups: ['system:authenticated'] }
    const answer = await refusal('p', exec)
    user = testUser
    assert.equal(answer.code, 403)
    assert.match(answer.message, /User "eve" cannot create resource "pods\/exec" in API group ""/)
  })

  test('a kubelet’s refusal: as it is over SPDY, a Status for everybody else', async () => {
    kubelet.upgrade = (_, socket) =>
      socket.end('HTTP/1.1 500 Refused\r\ncontent-length: 7\r\n\r\nno such')
    const status = await refusal('p', exec)
    assert.deepEqual([status.code, status.message], [500, 'Internal error occurred: no such'])
    const outgoing = httpRequest({
      ...{ port: port(), host: '127.0.0.1', path: pathOf('p', exec), agent: false },
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    })
    outgoing.end()
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    assert.deepEqual([response.statusCode, Buffer.concat(chunks).toString()], [500, 'no such'])
    await ended
    assert.equal(streams.open('w1'), 0)
  })

  test('carries SPDY: its protocols go to the kubelet, its acceptance and bytes come back', async () => {
    kubelet.upgrade = (request, socket) => {
      assert.equal(request.headers.upgrade, 'SPDY/3.1')
      const protocol = request.headers['x-stream-protocol-version']
      assert.equal(protocol, 'v4.channel.k8s.io, v3.channel.k8s.io')
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n' +
          'x-stream-protocol-version: v4.channel.k8s.io\r\n\r\n',
      )
      socket.pipe(socket)
    }
    const request = httpRequest({
      method: 'POST',
      port: port(),
      host: '127.0.0.1',
      path: pathOf('p', exec),
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'SPDY/3.1',
        'x-stream-protocol-version': ['v4.channel.k8s.io', 'v3.channel.k8s.io'],
      },
    })
    request.end()
    const [answer, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex]
    assert.equal(answer.headers['x-stream-protocol-version'], 'v4.channel.k8s.io')
    socket.write('frames')
    const [echoed] = await once(socket, 'data')
    assert.equal(String(echoed), 'frames')
    socket.end()
    await once(socket, 'close')
    await ended
  })

  test('passes the kubelet refusal on before any upgrade', async () => {
    kubelet.upgrade = (_request, socket) => {
      const text = 'container not found ("main")'
      socket.end(`HTTP/1.1 404 Not Found\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
    }
    const answer = await refusal('p', exec)
    assert.equal(answer.code, 404)
    assert.equal(answer.message, 'container not found ("main")')
    assert.equal(streams.open('w1'), 0)
  })

  test('[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance] [Conformance]', async () => {
    for (const [protocol, expected] of [
      ['binary.k8s.io', 'one\ntwo\n'],
      ['base64.binary.k8s.io', Buffer.from('one\ntwo\n').toString('base64')],
    ] as const) {
      kubelet.answer = (_request, response) => response.end('one\ntwo\n')
      const socket = connect('p', 'log?container=main', protocol)
      const messages: Buffer[] = []
      socket.on('message', (data: Buffer) => messages.push(data))
      const [code] = (await once(socket, 'close')) as [number]
      assert.equal(code, 1000)
      assert.equal(socket.protocol, protocol)
      assert.equal(Buffer.concat(messages).toString(), expected)
      await ended
    }
    assert.equal(kubelet.seen.at(-1)?.url, '/containerLogs/default/p/main')
    const answer = await refusal('absent', 'log')
    assert.equal(answer.code, 404, 'what is wrong is told without an upgrade')
  })

  test('a client of a log that hangs up ends the kubelet\u2019s answer', async () => {
    const gone = new Promise<void>((resolve) => {
      kubelet.answer = (_request, response) => {
        response.write('one\n')
        response.once('close', resolve)
      }
    })
    const socket = connect('p', 'log?follow=true', 'binary.k8s.io')
    await once(socket, 'message')
    socket.terminate()
    await gone
    await ended
  })
})
