import fc from 'fast-check'
import type { LogIndex, Revision, Term } from '../../../src/base/brand.ts'
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  PutOperation,
  RangeOperation,
  RangeResponse,
  SortTarget,
  Txn,
  TxnResult,
} from '../../../src/state/cluster-store.ts'
import { type CommandBody, encodeCommands } from '../../../src/state/command.ts'
import { endOfKeys } from '../../../src/state/keys.ts'
import type { LeaseId } from '../../../src/state/leases.ts'
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

/** Ids of leases: some are granted in a run, some are not; two of them differ in no floating point number. */
export const anyLease = fc.constantFrom<LeaseId>(7, -8, 2n ** 62n + 1n, 2n ** 62n + 2n)
const plainPut: fc.Arbitrary<PutOperation> = fc.record({
  op: fc.constant('put' as const),
  key,
  value: smallValue,
  revisionOffset: fc.constantFrom(-1, -1, 0),
  lease: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: anyLease }),
  previous: fc.boolean(),
})
const put: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: plainPut },
  {
    weight: 1,
    arbitrary: plainPut.map((one) => ({
      ...one,
      ignoreValue: true,
      value: Buffer.alloc(0),
      revisionOffset: -1,
    })),
  },
  { weight: 1, arbitrary: plainPut.map((one) => ({ ...one, ignoreLease: true, lease: 0 })) },
)
const remove: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('delete' as const), key, previous: fc.boolean() }),
  fc.record({ range, previous: fc.boolean() }).map(({ range: [start, end], previous }) => ({
    op: 'delete' as const,
    key: start,
    rangeEnd: end,
    previous,
  })),
)
const smallRevision = fc.constantFrom(0, 0, 0, 1, 2, 4, 7, 30) as fc.Arbitrary<Revision>
/** With everything that a range may ask for. */
export const anyRead: fc.Arbitrary<RangeOperation> = fc
  .tuple(
    fc.oneof(
      key.map((one) => ({ key: one })),
      range.map(([start, end]) => ({ key: start, rangeEnd: end })),
      key.map((one) => ({ key: one, rangeEnd: endOfKeys })),
    ),
    fc.record(
      {
        limit: fc.nat(3),
        revision: smallRevision,
        keysOnly: fc.boolean(),
        countOnly: fc.constantFrom(false, false, true),
        sortTarget: fc.constantFrom<SortTarget[]>('key', 'version', 'create', 'mod', 'value'),
        sortOrder: fc.constantFrom('none' as const, 'ascend' as const, 'descend' as const),
        minModRevision: smallRevision,
        maxModRevision: smallRevision,
        minCreateRevision: smallRevision,
        maxCreateRevision: smallRevision,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([where, rest]) => ({ op: 'range' as const, ...where, ...rest }))
const read: fc.Arbitrary<Operation> = anyRead
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key,
    target: fc.constantFrom('version', 'create', 'mod', 'lease'),
    result: fc.constantFrom('=', '!=', '<', '>'),
    value: fc.nat(9),
  }) as fc.Arbitrary<Compare>,
  fc.record({
    key,
    target: fc.constant('lease' as const),
    result: fc.constantFrom('=', '!=', '<', '>'),
    value: anyLease,
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
const anyRevision = fc.nat(40) as fc.Arbitrary<Revision>
/** Mostly transactions; the few leases are granted, renewed and ended again and again. */
export const anyCommand: fc.Arbitrary<CommandBody> = fc.oneof(
  { weight: 12, arbitrary: txn.map((one) => ({ kind: 'txn' as const, txn: one })) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact'), revision: anyRevision }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('lease grant'), id: anyLease, ttlSeconds: fc.nat(9) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lease keep alive'), id: anyLease }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lease revoke'), id: anyLease }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lease expire'), id: anyLease, renewals: fc.nat(2) }),
  },
) as fc.Arbitrary<CommandBody>
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

  apply(body: CommandBody, nowMs = 0, fence = 0 as Term): AppliedResult {
    this.sequence += 1
    const command = encodeCommands({
      session: this.session,
      floor: this.sequence,
      commands: [{ sequence: this.sequence, fence, body }],
    })
    return feed(this.#machine, command, 1, nowMs)
  }

  txn(...success: Operation[]): AppliedResult {
    return this.apply({ kind: 'txn', txn: { compares: [], success, failure: [] } })
  }

  compact(revision: number): AppliedResult {
    return this.apply({ kind: 'compact', revision: revision as Revision })
  }
}

export function feed(machine: Machine, command: Uint8Array, term = 1, nowMs = 0): AppliedResult {
  const index = (machine.appliedIndex + 1) as LogIndex
  return machine.apply({ index, term: term as Term, command }, nowMs)
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

export function plainResult(result: TxnResult): unknown {
  return { ...result, responses: result.responses.map(plainResponse) }
}

export function plainResponse(response: OperationResult): unknown {
  switch (response.op) {
    case 'put': {
      const previous = plain(response.previous)
      return { ...response, current: plain(response.current), previous }
    }
    case 'delete':
      return { ...response, previous: response.previous.map(plain) }
    case 'range':
      return plainRange(response)
    case 'txn':
      return { op: response.op, result: plainResult(response.result) }
  }
}

export function plainRange(response: RangeResponse): unknown {
  return { ...response, items: response.items.map(plain) }
}

export function plainOutcomes({ index, outcomes }: AppliedResult): unknown {
  const answers = outcomes.map(({ answer }) =>
    answer.kind === 'done' ? [plainResult(answer.result), answer.lease] : answer.error.message,
  )
  return { index, answers }
}
