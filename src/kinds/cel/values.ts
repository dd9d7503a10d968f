import { CelRuntimeError } from './errors.ts'

/**
 * Values at run time. An int is a bigint, a double a number, a list an array; the rest have classes
 * of their own, so that no value from outside can be taken for one.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | MapValue
  | readonly Value[]

export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** What `type(x)` gives. */
export class TypeValue {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

export class Optional {
  static readonly none = new Optional(undefined)
  /** Undefined when nothing is there. */
  readonly value: Value | undefined

  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** A value of a library, such as a quantity or an address: equal when its `key` is. */
export class Opaque<Content = unknown> {
  readonly type: string
  readonly content: Content
  readonly key: string
  /** What costs count: the bytes of an address, 1 of anything else. */
  readonly size: number

  constructor(type: string, content: Content, key: string, size = 1) {
    this.type = type
    this.content = content
    this.key = key
    this.size = size
  }
}

/** Maps and objects. Keys are looked up by value: 1, 1u and 1.0 are one key. */
export interface MapValue {
  readonly isMap: true
  /** The name of the type of an object; undefined for a map. */
  readonly typeName: string | undefined
  readonly size: number
  get(key: Value): Value | undefined
  keys(): readonly Value[]
}

export class LiteralMap implements MapValue {
  readonly isMap = true
  readonly typeName: string | undefined
  readonly #entries: ReadonlyMap<string, readonly [Value, Value]>

  constructor(entries: Iterable<readonly [Value, Value]>, typeName?: string) {
    const found = new Map<string, readonly [Value, Value]>()
    for (const entry of entries) found.set(keyOf(entry[0]), entry)
    this.#entries = found
    this.typeName = typeName
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1]
  }

  keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key)
  }
}

export function isMapValue(value: Value): value is MapValue {
  return typeof value === 'object' && value !== null && 'isMap' in value && value.isMap === true
}

export function isListValue(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Throws CelRuntimeError for a value that may be no key. */
export function keyOf(key: Value): string {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'boolean') return `b${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number') return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`
  throw new CelRuntimeError(`unsupported key type: ${typeNameOf(key)}`)
}

/** Equality of values; numbers of any type are equal when they are the same number. */
export function valuesEqual(left: Value, right: Value): boolean {
  if (left === right) return true
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right) === 0
  if (isListValue(left) && isListValue(right))
    return (
      left.length === right.length &&
      left.every((item, index) => valuesEqual(item, right[index] as Value))
    )
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null)
    return false
  return objectsEqual(left, right)
}

function objectsEqual(left: object & Value, right: object & Value): boolean {
  if (left instanceof Timestamp && right instanceof Timestamp) return left.nanos === right.nanos
  if (left instanceof Duration && right instanceof Duration) return left.nanos === right.nanos
  if (left instanceof TypeValue && right instanceof TypeValue) return left.name === right.name
  if (left instanceof Uint8Array && right instanceof Uint8Array)
    return left.length === right.length && left.every((byte, index) => byte === right[index])
  if (left instanceof Opaque && right instanceof Opaque)
    return left.type === right.type && left.key === right.key
  if (left instanceof Optional && right instanceof Optional) {
    if (left.value === undefined || right.value === undefined) return left.value === right.value
    return valuesEqual(left.value, right.value)
  }
  if (!isMapValue(left) || !isMapValue(right) || left.size !== right.size) return false
  return left.keys().every((key) => {
    const other = right.get(key)
    return other !== undefined && valuesEqual(left.get(key) as Value, other)
  })
}

export type Numeric = bigint | number | Uint

export function isNumeric(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint
}

/** Negative, zero or positive; NaN when the two have no order. */
export function compareNumbers(left: Numeric, right: Numeric): number {
  const a = left instanceof Uint ? left.value : left
  const b = right instanceof Uint ? right.value : right
  // JavaScript compares bigints with numbers exactly.
  if (a < b) return -1
  if (a > b) return 1
  return isNotANumber(a) || isNotANumber(b) ? Number.NaN : 0
}

function isNotANumber(value: bigint | number): boolean {
  return typeof value === 'number' && Number.isNaN(value)
}

export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (value === null) return 'null_type'
  if (isListValue(value)) return 'list'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof Opaque) return value.type
  return value.typeName ?? 'map'
}
