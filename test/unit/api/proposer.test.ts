import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProposerOptions } from '../../../src/api/raft-store/proposer.ts'
import type { LogIndex, MemberId, Revision, Term } from '../../../src/base/brand.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { limits } from '../../../src/base/limits.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { isStatus, type StatusReason } from '../../../src/base/status.ts'
import type { LeadershipView } from '../../../src/raft/replica.ts'
import type { Operation, StoreWatcher, Txn, TxnResult } from '../../../src/state/cluster-store.ts'
import { decodeCommands, encodeCommands } from '../../../src/state/command.ts'
import { Machine } from '../../../src/state/machine.ts'
import { encodeSnapshot } from '../../../src/state/snapshot/snapshot.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

async function open(options: Partial<ProposerOptions> = {}) {
  const clock = new ManualClock()
  const opened = await openMemoryStore({ clock, random: new SeededRandom(1), ...options })
  return { clock, ...opened }
}

const putA = (value: string): Operation => ({
  op: 'put',
  key: '/a',
  value: Buffer.from(value),
  revisionOffset: -1,
})
const write = (...success: Operation[]): Txn => ({ compares: [], success, failure: [] })
const is = (reason: StatusReason, text: RegExp) => (error: unknown) =>
  isStatus(error, reason) && text.test(error.message)
/** Lets promises and deferred tasks of this turn run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('writes of one turn share a log entry and are answered one by one', async () => {
  const { store, replica, clock } = await open()
  const entries = replica.log.length
  const refused = assert.rejects(store.commit(write(putA('x')), 99 as Term), is('Conflict', /99/))
  const results = await Promise.all(
    ['1', '2', '3'].map((value) => store.commit(write(putA(value)))),
  )
  await refused
  assert.deepEqual(
    results.map((result) => result.revision),
    [2, 3, 4],
  )
  assert.equal(replica.log.length, entries + 1)
  await store.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('writes that come while one is under way go together when it is done', async () => {
  const { store, replica, clock } = await open()
  const entries = replica.log.length
  replica.hold()
  const writing = [store.commit(write(putA('0')))]
  await turn()
  for (const value of ['1', '2', '3']) {
    writing.push(store.commit(write(putA(value))))
    await turn()
  }
  assert.equal(replica.heldProposals, 1)
  replica.release()
  const results = await Promise.all(writing)
  assert.deepEqual(
    results.map((result) => result.revision),
    [2, 3, 4, 5],
  )
  assert.equal(replica.log.length, entries + 2)
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('writes do not wait long for one that is under way', async () => {
  const { store, replica, clock } = await open()
  replica.hold()
  const writing = [store.commit(write(putA('0')))]
  await turn()
  writing.push(store.commit(write(putA('1'))))
  await clock.advanceAsync(9)
  assert.equal(replica.heldProposals, 1)
  await clock.advanceAsync(1)
  assert.equal(replica.heldProposals, 2)
  // With another leader, which may not have what is under way, nothing waits for it.
  writing.push(store.commit(write(putA('2'))))
  await turn()
  replica.lead({ term: 2 as Term })
  await turn()
  assert.equal(replica.heldProposals, 5)
  replica.release()
  await Promise.all(writing)
  await store.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('an outbox that ends leaves no timer of those who gathered', async () => {
  const { store, replica, clock } = await open()
  replica.hold()
  const writing = [store.commit(write(putA('0')))]
  await turn()
  writing.push(store.commit(write(putA('1'))))
  const failing = writing.map((one) => assert.rejects(one, is('Timeout', /unknown/)))
  await clock.advanceAsync(4)
  await store.stop()
  await Promise.all(failing)
  assert.equal(clock.pendingTimers, 0)
})

test('many writes of one turn are cut into entries of bounded size', async () => {
  const { store, replica, clock } = await open()
  const value = 'x'.repeat(10_000)
  await Promise.all(Array.from({ length: 200 }, () => store.commit(write(putA(value)))))
  const sizes = replica.log.map((entry) => entry.command.length)
  assert(Math.max(...sizes) <= limits.proposalBytesMax * 1.1)
  assert.equal(store.view.get('/a')?.version, 200)
  await store.stop()
  assert.equal(clock.pendingTimers, 0)
})

test('a dropped write is sent again and applied once', async () => {
  const { store, replica, clock } = await open()
  replica.dropNext(2)
  const writing = store.commit(write(putA('1')))
  await clock.advanceAsync(4_000)
  assert.equal((await writing).revision, 2)
  assert.equal(store.view.get('/a')?.version, 1)
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('a new leader is given at once what the last one was given', async () => {
  const { store, replica, clock } = await open()
  replica.dropNext(1)
  const writing = store.commit(write(putA('1')))
  await turn()
  replica.becomeLeader()
  assert.equal((await writing).revision, 2)
  assert.equal(clock.monotonicMs(), 0)
  await store.stop()
})

test('a write that reaches the log twice takes effect once', async () => {
  const { store, replica } = await open()
  replica.duplicateAll(true)
  for (const value of ['1', '2', '3']) await store.commit(write(putA(value)))
  assert.equal(store.view.get('/a')?.version, 3)
  replica.hold()
  const writing = store.commit(write(putA('4')))
  await turn()
  replica.becomeLeader()
  await turn()
  assert.equal(replica.heldProposals, 2)
  replica.release()
  await writing
  assert.equal(store.view.get('/a')?.version, 4)
  await store.stop()
})

test('random faults lose no acknowledged write and apply none twice', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = new SeededRandom(seed)
  const { store, replica, clock } = await open()
  const writing: Promise<TxnResult>[] = []
  for (let step = 0; step < 400; step += 1) {
    const dice = random.integer(0, 10)
    if (dice < 5) writing.push(store.commit(write(putA(`${step}`))))
    else if (dice === 5) replica.dropNext(random.integer(0, 3))
    else if (dice === 6) replica.loseLeadership()
    else if (dice === 7) replica.becomeLeader()
    else if (dice === 8) replica.duplicateAll(random.fraction() < 0.5)
    else await clock.advanceAsync(random.integer(0, 500))
  }
  replica.dropNext(0)
  replica.becomeLeader()
  await clock.advanceAsync(5_000)
  const settled = await Promise.allSettled(writing)
  const revisions = settled.flatMap((one) =>
    one.status === 'fulfilled' ? [one.value.revision] : [],
  )
  assert.equal(new Set(revisions).size, revisions.length, `seed ${seed}`)
  const applied = store.view.get('/a')?.version ?? 0
  assert(applied >= revisions.length && applied <= writing.length, `seed ${seed}`)
  assert.equal(store.view.revision, applied + 1, `seed ${seed}`)
  await store.stop()
  assert.equal(clock.pendingTimers, 0, `seed ${seed}`)
})

test('a write that nobody takes fails in the end, and says that nothing was written', async () => {
  const { store, replica, clock } = await open()
  replica.loseLeadership()
  const failing = assert.rejects(
    store.commit(write(putA('1'))),
    is('ServiceUnavailable', /nothing was written/),
  )
  await clock.advanceAsync(10_000)
  await failing
  assert.equal(store.pending, 0)
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('a write without an answer fails in the end as unknown', async () => {
  const { store, replica, clock } = await open()
  replica.dropNext(1_000)
  const failing = assert.rejects(store.commit(write(putA('1'))), is('Timeout', /outcome.*unknown/))
  await clock.advanceAsync(10_000)
  await failing
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('writes over the limit are refused at once', async () => {
  const { store, replica } = await open()
  replica.hold()
  const max = limits.proposalsInFlightMax
  const held = Array.from({ length: max }, () => store.commit(write(putA('1'))))
  await assert.rejects(store.commit(write(putA('2'))), (error) => {
    return isStatus(error, 'TooManyRequests') && error.status.details?.retryAfterSeconds === 1
  })
  await turn()
  replica.release()
  await Promise.all(held)
  await store.commit(write(putA('3')))
  assert.equal(store.view.get('/a')?.version, max + 1)
  await store.stop()
})

test('a transaction too large for the log is refused', async () => {
  const { store } = await open()
  const value = Buffer.alloc(limits.objectBytesMax)
  const puts = ['/a', '/b'].map((key) => ({ op: 'put' as const, key, value, revisionOffset: -1 }))
  await assert.rejects(store.commit(write(...puts)), is('RequestEntityTooLarge', /limit/))
  await store.stop()
})

test('the floor in the log follows what is finished', async () => {
  const { store, replica } = await open()
  for (const value of ['1', '2', '3']) await store.commit(write(putA(value)))
  const floors = replica.log
    .filter((entry) => entry.command.length > 0)
    .map((entry) => decodeCommands(entry.command).floor)
  assert.deepEqual(floors, [1, 2, 3])
  await store.stop()
})

test('readers share rounds: one is under way, all others wait for the next', async () => {
  const { store, replica } = await open()
  const before = replica.readIndexRounds
  const readers = Array.from({ length: 100 }, () => store.barrier())
  await Promise.resolve()
  const later = Array.from({ length: 100 }, () => store.barrier())
  await Promise.all([...readers, ...later])
  assert(replica.readIndexRounds - before <= 2)
  await store.stop()
})

test('a barrier waits until its entry is applied here', async () => {
  const { store, replica } = await open()
  replica.readIndex = async () => (store.view.appliedIndex + 1) as LogIndex
  const reading = store.barrier()
  await turn()
  await store.commit(write(putA('1')))
  assert.equal(await reading, 2)
  await store.stop()
})

test('a barrier outlives a change of leaders and fails without a quorum', async () => {
  const { store, replica, clock } = await open()
  replica.loseLeadership()
  const reading = store.barrier()
  await turn()
  const joined = store.barrier()
  replica.becomeLeader()
  await Promise.all([reading, joined])
  assert.equal(clock.pendingTimers, 0)
  replica.loseLeadership()
  const failing = assert.rejects(store.barrier(), is('ServiceUnavailable', /no quorum/))
  await clock.advanceAsync(10_000)
  await failing
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('waiting for a revision ends with its time', async () => {
  const { store, clock } = await open()
  const failing = assert.rejects(
    store.reached(5 as Revision, 3_000),
    is('Timeout', /Too large resource version: 5, current: 1/),
  )
  await clock.advanceAsync(3_000)
  await failing
  assert.equal(clock.pendingTimers, 0)
  await store.stop()
})

test('entries are applied in slices, in order, and other work comes between', async () => {
  const deferred: (() => void)[] = []
  const clock = new ManualClock()
  const slow = new Machine()
  const apply = slow.apply.bind(slow)
  slow.apply = (entry) => {
    clock.advance(2)
    return apply(entry)
  }
  const { store, replica } = await openMemoryStore({
    clock,
    machine: slow,
    defer: (task) => void deferred.push(task),
  })
  replica.hold()
  const writing: Promise<TxnResult>[] = []
  for (const value of ['1', '2', '3', '4', '5', '6', '7']) {
    writing.push(store.commit(write(putA(value))))
    // A proposal of its own for each.
    await clock.advanceAsync(10)
  }
  replica.release()
  const versions = [store.view.get('/a')?.version]
  for (let task = deferred.shift(); task; task = deferred.shift()) {
    task()
    versions.push(store.view.get('/a')?.version)
  }
  assert.deepEqual(versions, [3, 6, 7])
  assert.equal(replica.appliedIndex, store.view.appliedIndex)
  await Promise.all(writing)
  await store.stop()
})

test('a snapshot is saved while writes go on, and can be installed', async () => {
  const { store, replica } = await open()
  await store.commit(write(putA('1')))
  replica.wantSnapshot()
  replica.wantSnapshot()
  for (let round = 0; round < 20; round += 1) await store.commit(write(putA('later')))
  while (replica.snapshots.length < 2) await turn()
  const [first] = replica.snapshots
  assert(first)
  const other = await open()
  async function* blocks() {
    yield* first?.blocks ?? []
  }
  await other.replica.restore(first.index, first.term, blocks())
  assert.equal(Buffer.from(other.store.view.get('/a')?.value ?? []).toString(), '1')
  assert.equal(other.replica.appliedIndex, first.index)
  await Promise.all([store.stop(), other.store.stop()])
})

test('a write whose entry lies in an installed snapshot is answered as unknown', async () => {
  const { store, replica, machine } = await open()
  replica.hold()
  const failing = assert.rejects(store.commit(write(putA('1'))), is('Timeout', /answer was lost/))
  await turn()
  const [command] = replica.heldProposalBytes
  assert(command)
  const ahead = new Machine()
  ahead.apply({ index: 1 as LogIndex, term: 1 as Term, command: new Uint8Array(0) })
  ahead.apply({ index: 2 as LogIndex, term: 1 as Term, command })
  await replica.restore(2 as LogIndex, 1 as Term, encodeSnapshot(ahead.freeze()))
  replica.release()
  await failing
  assert.equal(machine.get('/a')?.version, 1)
  assert.equal(machine.stateHash === ahead.stateHash, false)
  await store.stop()
})

test('leadership is told from now on, and failure ends what waits', async () => {
  const { store, replica } = await open()
  const views: LeadershipView[] = []
  const end = store.onLeadership((view) => void views.push(view))
  replica.loseLeadership()
  replica.lead({ leader: 3 as MemberId, term: 2 as Term })
  end()
  replica.becomeLeader()
  assert.deepEqual(
    views.map(({ role, leader, term }) => [role, leader, term]),
    [
      ['leader', 1, 1],
      ['follower', 0, 1],
      ['follower', 3, 2],
    ],
  )
  replica.hold()
  const failed: string[] = []
  store.onFailed((error) => void failed.push(error.message))
  const writing = assert.rejects(store.commit(write(putA('1'))), is('Timeout', /disk is gone/))
  const waiting = assert.rejects(store.reached(9 as Revision, 99), is('ServiceUnavailable', /disk/))
  replica.fail(new Error('disk is gone'))
  await Promise.all([writing, waiting])
  assert.deepEqual(failed, ['disk is gone'])
  await assert.rejects(store.barrier(), is('ServiceUnavailable', /disk is gone/))
  await store.stop()
})

test('a slice wakes so many watchers at most, as each has work of its own to do then', async () => {
  const deferred: (() => void)[] = []
  const { store } = await openMemoryStore({
    clock: new ManualClock(),
    defer: (task) => void deferred.push(task),
  })
  let wakes = 0
  const most = limits.watchersWokenPerSliceMax
  for (let watcher = 0; watcher < 2 * most + 2; watcher += 1) {
    const wake = () => {
      wakes += 1
    }
    store.watch({ start: '/', end: '0', afterRevision: 1 as Revision, wake })
  }
  await store.commit(write(putA('1')))
  const seen = [wakes]
  for (let task = deferred.shift(); task; task = deferred.shift()) {
    task()
    seen.push(wakes)
  }
  assert.deepEqual(seen, [most, 2 * most, 2 * most + 2])
  await store.stop()
})

test('a crowd of watchers is woken again after a moment, a few of them at once', async () => {
  const clock = new ManualClock()
  const deferred: (() => void)[] = []
  const defer = (task: () => void) => void deferred.push(task)
  for (const watchers of [limits.watchersWokenPerSliceMax, limits.watchersWokenPerSliceMax + 1]) {
    const { store } = await openMemoryStore({ clock, defer })
    let wakes = 0
    for (let watcher = 0; watcher < watchers; watcher += 1) {
      const cursor: StoreWatcher = store.watch({
        ...{ start: '/', end: '0', afterRevision: 1 as Revision },
        wake: () => {
          wakes += 1
          while (cursor.poll(1_000).length > 0);
        },
      })
    }
    const writeOnce = async (value: string) => {
      await store.commit(write(putA(value)))
      for (const task of deferred.splice(0)) task()
    }
    await writeOnce('1')
    assert.equal(wakes, watchers)
    await writeOnce('2')
    await writeOnce('3')
    const atOnce = watchers > limits.watchersWokenPerSliceMax ? 1 : 3
    assert.equal(wakes, atOnce * watchers)
    clock.advance(limits.crowdedWakeMsMin)
    for (const task of deferred.splice(0)) task()
    assert.equal(wakes, (atOnce === 1 ? 2 : 3) * watchers, 'one wake for both events')
    await store.stop()
    assert.equal(clock.pendingTimers, 0)
  }
})

test('the longer a crowd takes to wake, the longer its next round waits, up to a limit', async () => {
  const crowd = limits.watchersWokenPerSliceMax + 1
  const { crowdedWakeMsMin, crowdedWakeMsMax } = limits
  for (const [tookMs, periodMs] of [
    [1, crowdedWakeMsMin],
    [crowdedWakeMsMin, 2 * crowdedWakeMsMin],
    [crowdedWakeMsMax, crowdedWakeMsMax],
  ] as const) {
    const deferred: (() => void)[] = []
    const clock = new ManualClock()
    const { store } = await openMemoryStore({ clock, defer: (task) => void deferred.push(task) })
    let wakes = 0
    for (let watcher = 0; watcher < crowd; watcher += 1) {
      const cursor: StoreWatcher = store.watch({
        ...{ start: '/', end: '0', afterRevision: 1 as Revision },
        wake: () => {
          wakes += 1
          while (cursor.poll(1_000).length > 0);
        },
      })
    }
    await store.commit(write(putA('1')))
    clock.advance(tookMs)
    for (const task of deferred.splice(0)) task()
    await store.commit(write(putA('2')))
    const leftMs = periodMs - tookMs
    if (leftMs > 0) clock.advance(leftMs - 0.5)
    assert.equal(wakes, leftMs > 0 ? crowd : crowd + limits.watchersWokenPerSliceMax, `${tookMs}`)
    clock.advance(0.5)
    for (const task of deferred.splice(0)) task()
    assert.equal(wakes, 2 * crowd, `${tookMs}`)
    await store.stop()
  }
})

test('watchers are woken in slices too', async () => {
  const deferred: (() => void)[] = []
  const clock = new ManualClock()
  const { store } = await openMemoryStore({ clock, defer: (task) => void deferred.push(task) })
  let wakes = 0
  for (let watcher = 0; watcher < 5; watcher += 1) {
    const wake = () => {
      wakes += 1
      clock.advance(1.5)
    }
    store.watch({ start: '/', end: '0', afterRevision: 1 as Revision, wake })
  }
  await store.commit(write(putA('1')))
  const seen = [wakes]
  for (let task = deferred.shift(); task; task = deferred.shift()) {
    task()
    seen.push(wakes)
  }
  assert.deepEqual(seen, [2, 4, 5])
  await store.stop()
})

/** What another member puts into the log: what its state was after entry `index`. */
function voteOf(member: number, index: number, hash: string): Uint8Array {
  const vote = {
    member: member as MemberId,
    index: index as LogIndex,
    version: 1,
    hash,
    asks: false,
  }
  const body = { kind: 'state hash', vote } as const
  const commands = [{ sequence: 1, fence: 0 as Term, body }]
  return encodeCommands({ session: member, floor: 1, commands })
}

test('a member tells the others what its state is, and agrees with those who have the same', async () => {
  const { store, replica, machine } = await open({
    machine: new Machine({ hashEntriesInterval: 4 }),
  })
  replica.voters = [1, 2, 3] as MemberId[]
  for (const value of ['1', '2', '3']) await store.commit(write(putA(value)))
  const hash = machine.stateHash
  await turn()
  const [vote] = decodeCommands(replica.log.at(-1)?.command ?? new Uint8Array(0)).commands
  assert.deepEqual(vote?.body, {
    kind: 'state hash',
    vote: { member: 1, index: 4, version: 1, hash, asks: false },
  })
  for (const member of [2, 3]) await replica.propose(voteOf(member, 4, hash))
  await store.commit(write(putA('4')))
  assert.equal(replica.discarded, undefined)
  await store.stop()
})

test('a member that a majority contradicts answers nothing more and gives up its data', async () => {
  const { store, replica, machine } = await open({
    machine: new Machine({ hashEntriesInterval: 4 }),
  })
  replica.voters = [1, 2, 3] as MemberId[]
  const failures: Error[] = []
  store.onFailed((error) => void failures.push(error))
  for (const value of ['1', '2', '3']) await store.commit(write(putA(value)))
  for (const member of [2, 3]) await replica.propose(voteOf(member, 4, '0123456789abcdef'))
  await assert.rejects(store.commit(write(putA('4'))), is('ServiceUnavailable', /diverged/))
  assert.match(replica.discarded ?? '', /after entry 4 its hash is .* a majority 0123456789abcdef/)
  assert.equal(failures.length, 1)
  await assert.rejects(store.barrier(), is('ServiceUnavailable', /diverged/))
  const { revision } = machine
  replica.becomeLeader()
  assert.equal(machine.revision, revision)
  await store.stop()
})

test('a snapshot is saved once a majority has confirmed the state, or after a while', async () => {
  const { store, replica, machine, clock } = await open()
  replica.voters = [1, 2, 3] as MemberId[]
  for (let at = 0; at < 110; at += 1) await store.commit(write(putA('1')))
  const [index, hash] = [machine.appliedIndex, machine.stateHash]
  replica.wantSnapshot()
  await turn()
  assert.equal(replica.snapshots.length, 0)
  await replica.propose(voteOf(2, index, hash))
  while (replica.snapshots.length === 0) await turn()
  assert.deepEqual(
    replica.snapshots.map((snapshot) => snapshot.index),
    [index],
  )
  for (let at = 0; at < 110; at += 1) await store.commit(write(putA('2')))
  replica.wantSnapshot()
  await clock.advanceAsync(5_000)
  while (replica.snapshots.length < 2) await turn()
  await store.stop()
  assert.equal(clock.pendingTimers, 0)
})
