import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  checkRegister,
  type Operation,
  type RegisterAction,
  stepRegister,
} from '../../sim/linearizability.ts'

const never = Number.POSITIVE_INFINITY

function history(...rows: readonly [number, number, RegisterAction][]): Operation[] {
  return rows.map(([invokedAt, returnedAt, action]) => ({ invokedAt, returnedAt, action }))
}
const write = (value: string): RegisterAction => ({ kind: 'write', value })
const read = (value: string): RegisterAction => ({ kind: 'read', value })
const cas = (expected: string, value: string): RegisterAction => ({ kind: 'cas', expected, value })
const refused = (expected: string, found: string): RegisterAction => ({
  kind: 'cas-refused',
  expected,
  found,
})
const unknownCas = (expected: string, value: string): RegisterAction => ({
  kind: 'cas-unknown',
  expected,
  value,
})

const good: readonly [string, Operation[]][] = [
  ['nothing', []],
  ['one after the other', history([1, 2, write('a')], [3, 4, read('a')], [5, 6, read('a')])],
  ['a read beside a write sees the old value', history([1, 4, write('a')], [2, 3, read('')])],
  ['a read beside a write sees the new value', history([1, 4, write('a')], [2, 3, read('a')])],
  [
    'two writes at once take effect in either order',
    history([1, 4, write('a')], [2, 3, write('b')], [5, 6, read('a')]),
  ],
  ['a lost write was never seen', history([1, never, write('a')], [2, 3, read('')])],
  [
    'a lost write takes effect much later',
    history([1, never, write('a')], [2, 3, write('b')], [4, 5, read('b')], [6, 7, read('a')]),
  ],
  ['a compare that holds', history([1, 2, write('a')], [3, 4, cas('a', 'b')], [5, 6, read('b')])],
  ['a compare that does not', history([1, 2, write('a')], [3, 4, refused('b', 'a')])],
  [
    'an unknown compare-and-swap that worked',
    history([1, 2, write('a')], [3, never, unknownCas('a', 'b')], [4, 5, read('b')]),
  ],
  [
    'an unknown compare-and-swap that did nothing',
    history([1, 2, write('a')], [3, never, unknownCas('x', 'b')], [4, 5, read('a')]),
  ],
]

const bad: readonly [string, Operation[]][] = [
  ['a value from nowhere', history([1, 2, read('a')])],
  ['a stale read', history([1, 2, write('a')], [3, 4, write('b')], [5, 6, read('a')])],
  ['a lost acknowledged write', history([1, 2, write('a')], [3, 4, read('')])],
  ['reads that go back', history([1, 8, write('a')], [2, 3, read('a')], [4, 5, read('')])],
  [
    'two members that disagree on the order of two writes',
    history([1, 4, write('a')], [2, 3, write('b')], [5, 6, read('a')], [7, 8, read('b')]),
  ],
  [
    'one value taken by two compare-and-swaps',
    history([1, 2, write('a')], [3, 6, cas('a', 'b')], [4, 5, cas('a', 'c')]),
  ],
  ['a compare that was refused for what it asked', history([1, 2, refused('', '')])],
  [
    'a write that failed for good is seen by two, and unseen between',
    history([1, never, write('a')], [2, 3, read('a')], [4, 5, read('')], [6, 7, read('a')]),
  ],
  [
    'an unknown compare-and-swap that took effect though its compare cannot have held',
    history([1, 2, write('a')], [3, never, unknownCas('x', 'b')], [4, 5, read('b')]),
  ],
]

for (const [name, operations] of good)
  test(`linearizable: ${name}`, () => assert.equal(checkRegister(operations), 'linearizable'))

for (const [name, operations] of bad)
  test(`not linearizable: ${name}`, () =>
    assert.equal(checkRegister(operations), 'not linearizable'))

/** Every order that real time allows, tried one by one. */
function bruteForce(operations: readonly Operation[], state = ''): boolean {
  const open = operations.filter(({ returnedAt }) => returnedAt !== never)
  if (open.length === 0) return true
  const limit = Math.min(...open.map(({ returnedAt }) => returnedAt))
  return operations.some((one, at) => {
    if (one.invokedAt > limit) return false
    const next = stepRegister(state, one.action)
    return next !== undefined && bruteForce(operations.toSpliced(at, 1), next)
  })
}

test('the verdict is that of trying every order', () => {
  const value = fc.constantFrom('', 'a', 'b', 'c')
  const action = fc.oneof(
    value.map(write),
    value.map(read),
    fc.tuple(value, value).map(([one, other]) => cas(one, other)),
    fc.tuple(value, value).map(([one, other]) => refused(one, other)),
  )
  const operation = fc
    .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 8 }), action, fc.boolean())
    .map(
      ([invokedAt, took, what, lost]): Operation => ({
        invokedAt: invokedAt * 2,
        returnedAt: lost && what.kind === 'write' ? never : (invokedAt + took) * 2 + 1,
        action: what,
      }),
    )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 7 }), (operations) => {
      const expected = bruteForce(operations) ? 'linearizable' : 'not linearizable'
      assert.equal(checkRegister(operations), expected)
    }),
    { numRuns: 2_000 },
  )
})
