import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { kubeconfig } from '../../src/boot/config/kubeconfig.ts'
import { startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { makeRequest } from '../unit/certificates/make-request.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

const version = 'v32'

test('kubectl and who one is, on three masters', async (context) => {
  if (!kubectlBinary(version)) return context.skip('no kubectl package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim', workers: 1 })
  const kubectl = new Kubectl(version, cluster.kubeconfig)
  try {
    await context.test('a certificate that kubectl approved lets its owner in', () =>
      signedIn(cluster, kubectl),
    )
  } finally {
    await cluster.remove()
  }
})

/** The user's guide to certificates: ask, approve, fetch, use. */
async function signedIn(cluster: TestCluster, kubectl: Kubectl): Promise<void> {
  const { encoded, privateKey } = await makeRequest({ commonName: 'jane', organizations: ['dev'] })
  const request = {
    ...{ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' },
    metadata: { name: 'jane' },
    spec: {
      ...{ request: encoded, usages: ['client auth'], expirationSeconds: 3600 },
      signerName: 'kubernetes.io/kube-apiserver-client',
    },
  }
  await kubectl.ok('apply -f -', JSON.stringify(request))
  assert.match(await kubectl.ok('get csr jane'), /kubernetes-admin +60m +Pending/)
  assert.equal(
    await kubectl.ok('certificate approve jane'),
    'certificatesigningrequest.certificates.k8s.io/jane approved\n',
  )
  await kubectl.ok('wait csr jane --for=jsonpath={.status.certificate} --timeout=30s')
  assert.match(await kubectl.ok('get csr jane'), /Approved,Issued/)
  const issued = await kubectl.ok('get csr jane -o jsonpath={.status.certificate}')
  const file = join(cluster.directory, 'jane.kubeconfig')
  const text = kubeconfig({
    ...{ clusterName: 'test', server: `https://${cluster.apiAddress}`, user: 'jane' },
    authority: readFileSync(join(cluster.directory, 'pki', 'ca.crt'), 'utf8'),
    pair: { certificate: Buffer.from(issued, 'base64').toString('utf8'), privateKey },
  })
  writeFileSync(file, text, { mode: 0o600 })
  const jane = new Kubectl(version, file)
  const whoami = await jane.ok('auth whoami')
  assert.match(whoami, /Username +jane/)
  assert.match(whoami, /Groups +\[dev system:authenticated\]/)
  const refused = await jane.run('get pods')
  assert.match(refused.stderr, /pods is forbidden: User "jane" cannot list resource "pods"/)
  await kubectl.ok('create rolebinding jane --clusterrole=view --group=dev')
  assert.match((await jane.run('get pods')).stderr, /No resources found/)
  await kubectl.ok('delete csr jane')
}
