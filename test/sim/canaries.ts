import { raftCanaries } from './canaries-raft.ts'
import { storeCanaries } from './canaries-store.ts'
import { type SimulationResult, simulate } from './simulation.ts'

/**
 * A bug planted on purpose, from here alone: the simulator must find it. `plant` changes the code of
 * this process until the function that it returns is called.
 */
export interface Canary {
  readonly name: string
  readonly what: string
  readonly plant: () => () => void
}

export const canaries: readonly Canary[] = [...raftCanaries, ...storeCanaries]

export interface CanaryResult {
  readonly canary: Canary
  /** How many seeds it took; undefined when it was not found. */
  readonly seeds: number | undefined
  readonly found: SimulationResult | undefined
  readonly ticks: number
}

/** Runs seeds from `firstSeed` on until one breaks a property, at most `seedsMax` of them. */
export async function huntCanary(
  canary: Canary,
  firstSeed: number,
  seedsMax: number,
): Promise<CanaryResult> {
  let ticks = 0
  for (let seeds = 1; seeds <= seedsMax; seeds += 1) {
    const restore = canary.plant()
    try {
      const found = await simulate({ seed: firstSeed + seeds - 1 })
      ticks += found.ticks
      if (found.failure) return { canary, seeds, found, ticks }
    } finally {
      restore()
    }
  }
  return { canary, seeds: undefined, found: undefined, ticks }
}
