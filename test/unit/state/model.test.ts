import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Revision, Term } from '../../../src/base/brand.ts'
import { limits } from '../../../src/base/limits.ts'
import type { TxnResult } from '../../../src/state/cluster-store.ts'
import type { CommandBody } from '../../../src/state/command.ts'
import { StoreError } from '../../../src/state/errors.ts'
import { type CommandAnswer, Machine } from '../../../src/state/machine.ts'
import { checkTxn } from '../../../src/state/txn-check.ts'
import {
  anyCommand,
  anyRange,
  anyRead,
  LogFeeder,
  plain,
  plainRange,
  plainResult,
} from './arbitrary.ts'
import { NaiveStore } from './naive-store.ts'

const anySkips = fc.constantFrom<('put' | 'delete')[][]>([], [], ['put'], ['delete'])

/** What the naive store says of a command: the name of its refusal, or its result. */
function expectedOf(naive: NaiveStore, body: CommandBody): TxnResult | string {
  switch (body.kind) {
    case 'txn':
      return checkTxn(body.txn)?.refusal ?? naive.apply(body.txn)
    case 'compact':
      return naive.compact(body.revision) ?? doneAt(naive)
    case 'lease grant':
      return naive.grant(body.id) ?? doneAt(naive)
    case 'lease keep alive':
      return naive.keepAlive(body.id) ?? doneAt(naive)
    case 'lease revoke':
      return naive.revoke(body.id) ?? doneAt(naive)
    case 'lease expire':
      return naive.revoke(body.id, body.renewals) ?? doneAt(naive)
    case 'state hash':
      return doneAt(naive)
  }
}

function doneAt(naive: NaiveStore): TxnResult {
  return { succeeded: true, revision: naive.revision, responses: [] }
}

function plainAnswer(answer: CommandAnswer | undefined): unknown {
  assert(answer)
  if (answer.kind === 'done') return plainResult(answer.result)
  assert(answer.error instanceof StoreError)
  return answer.error.refusal
}

function apply(machine: Machine, naive: NaiveStore, log: LogFeeder, body: CommandBody): void {
  const [outcome] = log.apply(body).outcomes
  const expected = expectedOf(naive, body)
  const plainExpected = typeof expected === 'string' ? expected : plainResult(expected)
  assert.deepEqual(plainAnswer(outcome?.answer), plainExpected)
  assert.equal(machine.revision, naive.revision)
}

test('machine answers every command as the naive store does', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 30 }), (commands) => {
      const machine = new Machine()
      const log = new LogFeeder(machine)
      const naive = new NaiveStore()
      for (const body of commands) apply(machine, naive, log, body)
      assert.deepEqual(
        machine.leaseIds,
        [...naive.leases.keys()].sort((a, b) => (a < b ? -1 : 1)),
      )
      for (const id of machine.leaseIds) {
        const keys = naive.range('', '\u0100').filter(({ lease }) => lease === id)
        assert.deepEqual(
          [...(machine.lease(id)?.keys ?? [])].sort(),
          keys.map(({ key }) => key),
        )
      }
    }),
    { numRuns: 200 },
  )
})

test('machine reads every revision as the naive store does', () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand, { maxLength: 25 }),
      anyRange,
      fc.nat(4),
      anyRead,
      (commands, [start, end], limit, read) => {
        const machine = new Machine()
        const log = new LogFeeder(machine)
        const naive = new NaiveStore()
        for (const body of commands) apply(machine, naive, log, body)
        const first = Math.max(naive.compacted, 1) as Revision
        for (let revision = first; revision <= naive.revision; revision += 1) {
          const all = naive.range(start, end, revision)
          const expected = limit > 0 ? all.slice(0, limit) : all
          const found = machine.range(start, end, { revision, limit })
          assert.deepEqual(found.items.map(plain), expected.map(plain))
          assert.equal(found.more, expected.length < all.length)
          assert.equal(machine.count(start, end, revision), all.length)
          assert.deepEqual(
            plain(machine.get(start, revision)),
            plain(naive.at(revision).get(start)),
          )
          const range = { ...read, revision }
          const answer = naive.read(range)
          assert(typeof answer !== 'string')
          assert.deepEqual(plainRange(machine.read(range)), plainRange(answer))
        }
      },
    ),
    { numRuns: 100 },
  )
})

test('a watch from every retained revision gets the events that the naive store kept', () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand, { maxLength: 20 }),
      anyRange,
      anySkips,
      (commands, range, skips) => {
        const [start, end] = range
        const machine = new Machine()
        const log = new LogFeeder(machine)
        const naive = new NaiveStore()
        for (const body of commands) apply(machine, naive, log, body)
        for (let after = Math.max(1, naive.compacted - 1); after <= naive.revision; after += 1) {
          const afterRevision = after as Revision
          const watcher = machine.watch({ start, end, afterRevision, skips, wake() {} })
          const events = watcher.poll(Number.POSITIVE_INFINITY)
          const expected = naive.events.filter(
            ({ key, revision, type }) =>
              revision > after && start <= key && key < end && !skips.includes(type),
          )
          assert.deepEqual(
            events.map(({ type, key, revision }) => [type, key, revision]),
            expected.map(({ type, key, revision }) => [type, key, revision]),
          )
          assert.deepEqual(
            events.map(({ current, previous }) => [plain(current), plain(previous)]),
            expected.map(({ current, previous }) => [plain(current), plain(previous)]),
          )
          watcher.close()
        }
      },
    ),
  )
})

test('members agree on the hash of every revision, however they came to it', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 1, maxLength: 20 }), (commands) => {
      const machine = new Machine()
      const log = new LogFeeder(machine)
      const then = new Map([[machine.revision, machine.hashAt()]])
      for (const body of commands) {
        log.apply(body)
        then.set(machine.revision, machine.hashAt())
      }
      for (const [revision, hash] of then) {
        if (revision >= machine.compactedRevision) assert.equal(machine.hashAt(revision), hash)
      }
      assert.equal(new Set(then.values()).size, then.size)
    }),
  )
})

test('a transaction that reads a past this member has lost is applied all the same', () => {
  const machines = [new Machine(), new Machine({ window: { eventsMax: 2, bytesMax: 9_999 } })]
  const put = (value: string) =>
    ({ op: 'put', key: '/a', value: Buffer.from(value), revisionOffset: -1 }) as const
  const past = { op: 'range', key: '/a', revision: 2 as Revision } as const
  const kinds = machines.map((machine) => {
    const log = new LogFeeder(machine)
    for (const value of ['1', '2', '3', '4']) log.txn(put(value))
    const answers = [log.txn(past, put('5')), log.txn(past)]
    return answers.map(({ outcomes }) => outcomes[0]?.answer.kind)
  })
  assert.deepEqual(kinds, [
    ['done', 'done'],
    ['answer lost', 'refused'],
  ])
  assert.equal(machines[0]?.stateHash, machines[1]?.stateHash)
  assert.equal(machines[1]?.revision, 6)
})

test('every member chooses the same id for a lease, and never one that is taken', () => {
  const [one, other] = [new Machine(), new Machine()]
  const logs = [new LogFeeder(one, 5), new LogFeeder(other, 5)]
  for (let round = 0; round < 20; round += 1) {
    for (const log of logs) log.apply({ kind: 'lease grant', id: 0, ttlSeconds: 9 })
  }
  assert.deepEqual(one.leaseIds, other.leaseIds)
  assert.equal(new Set(one.leaseIds).size, 20)
  assert(one.leaseIds.every((id) => Number.isSafeInteger(id) && id > 0))
})

test('a lease runs out by the time of this member, and a renewal that came first wins', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  const at = (nowMs: number, body: CommandBody) => log.apply(body, nowMs).outcomes[0]?.answer.kind
  at(1_000, { kind: 'lease grant', id: 7, ttlSeconds: 10 })
  assert.deepEqual(machine.expiredLeases(10_999), [])
  const [ran] = machine.expiredLeases(11_000)
  assert.deepEqual([ran?.id, ran?.renewals], [7, 0])
  assert.equal(at(11_500, { kind: 'lease keep alive', id: 7 }), 'done')
  assert.equal(at(11_501, { kind: 'lease expire', id: 7, renewals: 0 }), 'refused')
  assert.equal(machine.leaseRemainingMs(7, 12_000), 9_500)
  machine.extendLeases(20_000)
  assert.equal(machine.leaseRemainingMs(7, 21_000), 9_000)
  assert.equal(at(31_000, { kind: 'lease expire', id: 7, renewals: 1 }), 'done')
  assert.equal(machine.leaseRemainingMs(7, 0), undefined)
})

test('leases are bounded in time and number', () => {
  const log = new LogFeeder(new Machine())
  const grant = (ttlSeconds: number) =>
    log.apply({ kind: 'lease grant', id: 0, ttlSeconds }).outcomes[0]?.answer
  const shortest = grant(0)
  assert(shortest?.kind === 'done')
  assert.equal(shortest.lease?.ttlSeconds, limits.leaseTtlSecondsMin)
  assert.equal(plainAnswer(grant(limits.leaseTtlSecondsMax + 1)), 'lease ttl too large')
})

test('what may not stand in a transaction is refused by name', () => {
  const put = { op: 'put', key: '/a', value: Buffer.from('x'), revisionOffset: -1 } as const
  const nested = (depth: number): TxnLike =>
    depth === 0
      ? [put]
      : [{ op: 'txn', txn: { compares: [], success: nested(depth - 1), failure: [] } }]
  type TxnLike = Parameters<LogFeeder['txn']>
  const cases: [string | undefined, TxnLike][] = [
    [undefined, [put]],
    ['empty key', [{ ...put, key: '' }]],
    ['invalid', [{ ...put, key: 'k\u0100' }]],
    ['invalid', [{ ...put, key: 'k'.repeat(limits.keyBytesMax + 1) }]],
    ['value provided', [{ ...put, ignoreValue: true }]],
    ['lease provided', [{ ...put, ignoreLease: true, lease: 7 }]],
    ['duplicate key', [put, { op: 'delete', key: '/', rangeEnd: '0' }]],
    ['too many operations', Array(129).fill({ op: 'range', key: '/a' })],
    [undefined, nested(127)],
    ['too many operations', nested(128)],
  ]
  for (const [refusal, success] of cases) {
    const error = checkTxn({ compares: [], success, failure: [] })
    assert.equal(error?.refusal, refusal, `${refusal}`)
  }
})

test('a fenced expiry of an old leader ends nothing', () => {
  const machine = new Machine()
  const log = new LogFeeder(machine)
  log.apply({ kind: 'lease grant', id: 7, ttlSeconds: 10 })
  const old = { kind: 'lease expire', id: 7, renewals: 0 } as const
  assert.equal(log.apply(old, 99_000, 5 as Term).outcomes[0]?.answer.kind, 'refused')
  assert.deepEqual(machine.leaseIds, [7])
})
