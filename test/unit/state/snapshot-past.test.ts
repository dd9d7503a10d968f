import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Revision } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import { isStatus } from '../../../src/base/status.ts'
import type { StoreEvent, StoreWatcher } from '../../../src/state/cluster-store.ts'
import { type CommandBody, encodeCommands } from '../../../src/state/command.ts'
import { endOfKeys } from '../../../src/state/keys.ts'
import { Machine, type MachineOptions } from '../../../src/state/machine.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../src/state/snapshot/snapshot.ts'
import { anyCommand, deleteOf, feed, LogFeeder, plain, putOf, ranges } from './arbitrary.ts'

async function install(source: Machine, target: Machine): Promise<void> {
  const { state, store } = await decodeSnapshot(encodeSnapshot(source.freeze()))
  target.replace(state, store)
}

async function restartOf(source: Machine, options?: MachineOptions): Promise<Machine> {
  const machine = new Machine(options)
  await install(source, machine)
  return machine
}

function plainEvent({ type, revision, key, current, previous }: StoreEvent): unknown {
  return { type, revision, key, current: plain(current), previous: plain(previous) }
}

function watch(machine: Machine, after: number, [start, end] = ['', endOfKeys], wake = () => {}) {
  return machine.watch({ start, end, afterRevision: after as Revision, wake })
}

function told(watcher: StoreWatcher): unknown[] {
  return watcher.poll(Number.POSITIVE_INFINITY).map(plainEvent)
}

/** Every past that `machine` can read, and every watch that it can begin, is as `original` has it. */
function checkSamePast(machine: Machine, original: Machine, floor: number): void {
  assert.equal(machine.revision, original.revision)
  for (let at = machine.compactedRevision; at <= machine.revision; at += 1) {
    const revision = at as Revision
    assert.equal(machine.hashAt(revision), original.hashAt(revision))
    for (const [start, end] of ranges) {
      const items = (one: Machine) => one.range(start, end, { revision }).items.map(plain)
      assert.deepEqual(items(machine), items(original), `${start} at ${revision}`)
      assert.equal(machine.count(start, end, revision), original.count(start, end, revision))
    }
  }
  for (let after = floor; after <= machine.revision; after += 1)
    for (const range of ranges)
      assert.deepEqual(
        told(watch(machine, after, [...range])),
        told(watch(original, after, [...range])),
      )
}

/** The same log for several members, each as far as it is. */
class SharedLog {
  readonly #commands: Uint8Array[] = []

  write(body: CommandBody): void {
    const sequence = this.#commands.length + 1
    const one = { sequence, fence: 0, body }
    this.#commands.push(encodeCommands({ session: 1, floor: sequence, commands: [one] }))
  }

  feed(machine: Machine, upTo = this.#commands.length): void {
    while (machine.appliedIndex < upTo)
      feed(machine, this.#commands[machine.appliedIndex] ?? new Uint8Array(0))
  }
}

test('a member that was restarted again and again has the past of one that never was', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyCommand, { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
      async (lives) => {
        const [original, log] = [new Machine(), new SharedLog()]
        let machine = new Machine()
        for (const life of lives) {
          for (const command of life) log.write(command)
          for (const one of [original, machine]) log.feed(one)
          machine = await restartOf(machine)
          assert.equal(machine.stateHash, original.stateHash)
          assert.equal(machine.compactedRevision, original.compactedRevision)
          // A watch may begin one revision before what is compacted: its own events are kept.
          checkSamePast(machine, original, Math.max(1, original.compactedRevision - 1))
        }
      },
    ),
    { numRuns: 40 },
  )
})

test('a snapshot tells of as many whole revisions as its limits have room for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyCommand, { minLength: 4, maxLength: 30 }),
      fc.nat(20),
      fc.nat(6_000),
      async (commands, eventsMax, bytesMax) => {
        const original = new Machine({ snapshotHistory: { eventsMax, bytesMax } })
        const log = new SharedLog()
        for (const command of commands) log.write(command)
        log.feed(original)
        const { past } = original.freeze()
        const { since, events } = original.freezeHistory().past
        const told = events.filter(({ revision }) => revision > past.since)
        assert.ok(past.events.length <= eventsMax)
        assert.ok(past.events.every(({ revision }) => revision > past.since))
        assert.deepEqual(
          past.events.filter(({ revision }) => revision > since),
          told,
        )
        const machine = await restartOf(original)
        assert.equal(machine.compactedRevision, Math.max(past.since, original.compactedRevision))
        checkSamePast(machine, original, past.since)
        assert.throws(() => watch(machine, past.since - 1), /too old/)
      },
    ),
  )
})

test('watchers of a member that installs a snapshot get what they lack, or expire', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyCommand, { minLength: 10, maxLength: 30 }),
      fc.nat(12),
      fc.oneof(fc.nat(4), fc.nat(30)),
      fc.array(fc.tuple(fc.constantFrom(...ranges), fc.nat(15), fc.nat(3)), { minLength: 1 }),
      async (commands, behindAt, eventsMax, places) => {
        const bytesMax = 1 << 20
        const [behind, log] = [new Machine(), new SharedLog()]
        const ahead = new Machine({ snapshotHistory: { eventsMax, bytesMax } })
        for (const command of commands) log.write(command)
        log.feed(ahead)
        log.feed(behind, Math.min(behindAt, commands.length))
        const clients = places.flatMap(([range, after, polls]) => {
          if (after < behind.compactedRevision) return []
          let wakes = 0
          const watcher = watch(behind, after, [...range], () => {
            wakes += 1
          })
          let waits = false
          for (let poll = 0; poll < polls; poll += 1) waits = watcher.poll(1).length === 0
          return [{ range, watcher, waits, wakes: () => wakes, progress: watcher.progress }]
        })
        while (behind.wakeNext('few'));
        const { since } = ahead.freeze().past
        await install(ahead, behind)
        while (behind.wakeNext('few'));
        for (const { range, watcher, waits, wakes, progress } of clients) {
          if (progress < since) {
            assert.throws(
              () => watcher.poll(1),
              (error) => isStatus(error, 'Expired'),
            )
            if (waits) assert.equal(wakes(), 1)
            continue
          }
          // A new watch at the other member, from where this one was.
          const expected = told(watch(ahead, progress, [...range]))
          if (waits) assert.equal(wakes(), expected.length > 0 ? 1 : 0)
          assert.deepEqual(told(watcher), expected)
          assert.equal(watcher.progress, Math.max(progress, behind.revision))
        }
      },
    ),
  )
})

test('a new watch on a member with an older one gets each event of a restored past once', async () => {
  const [ahead, behind] = [new Machine(), new Machine()]
  for (const machine of [ahead, behind]) new LogFeeder(machine).txn(putOf('/a/b/c/d', '1'))
  const own = watch(behind, 2, ['/a/b/c/d', '/a/b/c/d\0'])
  const log = new LogFeeder(ahead, 2)
  for (const value of ['2', '3']) log.txn(putOf('/a/b/c/d', value))
  await install(ahead, behind)
  for (const after of [1, 2, 3])
    for (const range of [
      ['/a/b/c/d', '/a/b/c/d\0'],
      ['/a/b/c/', '/a/b/c0'],
      ['', endOfKeys],
    ])
      assert.deepEqual(
        watch(behind, after, range as [string, string])
          .poll(99)
          .map(({ revision }) => revision),
        [2, 3, 4].filter((revision) => revision > after),
      )
  assert.equal(told(own).length, 2)
})

test('a read of a restored past undoes no more events than any other one', async () => {
  const original = new Machine()
  const log = new LogFeeder(original)
  for (let write = 0; write < 110; write += 1)
    log.txn(...Array.from({ length: 100 }, (_, at) => putOf(`/registry/a/b/${at}`, `${write}`)))
  for (let at = 0; at < 100; at += 2) log.txn(deleteOf(`/registry/a/b/${at}`))
  const { state } = await decodeSnapshot(encodeSnapshot(original.freeze()))
  const { checkpoints, events } = state.past
  assert.equal(events.length, 11_050)
  assert.equal(checkpoints.at(-1)?.revision, original.revision)
  assert.equal(checkpoints.length, 2)
  const between = events.filter(({ revision }) => revision > (checkpoints[0]?.revision ?? 0))
  assert.ok(between.length >= limits.historyCheckpointEvents)
  assert.ok(between.length < limits.historyCheckpointEvents + 100)
  const machine = await restartOf(original)
  for (const at of [2, 20, 40, 90, 111, 130]) {
    const revision = at as Revision
    const items = (one: Machine) => one.range('', endOfKeys, { revision }).items.map(plain)
    assert.deepEqual(items(machine), items(original))
    assert.equal(machine.hashAt(revision), original.hashAt(revision))
  }
})

test('a restored past is cut by a compaction, and makes room for what comes', async () => {
  const original = new Machine()
  const log = new LogFeeder(original)
  for (let write = 0; write < 20; write += 1) log.txn(putOf('/a', `${write}`))
  const machine = await restartOf(original, { window: { eventsMax: 8, bytesMax: 1 << 20 } })
  assert.equal(machine.size.historyEvents, 8)
  assert.throws(() => watch(machine, 12), /too old/)
  const slow = watch(machine, 13)
  const rest = new LogFeeder(machine, 2)
  rest.compact(18)
  assert.throws(() => slow.poll(1), /too old/)
  assert.deepEqual(told(watch(machine, 17)).length, 4)
  rest.txn(putOf('/a', 'more'))
  assert.equal(machine.get('/a', 20 as Revision)?.version, 19)
})

test('a past that is cut, changed or does not fit its state is refused', async () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  for (let write = 0; write < 3; write += 1) log.txn(putOf('/a', `value ${write}`))
  const frozen = machine.freeze()
  const decoded = async (past: Partial<typeof frozen.past>, edit = (whole: Buffer) => whole) => {
    const blocks: Uint8Array[] = []
    for await (const block of encodeSnapshot({ ...frozen, past: { ...frozen.past, ...past } }))
      blocks.push(block)
    const whole = edit(Buffer.concat(blocks))
    await decodeSnapshot(
      (async function* () {
        yield whole
      })(),
    )
  }
  const { events } = frozen.past
  await decoded({})
  await assert.rejects(decoded({ events: events.slice(1) }), /goes back to where it says/)
  await assert.rejects(decoded({ events: events.slice(0, -1) }), /the newest event comes first/)
  await assert.rejects(decoded({ events: events.toSpliced(1, 1) }), /every revision has its events/)
  await assert.rejects(decoded({ since: 2 as Revision }), /goes back to where it says/)
  const changed = (whole: Buffer) => {
    whole.write('VALUE', whole.lastIndexOf('value'))
    return whole
  }
  await assert.rejects(decoded({}, changed), /a past is whole and unchanged/)
  const trailer = (whole: Buffer) => whole.lastIndexOf(Buffer.of(0x93, 7, events.length)) - 4
  const cut = (whole: Buffer) => whole.subarray(0, trailer(whole))
  await assert.rejects(decoded({}, cut), /the past in a snapshot ends with its trailer/)
  const doubled = (whole: Buffer) => Buffer.concat([whole, whole.subarray(trailer(whole))])
  await assert.rejects(decoded({}, doubled), /nothing follows the trailer/)
})
