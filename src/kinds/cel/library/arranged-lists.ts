import type { Budget } from '../budget.ts'
import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  parameter,
  stringType,
  timestampType,
  uintType,
} from '../types.ts'
import { isListValue, type Value, valuesEqual } from '../values.ts'
import { orderOf } from './operators.ts'

/** Parts of lists, and lists in another order (cel-go ext/lists.go, version 3). */

const t = parameter('T')
const list = listOf(t)

const comparable = [
  ...[intType, uintType, doubleType, boolType, durationType],
  ...[timestampType, stringType, bytesType],
]

function slice(items: readonly Value[], start: bigint, end: bigint): Value {
  const asked = `cannot slice(${start}, ${end})`
  if (start < 0n || end < 0n) throw new CelRuntimeError(`${asked}, negative indexes not supported`)
  if (start > end)
    throw new CelRuntimeError(`${asked}, start index must be less than or equal to end index`)
  if (BigInt(items.length) < end)
    throw new CelRuntimeError(`${asked}, list is length ${items.length}`)
  return items.slice(Number(start), Number(end))
}

function flatten(items: readonly Value[], depth: bigint, budget: Budget): Value[] {
  if (depth < 0n) throw new CelRuntimeError('level must be non-negative')
  const found: Value[] = []
  const add = (one: Value, left: bigint): void => {
    budget.work(1)
    if (!isListValue(one) || left === 0n) found.push(one)
    else for (const inner of one) add(inner, left - 1n)
  }
  for (const one of items) add(one, depth)
  return found
}

function range(count: bigint, budget: Budget): Value[] {
  const length = Math.max(0, Number(count))
  budget.work(length)
  return Array.from({ length }, (_, index) => BigInt(index))
}

function distinct(items: readonly Value[], budget: Budget): Value[] {
  const found: Value[] = []
  for (const one of items) {
    budget.work(found.length)
    if (!found.some((other) => valuesEqual(one, other))) found.push(one)
  }
  return found
}

/** The list in the order of its keys. Equal ones keep theirs. */
export function sortedBy(
  items: readonly Value[],
  keys: readonly Value[],
  budget: Budget,
): readonly Value[] {
  const [first] = keys
  if (first === undefined) return items
  budget.work(items.length * Math.ceil(Math.log2(items.length + 1)))
  if (keys.some((one) => typeOf(one) !== typeOf(first)))
    throw new CelRuntimeError('list elements must have the same type')
  return items
    .map((item, index) => ({ item, key: keys[index] as Value }))
    .sort((left, right) => orderOf(left.key, right.key))
    .map(({ item }) => item)
}

function typeOf(value: Value): unknown {
  return typeof value === 'object' && value !== null ? value.constructor : typeof value
}

export const arrangedLists: readonly Overload[] = [
  method<[Value[], bigint, bigint]>(list, 'slice', [intType, intType], list, slice),
  method<[Value[]]>(listOf(list), 'flatten', [], list, (items, budget) =>
    flatten(items, 1n, budget),
  ),
  method<[Value[], bigint]>(listOf(dynType), 'flatten', [intType], listOf(dynType), flatten),
  ...comparable.map((type) =>
    method<[Value[]]>(listOf(type), 'sort', [], listOf(type), (items, budget) => [
      ...sortedBy(items, items, budget),
    ]),
  ),
  ...comparable.map((type) =>
    method<[Value[], Value[]]>(list, '@sortByAssociatedKeys', [listOf(type)], list, sortedBy),
  ),
  define<[bigint]>('lists.range', [intType], listOf(intType), range),
  method<[Value[]]>(list, 'reverse', [], list, (items, budget) => {
    budget.work(items.length)
    return [...items].reverse()
  }),
  method<[Value[]]>(list, 'distinct', [], list, distinct),
]
