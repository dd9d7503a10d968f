import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Revision, Term } from '../../../src/base/brand.ts'
import type { StoreWatcher } from '../../../src/state/cluster-store.ts'
import type { CommandBody } from '../../../src/state/command.ts'
import { Machine } from '../../../src/state/machine.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../src/state/snapshot/snapshot.ts'
import { deleteOf, LogFeeder, plain, putOf } from '../state/arbitrary.ts'

/**
 * Bugs that etcd once had in its store and watches, each by its number there: what would show them
 * here. The part about the log and consensus is in raft.test.ts.
 *
 * Without a counterpart here: #14685 (a crash during defragmentation applied entries twice) and the
 * defragmentation half of #20653, for there is no file that is rewritten in place; the corruption check
 * that took a failed comparison for a good one, for comparing hashes is a caller's: `hashAt` throws.
 */

const [start, end] = ['/registry/core/pods/', '/registry/core/pods0']
const key = '/registry/core/pods/ns/a'

function watch(machine: Machine, after: number, wake = () => {}): StoreWatcher {
  return machine.watch({ start, end, afterRevision: after as Revision, wake })
}

function revisions(watcher: StoreWatcher): number[] {
  return watcher.poll(1_000_000).map((event) => event.revision)
}

async function copyOf(source: Machine, into = new Machine()): Promise<Machine> {
  const { state, store } = await decodeSnapshot(encodeSnapshot(source.freeze()))
  into.replace(state, store)
  return into
}

/** A machine after so many writes of one key; their revisions are 2 and on. */
function written(writes: number, machine = new Machine()) {
  const log = new LogFeeder(machine)
  for (let write = 1; write <= writes; write += 1) log.txn(putOf(key, `${write}`))
  return { machine, log }
}

test('etcd #13766: a snapshot and the index that it says it is of are of one moment', async () => {
  const { machine, log } = written(20)
  const frozen = machine.freeze()
  const blocks: Uint8Array[] = []
  // Written while commands go on, as a snapshot is: nothing of what comes later may be in it.
  for await (const block of encodeSnapshot(frozen)) {
    blocks.push(block)
    log.txn(putOf(key, 'later'))
  }
  const { state, store } = await decodeSnapshot(
    (async function* () {
      yield* blocks
    })(),
  )
  const copy = new Machine()
  copy.replace(state, store)
  assert.equal(copy.appliedIndex, 20)
  assert.equal(Buffer.from(copy.get(key)?.value ?? []).toString(), '20')
  // The rest of the log leads both to the same state.
  const rest = new LogFeeder(copy, 1)
  rest.sequence = 20
  for (let at = 0; at < machine.appliedIndex - 20; at += 1) rest.txn(putOf(key, 'later'))
  assert.equal(copy.stateHash, machine.stateHash)
})

test('etcd #17780: a revision never goes back, whatever part of a compaction a restart sees', async () => {
  const { machine, log } = written(3_000)
  log.compact(2_500)
  for (let step = 0; step < 5; step += 1) {
    const copy = await copyOf(machine)
    assert.equal(copy.revision, machine.revision)
    assert.equal(copy.stateHash, machine.stateHash)
    log.txn(putOf(key, `${step}`))
  }
})

for (const when of ['before', 'after'] as const)
  test(`etcd #18089, #18474, #19179: a deletion at the compacted revision reaches a watch from ${when} it`, () => {
    const { machine, log } = written(1)
    log.txn(deleteOf(key))
    const early = when === 'before' ? watch(machine, 2) : undefined
    log.compact(3)
    assert.deepEqual(revisions(early ?? watch(machine, 2)), [3])
  })

test('etcd #17529: a slow watcher hears that history is gone, and never of a gap', () => {
  const { machine, log } = written(100)
  const slow = watch(machine, 10)
  assert.ok(slow.poll(1).length > 0)
  log.compact(90)
  log.txn(putOf(key, 'more'))
  for (let again = 0; again < 2; again += 1)
    assert.throws(() => slow.poll(1_000_000), /too old resource version/)
})

test('etcd #15271: a watch does not go back in time when its member gets a snapshot', async () => {
  const { machine: ahead } = written(9)
  const { machine: behind } = written(5)
  const watcher = watch(behind, 1)
  assert.deepEqual(revisions(watcher), [2, 3, 4, 5, 6])
  await copyOf(ahead, behind)
  assert.deepEqual(revisions(watcher), [7, 8, 9, 10])
  assert.deepEqual(revisions(watch(behind, 10)), [])
})

test('etcd #15220, #17507: a bookmark is never ahead of what was delivered', () => {
  const { machine, log } = written(4)
  const watcher = watch(machine, 1)
  for (;;) {
    const events = watcher.poll(1)
    const last = events.at(-1)
    if (!last) break
    if (last.revision < 5) assert.equal(watcher.progress, last.revision)
    log.txn(putOf('/registry/core/secrets/ns/other', 'x'))
  }
  assert.equal(watcher.progress, machine.revision)
})

test('etcd #20221: a watch from a revision to come gets nothing before it, bookmarks included', () => {
  const { machine, log } = written(1)
  let wakes = 0
  const watcher = watch(machine, 4, () => {
    wakes += 1
  })
  for (let write = 0; write < 2; write += 1) {
    log.txn(putOf(key, `${write}`))
    while (machine.wakeNext('few'));
    assert.deepEqual(revisions(watcher), [])
    assert.equal(watcher.progress, 4)
  }
  log.txn(putOf(key, 'now'))
  while (machine.wakeNext('few'));
  assert.deepEqual(revisions(watcher), [5])
  assert.equal(wakes, 1)
})

test('etcd #17247: an event comes once, however often a command is in the log', () => {
  const machine = new Machine()
  const [once, again] = [new LogFeeder(machine), new LogFeeder(machine)]
  once.txn(putOf(key, '1'))
  again.sequence = once.sequence - 1
  again.txn(putOf(key, '1'))
  assert.deepEqual(revisions(watch(machine, 1)), [2])
})

test('etcd #18667: what a transaction answers about the past changes the state of no member', async () => {
  const { machine: old, log } = written(30)
  const fresh = await copyOf(old)
  const logs = [log, new LogFeeder(fresh, 1)] as const
  logs[1].sequence = log.sequence
  // One member can still read revision 5, the other began later.
  const past = { op: 'range', key, revision: 5 as Revision } as const
  for (const one of logs) one.txn(past, putOf(key, 'after'))
  assert.equal(fresh.stateHash, old.stateHash)
  const [one, other] = [old, fresh].map((machine) => machine.range(start, end).items.map(plain))
  assert.deepEqual(one, other)
})

test('etcd #14571: whatever is replicated is in the hash and in the snapshot', async () => {
  const bodies: readonly CommandBody[] = [
    { kind: 'txn', txn: { compares: [], success: [putOf(key, '2')], failure: [] } },
    { kind: 'lease grant', id: 7, ttlSeconds: 60 },
    { kind: 'compact', revision: 2 as Revision },
  ]
  for (const body of bodies) {
    const { machine, log } = written(2)
    const before = machine.stateHash
    log.apply(body)
    assert.notEqual(machine.stateHash, before, body.kind)
    const copy = await copyOf(machine)
    assert.equal(copy.stateHash, machine.stateHash, body.kind)
    assert.deepEqual(copy.leaseIds, machine.leaseIds)
  }
})

test('etcd #15247, #7320: a leader whose term is over ends no lease', () => {
  const { machine, log } = written(1)
  log.apply({ kind: 'lease grant', id: 7, ttlSeconds: 10 })
  const old = (machine.appliedTerm + 1) as Term
  log.apply({ kind: 'lease expire', id: 7, renewals: 0 }, 99_000, old)
  assert.deepEqual(machine.leaseIds, [7])
  log.apply({ kind: 'lease expire', id: 7, renewals: 0 }, 99_000, machine.appliedTerm)
  assert.deepEqual(machine.leaseIds, [])
})

test('etcd #13294, #17132: who begins to lead knows how long a lease has, again and again', () => {
  // Every member counts from when it applied the grant: a change of leader gives no lease new time.
  const members = [written(1), written(1), written(1)]
  for (const { log } of members) log.apply({ kind: 'lease grant', id: 7, ttlSeconds: 60 }, 1_000)
  for (const [nth, { machine }] of members.entries())
    assert.equal(machine.leaseRemainingMs(7, 11_000 + nth * 10_000), 50_000 - nth * 10_000)
})
