import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createApi } from '../src/api/api.ts'
import { createAuthenticator } from '../src/api/auth/authenticate.ts'
import { createAuthorizer } from '../src/api/auth/standard-authorizer.ts'
import { createApiServer } from '../src/api/server.ts'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { systemRandom } from '../src/base/random.ts'
import { createAuthority, issueLeaf } from '../src/boot/config/certificates.ts'
import { openMemoryStore } from '../test/contract/memory-store.ts'
import { runCluster } from './load/api-cluster.ts'
import { option } from './load/figures.ts'

/**
 * With `--cluster`: three real masters, see load/api-cluster.ts. Otherwise the API's own cost: HTTPS,
 * pipeline, store of one member in memory; no consensus and no disk. The clients share the process
 * then, so those figures are a lower bound.
 * Arguments: `--objects N` (13447), `--seconds S` per measurement (2).
 */
export async function run(args: readonly string[]): Promise<object> {
  const objects = option(args, '--objects', 13_447)
  const ms = option(args, '--seconds', 2) * 1_000
  if (args.includes('--cluster')) return runCluster({ objects, ms })
  const bench = await openBench()
  try {
    const creates: Record<string, number> = {}
    for (const connections of [1, 16, 64])
      creates[`${connections}`] = await bench.rate(connections, ms, (call, index) =>
        call('POST', path, body(`c${connections}-${index}`)),
      )
    const gets = await bench.rate(32, ms, (call) => call('GET', `${path}/c1-0`))
    await bench.fill(objects)
    const list = await bench.list()
    return { createsPerSecond: creates, getsPerSecond: { 32: gets }, list }
  } finally {
    await bench.close()
  }
}

const path = '/api/v1/namespaces/default/configmaps'
const listPath = '/api/v1/namespaces/default/secrets'
const payload = 'x'.repeat(800)

function body(name: string): Buffer {
  return Buffer.from(JSON.stringify({ metadata: { name }, data: { payload } }))
}

type Call = (method: string, target: string, body?: Buffer) => Promise<number>

async function openBench() {
  const now = Date.now()
  const ca = await createAuthority('bench', now)
  const pair = (commonName: string, hosts: string[]) =>
    issueLeaf(ca, { commonName, organizations: ['system:masters'], hosts }, now)
  const [server, client] = [await pair('m1', ['127.0.0.1']), await pair('admin', [])]
  const memory = await openMemoryStore()
  const api = createApi({
    store: memory.store,
    authorizer: createAuthorizer(memory.store),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    serviceCidr: '10.96.0.0/16',
    nodePortRange: '30000-32767',
    memberName: 'm1',
    kubeletTls: { certificate: '', privateKey: '', ca: '' },
  })
  const https = createApiServer({
    api,
    authenticator: createAuthenticator({ clock: systemClock }),
    tls: { ...server, clientCa: ca.certificate },
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    logger: silentLogger,
  })
  await https.start()
  const agent = new Agent({
    keepAlive: true,
    ca: ca.certificate,
    cert: client.certificate,
    key: client.privateKey,
  })
  const call: Call = async (method, target, content) => {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: https.address.port,
      method,
      path: target,
      agent,
      headers: { 'content-type': 'application/json' },
    })
    outgoing.end(content)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    let bytes = 0
    for await (const chunk of response) bytes += (chunk as Buffer).length
    if ((response.statusCode ?? 0) >= 300) throw new Error(`${method} ${target} failed`)
    return bytes
  }
  await call('POST', '/api/v1/namespaces', Buffer.from('{"metadata":{"name":"default"}}'))
  return {
    rate: (connections: number, ms: number, one: (call: Call, index: number) => Promise<unknown>) =>
      measureRate(connections, ms, (index) => one(call, index)),
    fill: (objects: number) => fill(call, objects),
    list: () => measureList(call),
    async close() {
      agent.destroy()
      await https.stop()
      await memory.store.stop()
    },
  }
}

async function measureRate(
  connections: number,
  ms: number,
  one: (index: number) => Promise<unknown>,
): Promise<number> {
  const startMs = performance.now()
  let next = 0
  const worker = async () => {
    while (performance.now() - startMs < ms) {
      next += 1
      await one(next - 1)
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return Math.round((next * 1_000) / (performance.now() - startMs))
}

async function fill(call: Call, objects: number): Promise<void> {
  const data = { payload: Buffer.from('x'.repeat(1_100)).toString('base64') }
  let next = 0
  const worker = async () => {
    for (; next < objects; ) {
      next += 1
      const secret = { metadata: { name: `s${next}` }, data }
      await call('POST', listPath, Buffer.from(JSON.stringify(secret)))
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}

async function measureList(call: Call): Promise<object> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const startMs = performance.now()
  const bytes = await call('GET', listPath)
  const seconds = Number(((performance.now() - startMs) / 1_000).toFixed(3))
  delay.disable()
  return { bytes, seconds, longestTurnMs: Math.round(delay.max / 1e5) / 10 }
}
