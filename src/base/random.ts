import { randomBytes, randomInt, randomUUID } from 'node:crypto'

/** Chance comes in as an argument, so that one seed repeats a whole run. */
export interface Random {
  /** In [0, 1). */
  fraction(): number
  /** A whole number in [low, high). */
  integer(low: number, high: number): number
  bytes(count: number): Uint8Array
  /** A version 4 UUID. */
  uuid(): string
}

/** The machine's own randomness; fit for secrets. */
export const systemRandom: Random = {
  fraction: () => randomInt(0, 2 ** 47) / 2 ** 47,
  integer: (low, high) => randomInt(low, high),
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
}

/** Repeatable randomness from a seed (mulberry32). Never for secrets. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low))
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.integer(0, 256))
  }

  uuid(): string {
    const raw = this.bytes(16)
    raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40
    raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80
    const hex = Array.from(raw, (byte) => byte.toString(16).padStart(2, '0')).join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}
