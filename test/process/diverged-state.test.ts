import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminTransport } from '../../src/boot/admin-client.ts'
import { ClusterDirectory } from '../../src/boot/config/cluster-directory.ts'
import { bodyBytes } from '../../src/client/transport.ts'
import { RawApi } from '../compat/raw-api.ts'
import {
  memberPid,
  readJson,
  startTestCluster,
  statusWhen,
  type TestCluster,
} from './test-cluster.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const plant = new URL('./diverging-member.js', import.meta.url)
const lanes = 8
const writesMax = 5_000

/**
 * Hashes are compared every few hundred entries of the log. Requests to the member that ends fail; how many
 * writes were acknowledged.
 */
async function writeUntil(cluster: TestCluster, isDone: () => boolean): Promise<number> {
  const api = new RawApi(cluster.kubeconfig)
  let writes = 0
  let acknowledged = 0
  const lane = async () => {
    while (!isDone()) {
      assert.ok(writes < writesMax, `nothing after ${writes} writes`)
      writes += 1
      const metadata = { name: `written-${writes}` }
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata })
      const answer = await api.send(configMaps, { method: 'POST', body }).catch(hungUp)
      if (answer?.code === 201) acknowledged += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return acknowledged
}

function hungUp(error: NodeJS.ErrnoException): undefined {
  if (!['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '')) throw error
}

/** The objects as one master has them. */
async function listOf(cluster: TestCluster, apiAddress: string): Promise<unknown> {
  const transport = adminTransport(new ClusterDirectory(cluster.directory), [apiAddress])
  try {
    const request = { method: 'GET', path: configMaps, headers: new Map<string, string>() } as const
    const answer = await transport.send(request)
    const body = Buffer.from(await bodyBytes(answer.body)).toString()
    assert.equal(answer.status, 200, body)
    return (JSON.parse(body) as { items: unknown[] }).items
  } finally {
    transport.close()
  }
}

test('a master whose state diverges says so, ends, and comes back with the state of the others', async () => {
  const trigger = join(process.env['TMPDIR'] ?? '/tmp', `kijabi-diverge-${process.pid}`)
  process.env['KIJABI_TEST_DIVERGE'] = trigger
  process.env['NODE_OPTIONS'] = `--import=${plant}`
  const cluster = await startTestCluster({ runtime: 'sim', workers: 0 }).finally(() => {
    delete process.env['NODE_OPTIONS']
    delete process.env['KIJABI_TEST_DIVERGE']
  })
  try {
    const { leader, members } = await statusWhen(cluster, 'three masters', (one) =>
      one.members.every(({ healthy }) => healthy),
    )
    const wrong = members.find(({ name }) => name !== leader)?.name ?? ''
    const pid = memberPid(cluster, wrong)
    writeFileSync(`${trigger}-${wrong}`, '')
    const log = () => readFileSync(join(cluster.directory, 'logs', `${wrong}.log`), 'utf8')
    const says = /the state of this member diverged: after entry \d+ its hash is [0-9a-f, ]+/
    const writes = await writeUntil(cluster, () => says.test(log()))
    const healed = await statusWhen(cluster, `${wrong} is back`, (one) =>
      one.members.every(
        (member) => member.healthy && (member.name !== wrong || member.pid !== pid),
      ),
    )
    // Who leads may change on a busy machine; that the others ended, too, may not be.
    for (const { name, pid: before } of members.filter((one) => one.name !== wrong))
      assert.equal(
        healed.members.find((member) => member.name === name)?.pid,
        before,
        `${name} goes on as before`,
      )
    const { masters } = readJson(join(cluster.directory, 'cluster.json')) as {
      masters: { apiAddress: string }[]
    }
    const [first, ...others] = await Promise.all(
      masters.map(({ apiAddress }) => listOf(cluster, apiAddress)),
    )
    for (const other of others) assert.deepEqual(other, first)
    assert.ok((first as unknown[]).length >= writes)
  } finally {
    await cluster.remove()
  }
})
