import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaveJointChange } from '../../../src/raft/core/conf-change-codec.ts'
import { type ConfChangeV2, makeMessage, noBytes } from '../../../src/raft/core/message.ts'
import { MemoryStorage } from '../../../src/raft/core/storage.ts'
import {
  Cluster,
  type MemberOptions,
  makeNode,
  only,
  sent,
  storageWith,
  voters,
} from './cluster.ts'

const options = (votesTellCommit: boolean): MemberOptions => ({
  ...{ preVote: true, checkQuorum: true, stepDownOnRemoval: true, votesTellCommit },
})

/**
 * docs/adr/0012: leader 2 demotes itself and 4 by a joint change that takes 5 in; it commits the end of that
 * change, which only 2 and 4 hear, and dies. All come back, and hear each other.
 */
function demotedLeaderDies(votesTellCommit: boolean): Cluster {
  const storages = [1, 2, 3, 4, 5].map(() => new MemoryStorage(voters(1, 2, 3, 4)))
  const cluster = new Cluster(storages, options(votesTellCommit))
  const demotion: ConfChangeV2 = {
    transition: 'ConfChangeTransitionJointExplicit',
    changes: [
      { type: 'ConfChangeAddLearnerNode', nodeId: 2 },
      { type: 'ConfChangeAddLearnerNode', nodeId: 4 },
      { type: 'ConfChangeAddNode', nodeId: 5 },
    ],
    context: noBytes,
  }
  cluster.elect(2)
  cluster.node(2).proposeConfChange(demotion)
  cluster.settle()
  const end = cluster.node(2).status().lastIndex + 1
  cluster.cut = ({ to, commit }) => to % 2 === 1 && commit >= end
  cluster.node(2).proposeConfChange(leaveJointChange)
  cluster.settle()
  const commits = cluster.members.map(({ node }) => node.status().commit)
  assert.deepEqual(commits, [end - 1, end, end - 1, end, end - 1])
  assert.deepEqual(
    cluster.members.map(({ node }) => [node.status().lastIndex, node.raft.isLearner]),
    [1, 2, 3, 4, 5].map((id) => [end, id % 2 === 0]),
  )
  // A later entry of 2's, which 4 got, too: by their logs, 2 and 4 refuse the others.
  for (const id of [2, 4]) {
    const { storage } = cluster.member(id)
    storage.append([{ index: end + 1, term: 1, type: 'EntryNormal', data: noBytes }])
  }
  cluster.heal()
  for (const member of cluster.members) member.restart()
  return cluster
}

test('without news of the commit, a demoted leader leaves nobody who can be elected', () => {
  const cluster = demotedLeaderDies(false)
  assert.throws(() => cluster.until(() => cluster.leader() !== undefined, 500), /within 500 ticks/)
})

test('who refuses a vote tells what is committed: a demoted leader is followed by another', () => {
  const cluster = demotedLeaderDies(true)
  const end = cluster.node(2).status().commit
  // Two election timeouts, the longest that chance may draw, and one more to campaign anew.
  cluster.until(() => cluster.leader() !== undefined, 60)
  assert.ok([1, 3, 5].includes(cluster.leader()?.id ?? 0))
  cluster.until(() => cluster.members.every(({ node }) => node.status().commit > end))
  for (const { state, confState } of cluster.members) {
    assert.equal(state, cluster.member(1).state)
    assert.deepEqual(confState, { ...confState, voters: [1, 3, 5], votersOutgoing: [] })
  }
})

/** Members that hold the same two entries; 1 and 2 know the first one to be committed, 3 both. */
function threeThatKnow(votesTellCommit = true) {
  const at = (commit: number) => storageWith(voters(1, 2, 3), [1, 1], { term: 1, vote: 0, commit })
  return [1, 2, 3].map((id) => makeNode(id, at(id === 3 ? 2 : 1), options(votesTellCommit)))
}

test('a candidate tells what it knows to be committed to whom it asks', () => {
  const [asked, , candidate] = threeThatKnow()
  candidate?.campaign()
  const [request] = only(candidate ? sent(candidate) : [], 'MsgPreVote')
  assert.ok(asked && request)
  assert.deepEqual([request.commit, request.commitTerm], [2, 1])
  asked.step(request)
  assert.equal(asked.status().commit, 2)
})

test('whoever grants a vote tells it, too', () => {
  const [candidate, , asked] = threeThatKnow()
  assert.ok(candidate && asked)
  candidate.campaign()
  const request = only(sent(candidate), 'MsgPreVote').find(({ to }) => to === 3)
  asked.step(request ?? makeMessage('MsgPreVote', 3))
  const [answer] = sent(asked)
  assert.deepEqual([answer?.reject, answer?.commit, answer?.commitTerm], [false, 2, 1])
  candidate.step(answer ?? makeMessage('MsgPreVoteResp', 1))
  assert.equal(candidate.status().commit, 2)
  assert.equal(candidate.status().role, 'candidate', 'and the vote counts')
})

test('a candidate with another entry at that index learns nothing', () => {
  const storage = storageWith(voters(1, 2, 3), [1, 2], { term: 2, vote: 0, commit: 1 })
  const node = makeNode(1, storage, options(true))
  node.campaign()
  sent(node)
  const refusal = { from: 3, term: 3, reject: true, commit: 2, commitTerm: 3 }
  node.step(makeMessage('MsgPreVoteResp', 1, refusal))
  assert.equal(node.status().commit, 1)
  node.step(makeMessage('MsgPreVoteResp', 1, { ...refusal, commit: 9 }))
  assert.equal(node.status().commit, 1, 'nor of an entry that it does not hold')
})

test('a leader does not take the word of others for what is committed', () => {
  const [leader] = threeThatKnow()
  assert.ok(leader)
  leader.campaign()
  sent(leader)
  leader.step(makeMessage('MsgPreVoteResp', 1, { from: 2, term: 2 }))
  sent(leader)
  leader.step(makeMessage('MsgVoteResp', 1, { from: 2, term: 2 }))
  sent(leader)
  assert.equal(leader.status().role, 'leader')
  leader.step(makeMessage('MsgVoteResp', 1, { from: 3, term: 2, commit: 2, commitTerm: 1 }))
  assert.equal(leader.status().commit, 1)
})

test('members that know different entries to be committed at one index are stopped', () => {
  const [node] = threeThatKnow()
  const news = { from: 3, term: 2, index: 9, logTerm: 2, commit: 1, commitTerm: 2 }
  assert.throws(
    () => node?.step(makeMessage('MsgPreVote', 1, news)),
    /committed entries never diff/,
  )
})

test('switched off, as in etcd-io/raft, votes say nothing of commits and nothing is learnt', () => {
  const [asked, , candidate] = threeThatKnow(false)
  assert.ok(asked && candidate)
  candidate.campaign()
  for (const { commit, commitTerm } of only(sent(candidate), 'MsgPreVote'))
    assert.deepEqual([commit, commitTerm], [0, 0])
  const news = { from: 3, term: 2, index: 2, logTerm: 1, commit: 2, commitTerm: 1 }
  asked.step(makeMessage('MsgPreVote', 1, news))
  assert.equal(asked.status().commit, 1)
})
