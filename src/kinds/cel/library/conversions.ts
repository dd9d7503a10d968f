import { CelRuntimeError } from '../errors.ts'
import { define, method, type Overload } from '../functions.ts'
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  intType,
  listOf,
  mapOf,
  parameter,
  stringType,
  timestampType,
  typeType,
  uintType,
} from '../types.ts'
import {
  Duration,
  type MapValue,
  type Timestamp,
  TypeValue,
  typeNameOf,
  type Uint,
  type Value,
} from '../values.ts'
import { asInt, asUint } from './operators.ts'
import {
  parseDuration,
  parseTimestamp,
  printDuration,
  printTimestamp,
  timestampAt,
} from './time-text.ts'

/** One type into another, and sizes (cel-spec "Standard Definitions"). */

const a = parameter('A')
const b = parameter('B')

function wholeNumber(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text))
    throw new CelRuntimeError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return BigInt(text)
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelRuntimeError('integer overflow')
  return BigInt(Math.trunc(value))
}

function decimal(text: string): number {
  const words = new Map([
    ['NaN', Number.NaN],
    ['Inf', Infinity],
    ['+Inf', Infinity],
    ['-Inf', -Infinity],
  ])
  const word = words.get(text)
  if (word !== undefined) return word
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text))
    throw new CelRuntimeError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

function truth(text: string): boolean {
  if (['true', 'True', 'TRUE', 't', '1'].includes(text)) return true
  if (['false', 'False', 'FALSE', 'f', '0'].includes(text)) return false
  throw new CelRuntimeError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

function textOfBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CelRuntimeError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

const secondNanos = 1_000_000_000n

export const conversions: readonly Overload[] = [
  define<[bigint]>('int', [intType], intType, (value) => value),
  define<[Uint]>('int', [uintType], intType, ({ value }) => asInt(value)),
  define<[number]>('int', [doubleType], intType, (value) => asInt(truncated(value))),
  define<[string]>('int', [stringType], intType, (text) => asInt(wholeNumber(text))),
  define<[Timestamp]>('int', [timestampType], intType, ({ nanos }) => nanos / secondNanos),
  define<[Duration]>('int', [durationType], intType, ({ nanos }) => nanos),
  define<[Uint]>('uint', [uintType], uintType, (value) => value),
  define<[bigint]>('uint', [intType], uintType, (value) => asUint(value)),
  define<[number]>('uint', [doubleType], uintType, (value) => asUint(truncated(value))),
  define<[string]>('uint', [stringType], uintType, (text) => asUint(wholeNumber(text))),
  define<[number]>('double', [doubleType], doubleType, (value) => value),
  define<[bigint]>('double', [intType], doubleType, (value) => Number(value)),
  define<[Uint]>('double', [uintType], doubleType, ({ value }) => Number(value)),
  define<[string]>('double', [stringType], doubleType, (text) => decimal(text)),
  define<[boolean]>('bool', [boolType], boolType, (value) => value),
  define<[string]>('bool', [stringType], boolType, (text) => truth(text)),
  define<[Uint8Array]>('bytes', [bytesType], bytesType, (value) => value),
  define<[string]>('bytes', [stringType], bytesType, (text, budget) => {
    budget.pass(text.length)
    return new TextEncoder().encode(text)
  }),
  define<[string]>('string', [stringType], stringType, (value) => value),
  define<[boolean]>('string', [boolType], stringType, String),
  define<[bigint]>('string', [intType], stringType, (value) => String(value)),
  define<[Uint]>('string', [uintType], stringType, ({ value }) => String(value)),
  define<[number]>('string', [doubleType], stringType, (value) => printDouble(value)),
  define<[Uint8Array]>('string', [bytesType], stringType, (bytes, budget) => {
    budget.pass(bytes.length)
    return textOfBytes(bytes)
  }),
  define<[Timestamp]>('string', [timestampType], stringType, (value) => printTimestamp(value)),
  define<[Duration]>('string', [durationType], stringType, (value) => printDuration(value)),
  define<[string]>('timestamp', [stringType], timestampType, (text) => parseTimestamp(text)),
  define<[Timestamp]>('timestamp', [timestampType], timestampType, (value) => value),
  define<[bigint]>('timestamp', [intType], timestampType, (seconds) =>
    timestampAt(seconds * secondNanos),
  ),
  define<[string]>('duration', [stringType], durationType, (text) => parseDuration(text)),
  define<[Duration]>('duration', [durationType], durationType, (value) => value),
  define<[bigint]>('duration', [intType], durationType, (nanos) => new Duration(nanos)),
  define<[Value]>('type', [a], typeType, (value) => new TypeValue(typeNameOf(value))),
]

/** As Go prints a float with the fewest digits. */
export function printDouble(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

/** Characters, not the halves that some of them have in JavaScript. */
export function charactersOf(text: string): number {
  let count = 0
  for (const _character of text) count += 1
  return count
}

const sizes = [
  [stringType, (value: Value) => charactersOf(value as string)],
  [bytesType, (value: Value) => (value as Uint8Array).length],
  [listOf(a), (value: Value) => (value as readonly Value[]).length],
  [mapOf(a, b), (value: Value) => (value as MapValue).size],
] as const

export const sizeFunctions: readonly Overload[] = sizes.flatMap(([type, size]) => [
  define<[Value]>('size', [type], intType, (value) => BigInt(size(value))),
  method<[Value]>(type, 'size', [], intType, (value) => BigInt(size(value))),
])
