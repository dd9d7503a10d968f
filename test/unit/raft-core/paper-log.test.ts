import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameConfState } from '../../../src/raft/core/conf-change.ts'
import { decodeConfChange, encodeConfChange } from '../../../src/raft/core/conf-change-codec.ts'
import {
  appendThreadId,
  type Entry,
  type Message,
  makeMessage,
  noBytes,
} from '../../../src/raft/core/message.ts'
import type { RawNode } from '../../../src/raft/core/raw-node.ts'
import { MemoryStorage } from '../../../src/raft/core/storage.ts'
import {
  bytes,
  Cluster,
  entry,
  makeNode,
  only,
  sent,
  storageWith,
  text,
  voters,
} from './cluster.ts'

/** The rules of log replication, safety, compaction and membership in the Raft paper, by section. */

const three = voters(1, 2, 3)

function leaderOf(storage: MemoryStorage, term: number): RawNode {
  const node = makeNode(1, storage)
  node.campaign()
  sent(node)
  node.step(makeMessage('MsgVoteResp', 1, { from: 2, term }))
  assert.equal(node.status().role, 'leader')
  return node
}

function acknowledge(node: RawNode, from: number, index: number): void {
  node.step(makeMessage('MsgAppResp', 1, { from, term: node.status().term, index }))
}

function termsOf({ raft }: RawNode): readonly number[] {
  const { log } = raft
  const count = log.lastIndex() - log.firstIndex() + 1
  return Array.from({ length: count }, (_, at) => log.term(log.firstIndex() + at) ?? 0)
}

test('5.3: a leader appends a command to its log and sends it to all others', () => {
  const node = leaderOf(new MemoryStorage(three), 1)
  sent(node)
  for (const from of [2, 3]) acknowledge(node, from, 1)
  sent(node)
  node.propose(bytes('x'))
  const appends = only(sent(node), 'MsgApp')
  assert.deepEqual(
    appends.map(({ to, index, logTerm, entries }) => ({
      to,
      previous: `${logTerm}/${index}`,
      data: entries.map(({ data }) => text(data)),
    })),
    [2, 3].map((to) => ({ to, previous: '1/1', data: ['x'] })),
  )
  assert.equal(node.status().lastIndex, 2)
})

test('5.3: an entry is committed once a majority has it, and then all before it are', () => {
  const cases: readonly [size: number, acks: readonly number[], committed: boolean][] = [
    [3, [], false],
    [3, [2], true],
    [5, [2], false],
    [5, [2, 3], true],
    [5, [4, 5], true],
  ]
  for (const [size, acks, committed] of cases) {
    const ids = Array.from({ length: size }, (_, at) => at + 1)
    const node = makeNode(1, new MemoryStorage(voters(...ids)))
    node.campaign()
    sent(node)
    for (const from of ids) node.step(makeMessage('MsgVoteResp', 1, { from, term: 1 }))
    sent(node)
    node.propose(bytes('x'))
    sent(node)
    for (const from of acks) acknowledge(node, from, 2)
    assert.equal(node.status().commit === 2, committed, `${acks.length} of ${size} others`)
  }
})

test('5.3: followers learn the commit index and apply the entry, in log order', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  cluster.node(1).propose(bytes('x'))
  cluster.node(1).propose(bytes('y'))
  cluster.settle()
  const states = new Set(cluster.members.map(({ state }) => state))
  assert.equal(states.size, 1, 'all state machines are in the same state')
  assert.deepEqual(
    cluster.members.map(({ appliedIndex }) => appliedIndex),
    [3, 3, 3],
  )
})

test('5.3: a follower refuses entries that do not continue its log, and says where they may', () => {
  const cases: readonly [ours: readonly number[], logTerm: number, index: number, hint: string][] =
    [
      [[1, 2], 2, 3, '2/2'],
      [[1, 2], 1, 2, '1/1'],
      [[1, 1, 3, 3], 2, 4, '1/2'],
    ]
  for (const [ours, logTerm, index, hint] of cases) {
    const node = makeNode(1, storageWith(three, ours, { term: 4, vote: 0, commit: 0 }))
    node.step(makeMessage('MsgApp', 1, { from: 2, term: 4, logTerm, index }))
    const [answer] = only(sent(node), 'MsgAppResp')
    assert.equal(answer?.reject, true, `ours [${ours}] against ${logTerm}/${index}`)
    assert.equal(`${answer?.logTerm}/${answer?.rejectHint}`, hint)
    assert.deepEqual(termsOf(node), ours)
  }
})

test('5.3: a follower deletes what conflicts and what follows it, and nothing else', () => {
  const cases: readonly [
    ours: number[],
    index: number,
    logTerm: number,
    sent: number[],
    then: number[],
  ][] = [
    [[1, 2], 2, 2, [3], [1, 2, 3]],
    [[1, 2], 1, 1, [3, 4], [1, 3, 4]],
    [[1, 2], 0, 0, [1], [1, 2]],
    [[1, 2], 0, 0, [3], [3]],
    [[1, 2, 2], 1, 1, [2], [1, 2, 2]],
  ]
  for (const [ours, index, logTerm, terms, then] of cases) {
    const node = makeNode(1, storageWith(three, ours, { term: 4, vote: 0, commit: 0 }))
    const entries = terms.map((term, at) => entry(index + 1 + at, term))
    node.step(makeMessage('MsgApp', 1, { from: 2, term: 4, index, logTerm, entries }))
    sent(node)
    assert.deepEqual(termsOf(node), then, `[${ours}] with [${terms}] after ${index}`)
  }
})

test('5.3: a leader brings any follower’s log into line with its own (figure 7)', () => {
  const leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
  const followers: Readonly<Record<string, readonly number[]>> = {
    a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
    b: [1, 1, 1, 4],
    c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    e: [1, 1, 1, 4, 4, 4, 4],
    f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  }
  for (const [name, terms] of Object.entries(followers)) {
    const state = { term: 7, vote: 0, commit: 0 }
    const cluster = new Cluster(
      [leader, terms, []].map((log) => storageWith(three, log, { ...state })),
    )
    cluster.cut = ({ from, to }) => from === 2 && to !== 1
    cluster.elect(1)
    cluster.settle()
    assert.deepEqual(termsOf(cluster.node(2)), [...leader, 8], `follower ${name}`)
  }
})

test('5.3: a leader never overwrites or deletes entries of its own log', () => {
  const node = leaderOf(storageWith(three, [1, 2], { term: 2, vote: 0, commit: 0 }), 3)
  sent(node)
  node.step(
    makeMessage('MsgAppResp', 1, { from: 2, term: 3, index: 2, reject: true, rejectHint: 0 }),
  )
  sent(node)
  assert.deepEqual(termsOf(node), [1, 2, 3])
})

test('5.4.2: entries of earlier terms are committed only with one of the own term', () => {
  const node = leaderOf(storageWith(three, [1, 2], { term: 2, vote: 0, commit: 0 }), 3)
  sent(node)
  acknowledge(node, 2, 2)
  assert.equal(node.status().commit, 0, 'counting copies of an old entry commits nothing')
  acknowledge(node, 2, 3)
  assert.equal(node.status().commit, 3)
})

test('5.5: appends are idempotent', () => {
  const node = makeNode(1, new MemoryStorage(three))
  const append = makeMessage('MsgApp', 1, {
    from: 2,
    term: 1,
    entries: [entry(1, 1, 'x'), entry(2, 1, 'y')],
    commit: 1,
  })
  for (let at = 0; at < 3; at += 1) node.step(append)
  sent(node)
  assert.deepEqual(termsOf(node), [1, 1])
  assert.equal(node.status().commit, 1)
})

test('figure 2: an append is acknowledged only after it is on stable storage', () => {
  const node = makeNode(1, new MemoryStorage(three), { asyncStorageWrites: true })
  node.step(makeMessage('MsgApp', 1, { from: 2, term: 1, entries: [entry(1, 1, 'x')] }))
  const { messages } = node.ready()
  assert.equal(only(messages, 'MsgAppResp').length, 0)
  assert.deepEqual(
    only(messages, 'MsgStorageAppend')[0]?.responses.map(({ type }) => type),
    ['MsgAppResp', 'MsgStorageAppendResp'],
  )
})

test('with storage threads, an entry is handed out only after it is on stable storage', () => {
  const node = makeNode(1, new MemoryStorage(three), { asyncStorageWrites: true })
  const { storage } = node.raft.settings
  assert.ok(storage instanceof MemoryStorage)
  const append = { from: 2, term: 1, commit: 1 }
  node.step(makeMessage('MsgApp', 1, { ...append, entries: [entry(1, 1, 'x')] }))
  const ready = node.ready()
  assert.deepEqual(ready.committedEntries, [])
  storage.append(ready.entries)
  for (const answer of only(ready.messages, 'MsgStorageAppend')[0]?.responses ?? [])
    if (answer.to === 1) node.step(answer)
  assert.deepEqual(
    node.ready().committedEntries.map(({ index }) => index),
    [1],
  )
})

test('figure 2: a leader counts its own copy only after it is on stable storage', () => {
  const node = makeNode(1, new MemoryStorage(voters(1)), { asyncStorageWrites: true })
  node.campaign()
  const deliver = (answers: readonly Message[]): void => {
    for (const answer of answers) node.step(answer)
  }
  deliver(only(node.ready().messages, 'MsgStorageAppend')[0]?.responses ?? [])
  assert.equal(node.status().role, 'leader')
  const [append] = only(node.ready().messages, 'MsgStorageAppend')
  assert.equal(node.status().commit, 0, 'the only member has not stored the entry yet')
  deliver(append?.responses ?? [])
  assert.equal(node.status().commit, 1)
})

for (const isLate of [true, false])
  test(`an answer for entries that were replaced ${isLate ? 'in a later' : 'within its'} term does not make the new ones durable`, () => {
    const node = makeNode(1, new MemoryStorage(three), { asyncStorageWrites: true })
    node.step(makeMessage('MsgApp', 1, { from: 2, term: 1, entries: [entry(1, 1, 'old')] }))
    // Either the write starts in term 1 and ends in term 2, or all of it happens in term 2.
    if (!isLate) node.step(makeMessage('MsgVote', 1, { from: 3, term: 2, logTerm: 1, index: 1 }))
    const stale = only(node.ready().messages, 'MsgStorageAppend')[0]?.responses.at(-1)
    assert.equal(stale?.from, appendThreadId)
    assert.equal(stale.term, isLate ? 1 : 2)
    node.step(makeMessage('MsgApp', 1, { from: 3, term: 2, entries: [entry(1, 2, 'new')] }))
    node.step(stale)
    const { entries } = node.ready()
    assert.deepEqual(
      entries.map(({ data }) => text(data)),
      ['new'],
      'the new entry is still to be stored',
    )
  })

test('6: while one membership change is under way, another becomes an empty entry', () => {
  const node = leaderOf(new MemoryStorage(three), 1)
  sent(node)
  acknowledge(node, 2, 1)
  sent(node)
  const change = { type: 'ConfChangeAddNode', nodeId: 4, context: noBytes } as const
  node.proposeConfChange(change)
  node.proposeConfChange({ ...change, nodeId: 5 })
  const types = only(sent(node), 'MsgApp')
    .filter(({ to }) => to === 2)
    .flatMap(({ entries }) => entries.map(({ type }: Entry) => type))
  assert.deepEqual(types, ['EntryConfChange', 'EntryNormal'])
})

test('6: a joint configuration decides by both majorities, and leaves itself when asked to', () => {
  const cluster = new Cluster(Array.from({ length: 5 }, () => new MemoryStorage(three)))
  cluster.elect(1)
  cluster.node(1).proposeConfChange({
    transition: 'ConfChangeTransitionAuto',
    changes: [
      { type: 'ConfChangeRemoveNode', nodeId: 2 },
      { type: 'ConfChangeRemoveNode', nodeId: 3 },
      { type: 'ConfChangeAddNode', nodeId: 4 },
      { type: 'ConfChangeAddNode', nodeId: 5 },
    ],
    context: noBytes,
  })
  // Neither new member answers: the joint configuration must not be left by the old majority.
  cluster.isolate(4, 5)
  cluster.settle()
  assert.deepEqual(cluster.node(1).status().config.voters, {
    incoming: [1, 4, 5],
    outgoing: [1, 2, 3],
  })
  cluster.heal()
  cluster.until(() => cluster.node(1).status().config.voters.outgoing.length === 0)
  assert.deepEqual(cluster.node(1).status().config.voters.incoming, [1, 4, 5])
})

test('6: a new server catches up as learner, without a vote', () => {
  const cluster = new Cluster(
    [three, three, three, voters(1, 2, 3)].map((one) => new MemoryStorage(one)),
  )
  cluster.elect(1)
  cluster.node(1).proposeConfChange({
    type: 'ConfChangeAddLearnerNode',
    nodeId: 4,
    context: noBytes,
  })
  cluster.settle()
  cluster.tick(1)
  cluster.settle()
  assert.equal(cluster.node(4).status().isLearner, true)
  assert.equal(cluster.member(4).state, cluster.member(1).state)
  cluster.tick(4, 100)
  assert.equal(cluster.node(4).status().role, 'follower', 'a learner does not campaign')
  cluster.isolate(2, 3)
  cluster.node(1).propose(bytes('x'))
  const { commit } = cluster.node(1).status()
  cluster.settle()
  assert.equal(cluster.node(1).status().commit, commit, 'a learner counts for no quorum')
})

test('6: a leader that removed itself steps down when told to, and others go on', () => {
  const cluster = Cluster.of(3, { stepDownOnRemoval: true })
  cluster.elect(1)
  cluster.node(1).proposeConfChange({ type: 'ConfChangeRemoveNode', nodeId: 1, context: noBytes })
  cluster.settle()
  assert.equal(cluster.node(1).status().role, 'follower')
  cluster.elect(2)
  assert.equal(cluster.node(2).propose(bytes('x')), 'ok')
})

test('7: a follower whose entries are compacted away gets a snapshot, then the rest of the log', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  cluster.isolate(3)
  for (let at = 0; at < 10; at += 1) cluster.node(1).propose(bytes(`${at}`))
  cluster.settle()
  cluster.member(1).compact(0)
  cluster.node(1).propose(bytes('after'))
  cluster.heal()
  cluster.until(() => cluster.member(3).appliedIndex === cluster.member(1).appliedIndex, 10)
  assert.equal(cluster.member(3).state, cluster.member(1).state)
  assert.ok(cluster.member(3).storage.firstIndex() > 1, 'the log begins behind the snapshot')
})

test('7: a snapshot of what a follower holds already leaves the entries after it', () => {
  const follower = makeNode(2, storageWith(three, [1, 1, 1], { term: 1, vote: 0, commit: 0 }))
  const metadata = { index: 2, term: 1, confState: three }
  const snapshot = { metadata, data: bytes('') }
  follower.step(makeMessage('MsgSnap', 2, { from: 1, term: 1, snapshot }))
  const [answer] = only(sent(follower), 'MsgAppResp')
  assert.equal(answer?.index, 2)
  const { commit, lastIndex } = follower.status()
  assert.deepEqual({ commit, lastIndex }, { commit: 2, lastIndex: 3 })
})

test('7: a snapshot from before a member was added is not sent to it', () => {
  const cluster = new Cluster(Array.from({ length: 4 }, () => new MemoryStorage(three)))
  cluster.elect(1)
  cluster.member(1).compact(0)
  const change = { type: 'ConfChangeAddNode', nodeId: 4, context: noBytes } as const
  cluster.node(1).proposeConfChange(change)
  const types = new Set<string>()
  cluster.cut = ({ to, type }) => {
    if (to === 4) types.add(type)
    return false
  }
  cluster.settle()
  cluster.tick(1)
  cluster.settle()
  assert.equal(types.has('MsgSnap'), false)
  cluster.member(1).compact(0)
  cluster.tick(1)
  cluster.settle()
  assert.equal(types.has('MsgSnap'), true)
  assert.equal(cluster.member(4).state, cluster.member(1).state)
})

test('7: a membership change that a received snapshot contains is not made twice', () => {
  const node = makeNode(1, new MemoryStorage(voters(1, 2)), { asyncStorageWrites: true })
  const { type, data } = encodeConfChange({
    transition: 'ConfChangeTransitionJointExplicit',
    changes: [{ type: 'ConfChangeAddNode', nodeId: 3 }],
    context: noBytes,
  })
  const change: Entry = { index: 1, term: 1, type, data }
  node.step(makeMessage('MsgApp', 1, { from: 2, term: 1, entries: [change], commit: 1 }))
  for (const one of only(node.ready().messages, 'MsgStorageAppend')[0]?.responses ?? [])
    if (one.to === 1) node.step(one)
  const confState = { ...voters(1, 2, 3), votersOutgoing: [1, 2] }
  const snapshot = { metadata: { index: 2, term: 1, confState }, data: noBytes }
  node.step(makeMessage('MsgSnap', 1, { from: 2, term: 1, snapshot }))
  const decoded = decodeConfChange(change)
  assert.ok(decoded !== undefined)
  assert.ok(sameConfState(node.applyConfChange(decoded), confState))
})

test('8: a new leader commits an empty entry of its term at once', () => {
  const node = leaderOf(new MemoryStorage(three), 1)
  const [append] = only(sent(node), 'MsgApp')
  assert.deepEqual(
    append?.entries.map(({ term, data }) => [term, data.byteLength]),
    [[1, 0]],
  )
})

test('8: a read waits for the first commit of the term and for a majority’s heartbeats', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  const read = (name: string): number | undefined =>
    cluster.member(1).reads.find(({ context }) => text(context) === name)?.index
  cluster.node(1).readIndex(bytes('a'))
  cluster.settle()
  assert.equal(read('a'), 1)
  cluster.isolate(1)
  cluster.node(1).readIndex(bytes('b'))
  cluster.settle()
  assert.equal(read('b'), undefined, 'a deposed leader answers no read')

  const fresh = leaderOf(storageWith(three, [1], { term: 1, vote: 0, commit: 1 }), 2)
  sent(fresh)
  fresh.readIndex(bytes('c'))
  assert.equal(fresh.hasReady(), false, 'nothing is confirmed before the first commit')
  acknowledge(fresh, 2, 2)
  const beats = only(sent(fresh), 'MsgHeartbeat')
  const [beat] = beats
  fresh.step(makeMessage('MsgHeartbeatResp', 1, { from: 2, term: 2, context: beat?.context }))
  assert.deepEqual(
    fresh.ready().readStates.map(({ index, context }) => [index, text(context)]),
    [[2, 'c']],
  )
})

test('8: an answer to an earlier heartbeat confirms no later read, even of the same name', () => {
  const node = leaderOf(new MemoryStorage(three), 1)
  sent(node)
  acknowledge(node, 2, 1)
  sent(node)
  node.readIndex(bytes('same'))
  const [early] = only(sent(node), 'MsgHeartbeat')
  node.readIndex(bytes('same'))
  sent(node)
  const answer = makeMessage('MsgHeartbeatResp', 1, { from: 2, term: 1, context: early?.context })
  node.step(answer)
  assert.equal(node.ready().readStates.length, 1)
  node.advance()
  node.step(answer)
  assert.equal(node.hasReady() ? node.ready().readStates.length : 0, 0, 'each read once')
})

test('8: a follower’s read is confirmed by the leader', () => {
  const cluster = Cluster.of(3)
  cluster.elect(1)
  cluster.node(2).readIndex(bytes('r'))
  cluster.settle()
  assert.deepEqual(
    cluster.member(2).reads.map(({ index, context }) => [index, text(context)]),
    [[1, 'r']],
  )
})
