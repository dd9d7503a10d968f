import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import type { MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Entry } from '../../../src/raft/core/message.ts'
import { LogCorruptError } from '../../../src/raft/wal/corrupt.ts'
import type { LogDamage } from '../../../src/raft/wal/recovery.ts'
import { newerVote, VoteFile } from '../../../src/raft/wal/vote-file.ts'
import { Wal } from '../../../src/raft/wal/wal.ts'
import type { Member } from '../../contract/replica.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'
import { LocalCluster, untilItVotes } from './local-cluster.ts'

async function startAll(cluster: LocalCluster): Promise<Member[]> {
  return Promise.all(cluster.ids.map((id) => cluster.start(id)))
}

function leaderOf(cluster: LocalCluster, members: readonly Member[]): Promise<Member> {
  return cluster.until('a leader', () => members.find((member) => member.isLeader))
}

async function commit(cluster: LocalCluster, member: Member, command: string): Promise<void> {
  await member.replica.propose(Buffer.from(command))
  await cluster.until(command, () => member.commands.includes(command))
}

/** Damages the oldest segment of a member at a byte, where a record stands. */
function rot(cluster: LocalCluster, id: MemberId, byte: number): void {
  const disk = cluster.disk(id)
  const oldest = disk.paths().find((path) => path.startsWith(`/m${id}/wal/`))
  disk.flipBit(present(oldest, 'a segment'), byte)
}

async function clusterWithWrites(t: TestContext, seed: number) {
  const cluster = new LocalCluster(t, seed)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  for (let at = 0; at < 20; at += 1) await commit(cluster, leader, `write ${at}`)
  for (const member of members)
    await cluster.until('all', () => member.commands.includes('write 19'))
  return { cluster, members, leader, followers: members.filter((one) => one !== leader) }
}

for (const byte of [60, 700])
  test(`a member with a log damaged at byte ${byte} heals by itself and votes again`, async (t) => {
    const { cluster, leader, followers } = await clusterWithWrites(t, 31 + byte)
    const [hurt, other] = followers as [Member, Member]
    await hurt.replica.stop()
    rot(cluster, hurt.id, byte)
    await commit(cluster, leader, 'meanwhile')
    const again = await cluster.start(hurt.id)
    await cluster.until('the rest', () => again.commands.includes('meanwhile'))
    assert.equal(again.commands.filter((one) => one === 'write 3').length, 1)
    await untilItVotes(again)
    assert.match(again.replica.status().damage?.what ?? '', /is damaged at byte/)
    // Its vote counts: without it, these two could not elect anybody.
    await cluster.kill(leader)
    const next = await leaderOf(cluster, [again, other])
    await commit(cluster, next, 'by two')
  })

test('a member that lost what it acknowledged does not help elect one that never had it', async (t) => {
  const { cluster, leader, followers } = await clusterWithWrites(t, 33)
  const [hurt, lagging] = followers as [Member, Member]
  cluster.network.cut(lagging.id, leader.id)
  cluster.network.cut(lagging.id, hurt.id)
  await commit(cluster, leader, 'committed by two')
  await hurt.replica.stop()
  await cluster.kill(leader)
  rot(cluster, hurt.id, 700)
  cluster.network.heal()
  const again = await cluster.start(hurt.id)
  await new Promise<void>((resolve) => setTimeout(resolve, 1_000))
  assert.ok(!lagging.isLeader && !again.isLeader, 'nobody may lead who lacks the entry')
  assert.equal(again.replica.status().withholdsVote, true)
  const old = await cluster.start(leader.id)
  await cluster.until('the entry', () => again.commands.includes('committed by two'))
  await untilItVotes(again)
  await cluster.until('the lagging one', () => lagging.commands.includes('committed by two'))
  await commit(cluster, await leaderOf(cluster, [lagging, again, old]), 'goes on')
})

test('a damaged snapshot is fetched anew', async (t) => {
  const { cluster, leader, followers } = await clusterWithWrites(t, 34)
  const hurt = present(followers[0], 'a follower')
  for (let at = 0; at < 250; at += 1) await commit(cluster, leader, `more ${at}`)
  const disk = cluster.disk(hurt.id)
  const snapshot = await cluster.until('a snapshot', () =>
    disk.paths().find((path) => path.startsWith(`/m${hurt.id}/`) && path.endsWith('.snap')),
  )
  await hurt.replica.stop()
  const still = disk.paths().find((path) => path.endsWith('.snap')) ?? snapshot
  disk.flipBit(still, 40)
  const again = await cluster.start(hurt.id)
  await cluster.until('the state', () => again.commands.includes('more 249'))
  assert.match(again.replica.status().damage?.what ?? '', /\.snap is damaged/)
  await untilItVotes(again)
})

test('an unreadable identity sets the data aside instead of trusting them', async (t) => {
  const { cluster, leader, followers } = await clusterWithWrites(t, 35)
  const hurt = present(followers[0], 'a follower')
  await hurt.replica.stop()
  cluster.disk(hurt.id).overwrite(`/m${hurt.id}/identity.json`, 0, Buffer.from('###'))
  const again = await cluster.start(hurt.id)
  await cluster.until('the state', () => again.commands.includes('write 19'))
  await untilItVotes(again)
  await commit(cluster, leader, 'goes on')
})

test('two damaged members of three elect nobody until a good one is back', async (t) => {
  const { cluster, leader, followers } = await clusterWithWrites(t, 36)
  const [one, two] = followers as [Member, Member]
  for (const member of [one, two, leader]) await member.replica.stop()
  for (const member of [one, two]) rot(cluster, member.id, 700)
  const hurt = await Promise.all([one, two].map((member) => cluster.start(member.id)))
  await new Promise<void>((resolve) => setTimeout(resolve, 1_000))
  assert.ok(hurt.every((member) => !member.isLeader && member.replica.status().withholdsVote))
  const good = await cluster.start(leader.id)
  await new Promise<void>((resolve) => setTimeout(resolve, 500))
  assert.ok(!good.isLeader, 'one good vote of three is no quorum')
})

const directory = '/m1/wal'
const entry = (index: number, term: number): Entry => ({
  ...{ index, term, type: 'EntryNormal', data: Buffer.from(`e${index}.${term}`) },
})

test('what is good before the damage is kept, and the newest vote from behind it', async () => {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const clock = new ManualClock()
  const damages: LogDamage[] = []
  const open = () =>
    Wal.open({
      ...{ disk, clock, directory, segmentBytes: 4096 },
      damaged: async (damage) => {
        damages.push(damage)
        // Nothing is touched before the loss is noted.
        assert.ok(disk.paths().every((path) => !path.endsWith('.damaged')))
      },
    })
  const { wal } = await open()
  for (let index = 1; index <= 90; index += 1)
    await wal.append({ entries: [entry(index, 1)], hardState: { term: 1, vote: 2, commit: index } })
  await wal.append({ entries: [], hardState: { term: 7, vote: 3, commit: 90 } })
  await wal.close()
  const count = disk.paths().length
  disk.flipBit(`${directory}/000000000001.wal`, 1000)
  const { wal: again, recovered } = await open()
  const kept = recovered.entries.length
  assert.ok(kept > 3 && kept < 20, `${kept} entries were kept`)
  assert.equal(damages[0]?.keptIndex, kept)
  assert.equal(damages[0]?.seenIndex, 90)
  assert.deepEqual(recovered.hardState, { term: 7, vote: 3, commit: kept - 1 })
  assert.ok(count > 2 && disk.paths().some((path) => path.endsWith('.damaged')))
  await again.append({ entries: [entry(kept + 1, 8)], hardState: { term: 8, vote: 1, commit: 0 } })
  await again.close()
  const { wal: last, recovered: then } = await open()
  assert.equal(damages.length, 1, 'what was set aside is no damage any more')
  assert.equal(then.entries.at(-1)?.term, 8)
  await last.close()
})

test('a log without anybody to ask stays refused', async () => {
  const disk = new SimulatedDisk(new SeededRandom(1))
  const open = () => Wal.open({ disk, clock: new ManualClock(), directory, segmentBytes: 4096 })
  const { wal } = await open()
  for (let index = 1; index <= 20; index += 1) await wal.append({ entries: [entry(index, 1)] })
  await wal.close()
  disk.flipBit(`${directory}/000000000001.wal`, 200)
  await assert.rejects(open(), LogCorruptError)
})

test('a vote survives a torn write of the next one, and rot of one slot is no vote', async () => {
  for (let seed = 1; seed < 40; seed += 1) {
    const random = new SeededRandom(seed)
    const disk = new SimulatedDisk(random)
    const votes = await VoteFile.open(disk, '/m1')
    const count = random.integer(1, 6)
    for (let term = 1; term <= count; term += 1) await votes.remember({ term, vote: 1 })
    void votes.remember({ term: count + 1, vote: 2 }).catch(() => {})
    for (let turn = 0; turn < random.integer(0, 4); turn += 1) await Promise.resolve()
    disk.crash()
    const { held } = await VoteFile.open(disk, '/m1')
    assert.ok(held && held.term >= count, `seed ${seed}: ${held?.term} of ${count}`)
    assert.equal(held.vote, held.term > count ? 2 : 1)
  }
  assert.deepEqual(newerVote({ term: 2, vote: 0 }, { term: 2, vote: 3 }), { term: 2, vote: 3 })
  assert.deepEqual(newerVote({ term: 3, vote: 0 }, { term: 2, vote: 3 }), { term: 3, vote: 0 })
})
