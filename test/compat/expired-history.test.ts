import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EtcdClient } from '../../src/api/etcd/wire/client.ts'
import { kvService } from '../../src/api/etcd/wire/services.ts'
import { readJson, startTestCluster, type TestCluster } from '../process/test-cluster.ts'
import { kubectlBinary, runProgram } from './kubectl-binary.ts'
import { RawApi } from './raw-api.ts'

const kubectl = kubectlBinary('v35')
const configMaps = '/api/v1/namespaces/default/configmaps'
const selected = 'labelSelector=about%3Dhistory'

interface Master {
  readonly name: string
  readonly apiAddress: string
  readonly etcdAddress: string
}

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

interface Status {
  readonly metadata: { readonly continue?: string }
  readonly message: string
}

/** History up to `revision` ends, by the one way that a client has: etcd's. */
async function compact(cluster: TestCluster, { etcdAddress }: Master, revision: string) {
  const pem = (file: string) => readFileSync(join(cluster.directory, 'pki', file), 'utf8')
  const tls = { ca: pem('ca.crt'), certificate: pem('admin.crt'), privateKey: pem('admin.key') }
  const client = new EtcdClient({ endpoint: etcdAddress, tls })
  try {
    await client.call(kvService.compact, { revision: Number(revision) })
  } finally {
    client.close()
  }
}

async function create(api: RawApi, name: string): Promise<void> {
  const metadata = { name, labels: { about: 'history' } }
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
  const created = await api.send(configMaps, { method: 'POST', body })
  assert.equal(created.code, 201, created.text)
}

async function list(api: RawApi, query = ''): Promise<List> {
  const { code, body } = await api.json(`${configMaps}?${selected}${query}`)
  assert.equal(code, 200)
  return body
}

/** What every refusal for want of history has in common (apimachinery pkg/api/errors: NewResourceExpired). */
function assertExpired(status: unknown, message: RegExp): Status {
  const { message: said, metadata, ...rest } = status as Status
  assert.match(said, message)
  const fixed = { kind: 'Status', apiVersion: 'v1', status: 'Failure' }
  assert.deepEqual(rest, { ...fixed, reason: 'Expired', code: 410 })
  return { message: said, metadata }
}

/** A watch from `revision`; `timeoutSeconds` ends one that has not ended by then. */
function watchPath(revision: string, timeoutSeconds: number): string {
  const from = `watch=true&resourceVersion=${revision}&timeoutSeconds=${timeoutSeconds}`
  return `${configMaps}?${selected}&${from}`
}

test('a watch, a page and a read from before the history: as Kubernetes refuses them, at every master', async (context) => {
  if (!kubectl) return context.skip('no pinned kubectl for this platform')
  const cluster = await startTestCluster({
    ...{ runtime: 'sim', workers: 0, flags: ['--etcd-port', '0'] },
  })
  try {
    const { masters } = readJson(join(cluster.directory, 'cluster.json')) as { masters: Master[] }
    const any = new RawApi(cluster.kubeconfig)
    for (const name of ['a', 'b', 'c']) await create(any, name)
    const page = await list(any, '&limit=2')
    const old = page.metadata.resourceVersion
    // Two: the events of the compacted revision itself stay, as in etcd.
    for (const name of ['d', 'e']) await create(any, name)
    const kept = (await list(any)).metadata.resourceVersion
    await create(any, 'f')
    await compact(cluster, masters[0] as Master, kept)
    assert.equal(masters.length, 3)
    for (const { apiAddress, name } of masters) {
      const api = new RawApi(cluster.kubeconfig, 'admin', apiAddress)
      // Who answers this has applied the compaction: it was committed before.
      assert.equal((await list(api)).items.length, 6, name)
      await watchesOf(api, { old, kept })
      await listsOf(api, old, page.metadata.continue ?? '')
      await commandsOf(cluster, apiAddress, old)
    }
  } finally {
    await cluster.remove()
  }
})

async function watchesOf(api: RawApi, { old, kept }: { old: string; kept: string }) {
  const refused = await api.send(watchPath(old, 60))
  assert.equal(refused.code, 200, 'the stream begins well')
  const event = JSON.parse(refused.text) as { type: string; object: unknown }
  assert.equal(event.type, 'ERROR')
  const { message } = assertExpired(event.object, /^too old resource version: \d+ \(\d+\)$/)
  assert.ok(message.includes(` ${old} `), message)
  const served = await api.send(watchPath(kept, 1))
  const events = served.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [['ADDED', 'f']],
  )
}

async function listsOf(api: RawApi, old: string, token: string): Promise<void> {
  const exact = `${configMaps}?resourceVersion=${old}&resourceVersionMatch=Exact`
  for (const path of [exact, `${configMaps}?resourceVersion=${old}&limit=1`]) {
    const { code, body } = await api.json(path)
    assert.equal(code, 410)
    assertExpired(body, /^The resourceVersion for the provided list is too old\.$/)
  }
  const next = `&limit=2&continue=`
  const { code, body } = await api.json(`${configMaps}?${selected}${next}${token}`)
  assert.equal(code, 410)
  const { metadata } = assertExpired(body, /^The provided continue parameter is too old /)
  const names: string[] = []
  const revisions = new Set<string>()
  for (let fresh = metadata.continue; fresh; ) {
    const rest = await list(api, `${next}${encodeURIComponent(fresh)}`)
    names.push(...rest.items.map((item) => item.metadata.name))
    revisions.add(rest.metadata.resourceVersion)
    fresh = rest.metadata.continue
  }
  assert.deepEqual(names, ['c', 'd', 'e', 'f'], 'the rest, as it is now')
  assert.equal(revisions.size, 1)
}

/** What a user of kubectl sees of it. */
async function commandsOf(cluster: TestCluster, apiAddress: string, old: string): Promise<void> {
  const raw = (path: string) =>
    runProgram(`${kubectl}`, [
      ...['--kubeconfig', cluster.kubeconfig, '--server', `https://${apiAddress}`],
      ...['get', '--raw', path],
    ])
  const watched = await raw(watchPath(old, 60))
  assert.equal(watched.code, 0, watched.stderr)
  const { type, object } = JSON.parse(watched.stdout)
  assert.equal(type, 'ERROR')
  assertExpired(object, /too old resource version/)
  const listed = await raw(`${configMaps}?resourceVersion=${old}&resourceVersionMatch=Exact`)
  assert.equal(listed.code, 1)
  assert.match(
    listed.stderr,
    /^Error from server \(Expired\): The resourceVersion for the provided/,
  )
}
