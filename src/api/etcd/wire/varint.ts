const low7Bits = 128

/** How many bytes a whole number takes. */
export function varintBytes(value: number | bigint): number {
  let rest = positive(value)
  let bytes = 1
  if (typeof rest === 'bigint') for (; rest >= 0x80n; rest >>= 7n) bytes += 1
  else for (; rest >= low7Bits; rest = Math.floor(rest / low7Bits)) bytes += 1
  return bytes
}

/** Writes a whole number, of a negative one the 64 bits of its two's complement; where it ends. */
export function writeVarint(into: Uint8Array, start: number, value: number | bigint): number {
  let rest = positive(value)
  let at = start
  if (typeof rest === 'bigint') {
    for (; rest >= 0x80n; rest >>= 7n) into[at++] = Number(rest & 0x7fn) | 0x80
  } else {
    for (; rest >= low7Bits; rest = Math.floor(rest / low7Bits))
      into[at++] = (rest % low7Bits) + low7Bits
  }
  into[at] = Number(rest)
  return at + 1
}

/** Nearly all numbers are neither negative nor beyond 2^53: those need no big integer. */
function positive(value: number | bigint): number | bigint {
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value
  return BigInt.asUintN(64, BigInt(value))
}
