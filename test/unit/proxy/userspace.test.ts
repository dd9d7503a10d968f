import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { type Logger, silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { endpointsFor, UserspaceDataplane } from '../../../src/proxy/dataplane/userspace.ts'
import type { Endpoint, PortRules } from '../../../src/proxy/rules.ts'

/** An endpoint that reads to the end, then answers with its name and what it read. */
async function backend(name: string): Promise<{ endpoint: Endpoint; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    let request = ''
    socket.on('data', (chunk: Buffer) => {
      request += chunk.toString()
    })
    socket.on('end', () => socket.end(`${name}:${request}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { endpoint: { ip: '127.0.0.1', port: (server.address() as AddressInfo).port }, server }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function dataplane(logger: Logger = silentLogger): UserspaceDataplane {
  return new UserspaceDataplane({
    clock: systemClock,
    random: new SeededRandom(5),
    logger,
    addressesOf: ({ kind, ip }) => (kind === 'node-port' ? ['127.0.0.1'] : [ip]),
  })
}

function rules(port: number, endpoints: Endpoint[], affinitySeconds?: number): PortRules {
  return {
    key: 'default/web:/tcp',
    protocol: 'tcp',
    frontends: [{ kind: 'node-port', ip: '', port }],
    endpoints,
    affinitySeconds,
  }
}

async function ask(port: number, request = 'hi'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  socket.end(request)
  return await text(socket)
}

test('connections are dealt out, half-closed ones answered', async () => {
  const backends = [await backend('a'), await backend('b')]
  const plane = dataplane()
  const port = await freePort()
  await plane.apply([
    rules(
      port,
      backends.map(({ endpoint }) => endpoint),
    ),
  ])
  const answers = new Set<string>()
  for (let round = 0; round < 20; round++) answers.add(await ask(port))
  assert.deepEqual([...answers].sort(), ['a:hi', 'b:hi'])
  await plane.remove()
  for (const { server } of backends) server.close()
})

test('clients of other hosts are kept to the endpoints of this one where the policy says so', () => {
  const [here, there] = [
    { ip: '10.1.0.1', port: 80 },
    { ip: '10.2.0.1', port: 80 },
  ]
  const all = rules(1, [here, there])
  for (const client of ['127.0.0.1', '192.0.2.1', '192.0.2.7'])
    assert.deepEqual(endpointsFor(all, client, '192.0.2.1'), [here, there])
  const local = { ...all, local: [here] }
  assert.deepEqual(endpointsFor(local, '127.0.0.1', '127.0.0.1'), [here, there])
  assert.deepEqual(endpointsFor(local, '192.0.2.1', '192.0.2.1'), [here, there])
  assert.deepEqual(endpointsFor(local, '192.0.2.7', '192.0.2.1'), [here])
  assert.deepEqual(endpointsFor({ ...all, local: [] }, '192.0.2.7', '192.0.2.1'), [])
})

test('an endpoint that refuses is passed over', async () => {
  const { endpoint, server } = await backend('alive')
  const dead = { ip: '127.0.0.1', port: await freePort() }
  const plane = dataplane()
  const port = await freePort()
  await plane.apply([rules(port, [dead, endpoint])])
  for (let round = 0; round < 10; round++) assert.equal(await ask(port), 'alive:hi')
  await plane.apply([rules(port, [dead])])
  await assert.rejects(ask(port), { code: 'ECONNRESET' })
  await plane.remove()
  server.close()
})

test('a service without endpoints refuses, and serves again when one comes', async () => {
  const { endpoint, server } = await backend('a')
  const plane = dataplane()
  const port = await freePort()
  await plane.apply([rules(port, [])])
  await assert.rejects(ask(port), { code: 'ECONNREFUSED' })
  await plane.apply([rules(port, [endpoint])])
  assert.equal(await ask(port), 'a:hi')
  await plane.apply([])
  await assert.rejects(ask(port), { code: 'ECONNREFUSED' })
  await plane.remove()
  server.close()
})

test('a client with affinity stays with its endpoint', async () => {
  const backends = [await backend('a'), await backend('b'), await backend('c')]
  const plane = dataplane()
  const port = await freePort()
  const endpoints = backends.map(({ endpoint }) => endpoint)
  await plane.apply([rules(port, endpoints, 60)])
  const first = await ask(port)
  for (let round = 0; round < 10; round++) assert.equal(await ask(port), first)
  await plane.remove()
  for (const { server } of backends) server.close()
})

test('open connections survive the loss of their endpoint from the rules', async () => {
  const { endpoint, server } = await backend('a')
  const plane = dataplane()
  const port = await freePort()
  await plane.apply([rules(port, [endpoint])])
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  await once(server, 'connection')
  socket.write('still ')
  await plane.apply([rules(port, [])])
  socket.end('here')
  assert.equal(await text(socket), 'a:still here')
  await plane.remove()
  server.close()
})

test('removal ends open connections', async () => {
  const { endpoint, server } = await backend('a')
  const plane = dataplane()
  const port = await freePort()
  await plane.apply([rules(port, [endpoint])])
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  await once(server, 'connection')
  const closed = once(socket, 'close')
  await plane.remove()
  await closed
  server.close()
})

test('a port that is taken is told once, asked for again, and served once it is free', async () => {
  const port = await freePort()
  const other = createServer()
  other.listen(port, '127.0.0.1')
  await once(other, 'listening')
  const told: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (_: unknown, text?: string) => told.push(text ?? ''),
  }
  const plane = dataplane(logger)
  const { endpoint, server } = await backend('a')
  try {
    await plane.apply([rules(port, [endpoint])])
    await plane.apply([rules(port, [endpoint])])
    assert.deepEqual(told, ['cannot listen yet'])
    other.close()
    await once(other, 'close')
    await plane.apply([rules(port, [endpoint])])
    assert.equal(await ask(port), 'a:hi')
  } finally {
    await plane.remove()
    server.close()
  }
})
