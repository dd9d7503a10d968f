import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LogIndex, Revision, Term } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import { isStatus } from '../../../src/base/status.ts'
import { encodeCommands } from '../../../src/state/command.ts'
import { type AppliedResult, Machine } from '../../../src/state/machine.ts'
import { anyCommand, deleteOf, feed, LogFeeder, plain, plainOutcomes, putOf } from './arbitrary.ts'
import { NaiveStore } from './naive-store.ts'

test('machine reads the past across checkpoints', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  const naive = new NaiveStore()
  const checked: number[] = []
  for (let step = 0; naive.events.length < 2.2 * limits.historyCheckpointEvents; step += 1) {
    const operations = Array.from({ length: 30 }, (_, at) => {
      const key = `/registry/core/pods/ns/${(step * 17 + at * 3) % 90}`
      return (step + at) % 4 === 0 ? deleteOf(key) : putOf(key, `${step}`)
    })
    const txn = { compares: [], success: operations, failure: [] }
    log.apply({ kind: 'txn', txn })
    naive.apply(txn)
    if (step % 50 === 0) checked.push(naive.revision)
  }
  const [start, end] = ['/registry/core/pods/', '/registry/core/pods0']
  for (const revision of checked as Revision[]) {
    const found = machine.range(start, end, { revision }).items
    assert.deepEqual(found.map(plain), naive.range(start, end, revision).map(plain))
    assert.equal(machine.count(start, end, revision), found.length)
  }
})

test('machines that apply the same entries have the same hash, others another', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 1, maxLength: 20 }), (commands) => {
      const machines = [new Machine(), new Machine({ window: { eventsMax: 3, bytesMax: 9999 } })]
      const logs = machines.map((machine) => new LogFeeder(machine))
      for (const command of commands) {
        const results = logs.map((log) => log.apply(command))
        // How far back it can read is a member's own affair: it shows in answers, never in the state.
        if (!readsLostPast(results[1])) {
          assert.deepEqual(...(results.map(plainOutcomes) as [unknown, unknown]))
        }
        assert.equal(machines[0]?.stateHash, machines[1]?.stateHash)
      }
      const before = machines[0]?.stateHash
      logs[0]?.txn(putOf('/more', 'x'))
      logs[1]?.txn(putOf('/more', 'y'))
      assert.notEqual(machines[0]?.stateHash, before)
      assert.notEqual(machines[0]?.stateHash, machines[1]?.stateHash)
    }),
  )
})

function readsLostPast(result: AppliedResult | undefined): boolean {
  const answer = result?.outcomes[0]?.answer
  if (answer?.kind === 'answer lost') return true
  return answer?.kind === 'refused' && isStatus(answer.error, 'Expired')
}

function putCommand(sequence: number, options: { floor?: number; fence?: number } = {}) {
  return {
    session: 7,
    floor: options.floor ?? 1,
    commands: [
      {
        sequence,
        fence: (options.fence ?? 0) as Term,
        body: {
          kind: 'txn' as const,
          txn: { compares: [], success: [putOf('/a', `${sequence}`)], failure: [] },
        },
      },
    ],
  }
}

function kindOf(machine: Machine, ...args: Parameters<typeof putCommand>): string | undefined {
  return feed(machine, encodeCommands(putCommand(...args))).outcomes[0]?.answer.kind
}

test('machine applies a command once, however often it is in the log', () => {
  const machine = new Machine()
  const kinds = [1, 1, 3, 2, 3, 2, 1].map((sequence) => kindOf(machine, sequence))
  assert.deepEqual(kinds, ['done', 'duplicate', 'done', 'done', ...Array(3).fill('duplicate')])
  assert.equal(machine.revision, 4)
})

test('machine takes what is below the floor for finished', () => {
  const machine = new Machine()
  assert.equal(kindOf(machine, 9, { floor: 5 }), 'done')
  assert.equal(kindOf(machine, 4), 'duplicate')
  assert.equal(kindOf(machine, 5), 'done')
})

test('machine bounds what it remembers of a session and how many sessions', () => {
  const machine = new Machine()
  const far = limits.dedupeCommandsPerSessionMax
  assert.equal(kindOf(machine, far), 'done')
  assert.equal(kindOf(machine, far + 1), 'refused')
  assert.equal(kindOf(machine, far + 1, { floor: 2 }), 'done')
  for (let session = 100; session < 100 + 2 * limits.dedupeSessionsMax; session += 1) {
    new LogFeeder(machine, session).txn(putOf('/a', ''))
  }
  assert.equal(machine.freeze().sessions.length, limits.dedupeSessionsMax)
})

test('machine refuses a write fenced by another term, and remembers that it did', () => {
  const machine = new Machine()
  const fenced = (sequence: number, fence: number, term: number) => {
    const answer = feed(machine, encodeCommands(putCommand(sequence, { fence })), term)
    return answer.outcomes[0]?.answer
  }
  assert.equal(fenced(1, 3, 3)?.kind, 'done')
  const stale = fenced(2, 3, 4)
  assert(stale?.kind === 'refused' && isStatus(stale.error, 'Conflict'))
  assert.equal(fenced(2, 4, 4)?.kind, 'duplicate')
  assert.equal(machine.revision, 2)
})

test('machine refuses to grow over its limit, and takes deletions then', () => {
  const machine = new Machine({ storeBytesMax: 1000 })
  const log = new LogFeeder(machine)
  assert.equal(log.txn(putOf('/a', Buffer.alloc(900))).outcomes[0]?.answer.kind, 'done')
  const full = log.txn(putOf('/b', Buffer.alloc(200))).outcomes[0]?.answer
  assert(full?.kind === 'refused' && isStatus(full.error, 'ServiceUnavailable'))
  assert.equal(log.txn(deleteOf('/a')).outcomes[0]?.answer.kind, 'done')
  assert.equal(log.txn(putOf('/b', Buffer.alloc(200))).outcomes[0]?.answer.kind, 'done')
})

test('machine refuses to compact the future or twice', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  log.txn(putOf('/a', '1'))
  const kinds = [3, 2, 2, 1].map((revision) => log.compact(revision).outcomes[0]?.answer.kind)
  assert.deepEqual(kinds, ['refused', 'done', 'refused', 'refused'])
})

test('machine dies on a gap in the log', () => {
  const machine = new Machine()
  const entry = { index: 2 as LogIndex, term: 1 as Term, command: new Uint8Array(0) }
  assert.throws(() => machine.apply(entry), /entry 2 follows 0/)
})

test('machine keeps no memory of overwritten values beyond its history', () => {
  const machine = new Machine({ window: { eventsMax: 100, bytesMax: 1_000_000 } })
  const log = new LogFeeder(machine)
  for (let round = 0; round < 3000; round += 1) log.txn(putOf('/a', `${round}`))
  assert.equal(machine.size.historyEvents, 100)
  assert.equal(machine.size.bytes, '/a2999'.length)
  assert.equal(machine.compactedRevision, machine.revision - 100)
  const oldest = (machine.revision - 100) as Revision
  assert.deepEqual(plain(machine.get('/a', oldest)), {
    ...(plain(machine.get('/a')) as object),
    value: '2899',
    version: 2900,
    modRevision: oldest,
  })
})
