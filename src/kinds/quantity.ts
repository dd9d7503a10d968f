import { statusError } from '../base/status.ts'

/**
 * Amounts such as `500m`, `1.5Gi` and `1e3`, exact (apimachinery pkg/api/resource/quantity.go).
 * A value is a count of billionths; finer digits round up, as Kubernetes rounds them.
 */
export interface Quantity {
  readonly nano: bigint
  readonly format: QuantityFormat
}

export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent'

const nanoPerUnit = 1_000_000_000n
const exponentDigitsMax = 3
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?)|[eE]([+-]?\d+))$/

const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']

export const quantityPatternMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** Reads a quantity; undefined when the text is none. */
export function tryParseQuantity(text: string): Quantity | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', suffix = '', exponent] = match
  if (whole === '' && fraction === '') return undefined
  if (exponent !== undefined && exponent.replace(/^[+-]/, '').length > exponentDigitsMax)
    return undefined
  const digits = BigInt(whole + fraction)
  const power = exponent === undefined ? 0 : Number(exponent)
  const binary = suffix.endsWith('i')
  const multiplier = binary ? 1024n ** BigInt(binarySuffixes.indexOf(suffix)) : 1n
  const thousands = binary ? 0 : (decimalSuffixes.indexOf(suffix) - 3) * 3
  const scale = 9 + power + thousands - fraction.length
  const scaled = digits * multiplier
  const nano =
    scale >= 0 ? scaled * 10n ** BigInt(scale) : ceilDivide(scaled, 10n ** BigInt(-scale))
  const format = exponent !== undefined ? 'DecimalExponent' : binary ? 'BinarySI' : 'DecimalSI'
  return { nano: sign === '-' ? -nano : nano, format }
}

/** Reads a quantity. Throws BadRequest with Kubernetes' text when it is none. */
export function parseQuantity(text: string): Quantity {
  const quantity = tryParseQuantity(text)
  if (!quantity) throw statusError('BadRequest', quantityPatternMessage)
  return quantity
}

/**
 * The canonical text: the largest suffix that keeps the number whole, no fraction. A BinarySI value
 * that is no multiple of one, or smaller than 1024, is written in the decimal form.
 */
export function formatQuantity(quantity: Quantity): string {
  const { nano } = quantity
  if (nano === 0n) return '0'
  const magnitude = nano < 0n ? -nano : nano
  const sign = nano < 0n ? '-' : ''
  if (quantity.format === 'BinarySI' && magnitude >= 1024n * nanoPerUnit)
    if (magnitude % nanoPerUnit === 0n) return sign + formatBinary(magnitude / nanoPerUnit)
  let rest = magnitude
  let thousands = 0
  while (rest % 1000n === 0n && thousands < decimalSuffixes.length - 1) {
    rest /= 1000n
    thousands++
  }
  if (quantity.format !== 'DecimalExponent') return `${sign}${rest}${decimalSuffixes[thousands]}`
  const exponent = (thousands - 3) * 3
  return exponent === 0 ? `${sign}${rest}` : `${sign}${rest}e${exponent}`
}

/** The canonical text of a quantity's text, or undefined when it is none. */
export function canonicalQuantity(text: string): string | undefined {
  const quantity = tryParseQuantity(text)
  return quantity && formatQuantity(quantity)
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0
}

/** The sum, in the format of `a`. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format }
}

/** Thousandths, rounded up: `quantityMilli('250m')` is 250. For the scheduler's arithmetic. */
export function quantityMilli(text: string): number {
  return Number(ceilDivide(parseQuantity(text).nano, 1_000_000n))
}

/** Whole units, rounded up: `quantityUnits('1Ki')` is 1024. */
export function quantityUnits(text: string): number {
  return Number(ceilDivide(parseQuantity(text).nano, nanoPerUnit))
}

function formatBinary(units: bigint): string {
  let rest = units
  let index = 0
  while (rest % 1024n === 0n && index < binarySuffixes.length - 1) {
    rest /= 1024n
    index++
  }
  return `${rest}${binarySuffixes[index]}`
}

/** Rounds away from zero, which is up for what a user can ask for. */
function ceilDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  if (value % by === 0n) return quotient
  return value < 0n ? quotient - 1n : quotient + 1n
}
