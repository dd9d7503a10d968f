import { sizeOfValue } from '../cost/value-size.ts'
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
import { Duration, type Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../values.ts'
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

/** A text that says nothing of the kind. */
function unconverted(type: string): CelRuntimeError {
  return new CelRuntimeError(`type conversion error from 'string' to '${type}'`)
}

const int64 = { type: 'int', pattern: /^[+-]?\d+$/, min: -(2n ** 63n), max: 2n ** 63n - 1n }
const uint64 = { type: 'uint', pattern: /^\d+$/, min: 0n, max: 2n ** 64n - 1n }

function wholeNumber(text: string, { type, pattern, min, max }: typeof int64): bigint {
  const value = pattern.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
  if (value === undefined || value < min || value > max) throw unconverted(type)
  return value
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
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw unconverted('double')
  return Number(text)
}

function durationOf(text: string): Duration {
  try {
    return parseDuration(text)
  } catch {
    throw unconverted('google.protobuf.Duration')
  }
}

function truth(text: string): boolean {
  if (['true', 'True', 'TRUE', 't', '1'].includes(text)) return true
  if (['false', 'False', 'FALSE', 'f', '0'].includes(text)) return false
  throw unconverted('bool')
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
  define<[string]>('int', [stringType], intType, (text) => wholeNumber(text, int64)),
  define<[Timestamp]>('int', [timestampType], intType, ({ nanos }) => nanos / secondNanos),
  define<[Duration]>('int', [durationType], intType, ({ nanos }) => nanos),
  define<[Uint]>('uint', [uintType], uintType, (value) => value),
  define<[bigint]>('uint', [intType], uintType, (value) => asUint(value)),
  define<[number]>('uint', [doubleType], uintType, (value) => asUint(truncated(value))),
  define<[string]>('uint', [stringType], uintType, (text) => new Uint(wholeNumber(text, uint64))),
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
  define<[string]>('duration', [stringType], durationType, durationOf),
  define<[Duration]>('duration', [durationType], durationType, (value) => value),
  define<[bigint]>('duration', [intType], durationType, (nanos) => new Duration(nanos)),
  define<[Value]>('type', [a], typeType, (value) => new TypeValue(typeNameOf(value))),
]

/** As Go prints a float with the fewest digits. */
export function printDouble(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  if (Object.is(value, -0)) return '-0'
  const [, digits = '', power = '0'] = /^-?([\d.]+)e([+-]\d+)$/.exec(value.toExponential()) ?? []
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  const sign = value < 0 ? '-' : ''
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${digits}e${exponent < 0 ? '-' : '+'}${size}`
}

const sized = [stringType, bytesType, listOf(a), mapOf(a, b)]

export const sizeFunctions: readonly Overload[] = sized.flatMap((type) => [
  define<[Value]>('size', [type], intType, (value) => BigInt(sizeOfValue(value))),
  method<[Value]>(type, 'size', [], intType, (value) => BigInt(sizeOfValue(value))),
])
