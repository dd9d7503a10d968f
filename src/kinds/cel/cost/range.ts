/** From the least to the most that a cost or a size may be. Both fit 64 bits without a sign, as cel-go's. */
export interface Range {
  readonly min: bigint
  readonly max: bigint
}

export const most = 2n ** 64n - 1n
export const unknownRange: Range = { min: 0n, max: most }
export const noRange: Range = { min: 0n, max: 0n }

export function exactly(value: number | bigint): Range {
  const whole = BigInt(value)
  return { min: whole, max: whole }
}

export function plus(...ranges: readonly Range[]): Range {
  let min = 0n
  let max = 0n
  for (const one of ranges) {
    min = saturated(min + one.min)
    max = saturated(max + one.max)
  }
  return { min, max }
}

export function product(left: Range, right: Range): Range {
  return { min: saturated(left.min * right.min), max: saturated(left.max * right.max) }
}

/** Both ends times a factor, rounded up. */
export function scaled(range: Range, factor: number): Range {
  return { min: scaledWhole(range.min, factor), max: scaledWhole(range.max, factor) }
}

/** What holds both. */
export function union(left: Range, right: Range): Range {
  return {
    min: left.min < right.min ? left.min : right.min,
    max: left.max > right.max ? left.max : right.max,
  }
}

export function saturated(value: bigint): bigint {
  return value > most ? most : value
}

/** As unsigned 64-bit arithmetic without a check has it: for the few places where cel-go does not saturate. */
export function wrapped(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}

export function scaledWhole(value: bigint, factor: number): bigint {
  const product = Math.ceil(Number(value) * factor)
  return product >= 2 ** 64 ? most : BigInt(product)
}
