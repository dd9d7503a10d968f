import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { MessageType } from '../../../src/raft/core/message.ts'
import type { Member } from '../../contract/replica.ts'
import { LocalCluster } from './local-cluster.ts'

/** What a proposal costs in messages and syncs: figures that no busy neighbour changes. */

const writes = 100

async function threeMembers(t: TestContext): Promise<{ cluster: LocalCluster; leader: Member }> {
  const cluster = new LocalCluster(t, Math.floor(Math.random() * 1e9))
  const members = await Promise.all(cluster.ids.map((id) => cluster.start(id)))
  const leader = await cluster.until('a leader', () => members.find((one) => one.isLeader))
  await write(cluster, leader, leader, 'warm')
  return { cluster, leader }
}

async function write(cluster: LocalCluster, by: Member, seenBy: Member, command: string) {
  await by.replica.propose(Buffer.from(command))
  await cluster.until(command, () => seenBy.commands.includes(command))
}

function sent(cluster: LocalCluster, ...types: readonly MessageType[]): number {
  return types.reduce((sum, type) => sum + (cluster.network.sent.get(type) ?? 0), 0)
}

function syncs(members: readonly Member[]): number {
  return members.reduce((sum, member) => sum + member.replica.status().syncs, 0)
}

test('one proposal after the other: an append and an answer per follower, no message for the commit', async (t) => {
  const { cluster, leader } = await threeMembers(t)
  const before = sent(cluster, 'MsgApp', 'MsgAppResp')
  const syncsBefore = syncs([leader])
  for (let at = 0; at < writes; at += 1) await write(cluster, leader, leader, `w${at}`)
  const perWrite = (sent(cluster, 'MsgApp', 'MsgAppResp') - before) / writes
  // A notice whose moment is over before the next proposal comes goes alone: a few do.
  assert.ok(perWrite >= 4 && perWrite < 5, `${perWrite} messages per proposal`)
  const syncsPerWrite = (syncs([leader]) - syncsBefore) / writes
  assert.ok(syncsPerWrite <= 1.1, `${syncsPerWrite} syncs of the leader per proposal`)
})

test('proposals of one turn share their messages and their syncs', async (t) => {
  const { cluster, leader } = await threeMembers(t)
  const before = sent(cluster, 'MsgApp', 'MsgAppResp')
  const syncsBefore = syncs([leader])
  const commands = Array.from({ length: writes }, (_, at) => `w${at}`)
  await Promise.all(commands.map((command) => write(cluster, leader, leader, command)))
  assert.ok(sent(cluster, 'MsgApp', 'MsgAppResp') - before <= 10)
  assert.ok(syncs([leader]) - syncsBefore <= 3)
})

test('a follower that sent a command on hears of its commit without a wait', async (t) => {
  const { cluster, leader } = await threeMembers(t)
  const follower = await cluster.until('a follower that knows its leader', () =>
    cluster.ids
      .map((id) => cluster.member(id))
      .find(({ id }) => id !== leader.id && cluster.member(id).replica.status().leader !== 0),
  )
  const before = sent(cluster, 'MsgApp')
  for (let at = 0; at < writes; at += 1) await write(cluster, follower, follower, `f${at}`)
  assert.ok(leader.commands.length > writes)
  const perWrite = (sent(cluster, 'MsgApp') - before) / writes
  // Two appends, and the notice to the one that waits; the other follower's rides along.
  assert.ok(perWrite >= 2.9 && perWrite < 3.6, `${perWrite} appends per forwarded proposal`)
})

test('reads of one turn share one round of heartbeats', async (t) => {
  const { cluster, leader } = await threeMembers(t)
  const before = sent(cluster, 'MsgHeartbeat')
  await Promise.all(Array.from({ length: writes }, () => leader.replica.readIndex()))
  // Two of the round, and what the clock asks for in the meantime.
  assert.ok(sent(cluster, 'MsgHeartbeat') - before <= 8)
})
