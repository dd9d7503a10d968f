import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import type { LogIndex, Term } from '../../../src/base/brand.ts'
import { ManualClock, systemClock } from '../../../src/base/clock.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Entry } from '../../../src/raft/core/message.ts'
import { Wal } from '../../../src/raft/wal/wal.ts'
import type { Member } from '../../contract/replica.ts'
import { SimulatedDisk } from '../../contract/sim-disk.ts'
import { LocalCluster } from '../raft/local-cluster.ts'
import { bytes, Cluster, text } from '../raft-core/cluster.ts'

/**
 * Bugs that etcd once had in its log, its snapshots and its consensus, each by its number there: what
 * would show them here. The part about the store is in store.test.ts. #6378 (appends that a crash
 * reorders) is the property in test/unit/raft/wal.test.ts: a crash keeps any of the unsynced sectors.
 */

async function started(t: TestContext, seed: number, size = 3) {
  const cluster = new LocalCluster(t, seed, systemClock, size)
  const members = await Promise.all(cluster.ids.map((id) => cluster.start(id)))
  const leader = await leaderOf(cluster, members)
  return { cluster, members, leader }
}

function leaderOf(cluster: LocalCluster, members: readonly Member[]): Promise<Member> {
  return cluster.until('a leader', () => members.find((member) => member.isLeader))
}

async function commit(cluster: LocalCluster, member: Member, command: string): Promise<void> {
  await member.replica.propose(Buffer.from(command))
  await cluster.until(command, () => member.commands.includes(command))
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('etcd #14370: a lone member acknowledges nothing that a power cut could take', async (t) => {
  const { cluster, leader } = await started(t, 61, 1)
  cluster.disk(leader.id).survival = 0
  await commit(cluster, leader, 'durable')
  const release = cluster.disk(leader.id).holdSyncs()
  await leader.replica.propose(Buffer.from('on its way'))
  await turns(20)
  const early = leader.commands.includes('on its way')
  const crashed = cluster.crash(leader)
  release()
  await crashed
  assert.equal(early, false)
  const again = await cluster.start(leader.id)
  await commit(cluster, await leaderOf(cluster, [again]), 'goes on')
  assert.deepEqual(again.commands, ['durable', 'goes on'])
})

test('etcd #20653, #18055: snapshots that come one on the other, and one’s own, end in one state', async (t) => {
  const { cluster, members, leader } = await started(t, 62)
  const behind = present(
    members.find((one) => one !== leader),
    'a follower',
  )
  for (let round = 0; round < 2; round += 1) {
    for (const other of members) if (other !== behind) cluster.network.cut(behind.id, other.id)
    for (let at = 0; at < 150; at += 1) await commit(cluster, leader, `round ${round} write ${at}`)
    // Its own snapshot is being written when the leader's arrives.
    let finish: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const own = behind.replica
      .saveSnapshot(
        behind.lastIndex as LogIndex,
        behind.lastTerm as Term,
        (async function* () {
          yield Buffer.from(JSON.stringify(behind.commands))
          await held
        })(),
      )
      .catch(() => {})
    const { restores } = behind
    cluster.network.heal()
    await cluster.until('a snapshot', () => behind.restores > restores)
    finish()
    await own
    await cluster.until('the rest', () => behind.commands.includes(`round ${round} write 149`))
  }
  await commit(cluster, leader, 'last')
  await cluster.until('the last', () => behind.commands.includes('last'))
  assert.deepEqual(behind.commands, leader.commands)
  await cluster.kill(behind)
  const again = await cluster.start(behind.id)
  await cluster.until('all of it', () => again.commands.includes('last'))
  assert.deepEqual(again.commands, leader.commands)
})

test('etcd #20418: a leader that slept answers no read by what it heard before', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  const old = cluster.node(1)
  const answered = () => cluster.member(1).reads.map(({ context }) => text(context))
  old.readIndex(bytes('before'))
  cluster.settle()
  assert.deepEqual(answered(), ['before'])
  // It sleeps: others elect, and go on. Its clients ask again by the same name, and it wakes.
  cluster.isolate(1)
  cluster.elect(2)
  cluster.node(2).propose(bytes('new'))
  cluster.settle()
  old.readIndex(bytes('before'))
  old.readIndex(bytes('again'))
  cluster.settle()
  assert.deepEqual(answered(), ['before'])
  cluster.heal()
  cluster.settle()
  assert.deepEqual(answered(), ['before'], 'and what it asked as leader is forgotten')
})

test('etcd #7331, #12762: a new leader answers no read before its term’s first commit', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  cluster.node(1).propose(bytes('written'))
  cluster.settle()
  const { commit: committed } = cluster.node(1).status()
  cluster.elect(2)
  cluster.node(2).readIndex(bytes('early'))
  cluster.settle()
  const read = cluster.member(2).reads.find(({ context }) => text(context) === 'early')
  assert.ok((read?.index ?? 0) > committed, 'it comes with the first entry of the new term')
})

const directory = '/m1/wal'
const clock = new ManualClock()

function entry(index: number, data = 'x'.repeat(300)): Entry {
  return { index, term: 1, type: 'EntryNormal', data: Buffer.from(data) }
}

test('etcd #6368: a new segment has its name for good before anything in it counts', async () => {
  const disk = new SimulatedDisk(new SeededRandom(1))
  disk.survival = 0
  const open = () => Wal.open({ disk: disk.session(), clock, directory, segmentBytes: 4096 })
  let held = 0
  for (let life = 0; life < 6; life += 1) {
    const { wal, recovered } = await open()
    assert.equal(recovered.entries.length, held)
    // Each life ends in another segment than it began in.
    for (let count = 0; count < 13; count += 1) {
      held += 1
      await wal.append({ entries: [entry(held)] })
    }
    disk.crash()
    await wal.close()
  }
})

test('etcd #10219: the log is cut only when the snapshot that covers it is durable', async (t) => {
  const { cluster, leader } = await started(t, 63, 1)
  const disk = cluster.disk(leader.id)
  for (let at = 0; at < 95; at += 1) await commit(cluster, leader, 'x'.repeat(1000) + at)
  const segments = () => disk.paths().filter((path) => path.endsWith('.wal'))
  const before = segments()[0]
  assert.ok(segments().length > 3)
  const release = disk.holdSyncs()
  const saved = leader.replica.saveSnapshot(
    leader.lastIndex as LogIndex,
    leader.lastTerm as Term,
    (async function* () {
      yield Buffer.from(JSON.stringify(leader.commands))
    })(),
  )
  await turns(20)
  const whileWritten = segments()[0]
  release()
  await saved
  assert.equal(whileWritten, before)
  assert.notEqual(segments()[0], before)
})

test('etcd #8935: wherever the disk gets full, a member stops, and holds what it acknowledged', async () => {
  for (let room = 0; room < 20_000; room += 997) {
    const disk = new SimulatedDisk(new SeededRandom(room))
    disk.survival = 0
    const open = () => Wal.open({ disk: disk.session(), clock, directory, segmentBytes: 4096 })
    const { wal } = await open()
    disk.bytesFree = room
    let acknowledged = 0
    const full = async () => {
      for (let index = 1; index < 100; index += 1) {
        await wal.append({ entries: [entry(index)] })
        acknowledged = index
      }
    }
    await assert.rejects(full(), { code: 'ENOSPC' })
    // The first failure is final, also when there is room again.
    disk.bytesFree = Number.POSITIVE_INFINITY
    await assert.rejects(wal.append({ entries: [entry(acknowledged + 1)] }), { code: 'ENOSPC' })
    await wal.close()
    disk.crash()
    const again = await open()
    assert.equal(again.recovered.entries.length, acknowledged, `room for ${room} bytes`)
    await again.wal.close()
  }
})

test('etcd #14143: all members lose their power at once, and nothing that was acknowledged', async (t) => {
  const { cluster, members, leader } = await started(t, 64)
  for (const id of cluster.ids) cluster.disk(id).survival = 0
  for (let at = 0; at < 30; at += 1) await commit(cluster, leader, `write ${at}`)
  const written = [...leader.commands]
  await Promise.all(members.map((member) => cluster.crash(member)))
  const again = await Promise.all(cluster.ids.map((id) => cluster.start(id)))
  const next = await leaderOf(cluster, again)
  await commit(cluster, next, 'goes on')
  assert.deepEqual(next.commands.slice(0, written.length), written)
})

test('etcd #20967: who belongs to the cluster is said by the log alone, and no member comes back by a restart', async (t) => {
  const { cluster, members, leader } = await started(t, 65)
  const [gone, stays] = members.filter((one) => one !== leader)
  assert.ok(gone && stays)
  await leader.replica.changeMembership({ kind: 'remove', memberId: gone.id })
  for (let at = 0; at < 150; at += 1) await commit(cluster, leader, `write ${at}`)
  await cluster.until('all', () => stays.commands.includes('write 149'))
  const expected = [leader.id, stays.id].sort()
  // The configuration and `identity.json` still name all three.
  for (const member of [leader, stays]) await cluster.crash(member)
  const again = await Promise.all([leader, stays].map(({ id }) => cluster.start(id)))
  await leaderOf(cluster, again)
  for (const member of again) {
    const { voters, learners } = member.replica.status()
    assert.deepEqual({ voters: [...voters].sort(), learners }, { voters: expected, learners: [] })
  }
})
