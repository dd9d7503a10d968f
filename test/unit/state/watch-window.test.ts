import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Revision } from '../../../src/base/brand.ts'
import { isStatus } from '../../../src/base/status.ts'
import type { StoreEvent, StoreWatcher, Txn } from '../../../src/state/cluster-store.ts'
import { StoreError } from '../../../src/state/errors.ts'
import { Machine } from '../../../src/state/machine.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../src/state/snapshot/snapshot.ts'
import { checkTxn } from '../../../src/state/txn-check.ts'
import { anyRange, anyTxn, deleteOf, LogFeeder, plain, putOf } from './arbitrary.ts'
import { NaiveStore } from './naive-store.ts'

/** One watcher and everything it was told. */
interface Client {
  readonly start: string
  readonly end: string
  readonly after: Revision
  readonly watcher: StoreWatcher
  readonly told: StoreEvent[]
  wakes: number
  lastPollEmpty: boolean
}

/**
 * A store under watch beside the naive one. After each step every client is held against the nine
 * properties of etcd's watch (docs: learning/api_guarantees; tests/robustness/validate/watch.go).
 */
class WatchedStore {
  readonly machine: Machine
  readonly naive = new NaiveStore()
  readonly log: LogFeeder
  readonly clients: Client[] = []
  compacted = 0

  constructor(eventsMax: number) {
    this.machine = new Machine({ window: { eventsMax, bytesMax: 1_000_000 } })
    this.log = new LogFeeder(this.machine)
  }

  write(txn: Txn): void {
    this.log.apply({ kind: 'txn', txn })
    if (!checkTxn(txn)) this.naive.apply(txn)
    this.wakeAll()
  }

  wakeAll(): void {
    while (this.machine.wakeNext('few'));
  }

  compact(revision: number): void {
    this.log.compact(revision)
    this.naive.compact(revision)
    this.compacted = Math.max(this.compacted, revision)
  }

  open(start: string, end: string, after: Revision): void {
    const client = { start, end, after, told: [] as StoreEvent[], wakes: 0, lastPollEmpty: false }
    const wake = () => {
      full.wakes += 1
      assert(full.lastPollEmpty, 'a wake follows an empty poll')
      assert(this.next(full), 'a wake means something to read')
      full.lastPollEmpty = false
    }
    try {
      const watcher = this.machine.watch({ start, end, afterRevision: after, wake })
      Object.assign(client, { watcher })
    } catch (error) {
      assert(isStatus(error, 'Expired'))
      assert(after < this.machine.compactedRevision, 'only what is too old expires')
      return
    }
    const full = client as unknown as Client
    full.lastPollEmpty = this.expected(full).length === 0
    this.clients.push(full)
  }

  close(client: Client): void {
    client.watcher.close()
    this.clients.splice(this.clients.indexOf(client), 1)
  }

  expected(client: Client): StoreEvent[] {
    return this.naive.events.filter(
      ({ key, revision }) => client.start <= key && key < client.end && revision > client.after,
    )
  }

  next(client: Client): StoreEvent | undefined {
    return this.expected(client)[client.told.length]
  }

  poll(client: Client, bytesMax: number): void {
    const lost = this.next(client)
    let events: readonly StoreEvent[]
    try {
      events = client.watcher.poll(bytesMax)
    } catch (error) {
      assert(isStatus(error, 'Expired'), String(error))
      assert(lost && lost.revision <= this.machine.compactedRevision, 'expires only by a loss')
      this.close(client)
      return
    }
    client.lastPollEmpty = events.length === 0
    client.told.push(...events)
    this.check(client)
  }

  check(client: Client): void {
    const expected = this.expected(client)
    const { told, watcher } = client
    // Filter, ordered, unique, reliable, resumable, previous value: the very events, from the start.
    assert.deepEqual(told.map(plainEvent), expected.slice(0, told.length).map(plainEvent))
    for (const event of told) {
      // Is-create: a first version has no past.
      if (event.type === 'put') {
        assert.equal(event.previous === undefined, event.current.version === 1)
      }
    }
    // Atomic: a poll never ends within a revision.
    assert.notEqual(expected[told.length]?.revision, told.at(-1)?.revision ?? -1)
    // Bookmarkable: nothing up to `progress` is still to come, and nothing beyond was told.
    const next = expected[told.length]
    assert(next === undefined || next.revision > watcher.progress)
    assert((told.at(-1)?.revision ?? 0) <= watcher.progress)
    assert(watcher.progress <= Math.max(this.machine.revision, client.after))
  }

  drain(): void {
    for (const client of [...this.clients]) {
      do this.poll(client, 20)
      while (this.clients.includes(client) && !client.lastPollEmpty)
      if (!this.clients.includes(client)) continue
      assert.equal(client.told.length, this.expected(client).length, 'reliable: all of it comes')
      client.watcher.close()
    }
  }
}

function plainEvent(event: StoreEvent): unknown {
  return { ...event, current: plain(event.current), previous: plain(event.previous) }
}

type Step =
  | { readonly kind: 'write'; readonly txn: Txn }
  | { readonly kind: 'open'; readonly range: readonly [string, string]; readonly back: number }
  | { readonly kind: 'poll'; readonly which: number; readonly bytesMax: number }
  | { readonly kind: 'close'; readonly which: number }
  | { readonly kind: 'compact'; readonly back: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), txn: anyTxn }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      range: anyRange,
      back: fc.integer({ min: -3, max: 6 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('poll' as const),
      which: fc.nat(9),
      bytesMax: fc.nat(30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), back: fc.nat(5) }) },
)

function run(store: WatchedStore, step: Step): void {
  const revision = store.machine.revision
  switch (step.kind) {
    case 'write':
      store.write(step.txn)
      break
    case 'open':
      store.open(...step.range, Math.max(0, revision - step.back) as Revision)
      break
    case 'compact':
      store.compact(revision - step.back)
      break
    default: {
      const client = store.clients[step.which % Math.max(1, store.clients.length)]
      if (client && step.kind === 'poll') store.poll(client, step.bytesMax)
      else if (client) store.close(client)
    }
  }
}

test('watchers get every event of their range once, in order, in whole revisions', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 60, size: 'max' }),
      fc.constantFrom(1000, 6),
      (steps, eventsMax) => {
        const store = new WatchedStore(eventsMax)
        for (const step of steps) run(store, step)
        store.drain()
      },
    ),
    { numRuns: 600 },
  )
})

const [podStart, podEnd] = ['/registry/core/pods/', '/registry/core/pods0']
const podKey = '/registry/core/pods/ns1/a'

function watchPods(machine: Machine, after: number, wake = () => {}): StoreWatcher {
  return machine.watch({ start: podStart, end: podEnd, afterRevision: after as Revision, wake })
}

test('compaction at a deletion keeps the deletion for a watch that starts there', () => {
  for (const compactFirst of [true, false]) {
    const machine = new Machine()
    const log = new LogFeeder(machine)
    log.txn(putOf(podKey, '1'))
    log.txn(deleteOf(podKey))
    const early = compactFirst ? undefined : watchPods(machine, 2)
    log.compact(3)
    const watcher = early ?? watchPods(machine, 2)
    assert.deepEqual(
      watcher.poll(1000).map(({ type, revision }) => [type, revision]),
      [['delete', 3]],
    )
  }
})

test('a slow watcher is told of its loss, an idle one of other keys goes on', () => {
  const machine = new Machine({ window: { eventsMax: 10, bytesMax: 1_000_000 } })
  const log = new LogFeeder(machine)
  log.txn(putOf('/registry/core/secrets/ns1/a', '1'))
  const slow = watchPods(machine, 2)
  const idle = machine.watch({
    start: '/registry/core/secrets/',
    end: '/registry/core/secrets0',
    afterRevision: 2 as Revision,
    wake: () => {},
  })
  for (let write = 0; write < 50; write += 1) log.txn(putOf(podKey, `${write}`))
  assert.throws(() => slow.poll(1000), /too old resource version: 2 \(42\)/)
  const lost = refusalOf(() => slow.poll(1000))
  assert.equal(lost?.resumeRevision, 43)
  assert.equal(watchPods(machine, 42).poll(1).length, 1)
  assert.deepEqual(idle.poll(1000), [])
  assert.equal(idle.progress, machine.revision)
  log.txn(putOf('/registry/core/secrets/ns1/a', '2'))
  assert.equal(idle.poll(1000).length, 1)
})

test('a watcher that skips deletions is not woken by them and loses nothing when they go', () => {
  const machine = new Machine({ window: { eventsMax: 4, bytesMax: 1_000_000 } })
  const log = new LogFeeder(machine)
  let wakes = 0
  const watcher = machine.watch({
    ...{ start: podKey, end: `${podKey}\0`, afterRevision: 1 as Revision, skips: ['delete'] },
    wake: () => {
      wakes += 1
    },
  })
  log.txn(putOf(podKey, '1'))
  while (machine.wakeNext('few'));
  assert.equal(watcher.poll(1000).length, 1)
  assert.equal(watcher.poll(1000).length, 0)
  log.txn(deleteOf(podKey))
  for (let write = 0; write < 9; write += 1) log.txn(putOf('/other', `${write}`))
  while (machine.wakeNext('few'));
  assert.deepEqual([wakes, watcher.poll(1000), watcher.progress], [1, [], machine.revision])
  log.txn(putOf(podKey, '2'))
  while (machine.wakeNext('few'));
  assert.deepEqual([wakes, watcher.poll(1000).map(({ revision }) => revision)], [2, [13]])
})

function refusalOf(run: () => unknown): StoreError | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    assert(error instanceof StoreError)
    return error
  }
}

test('a huge compaction is worked off in parts and hides what is left at once', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  for (let write = 0; write < 5000; write += 1) log.txn(putOf(podKey, `${write}`))
  const slow = watchPods(machine, 4000)
  log.compact(5001)
  assert(machine.size.historyEvents > 4000, 'one apply does not drop them all')
  assert.throws(() => slow.poll(1), /too old/)
  assert.deepEqual(
    watchPods(machine, 5000)
      .poll(1000)
      .map((event) => event.revision),
    [5001],
  )
  for (let write = 0; write < 400; write += 1) log.txn(putOf(podKey, `${write}`))
  assert(machine.size.historyEvents <= 402)
})

async function restoredFrom(source: Machine, target: Machine): Promise<void> {
  const { state, store } = await decodeSnapshot(encodeSnapshot(source.freeze()))
  target.replace(state, store)
}

test('after a snapshot without a past is installed no watcher skips or goes back', async () => {
  const ahead = new Machine({ snapshotHistory: { eventsMax: 0, bytesMax: 0 } })
  const behind = new Machine()
  const logs = [new LogFeeder(ahead), new LogFeeder(behind)] as const
  for (const log of logs) log.txn(putOf(podKey, '1'))
  let wakes = 0
  const waiting = watchPods(behind, 2, () => {
    wakes += 1
  })
  assert.deepEqual(waiting.poll(1000), [])
  const future = watchPods(behind, 4)
  logs[0].txn(putOf(podKey, '2'))
  logs[0].txn(deleteOf(podKey))
  await restoredFrom(ahead, behind)
  while (behind.wakeNext('few'));
  assert.equal(wakes, 1)
  assert.throws(() => waiting.poll(1000), /too old resource version: 2 \(4\)/)
  assert.throws(() => watchPods(behind, 3), /too old resource version: 3 \(4\)/)
  new LogFeeder(behind, 2).txn(putOf(podKey, '3'))
  assert.deepEqual(
    future.poll(1000).map((event) => event.revision),
    [5],
  )
  assert.equal(behind.get(podKey)?.version, 1)
  // Two snapshots one after the other.
  new LogFeeder(ahead, 2).txn(putOf(podKey, '3'))
  await restoredFrom(ahead, behind)
  await restoredFrom(ahead, behind)
  assert.deepEqual(future.poll(1000), [])
  assert.equal(future.progress, 5)
})

test('an event is looked at by its own watchers only', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  const woken: number[] = []
  const watchers = Array.from({ length: 2000 }, (_, at) => {
    const start = `/registry/core/secrets/ns${at}/`
    const end = `/registry/core/secrets/ns${at}0`
    const wake = () => void woken.push(at)
    return machine.watch({ start, end, afterRevision: 1 as Revision, wake })
  })
  log.txn(putOf('/registry/core/secrets/ns77/a', '1'))
  while (machine.wakeNext('few'));
  assert.deepEqual(woken, [77])
  assert.equal(watchers[77]?.poll(1000).length, 1)
  assert.equal(watchers[78]?.poll(1000).length, 0)
  assert.equal(watchers[78]?.progress, 2)
})
