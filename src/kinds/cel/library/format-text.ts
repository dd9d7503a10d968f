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
const digitsUsual = 6

/** A piece of a format: text, or what is to be made of the next value. */
export type FormatPiece =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'clause'; readonly verb: Verb; readonly digits: number | undefined }
  /** What comes next cannot be read. */
  | { readonly is: 'problem'; readonly text: string }

export type Verb = 's' | 'd' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X'

/** What may not be written, by verb: the types it takes, and what is said of any other. */
export const clauseRules: ReadonlyMap<Verb, readonly [readonly string[], string]> = new Map<
  Verb,
  readonly [readonly string[], string]
>([
  ['d', [['int', 'uint'], 'decimal clause can only be used on integers']],
  ['f', [['double', 'string'], 'fixed-point clause can only be used on doubles']],
  ['e', [['double', 'string'], 'scientific clause can only be used on doubles']],
  ['b', [['int', 'uint', 'bool'], 'only integers and bools can be formatted as binary']],
  ['o', [['int', 'uint'], 'octal clause can only be used on integers']],
  ...(['x', 'X'] as const).map((verb): [Verb, readonly [readonly string[], string]] => [
    verb,
    [
      ['int', 'uint', 'string', 'bytes'],
      'only integers, byte buffers, and strings can be formatted as hex',
    ],
  ]),
  [
    's',
    [
      [
        ...['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'bytes', 'type', 'null_type'],
        ...['google.protobuf.Timestamp', 'google.protobuf.Duration'],
      ],
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    ],
  ],
])

/** A format in its pieces (cel-go ext/formatting.go). */
export function formatPieces(text: string): FormatPiece[] {
  const pieces: FormatPiece[] = []
  const pattern = /%(?:%|(?:\.(\d*))?([\s\S])?)|[^%]+/gu
  for (const [whole, precision, verb] of text.matchAll(pattern)) {
    if (whole === '%%') pieces.push({ is: 'text', text: '%' })
    else if (!whole.startsWith('%')) pieces.push({ is: 'text', text: whole })
    else pieces.push(clause(whole, precision, verb))
  }
  return pieces
}

function clause(
  whole: string,
  precision: string | undefined,
  verb: string | undefined,
): FormatPiece {
  const problem = (text: string): FormatPiece => ({ is: 'problem', text })
  const unread = 'could not parse formatting clause'
  if (whole === '%') return problem('unexpected end of string')
  if (precision !== undefined && verb === undefined)
    return problem(
      `${unread}: error while parsing precision: could not find end of precision specifier`,
    )
  if (precision === '')
    return problem(
      `${unread}: error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax`,
    )
  if (!clauseRules.has(verb as Verb))
    return problem(`${unread}: unrecognized formatting clause "${verb ?? ''}"`)
  const digits = precision === undefined ? undefined : Math.min(Number(precision), digitsMax)
  return { is: 'clause', verb: verb as Verb, digits }
}

/** `"%s has %d".format([a, b])`. Throws CelRuntimeError. */
export function formatText(text: string, values: readonly Value[]): string {
  let next = 0
  return formatPieces(text)
    .map((piece) => {
      if (piece.is === 'text') return piece.text
      const value = values[next]
      if (value === undefined) throw new CelRuntimeError(`index ${next} out of range`)
      next += 1
      if (piece.is === 'problem') throw new CelRuntimeError(piece.text)
      return formatted(piece.verb, value, piece.digits ?? digitsUsual)
    })
    .join('')
}

const namedNumbers: ReadonlySet<Value> = new Set(['NaN', 'Infinity', '-Infinity'])

function formatted(verb: Verb, value: Value, digits: number): string {
  switch (verb) {
    case 's':
      return printValue(value)
    case 'd':
      return integer(value, verb).toString()
    case 'f':
      return fixed(double(value, verb), digits)
    case 'e':
      return exponent(double(value, verb), digits)
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value, verb).toString(2)
    case 'o':
      return integer(value, verb).toString(8)
    case 'x':
      return hexadecimal(value, verb)
    case 'X':
      return hexadecimal(value, verb).toUpperCase()
  }
}

function refused(verb: Verb, value: Value): CelRuntimeError {
  const [, text] = clauseRules.get(verb) ?? []
  return new CelRuntimeError(`error during formatting: ${text}, was given ${typeNameOf(value)}`)
}

function integer(value: Value, verb: Verb): bigint {
  if (typeof value === 'bigint') return value
  if (value instanceof Uint) return value.value
  throw refused(verb, value)
}

function double(value: Value, verb: Verb): number {
  if (typeof value === 'number') return value
  if (namedNumbers.has(value)) return Number(value)
  throw refused(verb, value)
}

function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return printSpecial(value)
  const [whole = '', fraction] = value.toFixed(digits).split('.')
  // As in English: thousands are told apart.
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

const times = '×10'
const raised = [...'⁰¹²³⁴⁵⁶⁷⁸⁹']

/** The number that stands for digits elsewhere is the width here, as it is there. */
function exponent(value: number, width: number): string {
  if (!Number.isFinite(value)) return printSpecial(value).padStart(width)
  const [mantissa = '', power = '0'] = value.toExponential(digitsUsual).split('e')
  const size = power.replace(/^[+-]/, '').padStart(2, '0')
  const shown = [...size].map((digit) => raised[Number(digit)]).join('')
  return `${mantissa}${times}${power.startsWith('-') ? '⁻' : ''}${shown}`.padStart(width)
}

function printSpecial(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '∞' : '-∞'
}

function hexadecimal(value: Value, verb: Verb): string {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Buffer.from(value as string).toString('hex')
  return integer(value, verb).toString(16)
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
  if (isListValue(value)) return `[${value.map(printInside).join(', ')}]`
  if (!isMapValue(value) || value.typeName !== undefined) throw refused('s', value)
  const entries = value
    .keys()
    .map((key) => `${printInside(key)}:${printInside(value.get(key) ?? null)}`)
  return `{${entries.sort().join(', ')}}`
}

/** Within lists and maps texts are quoted, and doubles have six digits. */
function printInside(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Uint8Array) return `b${JSON.stringify(new TextDecoder().decode(value))}`
  if (typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(digitsUsual) : `"${printDouble(value)}"`
  if (value instanceof Timestamp) return `timestamp("${printTimestamp(value)}")`
  if (value instanceof Duration) return `duration("${printDuration(value)}")`
  return printValue(value)
}
