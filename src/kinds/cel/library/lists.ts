import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listOf,
  parameter,
  stringType,
  type Type,
  timestampType,
  uintType,
} from '../types.ts'
import { Duration, Uint, type Value, valuesEqual } from '../values.ts'
import { asInt, asUint, orderOf } from './operators.ts'

/** Lists and sets (apiserver pkg/cel/library/lists.go, cel-go ext/sets.go). */

const a = parameter('A')
const ordered = [
  intType,
  uintType,
  doubleType,
  boolType,
  stringType,
  bytesType,
  timestampType,
  durationType,
]

function extreme(list: readonly Value[], name: string, wanted: (order: number) => boolean): Value {
  const [first, ...rest] = list
  if (first === undefined) throw new CelRuntimeError(`${name} called on empty list`)
  return rest.reduce((best, one) => (wanted(orderOf(one, best)) ? one : best), first)
}

function isSorted(list: readonly Value[]): boolean {
  return list.every((one, index) => index === 0 || orderOf(list[index - 1] as Value, one) <= 0)
}

const sums: readonly (readonly [Type, Value, (sum: Value, one: Value) => Value])[] = [
  [intType, 0n, (sum, one) => asInt((sum as bigint) + (one as bigint))],
  [uintType, new Uint(0n), (sum, one) => asUint((sum as Uint).value + (one as Uint).value)],
  [doubleType, 0, (sum, one) => (sum as number) + (one as number)],
  [
    durationType,
    new Duration(0n),
    (sum, one) => new Duration(asInt((sum as Duration).nanos + (one as Duration).nanos)),
  ],
]

/** How often elements of one are looked for in the other. */
function product(left: readonly Value[], right: readonly Value[]): number {
  return left.length * right.length
}

function includesAll(list: readonly Value[], wanted: readonly Value[]): boolean {
  return wanted.every((one) => list.some((other) => valuesEqual(one, other)))
}

export const listFunctions: readonly Overload[] = [
  ...ordered.flatMap((type) => [
    method<[Value[]]>(listOf(type), 'isSorted', [], boolType, (list, budget) => {
      budget.work(list.length)
      return isSorted(list)
    }),
    method<[Value[]]>(listOf(type), 'min', [], type, (list, budget) => {
      budget.work(list.length)
      return extreme(list, 'min', (order) => order < 0)
    }),
    method<[Value[]]>(listOf(type), 'max', [], type, (list, budget) => {
      budget.work(list.length)
      return extreme(list, 'max', (order) => order > 0)
    }),
  ]),
  ...sums.map(([type, zero, add]) =>
    method<[Value[]]>(listOf(type), 'sum', [], type, (list, budget) => {
      budget.work(list.length)
      return list.reduce(add, zero)
    }),
  ),
  method<[Value[], Value]>(listOf(a), 'indexOf', [a], intType, (list, item, budget) => {
    budget.work(list.length)
    return BigInt(list.findIndex((one) => valuesEqual(one, item)))
  }),
  method<[Value[], Value]>(listOf(a), 'lastIndexOf', [a], intType, (list, item, budget) => {
    budget.work(list.length)
    return BigInt(list.findLastIndex((one) => valuesEqual(one, item)))
  }),
  define<[Value[], Value[]]>(
    'sets.contains',
    [listOf(a), listOf(a)],
    boolType,
    (list, wanted, budget) => {
      budget.work(product(list, wanted))
      return includesAll(list, wanted)
    },
  ),
  define<[Value[], Value[]]>(
    'sets.equivalent',
    [listOf(a), listOf(a)],
    boolType,
    (left, right, budget) => {
      budget.work(2 * product(left, right))
      return includesAll(left, right) && includesAll(right, left)
    },
  ),
  define<[Value[], Value[]]>(
    'sets.intersects',
    [listOf(a), listOf(a)],
    boolType,
    (left, right, budget) => {
      budget.work(product(left, right))
      return left.some((one) => right.some((other) => valuesEqual(one, other)))
    },
  ),
]
