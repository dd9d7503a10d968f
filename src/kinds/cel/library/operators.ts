import { CelRuntimeError } from '../errors.ts'
import { define, lengthOf, type Overload } from '../functions.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  parameter,
  stringType,
  type Type,
  timestampType,
  uintType,
} from '../types.ts'
import {
  compareNumbers,
  Duration,
  isNumeric,
  type MapValue,
  type Numeric,
  Timestamp,
  Uint,
  type Value,
  valuesEqual,
} from '../values.ts'
import { timestampAt } from './time-text.ts'

/** Arithmetic, comparison, logic and membership (cel-spec "Standard Definitions"). */

const a = parameter('A')
const b = parameter('B')

const intMin = -(2n ** 63n)
const intMax = 2n ** 63n - 1n
const uintMax = 2n ** 64n - 1n

/** Throws CelRuntimeError for what no 64-bit integer can hold. */
export function asInt(value: bigint): bigint {
  if (value < intMin || value > intMax) throw new CelRuntimeError('integer overflow')
  return value
}

export function asUint(value: bigint): Uint {
  if (value < 0n || value > uintMax) throw new CelRuntimeError('unsigned integer overflow')
  return new Uint(value)
}

type Integers = (left: bigint, right: bigint) => bigint
type Doubles = (left: number, right: number) => number

function arithmetic(name: string, integers: Integers, doubles?: Doubles): Overload[] {
  const found = [
    define<[bigint, bigint]>(name, [intType, intType], intType, (x, y) => asInt(integers(x, y))),
    define<[Uint, Uint]>(name, [uintType, uintType], uintType, (x, y) =>
      asUint(integers(x.value, y.value)),
    ),
  ]
  if (doubles)
    found.push(
      define<[number, number]>(name, [doubleType, doubleType], doubleType, (x, y) => doubles(x, y)),
    )
  return found
}

function nonZero(value: bigint, text: string): bigint {
  if (value === 0n) throw new CelRuntimeError(text)
  return value
}

const arithmetics: readonly Overload[] = [
  ...arithmetic(
    '_+_',
    (x, y) => x + y,
    (x, y) => x + y,
  ),
  ...arithmetic(
    '_-_',
    (x, y) => x - y,
    (x, y) => x - y,
  ),
  ...arithmetic(
    '_*_',
    (x, y) => x * y,
    (x, y) => x * y,
  ),
  ...arithmetic(
    '_/_',
    (x, y) => x / nonZero(y, 'division by zero'),
    (x, y) => x / y,
  ),
  ...arithmetic('_%_', (x, y) => x % nonZero(y, 'modulus by zero')),
  define<[bigint]>('-_', [intType], intType, (x) => asInt(-x)),
  define<[number]>('-_', [doubleType], doubleType, (x) => -x),
  define<[string, string]>('_+_', [stringType, stringType], stringType, (x, y, budget) => {
    budget.pass(x.length + y.length)
    return x + y
  }),
  define<[Uint8Array, Uint8Array]>('_+_', [bytesType, bytesType], bytesType, (x, y, budget) => {
    budget.pass(x.length + y.length)
    return Uint8Array.from([...x, ...y])
  }),
  define<[Value[], Value[]]>('_+_', [listOf(a), listOf(a)], listOf(a), (x, y, budget) => {
    budget.work(x.length + y.length)
    return [...x, ...y]
  }),
  define<[Timestamp, Duration]>('_+_', [timestampType, durationType], timestampType, (x, y) =>
    timestampAt(x.nanos + y.nanos),
  ),
  define<[Duration, Timestamp]>('_+_', [durationType, timestampType], timestampType, (x, y) =>
    timestampAt(x.nanos + y.nanos),
  ),
  define<[Duration, Duration]>(
    '_+_',
    [durationType, durationType],
    durationType,
    (x, y) => new Duration(asInt(x.nanos + y.nanos)),
  ),
  define<[Timestamp, Timestamp]>(
    '_-_',
    [timestampType, timestampType],
    durationType,
    (x, y) => new Duration(asInt(x.nanos - y.nanos)),
  ),
  define<[Timestamp, Duration]>('_-_', [timestampType, durationType], timestampType, (x, y) =>
    timestampAt(x.nanos - y.nanos),
  ),
  define<[Duration, Duration]>(
    '_-_',
    [durationType, durationType],
    durationType,
    (x, y) => new Duration(asInt(x.nanos - y.nanos)),
  ),
]

const relations: readonly (readonly [string, (order: number) => boolean])[] = [
  ['_<_', (order) => order < 0],
  ['_<=_', (order) => order <= 0],
  ['_>_', (order) => order > 0],
  ['_>=_', (order) => order >= 0],
]

const numbers = [intType, uintType, doubleType]
const others = [boolType, stringType, bytesType, timestampType, durationType]
/** Numbers compare across their types; everything else with its own. */
const comparable: readonly (readonly [Type, Type])[] = [
  ...numbers.flatMap((left) => numbers.map((right) => [left, right] as const)),
  ...others.map((type) => [type, type] as const),
]

const comparisons: readonly Overload[] = relations.flatMap(([name, holds]) =>
  comparable.map(([left, right]) =>
    define<[Value, Value]>(name, [left, right], boolType, (x, y, budget) => {
      budget.pass(Math.min(lengthOf(x), lengthOf(y)))
      return holds(orderOf(x, y))
    }),
  ),
)

/** Negative, zero or positive, for two values of a type that has an order. */
export function orderOf(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left as Numeric, right)
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right)
  if (left instanceof Timestamp && right instanceof Timestamp)
    return compareNumbers(left.nanos, right.nanos)
  if (left instanceof Duration && right instanceof Duration)
    return compareNumbers(left.nanos, right.nanos)
  return Number(left) - Number(right)
}

/** By code point, as Go compares strings. */
function compareText(left: string, right: string): number {
  if (left === right) return 0
  const x = [...left]
  const y = [...right]
  const at = x.findIndex((character, index) => character !== y[index])
  if (at < 0) return -1
  if (at >= y.length) return 1
  return (x[at]?.codePointAt(0) ?? 0) - (y[at]?.codePointAt(0) ?? 0)
}

/** Comparing goes through the smaller of the two. */
function equal(left: Value, right: Value, budget: { pass(length: number): void }): boolean {
  budget.pass(Math.min(lengthOf(left), lengthOf(right)))
  return valuesEqual(left, right)
}

const logic: readonly Overload[] = [
  define<[Value, Value]>('_==_', [a, a], boolType, equal),
  define<[Value, Value]>('_!=_', [a, a], boolType, (x, y, budget) => !equal(x, y, budget)),
  define<[boolean, boolean]>('_&&_', [boolType, boolType], boolType, (x, y) => x && y),
  define<[boolean, boolean]>('_||_', [boolType, boolType], boolType, (x, y) => x || y),
  define<[boolean]>('!_', [boolType], boolType, (x) => !x),
  define<[Value, Value[]]>('@in', [a, listOf(a)], boolType, (item, list, budget) => {
    budget.work(list.length)
    return list.some((one) => valuesEqual(one, item))
  }),
  define<[Value, MapValue]>(
    '@in',
    [a, mapOf(a, b)],
    boolType,
    (key, map) => map.get(key) !== undefined,
  ),
]

const identities: readonly Overload[] = [define<[Value]>('dyn', [a], dynType, (value) => value)]

export const operators: readonly Overload[] = [
  ...arithmetics,
  ...comparisons,
  ...logic,
  ...identities,
]
