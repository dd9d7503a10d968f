import { CelCostError } from './errors.ts'

/** What an evaluation may still cost: about a unit a step, and one for ten characters gone through. */
export class Budget {
  #left: number

  constructor(units: number) {
    this.#left = units
  }

  get left(): number {
    return this.#left
  }

  /** Throws CelCostError when there is no more. */
  spend(units: number): void {
    this.#left -= units
    if (this.#left < 0) throw new CelCostError('operation cancelled: actual cost limit exceeded')
  }

  /** Pays for going through so many characters, bytes or elements. */
  pass(length: number): void {
    this.spend(Math.ceil(length / 10))
  }

  /** A part of this budget with a limit of its own; what it used is gone from the whole. */
  within<T>(units: number, run: (part: Budget) => T): T {
    const given = Math.min(units, this.#left)
    const part = new Budget(given)
    try {
      return run(part)
    } finally {
      this.#left -= given - Math.max(0, part.left)
    }
  }
}
