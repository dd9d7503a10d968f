import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { issueLeaf, type KeyPair } from '../../src/boot/config/certificates.ts'
import type { CertificateSigningRequest } from '../../src/kinds/types.ts'
import { RawApi } from '../compat/raw-api.ts'
import { eventually } from './eventually.ts'
import { memberPid, readJson, startTestCluster, type TestCluster } from './test-cluster.ts'

const minuteMs = 60_000
const yearMs = 365 * 24 * 60 * minuteMs

test('kubelets join with a bootstrap token and renew their certificates themselves, on three masters', async (context) => {
  const cluster = await startTestCluster({ runtime: 'sim' })
  const api = new RawApi(cluster.kubeconfig)
  try {
    await context.test('a certificate near its end is renewed by a request', () =>
      renews(cluster, api),
    )
    await context.test('a worker without a certificate joins with a token', () =>
      joins(cluster, api),
    )
  } finally {
    await cluster.remove()
  }
})

/** w1 is given a pair of a year that ends in 20 minutes, and begins again with it. */
async function renews(cluster: TestCluster, api: RawApi): Promise<void> {
  const file = (name: string) => join(cluster.directory, 'pki', name)
  const authority: KeyPair = {
    certificate: readFileSync(file('ca.crt'), 'utf8'),
    privateKey: readFileSync(file('ca.key'), 'utf8'),
  }
  const subject = {
    ...{ commonName: 'system:node:w1', organizations: ['system:nodes'] },
    hosts: ['w1', 'localhost', '127.0.0.1'],
  }
  const old = await issueLeaf(authority, subject, Date.now() - yearMs + 20 * minuteMs)
  writeFileSync(file('w1.key'), old.privateKey, { mode: 0o600 })
  writeFileSync(file('w1.crt'), old.certificate)
  await restart(cluster, 'w1')
  await bothAreUsed(cluster, 'w1')
  const asked = await requestsOf(api, 'w1')
  assert.deepEqual(asked.map(({ spec }) => [spec.signerName, spec.username]).sort(), [
    ['kubernetes.io/kube-apiserver-client-kubelet', 'system:node:w1'],
    ['kubernetes.io/kubelet-serving', 'system:node:w1'],
  ])
  await podAnswers(api, 'w1')
}

/** w2 loses its pair and is given a token in its place. */
async function joins(cluster: TestCluster, api: RawApi): Promise<void> {
  const fields = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
  }
  const made = await api.send('/api/v1/namespaces/kube-system/secrets', {
    method: 'POST',
    body: JSON.stringify({
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: fields,
    }),
  })
  assert.equal(made.code, 201, made.text)
  const file = (name: string) => join(cluster.directory, 'pki', name)
  for (const name of ['w2.crt', 'w2.key']) rmSync(file(name))
  writeFileSync(file('bootstrap-token'), 'abcdef.0123456789abcdef\n', { mode: 0o600 })
  await restart(cluster, 'w2')
  await bothAreUsed(cluster, 'w2')
  const asked = await requestsOf(api, 'w2')
  assert.deepEqual(asked.map(({ spec }) => [spec.signerName, spec.username]).sort(), [
    ['kubernetes.io/kube-apiserver-client-kubelet', 'system:bootstrap:abcdef'],
    ['kubernetes.io/kubelet-serving', 'system:node:w2'],
  ])
  await podAnswers(api, 'w2')
}

/** Kills a worker; resolves when its supervisor has started it again. */
async function restart(cluster: TestCluster, name: string): Promise<void> {
  const before = memberPid(cluster, name)
  process.kill(before, 'SIGKILL')
  await until(`${name} runs again`, () => memberPid(cluster, name) !== before)
}

async function until(what: string, done: () => Promise<boolean> | boolean): Promise<void> {
  await eventually(what, async () => (await done()) || undefined)
}

/** Resolves when both certificates are kept, and its server shows the new one. */
async function bothAreUsed(cluster: TestCluster, node: string): Promise<void> {
  const kept = (purpose: string) =>
    join(cluster.directory, 'workers', node, 'pki', `${purpose}.pem`)
  await until('the client certificate', () => existsSync(kept('client')))
  await until('the serving certificate', () => existsSync(kept('serving')))
  const { workers } = readJson(join(cluster.directory, 'cluster.json')) as {
    workers: { name: string; kubeletAddress: string }[]
  }
  const [host = '', port = ''] =
    workers.find(({ name }) => name === node)?.kubeletAddress.split(':') ?? []
  const { serialNumber } = new X509Certificate(readFileSync(kept('serving')))
  await until(
    'the new certificate is shown',
    async () => (await serialShown(host, Number(port))) === serialNumber,
  )
}

/** Undefined when nobody answers. */
function serialShown(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Who it is is read from what it shows: no trust is asked for.
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.once('error', () => resolve(undefined))
  })
}

async function requestsOf(api: RawApi, node: string): Promise<CertificateSigningRequest[]> {
  const { body } = await api.json('/apis/certificates.k8s.io/v1/certificatesigningrequests')
  const { items } = body as { items: CertificateSigningRequest[] }
  return items.filter(({ spec, status }) => {
    const certificate = status?.certificate
    if (!certificate) throw new Error(`${spec.signerName} was not signed`)
    const { subject } = new X509Certificate(Buffer.from(certificate, 'base64'))
    return subject.endsWith(`CN=system:node:${node}`)
  })
}

/** A pod that is bound to the node by name runs, and a master reads its log: both directions work. */
async function podAnswers(api: RawApi, node: string): Promise<void> {
  const pods = '/api/v1/namespaces/default/pods'
  const name = `on-${node}`
  const spec = { nodeName: node, containers: [{ name: 'main', image: 'busybox' }] }
  const made = await api.send(pods, {
    method: 'POST',
    body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }),
  })
  assert.equal(made.code, 201, made.text)
  await until(`${name} runs`, async () => {
    const { body } = await api.json(`${pods}/${name}`)
    return (body as { status: { phase: string } }).status.phase === 'Running'
  })
  const log = await api.send(`${pods}/${name}/log`)
  assert.equal(log.code, 200, log.text)
}
