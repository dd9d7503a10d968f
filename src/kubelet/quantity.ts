import { statusError } from '../base/status.ts'

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** A Quantity as a number of its base unit: cores, bytes, pieces. Rejects what the API would refuse. */
export function quantityNumber(quantity: string | number): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(
    String(quantity).trim(),
  )
  if (!match) throw statusError('Invalid', `quantity ${quantity} is not a number with a unit`)
  const factor = match[2] === undefined ? (factors[match[3] ?? ''] ?? 1) : 10 ** Number(match[2])
  return Number(match[1]) * factor
}

/** Thousandths of a core, rounded up as the scheduler does. */
export function milliCpu(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Math.ceil(roundTiny(quantityNumber(quantity) * 1000))
}

export function wholeBytes(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Math.ceil(roundTiny(quantityNumber(quantity)))
}

/** 0.1 * 1000 must not become 101 thousandths for the sake of the last bit. */
function roundTiny(value: number): number {
  return Number(value.toPrecision(15))
}

/** `value` in units of `divisor`, rounded up: what a resourceFieldRef shows. */
export function inUnitsOf(value: number, divisor: string | undefined): string {
  const unit = divisor === undefined || divisor === '0' ? 1 : quantityNumber(divisor)
  return String(Math.ceil(roundTiny(value / unit)))
}
