import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { kubeconfig } from '../../src/boot/config/kubeconfig.ts'
import { startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { ec, LocalIssuer } from '../unit/api-access/local-issuer.ts'
import { makeRequest } from '../unit/certificates/make-request.ts'
import { kubectlBinary } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'

const version = 'v32'

test('kubectl and who one is, on three masters', async (context) => {
  if (!kubectlBinary(version)) return context.skip('no kubectl package for this platform')
  await using issuer = await LocalIssuer.open()
  issuer.keys.set('k1', ec())
  issuer.nowSeconds = Math.floor(Date.now() / 1_000)
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-issuer-'))
  const flags = ['-f', configure(directory, issuer)]
  const cluster = await startTestCluster({ runtime: 'sim', workers: 1, flags })
  const kubectl = new Kubectl(version, cluster.kubeconfig)
  try {
    await context.test('a certificate that kubectl approved lets its owner in', () =>
      signedIn(cluster, kubectl),
    )
    await context.test('a Secret is nowhere on the disks of the masters', () =>
      sealedOnDisk(cluster, kubectl),
    )
    await context.test('an ID token of an OpenID Connect issuer signs in', () =>
      tokenSignsIn(cluster, kubectl, issuer),
    )
  } finally {
    await cluster.remove()
    rmSync(directory, { recursive: true })
  }
})

/** A configuration that trusts the issuer; returns its file. */
function configure(directory: string, issuer: LocalIssuer): string {
  const [file, caFile] = [join(directory, 'config.json'), join(directory, 'issuer.crt')]
  writeFileSync(caFile, issuer.ca)
  const oidc = [
    {
      ...{ issuer: issuer.url, clientId: 'kijabi', caFile, usernameClaim: 'email' },
      ...{ groupsClaim: 'groups', groupsPrefix: 'oidc:', signingAlgorithms: ['ES256'] },
    },
  ]
  writeFileSync(file, JSON.stringify({ oidc }))
  return file
}

async function tokenSignsIn(cluster: TestCluster, kubectl: Kubectl, issuer: LocalIssuer) {
  const token = await issuer.token('k1', { email: 'jane@example.com', groups: ['dev'] })
  const anonymous = join(cluster.directory, 'nobody.kubeconfig')
  const config = { apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] }
  writeFileSync(anonymous, JSON.stringify(config))
  const ca = join(cluster.directory, 'pki', 'ca.crt')
  const by = `--server=https://${cluster.apiAddress} --certificate-authority=${ca} --token=${token}`
  const jane = new Kubectl(version, anonymous)
  const whoami = await jane.ok(`auth whoami ${by}`)
  assert.match(whoami, /Username +jane@example.com/)
  assert.match(whoami, /Groups +\[oidc:dev system:authenticated\]/)
  await kubectl.ok('create rolebinding oidc --clusterrole=view --group=oidc:dev')
  assert.match((await jane.run(`get pods ${by}`)).stderr, /No resources found/)
  const late = await issuer.token('k1', { email: 'jane@example.com', exp: issuer.nowSeconds - 1 })
  const refused = await jane.run(`get pods ${by.replace(token, late)}`)
  assert.match(refused.stderr, /You must be logged in to the server/)
}

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

/** With a ConfigMap beside it that is found: so is the Secret if it is there. */
async function sealedOnDisk(cluster: TestCluster, kubectl: Kubectl): Promise<void> {
  const [hidden, shown] = [randomUUID(), randomUUID()]
  await kubectl.ok(`create secret generic planted --from-literal=password=${hidden}`)
  await kubectl.ok(`create configmap planted --from-literal=text=${shown}`)
  const read = await kubectl.ok('get secret planted -o jsonpath={.data.password}')
  assert.equal(Buffer.from(read, 'base64').toString(), hidden)
  const found = (text: string) => filesWith(cluster.directory, text)
  assert.ok(found(shown).some((file) => file.includes(`${sep}masters${sep}`)))
  assert.deepEqual(found(hidden), [])
  assert.deepEqual(found(Buffer.from(hidden).toString('base64').replace(/=+$/, '')), [])
  assert.ok(found('k8s:enc:aesgcm:v1:key1:').length >= 2, 'a quorum has it')
  const keys = join(cluster.directory, 'pki', 'encryption.json')
  assert.equal(statSync(keys).mode & 0o777, 0o600)
}

function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => contentOf(file).includes(text))
}

/** The cluster lives: files that are written beside and renamed may be gone again. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return Buffer.alloc(0)
  }
}
