import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { present } from '../../../src/base/assert.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { isStatus } from '../../../src/base/status.ts'
import { DirectoryInUseError, lockDirectory } from '../../../src/raft/wal/directory-lock.ts'
import type { Member } from '../../contract/replica.ts'
import { LocalCluster } from './local-cluster.ts'

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

test('a leader whose disk fails hands over, says so, and acknowledges nothing more', async (t) => {
  const cluster = new LocalCluster(t, 11)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  await commit(cluster, leader, 'before')
  cluster.disk(leader.id).failNextSyncs(1)
  await leader.replica.propose(Buffer.from('at the failure'))
  await cluster.until('the failure', () => leader.failures.length > 0)
  assert.equal((leader.failures[0] as { code?: string }).code, 'EIO')
  const rest = members.filter((one) => one !== leader)
  const next = await leaderOf(cluster, rest)
  await commit(cluster, next, 'after')
  await assert.rejects(leader.replica.propose(Buffer.from('late')), (error) =>
    isStatus(error, 'ServiceUnavailable'),
  )
})

test('a leader whose disk stands still hands over, and is of use again later', async (t) => {
  const cluster = new LocalCluster(t, 16)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  await commit(cluster, leader, 'before')
  const release = cluster.disk(leader.id).holdSyncs()
  await leader.replica.propose(Buffer.from('waits for the disk'))
  const rest = members.filter((one) => one !== leader)
  const next = await leaderOf(cluster, rest)
  await commit(cluster, next, 'after')
  assert.ok(next.commands.includes('waits for the disk'), 'two of three made it durable')
  release()
  await cluster.until('after', () => leader.commands.includes('after'))
  assert.deepEqual(leader.failures, [])
})

test('a broken connection to a leader that lives costs no election', async (t) => {
  const cluster = new LocalCluster(t, 17)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  await commit(cluster, leader, 'before')
  const { term } = leader.replica.status()
  for (let round = 0; round < 20; round += 1) {
    cluster.network.blink(leader.id)
    await commit(cluster, leader, `blink ${round}`)
  }
  assert.equal(leader.replica.status().term, term)
  assert.ok(leader.isLeader)
})

test('a full disk stops one member, not the cluster', async (t) => {
  const cluster = new LocalCluster(t, 12)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  const follower = present(
    members.find((one) => one !== leader),
    'a follower',
  )
  cluster.disk(follower.id).bytesFree = 0
  for (let at = 0; at < 40 && follower.failures.length === 0; at += 1)
    await commit(cluster, leader, `${at}${'x'.repeat(2000)}`)
  await cluster.until('the failure', () => follower.failures.length > 0)
  assert.equal((follower.failures[0] as { code?: string }).code, 'ENOSPC')
  await commit(cluster, leader, 'after')
})

test('a wiped member gives no vote until a leader has taken it in', async (t) => {
  const cluster = new LocalCluster(t, 14)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  await commit(cluster, leader, 'only here and there')
  const [wiped, lagging] = members.filter((one) => one !== leader) as [Member, Member]
  // The lagging member misses an entry that the leader and the wiped one committed.
  cluster.network.cut(lagging.id, leader.id)
  cluster.network.cut(lagging.id, wiped.id)
  await commit(cluster, leader, 'committed by two')
  await cluster.kill(wiped)
  await cluster.kill(leader)
  await cluster.wipe(wiped.id)
  cluster.network.heal()
  const again = await cluster.start(wiped.id)
  // With the vote of the forgetful one, the lagging member would win by now and lose the entry.
  await new Promise<void>((resolve) => setTimeout(resolve, 1_000))
  assert.ok(!lagging.isLeader && !again.isLeader)
  const old = await cluster.start(leader.id)
  const next = await leaderOf(cluster, [lagging, again, old])
  await cluster.until('the entry', () => again.commands.includes('committed by two'))
  await commit(cluster, next, 'goes on')
  await cluster.until('the lagging one', () => lagging.commands.includes('committed by two'))
})

test('a slow state machine is not flooded', async (t) => {
  const cluster = new LocalCluster(t, 15)
  const members = await startAll(cluster)
  const leader = await leaderOf(cluster, members)
  leader.holdApplied()
  let taken = 0
  const refusals: unknown[] = []
  for (let at = 0; at < 12_000 && refusals.length === 0; at += 100) {
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, one) => leader.replica.propose(Buffer.from(`${at + one}`))),
    )
    for (const result of results) {
      if (result.status === 'fulfilled') taken += 1
      else refusals.push(result.reason)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(isStatus(refusals[0], 'ServiceUnavailable'))
  assert.match(String(refusals[0]), /behind with its work/)
  leader.releaseApplied()
  await commit(cluster, leader, 'goes on')
  assert.ok(leader.commands.length > taken)
})

test('one process has a directory at a time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-lock-'))
  const release = await lockDirectory(directory)
  await assert.rejects(lockDirectory(directory), DirectoryInUseError)
  await release()
  const again = await lockDirectory(directory)
  await again()
  rmSync(directory, { recursive: true })
})

/** Lets `work` come to its end, and `forMs` pass, on a clock that only this moves. */
async function passing<T>(clock: ManualClock, work: () => Promise<T>, forMs = 0): Promise<T> {
  const endMs = clock.monotonicMs() + forMs
  let isDone = false
  const result = work().finally(() => {
    isDone = true
  })
  while (!isDone || clock.monotonicMs() < endMs) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5)
  }
  return result
}

test('a candidate asks for votes only when its own term is durable', async (t) => {
  const clock = new ManualClock()
  const cluster = new LocalCluster(t, 18, clock)
  const members = await passing(clock, () => startAll(cluster))
  const leader = await passing(clock, () => leaderOf(cluster, members))
  const next = present(
    members.find((one) => one !== leader),
    'a follower',
  )
  await passing(clock, () => commit(cluster, leader, 'before'))
  await passing(clock, () => cluster.until('before', () => next.commands.includes('before')))
  const { term } = leader.replica.status()
  const release = cluster.disk(next.id).holdSyncs()
  const transfer = leader.replica.transferLeadership(next.id)
  // No time passes from here on, so nobody campaigns but the one that was told to.
  await cluster.until('the candidate', () => next.replica.status().term > term)
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  // The votes of both others would be a quorum; a power cut now would take the term from it.
  const { role } = next.replica.status()
  const termOfOthers = leader.replica.status().term
  release()
  assert.deepEqual({ role, termOfOthers }, { role: 'candidate', termOfOthers: term })
  await transfer
  assert.ok(next.isLeader)
  await passing(clock, () => cluster.close())
})

test('a disk and links that stand still for a second cost no member and no acknowledged command', async (t) => {
  const clock = new ManualClock()
  const cluster = new LocalCluster(t, 19, clock)
  const members = await passing(clock, () => startAll(cluster))
  const acknowledged: string[] = []
  for (const stalled of members) {
    const leader = await passing(clock, () => leaderOf(cluster, members))
    const release = cluster.disk(stalled.id).holdSyncs()
    const rest = members.filter((one) => one !== stalled)
    for (const other of rest) cluster.network.cut(stalled.id, other.id)
    const proposed = leader.replica.propose(Buffer.from(`as ${stalled.id} stands still`))
    await passing(clock, () => Promise.allSettled([proposed]), 1_000)
    const next = await passing(clock, () => leaderOf(cluster, rest))
    const command = `without ${stalled.id}`
    await passing(clock, () => commit(cluster, next, command))
    acknowledged.push(command)
    release()
    cluster.network.heal()
    await passing(clock, () =>
      cluster.until('the others are caught up with', () => stalled.commands.includes(command)),
    )
  }
  // A leader that stops waits for its successor, by this clock.
  await passing(clock, () => cluster.close())
  for (const { failures, commands } of members) {
    assert.deepEqual(failures, [])
    assert.deepEqual(
      acknowledged.filter((command) => !commands.includes(command)),
      [],
    )
  }
})
