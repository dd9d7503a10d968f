import { CelRuntimeError } from '../errors.ts'
import {
  Duration,
  isListValue,
  isMapValue,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts'
import { printDouble } from './conversions.ts'
import { printDuration, printTimestamp } from './time-text.ts'

const digitsMax = 100

/** `"%s has %d".format([a, b])` (cel-go ext/formatting.go). Throws CelRuntimeError. */
export function formatText(text: string, values: readonly Value[]): string {
  let next = 0
  const result = text.replace(
    /%(?:\.(\d+))?(.)?/gs,
    (_whole, precision: string | undefined, verb: string | undefined) => {
      if (verb === '%') return '%'
      const value = values[next]
      next += 1
      if (value === undefined) throw new CelRuntimeError(`index ${next - 1} out of range`)
      const digits = precision === undefined ? undefined : Math.min(Number(precision), digitsMax)
      return formatted(verb ?? '', value, digits)
    },
  )
  if (next < values.length)
    throw new CelRuntimeError('too many arguments supplied to string.format()')
  return result
}

function formatted(verb: string, value: Value, precision: number | undefined): string {
  switch (verb) {
    case 's':
      return printValue(value)
    case 'd':
      return integer(value).toString()
    case 'f':
      return fixed(double(value, verb), precision ?? 6)
    case 'e':
      return exponent(double(value, verb), precision ?? 6)
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value).toString(2)
    case 'o':
      return integer(value).toString(8)
    case 'x':
      return hexadecimal(value)
    case 'X':
      return hexadecimal(value).toUpperCase()
  }
  throw new CelRuntimeError(
    `could not parse formatting clause: unrecognized formatting clause "${verb}"`,
  )
}

function integer(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Uint) return value.value
  throw new CelRuntimeError(
    `error during formatting: decimal clause can only be used on integers, was given ${typeNameOf(value)}`,
  )
}

function double(value: Value, verb: string): number {
  if (typeof value === 'number') return value
  throw new CelRuntimeError(
    `error during formatting: %${verb} can only be used on doubles, was given ${typeNameOf(value)}`,
  )
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : printDouble(value)
}

function exponent(value: number, digits: number): string {
  return Number.isFinite(value)
    ? value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
    : printDouble(value)
}

function hexadecimal(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return integer(value).toString(16)
}

/** A value as `%s` shows it. */
function printValue(value: Value): string {
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  if (typeof value === 'number') return printDouble(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Timestamp) return printTimestamp(value)
  if (value instanceof Duration) return printDuration(value)
  if (value instanceof TypeValue) return value.name
  if (isListValue(value)) return `[${value.map(printValue).join(', ')}]`
  if (!isMapValue(value))
    throw new CelRuntimeError(
      `error during formatting: no formatting function for ${typeNameOf(value)}`,
    )
  const entries = value
    .keys()
    .map((key) => `${printValue(key)}: ${printValue(value.get(key) ?? null)}`)
  return `{${entries.sort().join(', ')}}`
}
