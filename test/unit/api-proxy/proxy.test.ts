import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import { createUpgradeHandler } from '../../../src/api/subresources/upgrade.ts'
import { StatusError } from '../../../src/base/status.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { testContext, testUser } from '../api-edges/context.ts'

/** An address that simulated pods have; Linux answers on all of 127/8. */
const podIp = '127.251.7.9'
const pods = '/api/v1/namespaces/default/pods'
let cluster: TestCluster
let app: Server
let port: number
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] =
  []

before(async () => {
  app = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    if (url === '/moved') response.writeHead(302, { location: '/there' }).end()
    else if (url === '/page') {
      const page = gzipSync('<a href="/x">caf\u00e9</a>')
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(page)
    } else if (url === '/cookies')
      response.writeHead(418, { 'set-cookie': ['a=1', 'b=2'] }).end('short')
    else response.end(`${method} ${url}`)
  })
  app.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
      return
    }
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${request.headers.upgrade}\r\n\r\n`,
    )
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => app.listen(0, podIp, resolve))
  port = (app.address() as AddressInfo).port
  cluster = await openCluster()
  const containers = [{ name: 'main', image: 'x', ports: [{ containerPort: port }] }]
  await cluster.ask('POST', pods, { metadata: { name: 'web' }, spec: { containers } })
  await cluster.ask('POST', pods, { metadata: { name: 'odd' }, spec: { containers } })
  const status = (name: string, ip: string) =>
    cluster.ask(
      'PATCH',
      `${pods}/${name}/status`,
      { status: { podIP: ip, podIPs: [{ ip }] } },
      {
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    )
  await status('web', podIp)
  await status('odd', '127.0.0.1')
  await cluster.ask('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'web' },
    spec: { ports: [{ name: 'http', port: 80 }], selector: { app: 'web' } },
  })
  await cluster.ask('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
    endpoints: [
      { addresses: ['127.251.7.10'], conditions: { ready: false } },
      { addresses: [podIp], conditions: { ready: true } },
    ],
  })
})

after(async () => {
  app.closeAllConnections()
  await new Promise((resolve) => app.close(resolve))
  await cluster[Symbol.asyncDispose]()
})

test('a pod’s server is asked with any method, path, query and body', async () => {
  const plain = await cluster.ask('GET', `${pods}/web/proxy/a%2Fb?x=1`)
  assert.deepEqual([plain.status, plain.text], [200, 'GET /a%2Fb?x=1'])
  const posted = await cluster.ask(
    'POST',
    `${pods}/web:${port}/proxy/`,
    { a: 1 },
    {
      headers: { authorization: 'Bearer secret', 'x-mine': 'yes' },
    },
  )
  assert.equal(posted.text, 'POST /')
  const last = seen.at(-1)
  assert.deepEqual(
    [last?.body, last?.headers['x-mine'], last?.headers['authorization']],
    ['{"a":1}', 'yes', undefined],
  )
  for (const method of ['PUT', 'PATCH', 'DELETE'] as const)
    assert.equal((await cluster.ask(method, `${pods}/web/proxy/m`)).text, `${method} /m`)
})

test('answers pass as they are; redirects and links lead through the proxy again', async () => {
  const root = await cluster.ask('GET', `${pods}/web/proxy?q=1`)
  assert.deepEqual([root.status, root.headers.get('location')], [301, `${pods}/web/proxy/?q=1`])
  const moved = await cluster.ask('GET', `${pods}/web/proxy/moved`)
  assert.deepEqual([moved.status, moved.headers.get('location')], [302, `${pods}/web/proxy/there`])
  const page = await cluster.ask('GET', `${pods}/web/proxy/page`)
  assert.equal(page.text, `<a href="${pods}/web/proxy/x">caf\u00e9</a>`)
  assert.equal(page.headers.get('content-encoding'), undefined)
  const teapot = await cluster.ask('GET', `${pods}/web/proxy/cookies`)
  assert.deepEqual([teapot.status, teapot.text], [418, 'short'])
})

test('a Service’s ready endpoint is asked, by the port’s name or number', async () => {
  const services = '/api/v1/namespaces/default/services'
  for (const name of ['web:http', 'web:80', 'http:web:http'])
    assert.equal((await cluster.ask('GET', `${services}/${name}/proxy/s`)).text, 'GET /s', name)
  const refusals: readonly [name: string, message: RegExp][] = [
    ['web:81', /no service port 81 found for service "web"/],
    ['web:other', /no endpoints available for service "web"/],
  ]
  for (const [name, message] of refusals) {
    const answer = await cluster.ask('GET', `${services}/${name}/proxy/`)
    assert.equal(answer.status, 503)
    assert.match(answer.json.message, message)
  }
})

test('what cannot be reached, or must not be, is a Status', async () => {
  const refusals: readonly [name: string, status: number, message: RegExp][] = [
    ['web:1', 503, /error trying to reach service: .*ECONNREFUSED/],
    ['odd', 400, /address not allowed/],
    ['none', 404, /pods "none" not found/],
    ['ftp:web:1', 400, /invalid pod request "ftp:web:1"/],
    ['web:99999', 400, /invalid port/],
  ]
  for (const [name, status, message] of refusals) {
    const answer = await cluster.ask('GET', `${pods}/${name}/proxy/`)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.json.message, message)
  }
  const user = { name: 'eve', uid: '', groups: ['system:authenticated'] }
  const forbidden = await cluster.ask('GET', `${pods}/web/proxy/`, undefined, { user })
  assert.equal(forbidden.status, 403)
})

test('upgrades go through, and a server’s own refusal comes back', async () => {
  const { store } = cluster.memory
  const { options } = testContext('GET', '/', {}, { store, authorizer: createAuthorizer(store) })
  const upgrades = createUpgradeHandler(options)
  const front = createServer()
  front.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    upgrades.handleUpgrade(request, socket, head, testUser).catch((error: unknown) => {
      assert.ok(error instanceof StatusError, String(error))
      socket.end(`HTTP/1.1 ${error.code} X\r\ncontent-length: 0\r\n\r\n`)
    })
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const ask = (rest: string) => {
    const outgoing = httpRequest({
      ...{ host: '127.0.0.1', port: (front.address() as AddressInfo).port, agent: false },
      path: `${pods}/web/proxy${rest}`,
      headers: { connection: 'Upgrade', upgrade: 'echo' },
    })
    outgoing.end()
    return outgoing
  }
  const [answer, socket] = (await once(ask('/'), 'upgrade')) as [IncomingMessage, Duplex]
  assert.equal(answer.headers.upgrade, 'echo')
  socket.write('hello')
  assert.equal(String((await once(socket, 'data'))[0]), 'hello')
  socket.end()
  await once(socket, 'close')
  const [refused] = (await once(ask('/refused'), 'response')) as [IncomingMessage]
  assert.equal(refused.statusCode, 403)
  refused.resume()
  await once(refused, 'end')
  upgrades.close()
  front.closeAllConnections()
  await new Promise((resolve) => front.close(resolve))
})
