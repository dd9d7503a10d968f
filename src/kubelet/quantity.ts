import { parseQuantity, quantityMilli, quantityUnits } from '../kinds/quantity.ts'

/** Thousandths of a core, rounded up as the scheduler does; 0 for what is not given. */
export function milliCpu(quantity: string | undefined): number {
  return quantity === undefined ? 0 : quantityMilli(quantity)
}

/** Bytes, rounded up; 0 for what is not given. */
export function wholeBytes(quantity: string | undefined): number {
  return quantity === undefined ? 0 : quantityUnits(quantity)
}

const nanoPerMilli = 1_000_000n

/** An amount in thousandths of its unit as a count of `divisor`, rounded up: what a resourceFieldRef shows. */
export function inUnitsOf(milli: number, divisor: string | undefined): string {
  const unit = divisor === undefined || divisor === '0' ? '1' : divisor
  const nano = BigInt(Math.round(milli)) * nanoPerMilli
  const { nano: nanoPerUnit } = parseQuantity(unit)
  return String((nano + nanoPerUnit - 1n) / nanoPerUnit)
}
