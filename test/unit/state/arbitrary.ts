import fc from 'fast-check'
import type { LogIndex, Revision, Term } from '../../../src/base/brand.ts'
import type { Compare, KeyValue, Operation, Txn } from '../../../src/state/cluster-store.ts'
import { type CommandBody, encodeCommands } from '../../../src/state/command.ts'
import type { AppliedResult, Machine } from '../../../src/state/machine.ts'

/** Random transactions over few keys, so that they meet. */

export const keys = [
  '/a',
  '/registry/apps/deployments/ns1/web',
  '/registry/core/pods/ns1/a',
  '/registry/core/pods/ns1/b',
  '/registry/core/pods/ns2/a',
  '/registry/core/secrets/ns1/a',
  '/registry/short',
] as const
/** Whole store, resource, namespace, one key, and ranges that fit no prefix. */
export const ranges: readonly (readonly [string, string])[] = [
  ['/', '0'],
  ['/registry/', '/registry0'],
  ['/registry/core/', '/registry/core0'],
  ['/registry/core/pods/', '/registry/core/pods0'],
  ['/registry/core/pods/ns1/', '/registry/core/pods/ns10'],
  ['/registry/core/pods/ns1/a', '/registry/core/pods/ns1/a\0'],
  ['/registry/core/pods/ns1/b', '/registry/core/secrets/ns1/b'],
  ['/registry/core/pods/ns1/aa', '/registry/core/pods/ns2/a'],
  ['/a', '/a\0'],
  ['/b', '/a'],
]

const key = fc.constantFrom(...keys)
const range = fc.constantFrom(...ranges)
const smallValue = fc.stringMatching(/^[a-z]{0,12}$/).map((text) => Buffer.from(text))

const put: fc.Arbitrary<Operation> = fc.record({
  op: fc.constant('put' as const),
  key,
  value: smallValue,
  revisionOffset: fc.constantFrom(-1, -1, 0),
  lease: fc.constantFrom(0, 0, 7),
  previous: fc.boolean(),
})
const remove: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('delete' as const), key, previous: fc.boolean() }),
  fc.record({ range, previous: fc.boolean() }).map(({ range: [start, end], previous }) => ({
    op: 'delete' as const,
    key: start,
    rangeEnd: end,
    previous,
  })),
)
const read: fc.Arbitrary<Operation> = fc.oneof(
  key.map((one) => ({ op: 'range' as const, key: one })),
  fc.record({ range, limit: fc.nat(3) }).map(({ range: [start, end], limit }) => ({
    op: 'range' as const,
    key: start,
    rangeEnd: end,
    limit,
  })),
)
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key,
    target: fc.constantFrom('version', 'create', 'mod', 'lease'),
    result: fc.constantFrom('=', '!=', '<', '>'),
    value: fc.nat(9),
  }) as fc.Arbitrary<Compare>,
  fc.record({
    key,
    target: fc.constant('value' as const),
    result: fc.constantFrom('=', '!=', '<', '>'),
    value: smallValue,
  }) as fc.Arbitrary<Compare>,
  fc.record({ range, value: fc.nat(3) }).map(({ range: [start, end], value }) => ({
    key: start,
    rangeEnd: end,
    target: 'version' as const,
    result: '>' as const,
    value,
  })),
)

const { txn } = fc.letrec<{ txn: Txn; operations: Operation[] }>((tie) => ({
  txn: fc.record({
    compares: fc.array(compare, { maxLength: 2 }),
    success: tie('operations'),
    failure: tie('operations'),
  }),
  operations: fc.array(
    fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      { weight: 5, arbitrary: put },
      { weight: 2, arbitrary: remove },
      { weight: 1, arbitrary: read },
      { weight: 1, arbitrary: tie('txn').map((inner) => ({ op: 'txn' as const, txn: inner })) },
    ),
    { maxLength: 3 },
  ),
}))
export const anyTxn: fc.Arbitrary<Txn> = txn
export const anyRange = range
export const anyKey = key

/** Feeds a machine commands of one session, as a log of one member in term 1 would. */
export class LogFeeder {
  readonly #machine: Machine
  readonly session: number
  sequence = 0

  constructor(machine: Machine, session = 1) {
    this.#machine = machine
    this.session = session
  }

  apply(body: CommandBody): AppliedResult {
    this.sequence += 1
    const command = encodeCommands({
      session: this.session,
      floor: this.sequence,
      commands: [{ sequence: this.sequence, fence: 0 as Term, body }],
    })
    return feed(this.#machine, command)
  }

  txn(...success: Operation[]): AppliedResult {
    return this.apply({ kind: 'txn', txn: { compares: [], success, failure: [] } })
  }

  compact(revision: number): AppliedResult {
    return this.apply({ kind: 'compact', revision: revision as Revision })
  }
}

export function feed(machine: Machine, command: Uint8Array, term = 1): AppliedResult {
  const index = (machine.appliedIndex + 1) as LogIndex
  return machine.apply({ index, term: term as Term, command })
}

export function putOf(name: string, value: string | Uint8Array): Operation {
  return { op: 'put', key: name, value: Buffer.from(value), revisionOffset: -1 }
}

export function deleteOf(name: string): Operation {
  return { op: 'delete', key: name }
}

/** The client-visible fields, as plain data to compare. */
export function plain(record: KeyValue | undefined): unknown {
  if (!record) return undefined
  const { key: name, value, createRevision, modRevision, version, lease } = record
  const text = Buffer.from(value).toString()
  return { key: name, value: text, createRevision, modRevision, version, lease }
}
