import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../../src/base/random.ts'
import { encodeConfChange } from '../../../src/raft/core/conf-change-codec.ts'
import { type Message, makeMessage } from '../../../src/raft/core/message.ts'
import type { RawNode } from '../../../src/raft/core/raw-node.ts'
import { MemoryStorage } from '../../../src/raft/core/storage.ts'
import { bytes, Cluster, makeNode, only, sent, storageWith, voters } from './cluster.ts'

/** The rules of leader election in the Raft paper, by section; one test each. */

const three = voters(1, 2, 3)

function candidate(node: RawNode): RawNode {
  node.campaign()
  sent(node)
  return node
}

function leaderOfThree(): RawNode {
  const node = candidate(makeNode(1, new MemoryStorage(three)))
  node.step(makeMessage('MsgVoteResp', 1, { from: 2, term: 1 }))
  assert.equal(node.status().role, 'leader')
  return node
}

for (const type of ['MsgApp', 'MsgHeartbeat', 'MsgVote', 'MsgVoteResp', 'MsgAppResp'] as const)
  test(`5.1: a leader that sees a higher term in ${type} becomes follower of that term`, () => {
    const node = leaderOfThree()
    node.step(makeMessage(type, 1, { from: 2, term: 5 }))
    assert.equal(node.status().role, 'follower')
    assert.equal(node.status().term, 5)
  })

test('5.1: a message of an earlier term is not acted upon', () => {
  const storage = storageWith(three, [], { term: 3, vote: 0, commit: 0 })
  const node = makeNode(1, storage)
  const append = makeMessage('MsgApp', 1, {
    from: 2,
    term: 2,
    entries: [{ index: 1, term: 2, type: 'EntryNormal', data: bytes('late') }],
  })
  node.step(append)
  assert.equal(node.status().lastIndex, 0)
  assert.equal(node.status().leader, 0)
})

test('5.2: a server starts as follower', () => {
  assert.equal(makeNode(1, new MemoryStorage(three)).status().role, 'follower')
})

test('5.2: a leader sends heartbeats to all, every heartbeat interval', () => {
  const node = leaderOfThree()
  sent(node)
  node.tick()
  const beats = only(sent(node), 'MsgHeartbeat')
  assert.deepEqual(
    beats.map(({ to, term }) => ({ to, term })),
    [2, 3].map((to) => ({ to, term: 1 })),
  )
})

test('5.2: without a word from a leader, a follower raises its term, votes for itself, asks all', () => {
  const node = makeNode(1, new MemoryStorage(three))
  for (let at = 0; at < 20; at += 1) node.tick()
  assert.equal(node.status().role, 'candidate')
  assert.equal(node.status().term, 1)
  assert.equal(node.status().vote, 1)
  assert.deepEqual(
    only(sent(node), 'MsgVote').map(({ to, term }) => ({ to, term })),
    [2, 3].map((to) => ({ to, term: 1 })),
  )
})

test('5.2: a candidate that nobody elects starts a new election with a new term', () => {
  const node = candidate(makeNode(1, new MemoryStorage(three)))
  for (let at = 0; at < 20; at += 1) node.tick()
  assert.equal(node.status().role, 'candidate')
  assert.equal(node.status().term, 2)
})

test('5.2: a majority of votes makes a leader; fewer do not, and a majority of refusals ends it', () => {
  const grant = (yes: readonly number[], no: readonly number[]): string => {
    const node = candidate(makeNode(1, new MemoryStorage(voters(1, 2, 3, 4, 5))))
    for (const from of yes) node.step(makeMessage('MsgVoteResp', 1, { from, term: 1 }))
    for (const from of no) node.step(makeMessage('MsgVoteResp', 1, { from, term: 1, reject: true }))
    return node.status().role
  }
  assert.equal(grant([2, 3], []), 'leader')
  assert.equal(grant([2, 3], [4, 5]), 'leader')
  assert.equal(grant([2], []), 'candidate')
  assert.equal(grant([2, 2, 2], []), 'candidate', 'a repeated vote counts once')
  assert.equal(grant([2], [3, 4]), 'candidate')
  assert.equal(grant([], [2, 3, 4]), 'follower')
})

test('5.2: the only server of a cluster elects itself, once its vote is durable', () => {
  const node = makeNode(1, new MemoryStorage(voters(1)))
  node.campaign()
  assert.equal(node.status().role, 'candidate')
  sent(node)
  assert.equal(node.status().role, 'leader')
})

test('5.2: a server votes for at most one candidate in a term, first come first served', () => {
  const vote = (from: number): Message => makeMessage('MsgVote', 1, { from, term: 1 })
  const node = makeNode(1, new MemoryStorage(three))
  for (const from of [2, 3, 2]) node.step(vote(from))
  assert.deepEqual(
    only(sent(node), 'MsgVoteResp').map(({ to, reject }) => ({ to, reject })),
    [
      { to: 2, reject: false },
      { to: 3, reject: true },
      { to: 2, reject: false },
    ],
  )
})

test('figure 2: a vote outlives a crash', () => {
  const storage = storageWith(three, [], { term: 1, vote: 2, commit: 0 })
  const node = makeNode(1, storage)
  node.step(makeMessage('MsgVote', 1, { from: 3, term: 1 }))
  assert.equal(only(sent(node), 'MsgVoteResp')[0]?.reject, true)
})

test('figure 2: a granted vote is sent only after it is on stable storage', () => {
  const node = makeNode(1, new MemoryStorage(three), { asyncStorageWrites: true })
  node.step(makeMessage('MsgVote', 1, { from: 2, term: 1 }))
  const { messages } = node.ready()
  assert.equal(only(messages, 'MsgVoteResp').length, 0)
  const [append] = only(messages, 'MsgStorageAppend')
  assert.equal(append?.vote, 2)
  assert.deepEqual(
    append?.responses.map(({ type, to }) => ({ type, to })),
    [{ type: 'MsgVoteResp', to: 2 }],
  )
})

for (const type of ['MsgApp', 'MsgHeartbeat'] as const)
  test(`5.2: a candidate that gets ${type} of its own term recognises that leader`, () => {
    const node = candidate(makeNode(1, new MemoryStorage(three)))
    node.step(makeMessage(type, 1, { from: 2, term: 1 }))
    assert.equal(node.status().role, 'follower')
    assert.equal(node.status().leader, 2)
  })

test('5.2: election timeouts are drawn at random from an interval, anew each time', () => {
  const random = new SeededRandom(7)
  const node = makeNode(1, new MemoryStorage(three), { random })
  const seen = new Set<number>()
  for (let round = 0; round < 300; round += 1) {
    const { term } = node.status()
    let ticks = 0
    while (node.status().term === term) {
      node.tick()
      ticks += 1
    }
    sent(node)
    seen.add(ticks)
  }
  const drawn = [...seen].sort((a, b) => a - b)
  assert.deepEqual(
    drawn,
    Array.from({ length: 10 }, (_, at) => 10 + at),
    'all of [n, 2n - 1] and nothing else',
  )
})

test('5.4.1: a vote is refused to a log that is less up-to-date than the voter’s own', () => {
  // By last term first, by length second.
  const cases: readonly [ours: number[], logTerm: number, index: number, granted: boolean][] = [
    [[1], 1, 1, true],
    [[1], 1, 2, true],
    [[1, 1], 1, 1, false],
    [[1], 2, 1, true],
    [[1, 1, 1], 2, 1, true],
    [[2], 1, 5, false],
    [[1, 2], 1, 9, false],
    [[], 0, 0, true],
  ]
  for (const [ours, logTerm, index, granted] of cases) {
    const node = makeNode(1, storageWith(three, ours, { term: 2, vote: 0, commit: 0 }))
    node.step(makeMessage('MsgVote', 1, { from: 2, term: 3, logTerm, index }))
    const [answer] = only(sent(node), 'MsgVoteResp')
    assert.equal(answer?.reject, !granted, `ours [${ours}] against ${logTerm}/${index}`)
  }
})

test('thesis 9.6: a pre-candidate changes neither its term nor its vote', () => {
  const node = makeNode(1, new MemoryStorage(three), { preVote: true })
  node.campaign()
  assert.equal(node.status().role, 'pre-candidate')
  assert.deepEqual([node.status().term, node.status().vote], [0, 0])
  assert.deepEqual(
    only(sent(node), 'MsgPreVote').map(({ term }) => term),
    [1, 1],
    'it asks about the next term',
  )
})

test('thesis 9.6: a server that comes back from isolation does not disturb the leader', () => {
  const cluster = Cluster.of(3, { preVote: true, checkQuorum: true })
  cluster.elect(1)
  cluster.isolate(3)
  for (let at = 0; at < 100; at += 1) {
    for (const { node } of cluster.members) node.tick()
    cluster.settle()
  }
  assert.equal(cluster.node(3).status().term, 1, 'no term is lost in isolation')
  cluster.heal()
  cluster.tick(1)
  cluster.settle()
  assert.equal(cluster.leader()?.id, 1)
  assert.equal(cluster.node(3).status().leader, 1)
})

test('thesis 4.2.3: a server that hears a leader ignores votes, unless that leader asked for them', () => {
  const node = makeNode(1, new MemoryStorage(three), { checkQuorum: true })
  node.step(makeMessage('MsgHeartbeat', 1, { from: 2, term: 1 }))
  sent(node)
  node.step(makeMessage('MsgVote', 1, { from: 3, term: 2 }))
  assert.equal(node.status().term, 1)
  assert.deepEqual(sent(node), [])
  const context = bytes('CampaignTransfer')
  node.step(makeMessage('MsgVote', 1, { from: 3, term: 2, context }))
  assert.equal(only(sent(node), 'MsgVoteResp')[0]?.reject, false)
})

test('thesis 6.2: a leader that hears from no majority steps down within two timeouts', () => {
  const cluster = Cluster.of(3, { checkQuorum: true })
  cluster.elect(1)
  cluster.isolate(1)
  cluster.tick(1, 20)
  assert.equal(cluster.node(1).status().role, 'follower')
  assert.equal(cluster.node(1).status().leader, 0)
})

test('thesis 3.10: leadership moves to an up-to-date server without waiting for a timeout', () => {
  const cluster = Cluster.of(3, { checkQuorum: true, preVote: true })
  cluster.elect(1)
  cluster.node(1).transferLeadership(2)
  assert.equal(cluster.node(1).propose(bytes('x')), 'dropped', 'nothing is proposed meanwhile')
  cluster.settle()
  assert.equal(cluster.leader()?.id, 2)
})

test('thesis 3.10: a transfer that takes longer than an election timeout is given up', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  cluster.cut = ({ to }) => to === 2
  cluster.node(1).transferLeadership(2)
  cluster.settle()
  assert.equal(cluster.node(1).propose(bytes('x')), 'dropped')
  cluster.tick(1, 10)
  assert.equal(cluster.node(1).propose(bytes('x')), 'ok')
})

test('thesis 4.2.3: a leader that was not heard for an election timeout protects itself no more', () => {
  const node = makeNode(1, new MemoryStorage(three), { checkQuorum: true })
  node.raft.randomizedElectionTicks = 19
  node.step(makeMessage('MsgHeartbeat', 1, { from: 2, term: 1 }))
  sent(node)
  node.raft.randomizedElectionTicks = 19
  for (let at = 0; at < 10; at += 1) node.tick()
  node.step(makeMessage('MsgVote', 1, { from: 3, term: 2 }))
  assert.equal(only(sent(node), 'MsgVoteResp')[0]?.reject, false)
})

test('thesis 9.6: a pre-vote of an earlier term is refused aloud, so that the asker catches up', () => {
  const storage = storageWith(three, [], { term: 5, vote: 0, commit: 0 })
  const node = makeNode(1, storage, { preVote: true })
  node.step(makeMessage('MsgPreVote', 1, { from: 2, term: 2 }))
  assert.deepEqual(
    only(sent(node), 'MsgPreVoteResp').map(({ to, term, reject }) => ({ to, term, reject })),
    [{ to: 2, term: 5, reject: true }],
  )
})

test('thesis 9.6: a leader of an earlier term is told the higher one by an answer', () => {
  const storage = storageWith(three, [], { term: 5, vote: 0, commit: 0 })
  const node = makeNode(1, storage, { preVote: true })
  node.step(makeMessage('MsgHeartbeat', 1, { from: 2, term: 2 }))
  assert.deepEqual(
    sent(node).map(({ type, to, term }) => ({ type, to, term })),
    [{ type: 'MsgAppResp', to: 2, term: 5 }],
  )
})

test('6: a server with a committed, unapplied membership change does not campaign', () => {
  const storage = new MemoryStorage(three)
  const change = encodeConfChange({ type: 'ConfChangeRemoveNode', nodeId: 3, context: bytes('') })
  storage.append([{ index: 1, term: 1, ...change }])
  storage.setHardState({ term: 1, vote: 0, commit: 1 })
  const node = makeNode(1, storage)
  node.campaign()
  assert.equal(node.status().role, 'follower')
  node.ready()
  node.advance()
  node.campaign()
  assert.equal(node.status().role, 'candidate')
})

test('7: a server that waits for a snapshot to be stored does not campaign', () => {
  const node = makeNode(1, new MemoryStorage(three), { asyncStorageWrites: true })
  const snapshot = { metadata: { index: 5, term: 1, confState: three }, data: bytes('') }
  node.step(makeMessage('MsgSnap', 1, { from: 2, term: 1, snapshot }))
  const [store] = only(node.ready().messages, 'MsgStorageAppend')
  node.campaign()
  assert.equal(node.status().role, 'follower')
  const { storage } = node.raft.settings
  assert.ok(storage instanceof MemoryStorage)
  storage.applySnapshot(snapshot)
  for (const answer of store?.responses ?? []) if (answer.to === 1) node.step(answer)
  node.campaign()
  assert.equal(node.status().role, 'candidate')
})
