import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { createAuthenticator } from '../../../src/api/auth/authenticate.ts'
import { type ApiServer, createApiServer } from '../../../src/api/server.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { createBalancer } from '../../../src/client/balancer.ts'
import { createLivezProbe } from '../../../src/client/balancer-probe.ts'
import { createClient } from '../../../src/client/client.ts'
import { createHttpsTransport } from '../../../src/client/https-transport.ts'
import { createInformer } from '../../../src/client/reflector.ts'
import { configMaps } from '../../../src/client/resources.ts'
import { openCluster, type TestCluster } from '../api/cluster.ts'

/** Informers and clients over real masters' TLS faces on one store, while masters come and go. */

let ca: KeyPair
let serverPair: KeyPair
let adminPair: KeyPair
before(async () => {
  ca = await createAuthority('test', Date.now())
  const leaf = (commonName: string, hosts: string[]) =>
    issueLeaf(ca, { commonName, organizations: ['system:masters'], hosts }, Date.now())
  serverPair = await leaf('m1', ['127.0.0.1'])
  adminPair = await leaf('admin', [])
})

async function master(cluster: TestCluster): Promise<ApiServer> {
  const server = createApiServer({
    api: cluster.api,
    authenticator: createAuthenticator({ clock: systemClock }),
    tls: { ...serverPair, clientCa: ca.certificate },
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    logger: silentLogger,
  })
  await server.start()
  return server
}

const addressOf = ({ address }: ApiServer) => `${address.host}:${address.port}`

/** Creates a ConfigMap and waits until an informer that is on a dying master shows it. */
async function follows(
  addresses: readonly string[],
  kill: () => Promise<void>,
): Promise<{ readonly seenMs: number }> {
  const scope = new Scope()
  const transport = createHttpsTransport({
    addresses,
    tls: { ca: ca.certificate, ...adminPair },
    clock: systemClock,
  })
  scope.onClose('transport', () => transport.close())
  const client = createClient(transport)
  const deps = { clock: systemClock, random: new SeededRandom(1), logger: silentLogger }
  try {
    const informer = createInformer(configMaps(client), { namespace: 'default' }, deps)
    informer.start(scope)
    await informer.synced
    const seen = new Promise<void>((resolve) => {
      informer.subscribe({
        added: ({ metadata }) => {
          if (metadata.name === 'after') resolve()
        },
      })
    })
    await configMaps(client).create('default', { metadata: { name: 'before' } })
    const startedMs = performance.now()
    await kill()
    // A write that meets the dead connection may fail once; nobody repeats it but its caller.
    for (let made = false; !made; )
      made = await configMaps(client)
        .create('default', { metadata: { name: 'after' } })
        .then(
          () => true,
          (error) => error.reason === 'AlreadyExists',
        )
    await seen
    assert.ok(informer.get('default/before'))
    return { seenMs: performance.now() - startedMs }
  } finally {
    await scope.close()
  }
}

describe('a master that goes', () => {
  test('costs a client that knows the others next to nothing', async () => {
    const cluster = await openCluster({ clock: systemClock })
    const [first, second] = [await master(cluster), await master(cluster)]
    try {
      const { seenMs } = await follows([addressOf(first), addressOf(second)], () => first.stop())
      assert.ok(seenMs < 5_000, `${seenMs} ms`)
    } finally {
      await second.stop()
      await cluster[Symbol.asyncDispose]()
    }
  })

  test('costs a client behind the balancer next to nothing', async () => {
    const cluster = await openCluster({ clock: systemClock })
    const servers = [await master(cluster), await master(cluster)]
    const backends = servers.map((server, index) => ({
      name: `m${index + 1}`,
      address: addressOf(server),
    }))
    const balancer = createBalancer({
      host: '127.0.0.1',
      port: 0,
      backends: () => backends,
      clock: systemClock,
      logger: silentLogger,
      probe: createLivezProbe({ ca: ca.certificate }, systemClock),
    })
    await balancer.start()
    try {
      const { seenMs } = await follows([balancer.address], async () => {
        await servers[0]?.stop()
      })
      assert.ok(seenMs < 5_000, `${seenMs} ms`)
    } finally {
      await balancer.stop()
      await servers[1]?.stop()
      await cluster[Symbol.asyncDispose]()
    }
  })
})
