import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import type { MemberId } from '../../../src/base/brand.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { VoteFile } from '../../../src/raft/wal/vote-file.ts'
import type { Member } from '../../contract/replica.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'
import { LocalCluster, untilItVotes } from './local-cluster.ts'

/** Sectors that the disk cannot read any more: as much damage as other bytes are. */

async function clusterWithWrites(t: TestContext, seed: number, writes: number) {
  const cluster = new LocalCluster(t, seed)
  const members = await Promise.all(cluster.ids.map((id) => cluster.start(id)))
  const leader = await cluster.until('a leader', () => members.find((one) => one.isLeader))
  for (let at = 0; at < writes; at += 1) await commit(cluster, leader, `write ${at}`)
  const last = `write ${writes - 1}`
  for (const one of members) await cluster.until('all', () => one.commands.includes(last))
  const hurt = present(
    members.find((one) => one !== leader),
    'a follower',
  )
  return { cluster, leader, hurt, last }
}

async function commit(cluster: LocalCluster, member: Member, command: string): Promise<void> {
  await member.replica.propose(Buffer.from(command))
  await cluster.until(command, () => member.commands.includes(command))
}

/** Spoils a byte of the first file of a member whose path contains `part`. */
function spoil(cluster: LocalCluster, id: MemberId, part: string, byte: number): void {
  const disk = cluster.disk(id)
  const path = disk.paths().find((one) => one.startsWith(`/m${id}/`) && one.includes(part))
  disk.spoil(present(path, part), byte)
}

for (const [what, part, byte, writes] of [
  ['log', '.wal', 700, 20],
  ['snapshot', '.snap', 40, 120],
  ['identity', 'identity.json', 5, 20],
] as const)
  test(`a member whose ${what} has an unreadable sector heals by itself`, async (t) => {
    const { cluster, hurt, last } = await clusterWithWrites(t, 51, writes)
    if (part === '.snap') await cluster.until('a snapshot', () => hurt.saved > 0)
    await hurt.replica.stop()
    spoil(cluster, hurt.id, part, byte)
    const again = await cluster.start(hurt.id)
    await cluster.until('the state', () => again.commands.includes(last))
    await untilItVotes(again)
    assert.match(again.replica.status().damage?.what ?? '', /damaged|cannot be read/)
  })

test('a vote of which one copy cannot be read is that of the other', async () => {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const first = await VoteFile.open(disk, '/m1')
  await first.remember({ term: 3, vote: 1 })
  await first.remember({ term: 4, vote: 2 })
  disk.spoil('/m1/vote', 0)
  assert.deepEqual((await VoteFile.open(disk, '/m1')).held, { term: 3, vote: 1 })
})

test('a read that fails once is tried again before anything is taken for lost', async (t) => {
  const { cluster, hurt, last } = await clusterWithWrites(t, 52, 5)
  await hurt.replica.stop()
  cluster.disk(hurt.id).failNextReads(2)
  const again = await cluster.start(hurt.id)
  await cluster.until('the state', () => again.commands.includes(last))
  assert.equal(again.replica.status().damage, undefined)
})

test('a leader whose snapshot cannot be read makes another one for who needs it', async (t) => {
  const { cluster, leader, hurt } = await clusterWithWrites(t, 53, 120)
  await cluster.until('a snapshot', () => leader.saved > 0)
  await cluster.kill(hurt)
  cluster.disk(hurt.id).wipe()
  spoil(cluster, leader.id, '.snap', 40)
  await commit(cluster, leader, 'after the snapshot')
  const again = await cluster.start(hurt.id)
  await cluster.until('the state', () => again.commands.includes('after the snapshot'))
  assert.ok(again.restores > 0)
})
