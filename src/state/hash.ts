/**
 * MurmurHash3's 32-bit mixing, for comparing replicas: fast, in plain arithmetic, the same on every
 * machine. No defence against an attacker; the log's and the snapshot's checksums guard the bytes.
 */

/** Mixes one 32-bit integer into `hash`. Results are signed 32-bit integers. */
export function mix32(hash: number, value: number): number {
  let block = Math.imul(value, 0xcc9e2d51)
  block = (block << 15) | (block >>> 17)
  const mixed = hash ^ Math.imul(block, 0x1b873593)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/** Mixes a whole number below 2^53. */
export function mixNumber(hash: number, value: number): number {
  return mix32(mix32(hash, value | 0), Math.floor(value / 0x1_0000_0000) | 0)
}

export function mixBytes(hash: number, bytes: Uint8Array): number {
  let mixed = mix32(hash, bytes.length)
  const whole = bytes.length & ~3
  let at = 0
  for (; at < whole; at += 4) {
    mixed = mix32(
      mixed,
      byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24),
    )
  }
  for (; at < bytes.length; at += 1) mixed = mix32(mixed, byteAt(bytes, at))
  return mixed
}

export function mixText(hash: number, text: string): number {
  let mixed = mix32(hash, text.length)
  for (let at = 0; at < text.length; at += 1) mixed = mix32(mixed, text.charCodeAt(at))
  return mixed
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number
}

/**
 * The rolling hash of everything applied so far, 64 bits wide in two lanes. Two members that applied
 * the same entries agree on it; a difference at the same index means that one of them diverged.
 */
export class RollingHash {
  #first: number
  #second: number

  constructor(first = 0x6b696a61, second = 0x62692e31) {
    this.#first = first
    this.#second = second
  }

  mix(value: number): void {
    this.#first = mixNumber(this.#first, value)
    this.#second = mixNumber(this.#second, value + 0x9e3779b9)
  }

  lanes(): readonly [number, number] {
    return [this.#first, this.#second]
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hashText(this.#first, this.#second)
  }
}

export function hashText(first: number, second: number): string {
  return [first, second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
}
