import { CelRuntimeError } from '../errors.ts'
import { define, lengthOf, method, type Overload } from '../functions.ts'
import { boolType, optionalOf, parameter } from '../types.ts'
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
  // The evaluator asks for the alternative only when it is needed.
  method<[Optional, Value]>(maybe, 'orValue', [a], a, ({ value }, other) =>
    value === undefined ? other : value,
  ),
  method<[Optional, Optional]>(maybe, 'or', [maybe], maybe, (left, right) =>
    left.value === undefined ? right : left,
  ),
]
