import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { rbacGroup } from '../../../src/api/auth/rbac/rbac-objects.ts'
import { reconcilePolicy } from '../../../src/api/auth/rbac/reconcile-policy.ts'
import { ensureBootstrapObjects } from '../../../src/api/bootstrap-objects.ts'
import type { User } from '../../../src/api/context.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createAuthority, type KeyPair } from '../../../src/boot/config/certificates.ts'
import { signRequest } from '../../../src/boot/config/sign-request.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { createInformerFactory } from '../../../src/client/reflector.ts'
import { certificateSigningRequests } from '../../../src/client/resources.ts'
import { certificateCleaner, removalMs } from '../../../src/controllers/certificates/cleaner.ts'
import { validityOf } from '../../../src/controllers/certificates/signer.ts'
import { runController } from '../../../src/controllers/runner.ts'
import type { CertificateSigningRequest } from '../../../src/kinds/types.ts'
import { admin, openCluster } from '../api/cluster.ts'
import { bindingOf, userNamed } from '../api-access/rbac-rig.ts'
import { type Asked, makeRequest } from '../certificates/make-request.ts'
import { sampleRequest } from '../certificates/sample-request.ts'
import { type World, withApi } from './with-api.ts'

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const bootstrapper = userNamed('system:bootstrap:abcdef', 'system:bootstrappers')
const jane = userNamed('jane')
const hourMs = 60 * 60 * 1_000
const signer = (name: string) => `kubernetes.io/${name}`

interface RequestWorld extends World {
  readonly authority: KeyPair
  ask(name: string, user: User, asked: Asked, spec: object): Promise<string>
  read(name: string): Promise<CertificateSigningRequest>
  approve(name: string): Promise<void>
}

function withSigner(body: (world: RequestWorld) => Promise<void>): Promise<void> {
  let authority: KeyPair
  const signCertificate = (order: Parameters<typeof signRequest>[1]) =>
    signRequest(authority, order)
  return withApi(
    async (world) => {
      const { cluster, client, clock } = world
      authority = await createAuthority('test', clock.wallMs())
      await ensureBootstrapObjects(client, [])
      await reconcilePolicy(client)
      const asking = {
        kind: 'ClusterRole' as const,
        name: 'system:node-bootstrapper',
        apiGroup: rbacGroup,
      }
      const subjects = [{ kind: 'User', apiGroup: rbacGroup, name: jane.name }]
      const may = await cluster.ask(
        ...(['POST', `/apis/${rbacGroup}/v1/clusterrolebindings`] as const),
        bindingOf('jane-asks', asking, subjects),
      )
      assert.equal(may.status, 201, may.text)
      const read = (name: string) => certificateSigningRequests(client).get('', name)
      await body({
        ...world,
        authority,
        read,
        async ask(name, user, asked, spec) {
          const { encoded, privateKey } = await makeRequest(asked)
          const made = { metadata: { name }, spec: { request: encoded, ...spec } }
          const answer = await cluster.ask('POST', path, made, { user })
          assert.equal(answer.status, 201, answer.text)
          return privateKey
        },
        async approve(name) {
          const conditions = [{ type: 'Approved', status: 'True', reason: 'Fine' }]
          const answer = await cluster.ask('PUT', `${path}/${name}/approval`, {
            ...(await read(name)),
            status: { conditions },
          })
          assert.equal(answer.status, 200, answer.text)
        },
      })
    },
    { signCertificate },
  )
}

const types = ({ status }: CertificateSigningRequest) =>
  (status?.conditions ?? []).map(({ type }) => type)

function certificateIn({ status }: CertificateSigningRequest): X509Certificate {
  return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64'))
}

test('a node that joins is given its client certificate without anybody approving', async () => {
  await withSigner(async ({ authority, ask, read, until }) => {
    const node = { commonName: 'system:node:w1', organizations: ['system:nodes'] }
    const usages = ['digital signature', 'client auth']
    const spec = { signerName: signer('kube-apiserver-client-kubelet'), usages }
    await ask('join', bootstrapper, node, { ...spec, expirationSeconds: 3600 })
    await ask('renew', userNamed('system:node:w1', 'system:nodes'), node, spec)
    await ask('stranger', jane, node, spec)
    await until('certificates', async () => Boolean((await read('renew')).status?.certificate))
    const joined = await read('join')
    const issued = certificateIn(joined)
    assert.equal(joined.status?.conditions?.[0]?.reason, 'AutoApproved')
    assert.match(joined.status?.conditions?.[0]?.message ?? '', /Auto approving kubelet client/)
    assert.equal(issued.subject, 'O=system:nodes\nCN=system:node:w1')
    assert.ok(issued.verify(new X509Certificate(authority.certificate).publicKey))
    assert.equal(issued.ca, false)
    assert.deepEqual(issued.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    const minutes = (Date.parse(issued.validTo) - Date.parse(issued.validFrom)) / 60_000
    assert.equal(minutes, 65)
    const renewed = (await read('renew')).status?.conditions?.[0]?.message ?? ''
    assert.match(renewed, /self kubelet client certificate/)
    assert.deepEqual(types(await read('stranger')), [])
  })
})

test('a signer refuses for good what breaks its rules, and nobody but Kubernetes signs for others', async () => {
  await withSigner(async ({ ask, approve, read, until }) => {
    const node = { commonName: 'system:node:w1', organizations: ['system:nodes'] }
    const serving = { signerName: signer('kubelet-serving'), usages: ['server auth'] }
    await ask('usages', bootstrapper, { ...node, names: [{ type: 'dns', value: 'w1' }] }, serving)
    await ask('names', bootstrapper, node, serving)
    const client = { signerName: signer('kube-apiserver-client'), usages: ['server auth'] }
    await ask('client', jane, { commonName: 'jane' }, client)
    await ask('foreign', jane, { commonName: 'jane' }, { ...client, signerName: 'a.b/c' })
    const names = ['usages', 'names', 'client', 'foreign']
    for (const name of names) await approve(name)
    await until('three refusals', async () => types(await read('client')).includes('Failed'))
    const texts: Record<string, string | undefined> = {}
    for (const name of names) {
      const { status } = await read(name)
      assert.equal(status?.certificate, undefined)
      texts[name] = status?.conditions?.find(({ type }) => type === 'Failed')?.message
    }
    assert.deepEqual(texts, {
      usages: 'usages did not match [digital signature key encipherment server auth]',
      names: 'DNS or IP subjectAltName is required',
      client: 'invalid usage for client certificate: server auth',
      foreign: undefined,
    })
  })
})

test('a certificate has names and key of the request, one common name, and no extension it asked for', async () => {
  await withSigner(async ({ ask, approve, read, until }) => {
    const asked: Asked = {
      commonName: 'system:node:w1',
      earlierNames: ['system:kube-controller-manager'],
      organizations: ['system:nodes'],
      names: [
        { type: 'dns', value: 'w1' },
        { type: 'ip', value: '10.0.0.7' },
      ],
    }
    const usages = ['digital signature', 'key encipherment', 'server auth']
    await ask('node-csr-A_b', bootstrapper, asked, {
      signerName: signer('kubelet-serving'),
      usages,
    })
    await approve('node-csr-A_b')
    await until('it', async () => Boolean((await read('node-csr-A_b')).status?.certificate))
    const issued = certificateIn(await read('node-csr-A_b'))
    assert.equal(issued.subject, 'O=system:nodes\nCN=system:node:w1')
    assert.equal(issued.subjectAltName, 'DNS:w1, IP Address:10.0.0.7')
    assert.equal(issued.ca, false)
  })
})

test('requests go an hour after they were decided, a day when nobody looked at them', async () => {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const { clock } = cluster
  const deps = { clock, random: new SeededRandom(7), logger: silentLogger }
  const informers = createInformerFactory(client, deps)
  const cleaner = certificateCleaner({ client, clock, informers })
  informers.start(scope)
  await Promise.all([informers.synced(), clock.advanceAsync(500)])
  runController(cleaner, { ...deps, pause: () => Promise.resolve() }, scope)
  for (const name of ['denied', 'pending', 'unsigned'])
    await cluster.ask('POST', path, {
      metadata: { name },
      spec: { request: sampleRequest, signerName: 'a.b/c', usages: ['client auth'] },
    })
  for (const [name, type] of [
    ['denied', 'Denied'],
    ['unsigned', 'Approved'],
  ])
    await cluster.ask('PUT', `${path}/${name}/approval`, {
      ...(await cluster.ask('GET', `${path}/${name}`)).json,
      status: { conditions: [{ type, status: 'True', reason: 'Fine' }] },
    })
  const namesAfter = async (ms: number) => {
    await clock.advanceAsync(ms)
    return (await certificateSigningRequests(client).list()).items.map(
      ({ metadata }) => metadata.name,
    )
  }
  assert.deepEqual(await namesAfter(hourMs - 60_000), ['denied', 'pending', 'unsigned'])
  assert.deepEqual(await namesAfter(120_000), ['pending', 'unsigned'])
  assert.deepEqual(await namesAfter(23 * hourMs), ['unsigned'])
})

test('a request goes when its certificate is over, if that comes first', async () => {
  const authority = await createAuthority('test', 0)
  const certificate = Buffer.from(authority.certificate).toString('base64')
  const condition = { type: 'Approved', status: 'True', lastUpdateTime: '2026-01-01T00:00:00Z' }
  const request = {
    metadata: {},
    spec: { request: '', signerName: '' },
    status: { certificate, conditions: [condition] },
  }
  assert.equal(removalMs(request), Date.parse(new X509Certificate(authority.certificate).validTo))
  const { certificate: _gone, ...status } = request.status
  assert.equal(removalMs({ ...request, status }), undefined)
})

test('a lifetime is between ten minutes and a year, and starts five minutes ago', () => {
  const minutes = (seconds: number | undefined) => {
    const { notBeforeMs, notAfterMs } = validityOf(seconds, 0)
    return [notBeforeMs / 60_000, notAfterMs / 60_000]
  }
  assert.deepEqual(minutes(1), [-5, 10])
  assert.deepEqual(minutes(7 * 3600), [-5, 420])
  assert.deepEqual(minutes(8 * 3600), [-5, 475])
  assert.deepEqual(minutes(undefined), [-5, 365 * 24 * 60 - 5])
})
