import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, constants } from 'node:http2'
import { Agent, request as httpsRequest } from 'node:https'
import { before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { type ApiServer, type ApiServerOptions, createApiServer } from '../../../src/api/server.ts'
import { ManualClock, systemClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { statusError } from '../../../src/base/status.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { configMap, openCluster } from './cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'
let ca: KeyPair
let serverPair: KeyPair
let adminPair: KeyPair
let strangerPair: KeyPair

before(async () => {
  ca = await createAuthority('test', Date.now())
  const leaf = (authority: KeyPair, commonName: string, hosts: string[]) =>
    issueLeaf(authority, { commonName, organizations: ['system:masters'], hosts }, Date.now())
  serverPair = await leaf(ca, 'm1', ['127.0.0.1', 'localhost'])
  adminPair = await leaf(ca, 'admin', [])
  strangerPair = await leaf(await createAuthority('other', Date.now()), 'admin', [])
})

async function openServer(more: Partial<ApiServerOptions> = {}) {
  const cluster = await openCluster({ clock: systemClock })
  const server = createApiServer({
    api: cluster.api,
    authenticator: createAuthenticator({ clock: systemClock }),
    tls: {
      certificate: serverPair.certificate,
      privateKey: serverPair.privateKey,
      clientCa: ca.certificate,
    },
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    logger: silentLogger,
    ...more,
  })
  await server.start()
  return {
    cluster,
    server,
    async [Symbol.asyncDispose]() {
      await server.stop()
      await cluster.memory.store.stop()
    },
  }
}

interface Sent {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

async function send(
  server: ApiServer,
  method: string,
  target: string,
  more: { body?: string | Buffer; pair?: KeyPair | null; headers?: Record<string, string> } = {},
): Promise<Sent> {
  const response = await open(server, method, target, more)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString('utf8'),
  }
}

async function open(
  server: ApiServer,
  method: string,
  target: string,
  more: { body?: string | Buffer; pair?: KeyPair | null; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  const pair = more.pair === undefined ? adminPair : more.pair
  const agent = new Agent({ keepAlive: false })
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: server.address.port,
    method,
    path: target,
    ca: ca.certificate,
    ...(pair ? { cert: pair.certificate, key: pair.privateKey } : {}),
    agent,
    headers: { 'content-type': 'application/json', ...more.headers },
  })
  outgoing.end(more.body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

test('objects are written and read over HTTPS with a client certificate', async () => {
  await using opened = await openServer()
  const { server } = opened
  const created = await send(server, 'POST', path, { body: JSON.stringify(configMap('a')) })
  assert.equal(created.status, 201, created.text)
  assert.equal(created.headers['content-type'], 'application/json')
  assert.equal(created.headers['cache-control'], 'no-cache, private')
  assert.match(String(created.headers['audit-id']), /^[0-9a-f-]{36}$/)
  const read = await send(server, 'GET', `${path}/a`)
  assert.equal(read.text, created.text)
  const head = await send(server, 'HEAD', `${path}/a`)
  assert.deepEqual([head.status, head.text], [200, ''])
  const warned = await send(server, 'POST', path, {
    body: JSON.stringify({ ...configMap('b'), surplus: 1 }),
  })
  assert.match(String(warned.headers['warning']), /^299 - "unknown field \\"surplus\\""$/)
})

test('a watch delivers each event at once and ends when the server stops', async () => {
  const opened = await openServer()
  const response = await open(opened.server, 'GET', `${path}?watch=1`)
  assert.equal(response.statusCode, 200)
  await send(opened.server, 'POST', path, { body: JSON.stringify(configMap('a')) })
  const [line] = (await once(response, 'data')) as [Buffer]
  assert.equal(JSON.parse(line.toString('utf8')).type, 'ADDED')
  const ended = once(response, 'end')
  response.resume()
  await opened[Symbol.asyncDispose]()
  await ended
  assert.equal(opened.cluster.api.openWatches, 0)
})

test('a watcher that hangs up is forgotten', async () => {
  await using opened = await openServer()
  const response = await open(opened.server, 'GET', `${path}?watch=1`)
  await send(opened.server, 'POST', path, { body: JSON.stringify(configMap('a')) })
  await once(response, 'data')
  assert.equal(opened.cluster.api.openWatches, 1)
  response.destroy()
  while (opened.cluster.api.openWatches > 0) await new Promise((go) => setImmediate(go))
})

test('a master that sends its clients away answers, and ends each connection with that', async () => {
  let away = false
  await using served = await openServer({ sendsAway: () => away })
  const { port } = served.server.address
  const session = connect(`https://127.0.0.1:${port}`, {
    ...{ ca: ca.certificate, cert: adminPair.certificate, key: adminPair.privateKey },
  })
  await once(session, 'connect')
  away = true
  const plain = await send(served.server, 'GET', path)
  assert.deepEqual([plain.status, plain.headers.connection], [200, 'close'])
  const stream = session.request({ ':path': path })
  const closed = once(session, 'close')
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.resume()
  assert.equal(headers[':status'], 200)
  await closed
})

test('a drain ends watches and idle connections, and serves who comes then', async () => {
  await using served = await openServer()
  const watch = await open(served.server, 'GET', `${path}?watch=true`)
  const ended = once(watch.resume(), 'end')
  await served.server.drain()
  await ended
  assert.equal((await send(served.server, 'GET', path)).status, 200)
})

test('HTTP/2 is spoken with who offers it', async () => {
  await using opened = await openServer()
  const session = connect(`https://127.0.0.1:${opened.server.address.port}`, {
    ca: ca.certificate,
    cert: adminPair.certificate,
    key: adminPair.privateKey,
  })
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/json',
  })
  stream.end(JSON.stringify(configMap('h2')))
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  assert.equal(headers[':status'], 201)
  const watch = session.request({ ':path': `${path}?watch=1` })
  const [event] = (await once(watch, 'data')) as [Buffer]
  assert.equal(JSON.parse(event.toString('utf8')).object.metadata.name, 'h2')
  watch.close(constants.NGHTTP2_CANCEL)
  watch.resume()
  while (opened.cluster.api.openWatches > 0) await new Promise((go) => setImmediate(go))
  session.destroy()
})

test('strangers, anonymous users and oversized bodies are refused', async () => {
  await using opened = await openServer()
  const { server } = opened
  const anonymous = await send(server, 'GET', path, { pair: null })
  assert.equal(anonymous.status, 403)
  assert.match(JSON.parse(anonymous.text).message, /User "system:anonymous" cannot list/)
  const stranger = await send(server, 'GET', path, { pair: strangerPair })
  assert.equal(stranger.status, 401)
  const token = await send(server, 'GET', path, {
    pair: null,
    headers: { authorization: 'Bearer nonsense' },
  })
  assert.equal(token.status, 401)
  assert.equal(JSON.parse(token.text).reason, 'Unauthorized')
  const large = await send(server, 'POST', path, {
    body: Buffer.alloc(limits.bodyBytesMax + 1, 32),
  })
  assert.equal(large.status, 413)
  const chunked = await send(server, 'POST', path, {
    body: Buffer.alloc(limits.bodyBytesMax + 1, 32),
    headers: { 'transfer-encoding': 'chunked' },
  })
  assert.equal(chunked.status, 413)
})

test('health is open to all, why a single check failed only to who may ask', async () => {
  const problem = 'the quorum is gone'
  await using opened = await openServer({
    health: [
      {
        ...{ name: 'etcd', paths: ['readyz'] },
        check: () => {
          throw new Error(problem)
        },
      },
    ],
  })
  const ask = (target: string, pair?: KeyPair | null) =>
    send(opened.server, 'GET', target, pair === undefined ? {} : { pair })
  assert.deepEqual(
    [(await ask('/livez', null)).text, (await ask('/healthz', null)).text],
    ['ok', 'ok'],
  )
  const all = await ask('/readyz', null)
  assert.deepEqual([all.status, all.text.includes(problem)], [500, false])
  assert.equal(all.headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal((await ask('/readyz/etcd', null)).status, 403)
  const single = await ask('/readyz/etcd')
  assert.deepEqual([single.status, single.text], [500, `internal server error: ${problem}\n`])
  assert.equal((await ask('/readyzetcd')).status, 404)
})

test('a body that does not come is given up after a minute, and the connection with it', async () => {
  const clock = new ManualClock()
  await using opened = await openServer({ clock })
  const outgoing = httpsRequest({
    ...{ host: '127.0.0.1', port: opened.server.address.port, method: 'POST', path },
    ...{ ca: ca.certificate, cert: adminPair.certificate, key: adminPair.privateKey },
    headers: { 'content-type': 'application/json', 'content-length': '100' },
  })
  outgoing.write('{')
  while (clock.pendingTimers < 2) await new Promise((go) => setImmediate(go))
  clock.advance(limits.requestMsMax)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  assert.deepEqual([response.statusCode, response.headers.connection], [504, 'close'])
  outgoing.on('error', () => {})
  const closed = once(outgoing, 'close')
  response.resume()
  await closed
  assert.equal(clock.pendingTimers, 1, 'the sweep of connections')
})

test('a connection on which half a head came, or nothing at all, is cut; one that waits is not', async () => {
  const clock = new ManualClock()
  await using opened = await openServer({ clock })
  const { port } = opened.server.address
  const openTls = async () => {
    const socket = connectTls({
      ...{ host: '127.0.0.1', port, ca: ca.certificate, ALPNProtocols: ['http/1.1'] },
      ...{ cert: adminPair.certificate, key: adminPair.privateKey },
    })
    await once(socket, 'secureConnect')
    return socket.on('error', () => {})
  }
  const [silent, half, waiting] = await Promise.all([openTls(), openTls(), openTls()])
  half.write('GET /livez HTTP/1.1\r\nhost: x\r\n')
  const whole = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'
  const ask = async () => {
    waiting.write(whole)
    return String((await once(waiting, 'data'))[0])
  }
  assert.match(await ask(), /^HTTP\/1.1 200/)
  const cut = Promise.all([once(silent.resume(), 'close'), once(half.resume(), 'close')])
  clock.advance(limits.requestHeadMsMax + 5_000)
  await cut
  assert.match(await ask(), /^HTTP\/1.1 200/)
  waiting.write('GET /livez HTTP/1.1\r\n')
  const ended = once(waiting, 'close')
  while (!waiting.destroyed) {
    await new Promise((go) => setImmediate(go))
    clock.advance(limits.requestHeadMsMax)
  }
  await ended
})

test('a client that takes nothing of its answer for a minute is cut off', async () => {
  const clock = new ManualClock()
  const large = Buffer.alloc(24 * 1024 * 1024)
  await using opened = await openServer({
    clock,
    routes: [
      {
        ...{ method: 'GET', path: '/large' },
        handle: async () => ({
          ...{ status: 200, headers: new Map() },
          body: { kind: 'whole', chunks: [large] },
        }),
      },
    ],
  })
  const response = await open(opened.server, 'GET', '/large')
  while (clock.pendingTimers < 2) await new Promise((go) => setImmediate(go))
  clock.advance(limits.answerStallMsMax)
  await assert.rejects(async () => {
    for await (const _ of response);
  }, /aborted/)
  assert.equal(clock.pendingTimers, 1, 'the sweep of connections')
})

test('routes beside the API ask for an administrator', async () => {
  await using opened = await openServer({
    routes: [
      {
        method: 'GET',
        path: '/kijabi/v1/status',
        handle: async (request) => ({
          status: 200,
          headers: new Map(),
          body: { kind: 'whole', chunks: [Buffer.from(request.path)] },
        }),
      },
    ],
  })
  const ours = await send(opened.server, 'GET', '/kijabi/v1/status?x=1')
  assert.deepEqual([ours.status, ours.text], [200, '/kijabi/v1/status?x=1'])
  assert.equal((await send(opened.server, 'GET', '/kijabi/v1/status', { pair: null })).status, 403)
})

test('an upgrade reaches its handler with the user, and a refusal goes back as an answer', async () => {
  const seen: string[] = []
  await using opened = await openServer({
    upgrade: async (request, socket, _head, user) => {
      seen.push(`${user.name} ${request.url}`)
      if (request.url === '/refused') throw statusError('Forbidden', 'no')
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello',
      )
    },
  })
  const upgrade = (target: string) =>
    httpsRequest({
      host: '127.0.0.1',
      port: opened.server.address.port,
      path: target,
      ca: ca.certificate,
      cert: adminPair.certificate,
      key: adminPair.privateKey,
      headers: { connection: 'upgrade', upgrade: 'x' },
    }).end()
  const [response, socket, head] = await once(upgrade('/exec'), 'upgrade')
  assert.equal(response.statusCode, 101)
  const rest: Buffer[] = [head]
  for await (const chunk of socket) rest.push(chunk)
  assert.equal(Buffer.concat(rest).toString('utf8'), 'hello')
  const [refused] = await once(upgrade('/refused'), 'response')
  assert.equal(refused.statusCode, 403)
  refused.resume()
  assert.deepEqual(seen, ['admin /exec', 'admin /refused'])
})

test('a client that hangs up before its answer holds nothing back', async () => {
  let answer = () => {}
  let asked = () => {}
  const opened = await openServer({
    routes: [
      {
        method: 'GET',
        path: '/slow',
        handle: async () => {
          asked()
          await new Promise<void>((resolve) => {
            answer = resolve
          })
          return { status: 200, headers: new Map(), body: { kind: 'whole', chunks: [] } }
        },
      },
    ],
  })
  const { port } = opened.server.address
  const tls = { ca: ca.certificate, cert: adminPair.certificate, key: adminPair.privateKey }
  const session = connect(`https://127.0.0.1:${port}`, tls)
  const hangUps = [
    () => {
      const stream = session.request({ ':path': '/slow' })
      stream.on('error', () => {})
      return () => stream.close(constants.NGHTTP2_CANCEL)
    },
    () => {
      const outgoing = httpsRequest({ host: '127.0.0.1', port, path: '/slow', ...tls })
      outgoing.on('error', () => {})
      outgoing.end()
      return () => outgoing.destroy()
    },
  ]
  for (const open of hangUps) {
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    const hangUp = open()
    await arrived
    hangUp()
    // Let the server hear of it before it answers.
    await send(opened.server, 'GET', '/healthz')
    answer()
  }
  session.destroy()
  const startMs = performance.now()
  await opened[Symbol.asyncDispose]()
  assert.ok(performance.now() - startMs < 2_500, 'no drain timeout was needed')
})

test('a client that hangs up within its body holds nothing back, and is no error of the server', async () => {
  const errors: unknown[] = []
  const logger = { ...silentLogger, error: (fields: unknown) => void errors.push(fields) }
  const opened = await openServer({ logger })
  const { port } = opened.server.address
  const tls = { ca: ca.certificate, cert: adminPair.certificate, key: adminPair.privateKey }
  const target = '/api/v1/namespaces/default/configmaps'
  const session = connect(`https://127.0.0.1:${port}`, tls)
  const stream = session.request({ ':method': 'POST', ':path': target })
  stream.on('error', () => {})
  stream.write('{"metadata":')
  const outgoing = httpsRequest({ host: '127.0.0.1', port, path: target, method: 'POST', ...tls })
  outgoing.on('error', () => {})
  outgoing.write('{"metadata":')
  // Let the server hear of both before they hang up.
  await send(opened.server, 'GET', '/healthz')
  stream.close(constants.NGHTTP2_CANCEL)
  outgoing.destroy()
  await send(opened.server, 'GET', '/healthz')
  session.destroy()
  const startMs = performance.now()
  await opened[Symbol.asyncDispose]()
  assert.ok(performance.now() - startMs < 2_500, 'no drain timeout was needed')
  assert.deepEqual(errors, [])
})
