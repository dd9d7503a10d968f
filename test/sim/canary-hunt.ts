import type { Job } from './pool.ts'

/** The seed by which each planted bug was found before. */
export type KnownSeeds = Readonly<Record<string, number>>

interface Hunted {
  readonly name: string
  /** To be tried next, after the known one; seeds count from 1. */
  nextSeed: number
  tried: number
  isFound: boolean
}

/** Planted bugs take turns, a seed each, so that when time is short only the rare ones are left. */
export class CanaryHunt {
  readonly #hunted: Hunted[]
  readonly #known: KnownSeeds
  readonly #seedsMax: number
  readonly found: Record<string, number> = {}
  #turn = 0

  constructor(names: readonly string[], known: KnownSeeds, seedsMax: number) {
    this.#known = known
    this.#seedsMax = seedsMax
    this.#hunted = names.map((name) => {
      const nextSeed = known[name] === undefined ? 1 : 0
      return { name, nextSeed, tried: 0, isFound: false }
    })
  }

  /** Undefined when every one was found, or has had all its seeds. */
  next(): Job | undefined {
    for (let looked = 0; looked < this.#hunted.length; looked += 1) {
      const one = this.#hunted[this.#turn % this.#hunted.length] as Hunted
      this.#turn += 1
      if (one.isFound || one.nextSeed > this.#seedsMax) continue
      const seed = one.nextSeed === 0 ? (this.#known[one.name] ?? 1) : one.nextSeed
      one.nextSeed += 1
      return { canary: one.name, seed }
    }
    return undefined
  }

  /** Returns how many seeds the canary has had. */
  tried(name: string, seed: number, isFound: boolean): number {
    const one = this.#hunted.find((hunted) => hunted.name === name)
    if (!one) return 0
    one.tried += 1
    if (isFound && !one.isFound) {
      one.isFound = true
      this.found[name] = seed
    }
    return one.tried
  }

  left(): { name: string; seeds: number }[] {
    return this.#hunted
      .filter(({ isFound }) => !isFound)
      .map(({ name, tried }) => ({ name, seeds: tried }))
  }
}
