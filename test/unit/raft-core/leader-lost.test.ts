import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster, type MemberOptions } from './cluster.ts'

const options: MemberOptions = { checkQuorum: true, preVote: true }

/** Three members, 1 leads and has just been heard, then dies. */
function deadLeader(more: MemberOptions = {}): Cluster {
  const cluster = Cluster.of(3, { ...options, ...more })
  cluster.elect(1)
  cluster.isolate(1)
  return cluster
}

function terms(cluster: Cluster): readonly number[] {
  return cluster.members.map(({ node }) => node.status().term)
}

test('a member that lost its leader takes over without a tick, with another that lost it too', () => {
  const cluster = deadLeader()
  assert.equal(cluster.node(3).hintLeaderLost(1, false), true)
  assert.equal(cluster.node(2).hintLeaderLost(1), true)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 2)
  assert.deepEqual(terms(cluster).slice(1), [2, 2], 'the term rose by one election')
  assert.equal(cluster.node(3).status().leader, 2)
})

test('a member that still trusts the leader refuses, and no term changes', () => {
  const cluster = deadLeader()
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 1)
  assert.deepEqual(terms(cluster), [1, 1, 1], 'a pre-vote changes no term')
})

test('hints that come one after the other elect a leader: the second asker is granted', () => {
  const cluster = deadLeader()
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  cluster.node(3).hintLeaderLost(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 3)
})

test('a pre-candidate that is told again asks again', () => {
  const cluster = deadLeader()
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  cluster.node(3).hintLeaderLost(1, false)
  assert.equal(cluster.node(2).hintLeaderLost(1), true)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 2)
})

test('two members that campaign at the same moment still end with one leader', () => {
  const cluster = deadLeader()
  cluster.node(2).hintLeaderLost(1)
  cluster.node(3).hintLeaderLost(1)
  cluster.until(() => cluster.members.slice(1).some(({ role }) => role === 'leader'))
  const leaders = cluster.members.slice(1).filter(({ role }) => role === 'leader')
  assert.equal(leaders.length, 1)
})

test('a false alarm leaves the leader in office', () => {
  const cluster = Cluster.of(3, options)
  cluster.elect(1)
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  cluster.tick(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 1)
  assert.deepEqual(terms(cluster), [1, 1, 1], 'a false alarm changes no term')
  assert.equal(cluster.node(2).status().leader, 1, 'the leader was heard again')
})

test('hearing from the leader ends the hint: the lease protects it again', () => {
  const cluster = Cluster.of(3, options)
  cluster.elect(1)
  cluster.node(3).hintLeaderLost(1, false)
  cluster.tick(1)
  cluster.settle()
  cluster.isolate(1)
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 1)
  assert.deepEqual(terms(cluster), [1, 1, 1])
})

test('a hint about anybody but the leader that one follows has no effect', () => {
  const cluster = Cluster.of(3, options)
  cluster.elect(1)
  assert.equal(cluster.node(2).hintLeaderLost(3), false)
  assert.equal(cluster.node(2).hintLeaderLost(0), false)
  assert.equal(cluster.node(1).hintLeaderLost(1), false, 'a leader does not lose itself')
  assert.equal(cluster.node(2).hasReady(), false)
})

test('lease-based reads refuse the hint: they rely on followers that stand by their leader', () => {
  const cluster = deadLeader({ readOnlyOption: 'lease-based' })
  assert.equal(cluster.node(2).hintLeaderLost(1), false)
  assert.equal(cluster.node(2).status().role, 'follower')
})

test('a hint grants no vote to a log that lacks committed entries (raft section 5.4.1)', () => {
  const cluster = Cluster.of(3, options)
  cluster.elect(1)
  cluster.isolate(2)
  cluster.node(1).propose(Uint8Array.of(1))
  cluster.settle()
  cluster.isolate(1)
  cluster.node(3).hintLeaderLost(1, false)
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  assert.notEqual(cluster.leader()?.id, 2, 'leader completeness')
  cluster.node(3).hintLeaderLost(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 3)
})

test('a hint lets a second vote in one term through no more than before (raft section 5.2)', () => {
  const cluster = deadLeader()
  cluster.node(3).hintLeaderLost(1, false)
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  cluster.node(1).raft.becomeFollower(1, 0)
  cluster.node(1).raft.becomeCandidate()
  const { index, term } = cluster.node(3).raft.log.lastEntryId()
  cluster.node(1).raft.send('MsgVote', 3, { term: 2, index, logTerm: term })
  cluster.heal()
  cluster.settle()
  assert.equal(cluster.node(3).raft.vote, 2, 'one vote in one term')
})

test('without pre-vote configured, a hint still asks by pre-vote first', () => {
  const cluster = Cluster.of(3, { checkQuorum: true })
  cluster.elect(1)
  cluster.isolate(1)
  cluster.node(2).hintLeaderLost(1)
  cluster.settle()
  assert.deepEqual(terms(cluster), [1, 1, 1])
  cluster.node(3).hintLeaderLost(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 3)
})
