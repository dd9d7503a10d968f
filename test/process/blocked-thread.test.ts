import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { adminTransport } from '../../src/boot/admin-client.ts'
import { ClusterDirectory } from '../../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../../src/boot/config/config.ts'
import { flightFile } from '../../src/boot/member/flight-file.ts'
import { blockPath } from '../../src/boot/member/test-hooks.ts'
import { clusterStatus } from '../../src/boot/status.ts'
import { type Boot, supervise } from '../../src/boot/supervise.ts'
import { createClient } from '../../src/client/client.ts'
import { configMaps } from '../../src/client/resources.ts'

const blockMs = 2_000
/** More than one election timeout would leave room for. */
const writesMin = 10

test('a main thread that is blocked for 2 s costs no election, and replication goes on', async (t) => {
  process.env['KIJABI_TEST_HOOKS'] = '1'
  const root = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the test'),
    flags: { masters: 3, workers: 0, apiPort: 0, install: false },
    say: (line) => t.diagnostic(line),
    restart: false,
  })
  try {
    for (const { name } of boot.cluster.masters) {
      const before = await wholeCluster(boot)
      const role = before.members.find((member) => member.name === name)?.role
      const elections = electionsIn(boot)
      const writes = await writesWhileBlocked(boot, name)
      t.diagnostic(`${name} (${role}): ${writes} writes through the others`)
      assert.ok(writes >= writesMin, `${writes} writes while ${name} was blocked`)
      const after = await wholeCluster(boot)
      assert.equal(after.leader, before.leader)
      assert.deepEqual(terms(after), terms(before))
      assert.equal(electionsIn(boot), elections)
    }
  } finally {
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
})

/** Blocks one master; how many writes the others acknowledged until it answered. */
async function writesWhileBlocked(boot: Boot, name: string): Promise<number> {
  const [own = '', ...others] = boot.cluster.masters
    .toSorted((one, other) => Number(other.name === name) - Number(one.name === name))
    .map(({ apiAddress }) => apiAddress)
  const blockedTransport = adminTransport(boot.directory, [own], 2 * blockMs)
  const transport = adminTransport(boot.directory, others, 2 * blockMs)
  const client = createClient(transport)
  let isBlocked = true
  let writes = 0
  const blocked = blockedTransport
    .send({ method: 'POST', path: `${blockPath}?ms=${blockMs}`, headers: new Map() })
    .then(({ status }) => assert.equal(status, 200))
    .finally(() => {
      isBlocked = false
    })
  try {
    for (; isBlocked; writes += 1)
      await configMaps(client).create('default', { metadata: { name: `${name}-${writes}` } })
    await blocked
    return writes
  } finally {
    await transport.close()
    await blockedTransport.close()
  }
}

type Status = Awaited<ReturnType<typeof clusterStatus>>

/** Asks until all are healthy and in step; each answer takes a moment, so nothing sleeps. */
async function wholeCluster(boot: Boot): Promise<Status> {
  const endMs = Date.now() + 90_000
  for (;;) {
    const status = await clusterStatus(boot.directory, boot.cluster)
    const isWhole = status.members.every((one) => one.healthy && one.lag < 5)
    if (isWhole && status.leader !== null) return status
    assert.ok(Date.now() < endMs, `never whole: ${JSON.stringify(status)}`)
  }
}

function terms({ members }: Status): number[] {
  return members.map(({ term }) => term)
}

/** Campaigns that the flight records of all members tell of. */
function electionsIn(boot: Boot): number {
  return boot.cluster.masters.reduce((sum, { name }) => {
    const lines = readFileSync(flightFile(boot.directory, name), 'utf8').split('\n')
    return sum + lines.filter((line) => /"(became-leader|became-\w*candidate)"/.test(line)).length
  }, 0)
}
