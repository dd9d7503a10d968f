import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../../src/base/limits.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { Budget } from '../../../src/kinds/cel/budget.ts'
import { Environment } from '../../../src/kinds/cel/environment.ts'
import { CelCompileError, CelCostError, CelRuntimeError } from '../../../src/kinds/cel/errors.ts'
import { dynType, listOf, mapOf, stringType } from '../../../src/kinds/cel/types.ts'
import { celValueOf } from '../../../src/kinds/structural/cel-values.ts'

const environment = new Environment({
  variables: new Map([
    ['l', listOf(stringType)],
    ['m', mapOf(stringType, listOf(dynType))],
    ['d', dynType],
  ]),
})

const most = 2n ** 64n - 1n

test('an expression is estimated once a part, however often what it stands for repeats it', () => {
  // Each optMap stands for its receiver twice: spelt out this would be 2^80 parts.
  const source = `optional.of(d)${'.optMap(v, v)'.repeat(80)}.hasValue()`
  const { max } = environment.compile(source).estimate(() => undefined)
  assert.ok(max === most, String(max))
  assert.throws(
    () => environment.compile(source).run(() => 1n, new Budget(1_000_000)),
    CelCostError,
  )
})

test('costs beyond 64 bits stay at the greatest', () => {
  const nested = `${'l.all(x, '.repeat(20)}true${')'.repeat(20)}`
  const range = environment.compile(nested).estimate(() => 1_000_000n)
  assert.equal(range.max, most)
  assert.ok(range.min > 0n)
})

test('what costs nothing in Kubernetes is not free here', () => {
  const numbers = Array.from({ length: 400 }, (_, index) => index)
  // Not a step of this loop has a cost but its range.
  const free = 'd.exists_one(a, d.exists_one(b, d.exists_one(c, false)))'
  const value = celValueOf(numbers)
  assert.throws(
    () => environment.compile(free).run(() => value, new Budget(limits.celRequestCostMax)),
    CelCostError,
  )
})

const words = [
  ...['l', 'm', 'd', 'x', '1', '2u', '1.5', '"a"', "b'a'", 'true', 'null', '[', ']', '{', '}', '('],
  ...[
    ')',
    '.',
    ',',
    '?',
    ':',
    '.?',
    '[?',
    '+',
    '-',
    '*',
    '/',
    '%',
    '==',
    '<',
    '&&',
    '||',
    '!',
    'in',
  ],
  ...[
    'all(x, ',
    'exists(x, ',
    'map(x, ',
    'filter(x, ',
    'has(',
    'size(',
    'optMap(x, ',
    'sortBy(x, ',
  ],
  ...['transformMap(k, x, ', 'optional.of(', 'orValue(', 'dyn(', 'string(', 'int(', 'sort()'],
  ...[
    '.startsWith("a")',
    '.split("")',
    '.join()',
    '.flatten()',
    '.matches("a*")',
    '.replace("", "b")',
  ],
]

/** An expression that is half right: pieces that fit, and now and then one that does not. */
function drawn(random: () => number, depth: number): string {
  const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const below = () => drawn(random, depth - 1)
  if (random() < 0.02) return any(words)
  if (depth === 0)
    return any(['l', 'm', 'd', 'x', '1', '"a"', 'true', '[]', '{}', 'l[0]', 'm.a', 'd.b'])
  switch (Math.floor(random() * 9)) {
    case 0:
      return `(${below()} ${any(['+', '-', '==', '<', '&&', '||', 'in'])} ${below()})`
    case 1:
      return `${below()}.${any(['all', 'exists', 'map', 'filter', 'exists_one', 'sortBy'])}(x, ${below()})`
    case 2:
      return `(${below()} ? ${below()} : ${below()})`
    case 3:
      return `${below()}${any(['.a', '.?a', '[0]', '[?0]', '.size()', '.flatten()', '.sort()', '.join()'])}`
    case 4:
      return `[${below()}, ${below()}]`
    case 5:
      return `{"a": ${below()}}`
    case 6:
      return `optional.of(${below()}).${any(['optMap', 'optFlatMap'])}(x, ${below()})`
    case 7:
      return `${any(['dyn', 'string', 'size', 'int', 'type', 'bytes'])}(${below()})`
    default:
      return `${below()}.transformMap(k, x, ${below()})`
  }
}

test('whatever is written is refused, fails, or gives a value within its bounds', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const fractions = new SeededRandom(seed)
  const random = () => fractions.fraction()
  const values = { l: ['a', 'bb', ''], m: { a: [1, 'x'] }, d: { a: [1, [2]], b: 'text' } }
  const lookUp = (name: string) => celValueOf(values[name as keyof typeof values])
  let ran = 0
  for (let round = 0; round < 1_500; round += 1) {
    const source = drawn(random, 1 + Math.floor(random() * 5))
    try {
      const program = environment.compile(source)
      const { min, max } = program.estimate((path) => (path.length > 1 ? 5n : undefined))
      assert.ok(min >= 0n && min <= most && max >= 0n && max <= most, `seed ${seed}: ${source}`)
      const budget = new Budget(100_000)
      program.run(lookUp, budget)
      assert.ok(budget.costLeft >= 0, `seed ${seed}: ${source}`)
      ran += 1
    } catch (error) {
      const isKnown =
        error instanceof CelCompileError ||
        error instanceof CelRuntimeError ||
        error instanceof CelCostError
      assert.ok(isKnown, `seed ${seed}: ${source}: ${String(error)}`)
    }
  }
  assert.ok(ran > 50, `seed ${seed}: only ${ran} ran`)
})
