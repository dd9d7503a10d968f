import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MessageType, makeMessage } from '../../../src/raft/core/message.ts'
import { Inflights } from '../../../src/raft/core/progress.ts'
import { RawNode } from '../../../src/raft/core/raw-node.ts'
import { MemoryStorage } from '../../../src/raft/core/storage.ts'
import {
  bytes,
  Cluster,
  entry,
  type MemberOptions,
  makeNode,
  only,
  sent,
  voters,
} from './cluster.ts'

/** What is bounded, and what the door of the core refuses. */

/** A leader of three whose first entry both others have. */
function leader(options: MemberOptions = {}): RawNode {
  const node = makeNode(1, new MemoryStorage(voters(1, 2, 3)), options)
  node.campaign()
  sent(node)
  node.step(makeMessage('MsgVoteResp', 1, { from: 2, term: 1 }))
  sent(node)
  for (const from of [2, 3]) node.step(makeMessage('MsgAppResp', 1, { from, term: 1, index: 1 }))
  sent(node)
  return node
}

test('proposals past the uncommitted limit are dropped until something is committed', () => {
  const node = leader({ uncommittedBytesMax: 10 })
  assert.equal(node.propose(bytes('x'.repeat(20))), 'ok', 'one is let in, however big')
  assert.equal(node.propose(bytes('y')), 'dropped')
  assert.equal(node.propose(bytes('')), 'ok', 'an empty one weighs nothing')
  sent(node)
  node.step(makeMessage('MsgAppResp', 1, { from: 2, term: 1, index: 3 }))
  sent(node)
  assert.equal(node.propose(bytes('y')), 'ok')
})

test('several commands go into the log together, or none does', () => {
  const node = leader({ uncommittedBytesMax: 10 })
  assert.equal(node.proposeAll(['a', 'b', 'c'].map(bytes)), 'ok')
  assert.equal(node.status().lastIndex, 4)
  assert.equal(node.proposeAll(['d'.repeat(5), 'e'.repeat(5)].map(bytes)), 'dropped')
  assert.equal(node.status().lastIndex, 4)
})

test('no more appends are on the way than the window holds; an answer makes room', () => {
  const node = leader({ inflightMessagesMax: 2, messageBytesMax: 0 })
  for (let at = 0; at < 5; at += 1) node.propose(bytes('x'))
  const toSecond = (): number => only(sent(node), 'MsgApp').filter(({ to }) => to === 2).length
  assert.equal(toSecond(), 2)
  node.step(makeMessage('MsgAppResp', 1, { from: 2, term: 1, index: 2 }))
  // The commit index goes with the one that fills the window again.
  assert.equal(toSecond(), 1)
  node.step(makeMessage('MsgHeartbeatResp', 1, { from: 2, term: 1 }))
  assert.equal(toSecond(), 1, 'a heartbeat lets one empty append through a full window')
})

test('an append is cut to the message limit, but carries at least one entry', () => {
  const node = leader({ messageBytesMax: 300 })
  const storage = node.raft.settings.storage
  node.proposeAll(Array.from({ length: 6 }, () => bytes('x'.repeat(100))))
  const sizes = only(sent(node), 'MsgApp')
    .filter(({ to }) => to === 2)
    .map(({ entries }) => entries.length)
  assert.deepEqual(sizes, [2], 'the rest follows with the answers')
  assert.equal(storage.entries(2, 8, 1)?.length, 1)
})

test('committed entries are handed out batch by batch, each once', () => {
  const node = makeNode(1, new MemoryStorage(voters(1)), { committedBytesPerReadyMax: 250 })
  const { storage } = node.raft.settings
  assert.ok(storage instanceof MemoryStorage)
  node.campaign()
  sent(node)
  node.proposeAll(Array.from({ length: 6 }, () => bytes('x'.repeat(100))))
  const batches: number[][] = []
  while (node.hasReady()) {
    const { entries, committedEntries } = node.ready()
    storage.append(entries)
    if (committedEntries.length > 0) batches.push(committedEntries.map(({ index }) => index))
    node.advance()
  }
  assert.deepEqual(batches, [
    [2, 3],
    [4, 5],
    [6, 7],
  ])
})

test('a window counts bytes as well as messages, and frees what was acknowledged', () => {
  const window = new Inflights(4, 100)
  window.add(1, 60)
  assert.equal(window.full(), false)
  window.add(2, 60)
  assert.equal(window.full(), true, 'the last message may pass the byte limit')
  assert.throws(() => window.add(3, 1), /inflight window/)
  window.freeUpTo(1)
  assert.deepEqual([window.count, window.bytes, window.full()], [1, 60, false])
  for (let index = 3; index < 1_000; index += 1) {
    window.add(index, 1)
    window.freeUpTo(index)
  }
  assert.deepEqual([window.count, window.bytes], [0, 0])
})

const localTypes = [
  'MsgHup',
  'MsgBeat',
  'MsgCheckQuorum',
  'MsgUnreachable',
  'MsgSnapStatus',
] as const

for (const type of localTypes)
  test(`a peer cannot send ${type}: it is this member's own`, () => {
    const node = leader()
    assert.equal(node.step(makeMessage(type, 1, { from: 2, term: 1 })), 'local')
    assert.equal(node.hasReady(), false)
  })

test('an answer of somebody who is no member is refused', () => {
  const answers: MessageType[] = ['MsgAppResp', 'MsgVoteResp', 'MsgHeartbeatResp']
  for (const type of answers)
    assert.equal(leader().step(makeMessage(type, 1, { from: 9, term: 1 })), 'unknown-peer')
})

test('a follower forwards proposals to the leader, or drops them where that is switched off', () => {
  for (const disableProposalForwarding of [false, true]) {
    const cluster = Cluster.of(3, { disableProposalForwarding })
    cluster.elect(1)
    const result = cluster.node(2).propose(bytes('x'))
    cluster.settle()
    assert.equal(result, disableProposalForwarding ? 'dropped' : 'ok')
    assert.equal(cluster.node(1).status().commit, disableProposalForwarding ? 1 : 2)
  }
})

test('without a leader proposals are dropped and reads get lost', () => {
  const node = makeNode(1, new MemoryStorage(voters(1, 2, 3)))
  assert.equal(node.propose(bytes('x')), 'dropped')
  node.readIndex(bytes('r'))
  assert.equal(node.hasReady(), false)
})

test('a restart continues behind what the state machine has applied', () => {
  const storage = new MemoryStorage(voters(1))
  storage.append([entry(1, 1, 'a'), entry(2, 1, 'b'), entry(3, 1, 'c')])
  storage.setHardState({ term: 1, vote: 1, commit: 3 })
  const node = makeNode(1, storage)
  assert.deepEqual(
    node.ready().committedEntries.map(({ index }) => index),
    [1, 2, 3],
  )
  const config = { electionTicks: 10, heartbeatTicks: 1, inflightMessagesMax: 1 }
  const { random } = node.raft.settings
  const later = new RawNode({
    ...config,
    id: 1,
    storage,
    random,
    applied: 2,
  })
  assert.deepEqual(
    later.ready().committedEntries.map(({ index }) => index),
    [3],
  )
})

test('a saved commit index outside the log is a broken disk, and named', () => {
  const storage = new MemoryStorage(voters(1))
  storage.setHardState({ term: 1, vote: 1, commit: 3 })
  assert.throws(() => makeNode(1, storage), /commit index 3 lies within the log/)
})
