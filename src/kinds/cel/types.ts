import {
  Duration,
  isListValue,
  isMapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts'

/** Types at compile time (cel-spec "Gradual Type Checking"). `dyn` fits everything. */
export type Type =
  | { readonly is: Simple }
  | { readonly is: 'list'; readonly of: Type }
  | { readonly is: 'map'; readonly key: Type; readonly value: Type }
  | { readonly is: 'optional'; readonly of: Type }
  | ObjectType
  /** A type of a library, such as a quantity. */
  | { readonly is: 'opaque'; readonly name: string }
  /** A type parameter of a function. */
  | { readonly is: 'parameter'; readonly name: string }

type Simple =
  | 'dyn'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'type'

export interface ObjectType {
  readonly is: 'object'
  /** Two object types are the same when they have the same name. */
  readonly name: string
  /** The type of a field; undefined for one that the type has not. */
  field(name: string): Type | undefined
}

const simple = (is: Simple): Type => ({ is })

export const dynType = simple('dyn')
export const nullType = simple('null')
export const boolType = simple('bool')
export const intType = simple('int')
export const uintType = simple('uint')
export const doubleType = simple('double')
export const stringType = simple('string')
export const bytesType = simple('bytes')
export const timestampType = simple('timestamp')
export const durationType = simple('duration')
export const typeType = simple('type')

export function listOf(of: Type): Type {
  return { is: 'list', of }
}

export function mapOf(key: Type, value: Type): Type {
  return { is: 'map', key, value }
}

export function optionalOf(of: Type): Type {
  return { is: 'optional', of }
}

export function opaque(name: string): Type {
  return { is: 'opaque', name }
}

export function parameter(name: string): Type {
  return { is: 'parameter', name }
}

const printedNames: ReadonlyMap<string, string> = new Map([
  ['null', 'null'],
  ['timestamp', 'timestamp'],
  ['duration', 'duration'],
])

/** A type as messages show it. */
export function printType(type: Type): string {
  switch (type.is) {
    case 'list':
      return `list(${printType(type.of)})`
    case 'map':
      return `map(${printType(type.key)}, ${printType(type.value)})`
    case 'optional':
      return `optional_type(${printType(type.of)})`
    case 'object':
    case 'opaque':
    case 'parameter':
      return type.name
    default:
      return printedNames.get(type.is) ?? type.is
  }
}

/** What the type parameters of a call stand for. */
export type Bindings = Map<string, Type>

/** True when a value of `actual` may be passed for `wanted`; binds type parameters on the way. */
export function accepts(wanted: Type, actual: Type, bindings: Bindings): boolean {
  if (wanted.is === 'parameter') return bindParameter(wanted.name, actual, bindings)
  if (wanted.is === 'dyn' || actual.is === 'dyn') return true
  // What may be absent may be null: objects, and everything that is boxed, optionals among them.
  if (actual.is === 'null' && nullable.has(wanted.is)) return true
  if (wanted.is !== actual.is) return false
  switch (wanted.is) {
    case 'list':
    case 'optional':
      return accepts(wanted.of, (actual as typeof wanted).of, bindings)
    case 'map': {
      const other = actual as typeof wanted
      return (
        accepts(wanted.key, other.key, bindings) && accepts(wanted.value, other.value, bindings)
      )
    }
    case 'object':
    case 'opaque':
      return wanted.name === (actual as typeof wanted).name
    default:
      return true
  }
}

/** cel-go counts these as assignable from null (checker/types.go isLegacyNullable). */
const nullable: ReadonlySet<string> = new Set([
  ...['null', 'object', 'opaque', 'optional', 'timestamp', 'duration'],
])

function bindParameter(name: string, actual: Type, bindings: Bindings): boolean {
  const bound = bindings.get(name)
  const isFree = !bound || bound.is === 'dyn' || isEmptyContainer(bound)
  if (isFree || (bound.is === 'null' && nullable.has(actual.is))) {
    bindings.set(name, actual)
    return true
  }
  if (actual.is === 'null' && nullable.has(bound.is)) return true
  if (isEmptyContainer(actual) && bound.is === actual.is) return true
  return accepts(bound, actual, new Map()) && accepts(actual, bound, new Map())
}

/** `[]` and `{}` take on the type of what they are compared with. */
function isEmptyContainer(type: Type): boolean {
  return (
    (type.is === 'list' && type.of.is === 'dyn') || (type.is === 'map' && type.value.is === 'dyn')
  )
}

/** A type with its parameters replaced. */
export function substituted(type: Type, bindings: Bindings): Type {
  switch (type.is) {
    case 'parameter':
      return bindings.get(type.name) ?? dynType
    case 'list':
      return listOf(substituted(type.of, bindings))
    case 'optional':
      return optionalOf(substituted(type.of, bindings))
    case 'map':
      return mapOf(substituted(type.key, bindings), substituted(type.value, bindings))
    default:
      return type
  }
}

/** The type that two branches have in common. */
export function joined(left: Type, right: Type): Type {
  if (left.is === 'null' && nullable.has(right.is)) return right
  if (isEmptyContainer(left) && right.is === left.is) return right
  return accepts(left, right, new Map()) && right.is !== 'dyn' ? left : dynType
}

/** True when a value may be taken for one of that type at run time. */
export function holds(type: Type, value: Value): boolean {
  switch (type.is) {
    case 'dyn':
    case 'parameter':
      return true
    case 'null':
      return value === null
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'bigint'
    case 'uint':
      return value instanceof Uint
    case 'double':
      return typeof value === 'number'
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'timestamp':
      return value instanceof Timestamp
    case 'duration':
      return value instanceof Duration
    case 'type':
      return value instanceof TypeValue
    case 'list':
      return (
        isListValue(value) &&
        (type.of.is === 'dyn' ||
          type.of.is === 'parameter' ||
          value.every((item) => holds(type.of, item)))
      )
    case 'map':
    case 'object':
      return isMapValue(value)
    case 'optional':
      return value instanceof Optional
    case 'opaque':
      return value instanceof Opaque && value.type === type.name
  }
}
