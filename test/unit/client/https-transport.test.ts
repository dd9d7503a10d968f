import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../../../src/base/clock.ts'
import { isStatus } from '../../../src/base/status.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { createHttpsTransport } from '../../../src/client/https-transport.ts'
import { type ApiRequest, bodyBytes } from '../../../src/client/transport.ts'

let ca: KeyPair
let leaf: KeyPair
before(async () => {
  ca = await createAuthority('test', Date.now())
  const hosts = ['127.0.0.1', 'localhost']
  leaf = await issueLeaf(ca, { commonName: 'm1', organizations: [], hosts }, Date.now())
})

const stops: (() => void)[] = []
after(() => {
  for (const stop of stops) stop()
})

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(listener: RequestListener) {
  const server = createServer(
    {
      key: leaf.privateKey,
      cert: leaf.certificate,
      ca: ca.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    listener,
  )
  const address = await listening(server)
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  stops.push(stop)
  return { address, server, stop }
}

/** An address that refuses connections: one that was listened on a moment ago. */
async function deadAddress(): Promise<string> {
  const server = createTcpServer()
  const address = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return address
}

function transportTo(addresses: string[], extra: Record<string, unknown> = {}) {
  const tls = { ca: ca.certificate, ...(extra['tls'] as object) }
  const transport = createHttpsTransport({ addresses, clock: systemClock, ...extra, tls })
  stops.push(() => transport.close())
  return transport
}

const request = (method: ApiRequest['method'], extra: Partial<ApiRequest> = {}): ApiRequest => ({
  method,
  path: '/api',
  headers: new Map(),
  ...extra,
})
const textOf = async (response: { body: Parameters<typeof bodyBytes>[0] }) =>
  Buffer.from(await bodyBytes(response.body)).toString()
const answerWith = (text: string) => (incoming: IncomingMessage, outgoing: ServerResponse) => {
  incoming.resume()
  incoming.on('end', () => outgoing.end(text))
}

describe('https transport', () => {
  test('passes over dead addresses and then stays with the one that answered', async () => {
    const alive = await serve(answerWith('m2'))
    const transport = transportTo([await deadAddress(), alive.address])
    const startedMs = performance.now()
    const body = Buffer.from('{}')
    assert.equal(await textOf(await transport.send(request('POST', { body }))), 'm2')
    assert.ok(performance.now() - startedMs < 1_000)
    assert.equal(await textOf(await transport.send(request('GET'))), 'm2')
  })

  test('keeps its connection and sends the token', async () => {
    const seen = new Set<unknown>()
    const tokens = new Set<unknown>()
    const { address } = await serve((incoming, outgoing) => {
      seen.add(incoming.socket)
      tokens.add(incoming.headers.authorization)
      outgoing.end('ok')
    })
    const transport = transportTo([address], { tls: { token: 'abc' } })
    for (let times = 0; times < 5; times += 1) await textOf(await transport.send(request('GET')))
    assert.equal(seen.size, 1)
    assert.deepEqual([...tokens], ['Bearer abc'])
  })

  test('shows its certificate and resumes the TLS session on a second connection', async () => {
    const names: unknown[] = []
    const resumed: boolean[] = []
    const { address } = await serve((incoming, outgoing) => {
      const socket = incoming.socket as TLSSocket
      resumed.push(socket.isSessionReused())
      names.push(socket.getPeerCertificate()?.subject?.CN)
      outgoing.setHeader('connection', 'close')
      outgoing.end('ok')
    })
    const mine = await issueLeaf(
      ca,
      { commonName: 'system:node:w1', organizations: ['system:nodes'], hosts: [] },
      Date.now(),
    )
    const transport = transportTo([address], { tls: mine })
    await textOf(await transport.send(request('GET')))
    await textOf(await transport.send(request('GET')))
    assert.equal(names[0], 'system:node:w1')
    assert.deepEqual(resumed, [false, true])
  })

  test('a read moves on when the server dies before it answers; a write does not', async () => {
    const dying = await serve((incoming) => incoming.socket.destroy())
    let writes = 0
    const alive = await serve((incoming, outgoing) => {
      if (incoming.method === 'POST') writes += 1
      outgoing.end('alive')
    })
    const reading = transportTo([dying.address, alive.address])
    assert.equal(await textOf(await reading.send(request('GET'))), 'alive')
    const writing = transportTo([dying.address, alive.address])
    await assert.rejects(
      writing.send(request('POST', { body: Buffer.from('{}') })),
      (error) => isStatus(error, 'ServiceUnavailable') && /may have happened/.test(error.message),
    )
    assert.equal(writes, 0)
  })

  test('a kept connection that died costs a read one more try, even with one address', async () => {
    const { address, server } = await serve(answerWith('ok'))
    const transport = transportTo([address])
    await textOf(await transport.send(request('GET')))
    server.closeAllConnections()
    assert.equal(await textOf(await transport.send(request('GET'))), 'ok')
  })

  test('a server that accepts but does not speak is passed over', async () => {
    const mute = createTcpServer(() => {})
    const muteAddress = await listening(mute)
    stops.push(() => mute.close())
    const alive = await serve(answerWith('alive'))
    const transport = transportTo([muteAddress, alive.address], { connectTimeoutMs: 100 })
    assert.equal(await textOf(await transport.send(request('GET'))), 'alive')
  })

  test('a server that takes the request and stays silent is passed over by reads', async () => {
    const silent = await serve(() => {})
    const alive = await serve(answerWith('alive'))
    const transport = transportTo([silent.address, alive.address], { requestTimeoutMs: 100 })
    assert.equal(await textOf(await transport.send(request('GET'))), 'alive')
  })

  test('a server that hangs loses its streams; one that is only quiet keeps them', async () => {
    let hangs = false
    const quiet = await serve((incoming, outgoing) => {
      if (hangs) return
      if (incoming.url === '/livez') outgoing.end('ok')
      else outgoing.write('first')
    })
    const alive = await serve(answerWith('alive'))
    const transport = transportTo([quiet.address, alive.address], {
      silenceMs: 50,
      connectTimeoutMs: 200,
    })
    const response = await transport.send(request('GET'))
    const chunks = (response.body.chunks as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    await chunks.next()
    const next = chunks.next().then(
      () => 'more',
      (error) => error,
    )
    const [livez] = await once(quiet.server, 'request')
    assert.equal(livez.url, '/livez')
    await once(quiet.server, 'request')
    hangs = true
    assert.ok(isStatus(await next, 'ServiceUnavailable'))
    assert.equal(await textOf(await transport.send(request('GET'))), 'alive')
  })

  test('streams a body as it comes, and a broken stream is ServiceUnavailable', async () => {
    let push: ServerResponse | undefined
    const { address, server } = await serve((_, outgoing) => {
      push = outgoing
      outgoing.write('one')
    })
    const response = await transportTo([address]).send(request('GET'))
    assert.equal(response.body.kind, 'stream')
    const chunks = (response.body.chunks as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    assert.equal(Buffer.from((await chunks.next()).value).toString(), 'one')
    push?.write('two')
    assert.equal(Buffer.from((await chunks.next()).value).toString(), 'two')
    server.closeAllConnections()
    await assert.rejects(chunks.next(), (error) => isStatus(error, 'ServiceUnavailable'))
  })

  test('an abort ends a request before and after its headers', async () => {
    const { address } = await serve((incoming, outgoing) => {
      if (incoming.url === '/stream') outgoing.write('x')
    })
    const transport = transportTo([address])
    for (const path of ['/silent', '/stream']) {
      const abort = new AbortController()
      const sent = transport.send({ ...request('GET'), path, signal: abort.signal })
      if (path === '/silent') {
        setImmediate(() => abort.abort(new Error('enough')))
        await assert.rejects(sent, /enough/)
      } else {
        const response = await sent
        abort.abort(new Error('enough'))
        await assert.rejects(bodyBytes(response.body), /enough/)
      }
    }
  })

  test('refuses a server that the authority did not sign, and a closed transport sends nothing', async () => {
    const other = await createAuthority('other', Date.now())
    const { address } = await serve(answerWith('ok'))
    const transport = transportTo([address], { tls: { ca: other.certificate } })
    await assert.rejects(transport.send(request('GET')), (error) =>
      isStatus(error, 'ServiceUnavailable'),
    )
    transport.close()
    await assert.rejects(transport.send(request('GET')), /closed/)
  })
})
