import { limits } from '../../base/limits.ts'
import { CelCostError } from './errors.ts'

/**
 * What an evaluation may still take. Cost is Kubernetes' figure, which its limits are in. Work is ours: what
 * runs on this thread and costs nothing there, such as looking through two equal lists of lists.
 */
export class Budget {
  #cost: number
  #work: number

  constructor(cost: number, work = cost * limits.celWorkOfCost) {
    this.#cost = cost
    this.#work = work
  }

  /** Below zero once it is used up. */
  get left(): number {
    return Math.min(this.#cost, this.#work)
  }

  /** What cost is left. */
  get costLeft(): number {
    return this.#cost
  }

  /** Throws CelCostError when there is no more. */
  spend(cost: number): void {
    this.#cost -= cost
    if (this.#cost < 0) throw exceeded()
  }

  /** Throws CelCostError when there is no more. A unit is a step, or ten characters gone through. */
  work(units: number): void {
    this.#work -= units
    if (this.#work < 0) throw exceeded()
  }

  /** Works through so many characters or bytes. */
  pass(length: number): void {
    this.work(Math.ceil(length / 10))
  }

  /** A part of this budget with a limit of its own; what it used is gone from the whole. */
  within<T>(cost: number, run: (part: Budget) => T): T {
    const givenCost = Math.min(cost, this.#cost)
    const givenWork = Math.min(cost * limits.celWorkOfCost, this.#work)
    const part = new Budget(givenCost, givenWork)
    try {
      return run(part)
    } finally {
      this.#cost -= givenCost - part.#cost
      this.#work -= givenWork - part.#work
    }
  }
}

function exceeded(): CelCostError {
  return new CelCostError('operation cancelled: actual cost limit exceeded')
}
