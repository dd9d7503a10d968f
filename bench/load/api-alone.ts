import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '../../src/api/api.ts'
import { createAuthenticator } from '../../src/api/auth/authenticate.ts'
import { createAuthorizer } from '../../src/api/auth/standard-authorizer.ts'
import { createApiServer } from '../../src/api/server.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createAuthority, issueLeaf } from '../../src/boot/config/certificates.ts'
import { openMemoryStore } from '../../test/contract/memory-store.ts'
import type { RequestFigures, RequestLoad } from './api-load.ts'
import { round } from './figures.ts'
import { Forked } from './forked.ts'

export interface AloneOptions {
  readonly ms: number
}

const program = new URL('./api-load.js', import.meta.url)
const configMaps = '/api/v1/namespaces/default/configmaps'

/**
 * The API's own cost: HTTPS, pipeline and the store of one member in memory in this process, without
 * consensus and disk; the clients in another. What counts is the processor time of a request.
 */
export async function runAlone({ ms }: AloneOptions): Promise<object> {
  const pki = mkdtempSync(join(tmpdir(), 'kijabi-bench-'))
  const { address, close } = await serve(pki)
  const client = new Forked(program)
  const ask = async (more: Pick<RequestLoad, 'method' | 'path' | 'prefix' | 'connections'>) => {
    const request: RequestLoad = {
      ...{ kind: 'requests', pki, addresses: [address], payloadBytes: 800, ms, count: 1e9 },
      ...more,
    }
    const before = process.cpuUsage()
    const { bytes: _, ...figures } = await client.ask<RequestFigures>(request)
    const { user, system } = process.cpuUsage(before)
    return { ...figures, cpuUs: round((user + system) / figures.requests) }
  }
  const create = (prefix: string) =>
    ask({ method: 'POST', path: configMaps, prefix, connections: 16 })
  const get = () =>
    ask({ method: 'GET', path: `${configMaps}/warm-1`, prefix: '', connections: 16 })
  try {
    await create('warm')
    await get()
    return { creates: await create('c'), gets: await get() }
  } finally {
    await client.kill()
    await close()
    rmSync(pki, { recursive: true, force: true })
  }
}

async function serve(pki: string): Promise<{ address: string; close: () => Promise<void> }> {
  const now = Date.now()
  const ca = await createAuthority('bench', now)
  const pair = (commonName: string, hosts: string[]) =>
    issueLeaf(ca, { commonName, organizations: ['system:masters'], hosts }, now)
  const [server, admin] = [await pair('m1', ['127.0.0.1']), await pair('admin', [])]
  writeFileSync(join(pki, 'ca.crt'), ca.certificate)
  writeFileSync(join(pki, 'admin.crt'), admin.certificate)
  writeFileSync(join(pki, 'admin.key'), admin.privateKey, { mode: 0o600 })
  const { store } = await openMemoryStore()
  const api = createApi({
    store,
    authorizer: createAuthorizer(store),
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
  await api.handle(
    {
      method: 'POST',
      path: '/api/v1/namespaces',
      headers: new Map(),
      body: Buffer.from('{"metadata":{"name":"default"}}'),
      signal: new AbortController().signal,
    },
    { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'] },
  )
  const close = async () => {
    await https.stop()
    await store.stop()
  }
  return { address: `127.0.0.1:${https.address.port}`, close }
}
