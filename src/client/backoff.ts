import type { Random } from '../base/random.ts'

/** How long to wait before another try: doubles from `firstMs` to `maxMs`, each with full jitter. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #random: Random
  #failures = 0

  constructor(firstMs: number, maxMs: number, random: Random) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#random = random
  }

  /** The wait after one more failure: between half and all of the doubled time. */
  nextMs(): number {
    const wholeMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures += 1
    return wholeMs / 2 + (this.#random.fraction() * wholeMs) / 2
  }

  get failures(): number {
    return this.#failures
  }

  reset(): void {
    this.#failures = 0
  }
}
