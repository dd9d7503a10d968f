import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberId } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { isStatus } from '../../../src/base/status.ts'
import { emptyTrackerConfig, type TrackerConfig } from '../../../src/raft/core/tracker.ts'
import { QuorumGuard } from '../../../src/raft/membership/quorum-guard.ts'
import { LocalCluster, untilItVotes } from './local-cluster.ts'

const id = (number: number) => number as MemberId

function config(...incoming: number[]): TrackerConfig {
  return { ...emptyTrackerConfig, voters: { incoming: incoming.map(id), outgoing: [] } }
}

/** Member 1 leads; `voting` have their votes, `there` were heard just now. */
function rig(voting: readonly number[], there: readonly number[]) {
  const clock = new ManualClock()
  const guard = new QuorumGuard({
    ...{ memberId: id(1), clock, silenceMaxMs: 1000 },
    votes: (member) => voting.includes(member),
  })
  for (const member of there) guard.heard(id(member))
  return { guard, clock }
}

for (const [what, now, next, voting, there, allowed] of [
  ['a member of three may go', [1, 2, 3], [1, 2], [1, 2, 3], [2, 3], true],
  ['the dead one of three may go', [1, 2, 3], [1, 2], [1, 2, 3], [2], true],
  ['a live one of three must stay while another is dead', [1, 2, 3], [1, 3], [1, 2, 3], [2], false],
  ['a voter must stay while another has no vote', [1, 2, 3], [1, 3], [1, 2], [2, 3], false],
  ['the one without a vote may go', [1, 2, 3], [1, 2], [1, 2], [2, 3], true],
  ['a newcomer without a vote must not be half', [1], [1, 2], [1], [2], false],
  ['a newcomer with a vote may', [1], [1, 2], [1, 2], [2], true],
  ['a fourth that nobody has heard of', [1, 2, 3], [1, 2, 3, 4], [1, 2, 3], [2, 3], true],
  ['a fourth while one is dead', [1, 2, 3], [1, 2, 3, 4], [1, 2, 3], [2], false],
  ['the same voters', [1, 2, 3], [1, 2, 3], [1], [], true],
] as const)
  test(`a change of voters and its quorum: ${what}`, () => {
    const { guard } = rig(voting, there)
    const refusal = guard.refusal(config(...next), config(...now))
    assert.equal(refusal === undefined, allowed, refusal)
  })

test('a voter that fell silent counts as absent', () => {
  const { guard, clock } = rig([1, 2, 3], [2, 3])
  clock.advance(999)
  assert.equal(guard.refusal(config(1, 2), config(1, 2, 3)), undefined)
  clock.advance(2)
  assert.match(guard.refusal(config(1, 2), config(1, 2, 3)) ?? '', /member 2 is away/)
})

test('a leader refuses to remove a voter while the other one is without its vote', async (t) => {
  const cluster = new LocalCluster(t, 41)
  const members = await Promise.all(cluster.ids.map((one) => cluster.start(one)))
  const leader = await cluster.until('a leader', () => members.find((one) => one.isLeader))
  const [wiped, other] = members.filter((one) => one !== leader)
  assert.ok(wiped && other)
  await cluster.kill(wiped)
  const remove = () => leader.replica.changeMembership({ kind: 'remove', memberId: other.id })
  cluster.disk(wiped.id).wipe()
  // It gets nothing of the log, and so stays without its vote.
  cluster.network.cut(wiped.id, leader.id)
  const again = await cluster.start(wiped.id)
  // The leader hears of its new data when it connects.
  await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(remove(), (error: Error) => {
    assert.match(error.message, new RegExp(`member ${wiped.id} is away or withholds its vote`))
    return isStatus(error, 'Conflict')
  })
  cluster.network.heal()
  await untilItVotes(again)
  await new Promise((resolve) => setImmediate(resolve))
  await remove()
  const rest = leader.replica.status().voters
  assert.deepEqual([...rest].sort(), [leader.id, wiped.id].sort())
})

test('a change that leaves nobody is refused before it is in the log', async (t) => {
  const cluster = new LocalCluster(t, 42)
  const members = await Promise.all(cluster.ids.map((one) => cluster.start(one)))
  const leader = await cluster.until('a leader', () => members.find((one) => one.isLeader))
  for (const { id: memberId } of members)
    if (memberId !== leader.id) await leader.replica.changeMembership({ kind: 'remove', memberId })
  await assert.rejects(
    leader.replica.changeMembership({ kind: 'remove', memberId: leader.id }),
    /removed all voters/,
  )
  await leader.replica.propose(Buffer.from('goes on'))
  await cluster.until('the write', () => leader.commands.includes('goes on'))
})
