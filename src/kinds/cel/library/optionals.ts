import type { Budget } from '../budget.ts'
import { CelRuntimeError } from '../errors.ts'
import { define, lengthOf, method, type Overload } from '../functions.ts'
import { boolType, listOf, optionalOf, parameter } from '../types.ts'
import { Duration, isMapValue, Optional, Timestamp, Uint, type Value } from '../values.ts'

/** Values that may be absent (cel-go cel/library.go OptionalTypes). */

const a = parameter('A')
const maybe = optionalOf(a)

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration || value instanceof Timestamp) return value.nanos === 0n
  if (isMapValue(value)) return value.size === 0
  return (Array.isArray(value) || value instanceof Uint8Array) && lengthOf(value) === 0
}

function unwrapped(list: readonly Value[], budget: Budget): Value {
  budget.work(list.length)
  return list.flatMap((one) => {
    if (!(one instanceof Optional)) throw new CelRuntimeError('value is not optional')
    return one.value === undefined ? [] : [one.value]
  })
}

export const optionalFunctions: readonly Overload[] = [
  define<[]>('optional.none', [], maybe, () => Optional.none),
  define<[Value]>('optional.of', [a], maybe, (value) => new Optional(value)),
  define<[Value]>('optional.ofNonZeroValue', [a], maybe, (value) =>
    isZero(value) ? Optional.none : new Optional(value),
  ),
  method<[Optional]>(maybe, 'hasValue', [], boolType, ({ value }) => value !== undefined),
  method<[Optional]>(maybe, 'value', [], a, ({ value }) => {
    if (value === undefined) throw new CelRuntimeError('optional.none() dereference')
    return value
  }),
  method<[Value[]]>(listOf(a), 'first', [], maybe, ([first]) =>
    first === undefined ? Optional.none : new Optional(first),
  ),
  method<[Value[]]>(listOf(a), 'last', [], maybe, (list) => {
    const last = list.at(-1)
    return last === undefined ? Optional.none : new Optional(last)
  }),
  define<[Value[]]>('optional.unwrap', [listOf(maybe)], listOf(a), unwrapped),
  method<[Value[]]>(listOf(maybe), 'unwrapOpt', [], listOf(a), unwrapped),
  // The evaluator asks for the alternative only when it is needed.
  method<[Optional, Value]>(maybe, 'orValue', [a], a, ({ value }, other) =>
    value === undefined ? other : value,
  ),
  method<[Optional, Optional]>(maybe, 'or', [maybe], maybe, (left, right) =>
    left.value === undefined ? right : left,
  ),
]
