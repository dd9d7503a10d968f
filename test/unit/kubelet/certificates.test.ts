import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { ensureBootstrapObjects } from '../../../src/api/bootstrap-objects.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createAuthority, issueLeaf, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { signRequest } from '../../../src/boot/config/sign-request.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { certificateSigningRequests } from '../../../src/client/resources.ts'
import { signers } from '../../../src/kinds/certificates/signers.ts'
import { currentPair, rotationMs } from '../../../src/kubelet/certificates/key-pair.ts'
import { obtainCertificate, outcomeOf } from '../../../src/kubelet/certificates/obtain.ts'
import { firstCertificate, rotateCertificate } from '../../../src/kubelet/certificates/rotation.ts'
import { userNamed } from '../api-access/rbac-rig.ts'
import { type World, withApi } from '../controllers/with-api.ts'

const dayMs = 24 * 60 * 60 * 1_000
const lifeMs = 20 * 60_000
const random = new SeededRandom(11)
const clientWish = {
  ...{ signerName: signers.kubeletClient, usages: ['digital signature', 'client auth'] },
  ...{ nodeName: 'w1', hosts: [] },
}
const servingWish = {
  ...{ signerName: signers.kubeletServing, usages: ['digital signature', 'server auth'] },
  ...{ nodeName: 'w1', hosts: ['w1', '10.0.0.7'] },
}

/** The API with approver and signer, for nodes; `settle` moves time on until the promise is settled. */
async function withSigner(
  body: (
    world: World & {
      authority: KeyPair
      as(user: string, ...groups: string[]): ReturnType<typeof createClient>
      settle<T>(promise: Promise<T>): Promise<T>
    },
  ) => Promise<void>,
): Promise<void> {
  let authority: KeyPair
  const config = {
    // Of a short life, so that the test need not go through a year second by second.
    signCertificate: (order: Parameters<typeof signRequest>[1]) =>
      signRequest(authority, { ...order, notAfterMs: order.notBeforeMs + lifeMs }),
    servingHosts: (node: string) => (node === 'w1' ? ['w1', 'localhost', '10.0.0.7'] : []),
  }
  await withApi(async (world) => {
    const { client, clock, cluster } = world
    authority = await createAuthority('test', clock.wallMs())
    await ensureBootstrapObjects(client, [])
    const { reconcilePolicy } = await import('../../../src/api/auth/rbac/reconcile-policy.ts')
    await reconcilePolicy(client)
    await body({
      ...world,
      authority,
      as: (user, ...groups) =>
        createClient(
          createInProcessTransport((request) =>
            cluster.api.handle(request, userNamed(user, ...groups)),
          ),
        ),
      async settle(promise) {
        let settled = false
        const end = () => {
          settled = true
        }
        promise.then(end, end)
        while (!settled) await clock.advanceAsync(50)
        return await promise
      },
    })
  }, config)
}

test('a certificate is renewed after 70 to 90 per cent of its life; the pair that ends last is used', async () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const authority = await createAuthority('test', nowMs)
  const pairAt = (startMs: number, signedBy = authority) =>
    issueLeaf(signedBy, { commonName: 'w1', organizations: [], hosts: [] }, startMs)
  const pair = await pairAt(nowMs)
  const yearMs = 365 * dayMs + 5 * 60_000
  const startMs = nowMs - 5 * 60_000
  assert.equal(rotationMs(pair, 0), startMs + 0.7 * yearMs)
  assert.equal(Math.round(rotationMs(pair, 1)), Math.round(startMs + 0.9 * yearMs))
  const older = await pairAt(nowMs - 100 * dayMs)
  const over = await pairAt(nowMs - 400 * dayMs)
  const foreign = await pairAt(nowMs + 5 * dayMs, await createAuthority('test', nowMs))
  const best = (...pairs: (KeyPair | undefined)[]) =>
    currentPair(pairs, authority.certificate, nowMs)
  assert.equal(best(older, undefined, pair, foreign), pair)
  assert.equal(best(pair, older), pair)
  assert.equal(best(over, foreign, undefined), undefined)
})

test('a node without a certificate gets its first one with a bootstrap token, and renews it as itself', async () => {
  await withSigner(async ({ as, authority, client, clock, settle }) => {
    await using scope = new Scope()
    const deps = { clock, random, logger: silentLogger }
    const joining = as('system:bootstrap:abcdef', 'system:bootstrappers')
    let shown = await settle(
      firstCertificate({ client: joining, wish: clientWish, ...deps }, scope.signal),
    )
    const first = new X509Certificate(shown.certificate)
    assert.equal(first.subject, 'O=system:nodes\nCN=system:node:w1')
    assert.ok(first.verify(new X509Certificate(authority.certificate).publicKey))
    const askers = async () => {
      const { items } = await certificateSigningRequests(client).list()
      return items.map(({ spec }) => spec.username)
    }
    assert.deepEqual(await askers(), ['system:bootstrap:abcdef'])
    const asNode = as('system:node:w1', 'system:nodes')
    const renewal = new Promise<void>((resolve) => {
      const renewed = (pair: KeyPair) => {
        shown = pair
        resolve()
      }
      const current = () => shown
      rotateCertificate({ ...deps, client: asNode, wish: clientWish, current, renewed }, scope)
    })
    const dueMs = rotationMs(shown, 0)
    await clock.advanceAsync(dueMs - clock.wallMs() - 1_000)
    assert.equal(new X509Certificate(shown.certificate).serialNumber, first.serialNumber)
    await clock.advanceAsync(rotationMs(shown, 1) - clock.wallMs())
    await settle(renewal)
    const second = new X509Certificate(shown.certificate)
    assert.notEqual(second.serialNumber, first.serialNumber)
    assert.ok(Date.parse(second.validTo) > Date.parse(first.validTo))
    assert.ok(!second.publicKey.equals(first.publicKey), 'with a new key')
    // The first request is months old by then: the cleaner may have been there, or not yet.
    const later = (await askers()).filter((asker) => asker !== 'system:bootstrap:abcdef')
    assert.deepEqual(later, ['system:node:w1'])
  })
})

test('a serving certificate is signed for what the configuration gives the node, and for nothing else', async () => {
  await withSigner(async ({ as, client, clock, settle, until }) => {
    await using scope = new Scope()
    const deps = { clock, random, logger: silentLogger }
    const asNode = as('system:node:w1', 'system:nodes')
    const pair = await settle(obtainCertificate(asNode, servingWish, deps, scope.signal))
    assert.equal(
      new X509Certificate(pair.certificate).subjectAltName,
      'DNS:w1, IP Address:10.0.0.7',
    )
    const greedy = { ...servingWish, hosts: ['w1', 'kubernetes.default.svc'] }
    const refused = obtainCertificate(asNode, greedy, deps, scope.signal)
    refused.catch(() => {})
    const elsewhere = { ...servingWish, nodeName: 'w9', hosts: ['w9'] }
    const unknown = obtainCertificate(
      as('system:node:w9', 'system:nodes'),
      elsewhere,
      deps,
      scope.signal,
    )
    unknown.catch(() => {})
    const requests = async () => (await certificateSigningRequests(client).list()).items
    await until('three requests', async () => (await requests()).length === 3)
    await clock.advanceAsync(14 * 60_000)
    const waiting = (await requests()).filter(({ status }) => !status?.conditions)
    assert.equal(waiting.length, 2, 'somebody else may approve them')
    await assert.rejects(settle(refused), /was not signed in time: .*kubectl certificate approve/)
    await assert.rejects(settle(unknown), /was not signed in time/)
  })
})

test('a request that was denied or that failed is given up, with the reason', () => {
  const request = (status: object) => ({
    metadata: {},
    spec: { request: '', signerName: '' },
    status,
  })
  const condition = (type: string) => ({ type, status: 'True', message: 'No.' })
  assert.equal(outcomeOf(request({})), undefined)
  assert.equal(outcomeOf(request({ conditions: [condition('Approved')] })), undefined)
  assert.deepEqual(outcomeOf(request({ conditions: [condition('Denied')] })), {
    refusal: 'Denied: No.',
  })
  assert.deepEqual(outcomeOf(request({ certificate: 'UEVN' })), { certificate: 'PEM' })
})
