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
  /** How many seeds were run. */
  readonly seeds: number
  /** Undefined when none of them broke a property. */
  readonly found: SimulationResult | undefined
}

/** Runs the seeds until one breaks a property, or `isOver`. */
export async function huntCanary(
  canary: Canary,
  seeds: Iterable<number>,
  isOver: () => boolean = () => false,
): Promise<CanaryResult> {
  let ran = 0
  for (const seed of seeds) {
    if (isOver()) break
    ran += 1
    const restore = canary.plant()
    try {
      const found = await simulate({ seed })
      if (found.failure) return { canary, seeds: ran, found }
    } finally {
      restore()
    }
  }
  return { canary, seeds: ran, found: undefined }
}
