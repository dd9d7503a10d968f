import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LogIndex, MemberId } from '../../../src/base/brand.ts'
import { majorityCommittedIndex, majorityVoteResult } from '../../../src/raft/core/quorum.ts'
import type { Member } from '../../contract/replica.ts'
import { LocalCluster, untilItVotes } from './local-cluster.ts'

/**
 * Why a member that lost data withholds its vote and stays a voter, instead of becoming a learner by a
 * change of membership (docs/adr/0005): what each way can bear.
 */

/** What a cluster can still do with the members of `up`. */
function abilities(voters: readonly MemberId[], hurt: MemberId, up: ReadonlySet<MemberId>) {
  const votes = new Map(voters.map((id) => [id, up.has(id) && id !== hurt]))
  // The hurt one holds what the leader sent it since, and acknowledges that.
  const acked = (id: MemberId) => (up.has(id) ? (1 as LogIndex) : undefined)
  return {
    elects: majorityVoteResult(voters, votes) === 'won',
    commits: majorityCommittedIndex(voters, acked) === 1,
  }
}

function* failures(members: readonly MemberId[]): Generator<ReadonlySet<MemberId>, void, void> {
  for (let bits = 0; bits < 2 ** members.length; bits += 1)
    yield new Set(members.filter((_, at) => (bits >> at) % 2 === 1))
}

for (const size of [3, 5, 7, 4, 6])
  test(`a withheld vote and a learner, one of ${size} members being hurt`, () => {
    const members = Array.from({ length: size }, (_, at) => (at + 1) as MemberId)
    const hurt = members[0] as MemberId
    const others = members.slice(1)
    const [onlyVoter, onlyLearner] = [
      { elects: 0, commits: 0 },
      { elects: 0, commits: 0 },
    ]
    for (const up of failures(members)) {
      const [asVoter, asLearner] = [abilities(members, hurt, up), abilities(others, hurt, up)]
      for (const what of ['elects', 'commits'] as const) {
        if (asVoter[what] && !asLearner[what]) onlyVoter[what] += 1
        if (asLearner[what] && !asVoter[what]) onlyLearner[what] += 1
      }
    }
    if (size % 2 === 1) {
      assert.equal(onlyVoter.elects + onlyLearner.elects, 0, 'elections bear the same failures')
      assert.ok(onlyVoter.commits > 0, 'and writes bear more')
      assert.equal(onlyLearner.commits, 0)
    } else {
      assert.equal(onlyVoter.elects, 0)
      assert.ok(
        onlyLearner.elects > 0,
        'an even number of voters elects better without the hurt one',
      )
    }
  })

/** A member is back with an empty disk, cut off from a leader that still has the other follower. */
async function withOneHurt(t: TestContext, seed: number) {
  const cluster = new LocalCluster(t, seed)
  const members = await Promise.all(cluster.ids.map((id) => cluster.start(id)))
  const leader = await cluster.until('a leader', () => members.find((one) => one.isLeader))
  const [lost, other] = members.filter((one) => one !== leader) as [Member, Member]
  await commit(cluster, leader, 'before')
  await cluster.kill(lost)
  await cluster.wipe(lost.id)
  cluster.network.cut(lost.id, leader.id)
  cluster.network.cut(lost.id, other.id)
  const hurt = await cluster.start(lost.id)
  return { cluster, leader, hurt, other }
}

async function commit(cluster: LocalCluster, member: Member, command: string): Promise<void> {
  await member.replica.propose(Buffer.from(command))
  await cluster.until(command, () => member.commands.includes(command))
}

test('while one of three heals, the other follower may die: writes go on', async (t) => {
  const { cluster, leader, hurt, other } = await withOneHurt(t, 51)
  await cluster.kill(other)
  cluster.network.heal()
  await commit(cluster, leader, 'by the leader and the hurt one')
  await cluster.until('the past', () => hurt.commands.includes('before'))
  await untilItVotes(hurt)
  assert.ok(leader.isLeader, 'nobody had to be elected')
})

test('had it been made a learner, the death of the other follower would end the writes', async (t) => {
  const { cluster, leader, hurt, other } = await withOneHurt(t, 52)
  await leader.replica.changeMembership({ kind: 'add-learner', memberId: hurt.id })
  await cluster.kill(other)
  cluster.network.heal()
  await cluster.until('the leader gives up', () => !leader.isLeader || undefined)
  await assert.rejects(leader.replica.propose(Buffer.from('alone')), {
    reason: 'ServiceUnavailable',
  })
})
