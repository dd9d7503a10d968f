import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer as createPlain,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Aggregation } from '../../../src/api/aggregation/aggregation.ts'
import { createUpgradeHandler } from '../../../src/api/subresources/upgrade.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import type { APIService } from '../../../src/kinds/types.ts'
import { type MemoryStore, openMemoryStore } from '../../contract/memory-store.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'
import { testContext } from '../api-edges/context.ts'

const podIp = '127.251.7.11'
const group = 'fish.example.com'
const fish = `/apis/${group}/v1`
const registrations = '/apis/apiregistration.k8s.io/v1/apiservices'
const resources = [
  {
    name: 'trouts',
    singularName: 'trout',
    namespaced: true,
    kind: 'Trout',
    verbs: ['get', 'list'],
  },
  { name: 'trouts/status', singularName: '', namespaced: true, kind: 'Trout', verbs: ['get'] },
]

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly groups: readonly string[]
  readonly client: string
  readonly body: string
}

/** An API server behind a Service: it believes headers only of whom the front proxy's authority signed. */
let server: Server
let port: number
let isUp = true
const seen: Seen[] = []
let cluster: TestCluster
let memory: MemoryStore
let aggregation: Aggregation
let serverAuthority: KeyPair

function answer(request: IncomingMessage, body: string): Seen {
  const { method = '', url = '', headers, rawHeaders } = request
  const groups = rawHeaders.filter(
    (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'x-remote-group',
  )
  const client = (request.socket as TLSSocket).getPeerCertificate().subject.CN
  return { method, url, headers, groups, body, client: String(client) }
}

before(async () => {
  serverAuthority = await createAuthority('fish', Date.now())
  const frontProxyAuthority = await createAuthority('front-proxy', Date.now())
  const leaf = (authority: KeyPair, commonName: string, hosts: string[]) =>
    issueLeaf(authority, { commonName, organizations: [], hosts }, Date.now())
  const own = await leaf(serverAuthority, 'fish', ['fish.default.svc'])
  const frontProxy = await leaf(frontProxyAuthority, 'front-proxy-client', [])
  server = createServer(
    {
      ...{ cert: own.certificate, key: own.privateKey, ca: frontProxyAuthority.certificate },
      ...{ requestCert: true, rejectUnauthorized: true },
    },
    async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      seen.push(answer(request, Buffer.concat(chunks).toString()))
      if (!isUp) return response.writeHead(500).end()
      response.setHeader('content-type', 'application/json')
      if (request.url === fish)
        return response.end(JSON.stringify({ kind: 'APIResourceList', resources }))
      if (request.url?.includes('watch=true')) {
        response.setHeader('content-type', 'application/vnd.kubernetes.protobuf;stream=watch')
        response.write('{"type":"ADDED"}\n')
        return setImmediate(() => response.end('{"type":"DELETED"}\n'))
      }
      return response.writeHead(201).end('{"kind":"Trout"}')
    },
  )
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    seen.push(answer(request, ''))
    const { upgrade } = request.headers
    const head = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n'
    socket.write(`${head}upgrade: ${upgrade}\r\n\r\n`)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, podIp, resolve))
  port = (server.address() as AddressInfo).port
  memory = await openMemoryStore()
  aggregation = new Aggregation({
    ...{ store: memory.store, clock: systemClock, frontProxy },
    kubeletTls: { certificate: '', privateKey: '', ca: '' },
  })
  cluster = await openCluster({ store: memory.store, aggregation, clock: systemClock })
  await cluster.ask('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  await register(group, 'v1', {
    caBundle: Buffer.from(serverAuthority.certificate).toString('base64'),
  })
})

after(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await memory.store.stop()
})

async function register(name: string, version: string, more: object): Promise<void> {
  const created = await cluster.ask('POST', registrations, {
    metadata: { name: `${version}.${name}` },
    spec: {
      ...{ group: name, version, groupPriorityMinimum: 100, versionPriority: 10 },
      ...{ service: { namespace: 'default', name: 'fish' }, ...more },
    },
  })
  assert.equal(created.status, 201, created.text)
}

async function serve(): Promise<void> {
  await cluster.ask('POST', '/api/v1/namespaces/default/services', {
    metadata: { name: 'fish' },
    spec: { ports: [{ name: 'https', port: 443 }], selector: { app: 'fish' } },
  })
}

async function addEndpoint(): Promise<void> {
  await cluster.ask('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'fish-1', labels: { 'kubernetes.io/service-name': 'fish' } },
    ...{ addressType: 'IPv4', ports: [{ name: 'https', port }] },
    endpoints: [{ addresses: [podIp], conditions: { ready: true } }],
  })
}

async function availabilityOf(name: string): Promise<string> {
  const object = (await cluster.ask('GET', `${registrations}/${name}`)).json as APIService
  const found = await aggregation.availability(object)
  return found ? `${found.status} ${found.reason}: ${found.message}` : 'local'
}

describe('an API server behind a Service', () => {
  test('is told to be missing until there are Service, port and endpoint', async () => {
    const name = `v1.${group}`
    assert.match(
      await availabilityOf(name),
      /^False ServiceNotFound: service\/fish in "default" is/,
    )
    assert.equal((await cluster.ask('GET', `${fish}/trouts`)).status, 503)
    await serve()
    assert.match(await availabilityOf(name), /^False (MissingEndpoints|FailedDiscoveryCheck)/)
    await addEndpoint()
    assert.equal(await availabilityOf(name), 'True Passed: all checks passed')
    isUp = false
    assert.match(await availabilityOf(name), /^False FailedDiscoveryCheck: .*bad status .*: 500/)
    isUp = true
    await register('port.example.com', 'v1', {
      ...{ service: { namespace: 'default', name: 'fish', port: 8443 } },
    })
    assert.match(
      await availabilityOf('v1.port.example.com'),
      /^False ServicePortError: .*not listening on port 8443/,
    )
    await cluster.ask('DELETE', `${registrations}/v1.port.example.com`)
  })

  test('is asked by the front proxy, which says who asks and nothing that the client claims', async () => {
    const user = {
      ...{ name: 'ann', uid: 'u1', groups: ['system:masters', 'b,c'] },
      extra: { 'example.com/scope': ['x', 'y'] },
    }
    const posted = await cluster.ask(
      'POST',
      `${fish}/namespaces/a/trouts?x=1`,
      { a: 1 },
      {
        user,
        headers: { authorization: 'Bearer secret', 'x-remote-user': 'root', 'x-mine': 'yes' },
      },
    )
    assert.deepEqual([posted.status, posted.text], [201, '{"kind":"Trout"}'])
    const last = seen.at(-1)
    assert.equal(last?.client, 'front-proxy-client')
    assert.deepEqual(
      [last?.method, last?.url, last?.body],
      [...['POST', `${fish}/namespaces/a/trouts?x=1`, '{"a":1}']],
    )
    const { headers, groups } = last ?? assert.fail()
    assert.deepEqual([headers['x-remote-user'], headers['x-remote-uid']], ['ann', 'u1'])
    assert.deepEqual(groups, ['system:masters', 'b,c'])
    assert.equal(headers['x-remote-extra-example.com%2fscope'], 'x, y')
    assert.deepEqual([headers['authorization'], headers['x-mine']], [undefined, 'yes'])
  })

  test('is asked only for who may', async () => {
    const user = { name: 'eve', uid: '', groups: ['system:authenticated'] }
    const asked = seen.length
    assert.equal((await cluster.ask('GET', `${fish}/trouts`, undefined, { user })).status, 403)
    assert.equal(seen.length, asked)
  })

  test('streams its watches', async () => {
    const watched = await cluster.ask('GET', `${fish}/trouts?watch=true`)
    assert.equal(watched.text, '{"type":"ADDED"}\n{"type":"DELETED"}\n')
  })

  test('must show a certificate of the bundle, unless nobody looks', async () => {
    const other = await createAuthority('other', Date.now())
    const caBundle = Buffer.from(other.certificate).toString('base64')
    await register('wrong.example.com', 'v1', { caBundle })
    await register('blind.example.com', 'v1', { insecureSkipTLSVerify: true })
    const wrong = await cluster.ask('GET', '/apis/wrong.example.com/v1/x')
    assert.equal(wrong.status, 503)
    assert.match(wrong.json.message, /^error trying to reach service: .*certificate/)
    assert.equal((await cluster.ask('GET', '/apis/blind.example.com/v1/x')).status, 201)
    for (const name of ['wrong', 'blind'])
      await cluster.ask('DELETE', `${registrations}/v1.${name}.example.com`)
  })

  test('stands in discovery with what it serves, in both forms', async () => {
    const groups = await cluster.ask('GET', '/apis')
    const listed = groups.json.groups.find(({ name }: { name: string }) => name === group)
    assert.deepEqual(listed, {
      name: group,
      versions: [{ groupVersion: `${group}/v1`, version: 'v1' }],
      preferredVersion: { groupVersion: `${group}/v1`, version: 'v1' },
    })
    assert.equal((await cluster.ask('GET', `/apis/${group}`)).json.kind, 'APIGroup')
    assert.deepEqual((await cluster.ask('GET', fish)).json.resources, resources)
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const all = await cluster.ask('GET', '/apis', undefined, { headers: { accept } })
    const found = all.json.items.find(
      ({ metadata }: { metadata: { name: string } }) => metadata.name === group,
    )
    const [version] = found.versions
    assert.deepEqual([version.version, version.freshness], ['v1', 'Current'])
    assert.deepEqual(
      version.resources.map(
        (one: { resource: string; subresources: { subresource: string }[] }) => [
          one.resource,
          one.subresources.map(({ subresource }) => subresource),
        ],
      ),
      [['trouts', ['status']]],
    )
    const etag = all.headers.get('etag')
    const again = await cluster.ask('GET', '/apis', undefined, {
      headers: { accept, 'if-none-match': `${etag}` },
    })
    assert.equal(again.status, 304)
  })

  test('has its OpenAPI v3 document named in the index and passed on', async () => {
    const index = await cluster.ask('GET', '/openapi/v3')
    const where = index.json.paths[`apis/${group}/v1`].serverRelativeURL
    assert.equal(where, `/openapi/v3${fish}`)
    assert.ok(index.json.paths['apis/apps/v1'].serverRelativeURL.includes('?hash='))
    assert.equal((await cluster.ask('GET', where)).text, '{"kind":"Trout"}')
    assert.equal(seen.at(-1)?.url, where)
  })

  test('has its upgrades passed through with who asks', async () => {
    const options = { ...testContext('GET', fish).options, aggregation }
    const upgrades = createUpgradeHandler({ ...options, store: memory.store })
    const door = createPlain().listen(0, '127.0.0.1')
    await once(door, 'listening')
    const user = { name: 'ann', uid: '', groups: ['system:masters'] }
    door.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgrades.handleUpgrade(request, socket, head, user).catch((error) => socket.destroy(error))
    })
    const asked = httpRequest({
      ...{ host: '127.0.0.1', port: (door.address() as AddressInfo).port },
      path: `${fish}/namespaces/a/trouts/t/swim`,
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    }).end()
    const [response, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex]
    assert.equal(response.headers.upgrade, 'SPDY/3.1')
    socket.write('bytes')
    assert.equal(String((await once(socket, 'data'))[0]), 'bytes')
    assert.equal(seen.at(-1)?.headers['x-remote-user'], 'ann')
    socket.destroy()
    upgrades.close()
    door.close()
    await once(door, 'close')
  })
})
