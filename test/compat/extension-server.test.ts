import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority, issueLeaf } from '../../src/boot/config/certificates.ts'
import { eventually } from '../process/eventually.ts'
import { startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, kubectlVersions } from './kubectl-binary.ts'
import { Kubectl } from './kubectl-flow.ts'
import { RawApi } from './raw-api.ts'

/** A group that another process serves, behind a Service, through unmodified kubectl. */
const animal = `
apiVersion: zoo.example.com/v1
kind: Animal
metadata: {name: spider}
spec: {legs: 8}
`

test('kubectl uses the kinds of an extension API server behind a Service', async (context) => {
  if (!kubectlBinary('v32')) return context.skip('no kubectl package for this platform')
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 })
  let server: ChildProcess | undefined
  try {
    const zoo = await startZoo(cluster)
    server = zoo.process
    await register(cluster, zoo)
    for (const version of kubectlVersions)
      await context.test(`kubectl ${version}`, () => uses(new Kubectl(version, cluster.kubeconfig)))
    await context.test('its OpenAPI documents stand with the others', () => documented(cluster))
  } finally {
    server?.kill()
    await cluster.remove()
  }
})

interface Zoo {
  readonly process: ChildProcess
  readonly port: number
  readonly caBundle: string
}

async function startZoo(cluster: TestCluster): Promise<Zoo> {
  const authority = await createAuthority('zoo', Date.now())
  const subject = { commonName: 'zoo', organizations: [], hosts: ['zoo.default.svc'] }
  const leaf = await issueLeaf(authority, subject, Date.now())
  const file = join(cluster.directory, 'zoo.json')
  const ca = readFileSync(join(cluster.directory, 'pki', 'front-proxy-ca.crt'), 'utf8')
  const tls = { cert: leaf.certificate, key: leaf.privateKey, ca }
  writeFileSync(file, JSON.stringify(tls), { mode: 0o600 })
  const program = join(import.meta.dirname, 'extension-server.js')
  const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  const caBundle = Buffer.from(authority.certificate).toString('base64')
  return { process: child, port: Number(said.toString()), caBundle }
}

async function register(cluster: TestCluster, { port, caBundle }: Zoo): Promise<void> {
  const api = new RawApi(cluster.kubeconfig)
  const create = async (path: string, body: object) => {
    const made = await api.send(path, { method: 'POST', body: JSON.stringify(body) })
    assert.equal(made.code, 201, made.text)
  }
  await create('/api/v1/namespaces/default/services', {
    metadata: { name: 'zoo' },
    spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
  })
  await create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'zoo-1', labels: { 'kubernetes.io/service-name': 'zoo' } },
    ...{ addressType: 'IPv4', ports: [{ name: 'https', port }] },
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  })
  await create('/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: 'v1.zoo.example.com' },
    spec: {
      ...{ group: 'zoo.example.com', version: 'v1', groupPriorityMinimum: 100 },
      ...{ versionPriority: 10, service: { namespace: 'default', name: 'zoo' }, caBundle },
    },
  })
  await eventually('the APIService is available', async () => {
    const path = '/apis/apiregistration.k8s.io/v1/apiservices/v1.zoo.example.com'
    const { body } = await api.json(path)
    const { conditions = [] } = (body as { status?: { conditions?: Condition[] } }).status ?? {}
    return conditions.find(({ type, status }) => type === 'Available' && status === 'True')
  })
}

interface Condition {
  readonly type: string
  readonly status: string
}

async function uses(kubectl: Kubectl): Promise<void> {
  assert.match(
    await kubectl.ok('api-resources --api-group=zoo.example.com'),
    /animals +an +zoo\.example\.com\/v1 +true +Animal/,
  )
  const explained = await kubectl.ok('explain animal.spec')
  assert.match(explained, /FIELD: spec <Object>/)
  assert.match(explained, /What it looks like\.[\s\S]*legs\s+<integer>\s+How many legs it has\./)
  assert.match(await kubectl.ok('create -f -', animal), /animal\.zoo\.example\.com\/spider created/)
  const again = await kubectl.run('create -f -', animal)
  assert.match(again.stderr, /AlreadyExists/)
  assert.match(await kubectl.ok('get animals'), /spider +\d+s/)
  assert.equal(await kubectl.ok('get an spider -o jsonpath={.spec.legs}'), '8')
  assert.match(
    await kubectl.ok('wait an/spider --for=jsonpath={.spec.legs}=8 --timeout=30s'),
    /condition met/,
  )
  assert.match(await kubectl.ok('delete animal spider --timeout=30s'), /"spider" deleted/)
  assert.match((await kubectl.run('get animals')).stderr, /No resources found/)
}

async function documented(cluster: TestCluster): Promise<void> {
  const api = new RawApi(cluster.kubeconfig)
  const { body } = await api.json('/openapi/v2')
  const { paths, definitions } = body as Record<'paths' | 'definitions', Record<string, object>>
  assert.ok(paths['/apis/zoo.example.com/v1/namespaces/{namespace}/animals/{name}'])
  assert.ok(paths['/api/v1/namespaces/{namespace}/pods/{name}'])
  assert.ok(definitions['com.example.zoo.v1.Animal'])
  assert.ok(!definitions['com.example.zoo.v1.Unused'], 'what no path leads to is left out')
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const binary = await api.send('/openapi/v2', { headers: { accept } })
  assert.match(binary.text, /com\.example\.zoo\.v1\.Animal/)
  const index = (await api.json('/openapi/v3')).body as { paths: Record<string, object> }
  assert.ok(index.paths['apis/zoo.example.com/v1'])
  const third = await api.send('/openapi/v3/apis/zoo.example.com/v1')
  assert.match(third.text, /How many legs it has/)
}
