import { type Random, SeededRandom } from '../../src/base/random.ts'
import { raftCanaries } from './canaries-raft.ts'
import { storeCanaries } from './canaries-store.ts'
import { type SimulationResult, simulate } from './simulation.ts'
import type { Swarm } from './swarm.ts'

/**
 * A bug planted on purpose, from here alone: the simulator must find it. `plant` changes the code of
 * this process until the function that it returns is called.
 */
export interface Canary {
  readonly name: string
  readonly what: string
  readonly plant: () => () => void
  /** What it takes for it to show, of which a seed by itself draws too little: one in ten draws this kind. */
  readonly about?: (swarm: Swarm, random: Random) => Swarm
}

export const canaries: readonly Canary[] = [...raftCanaries, ...storeCanaries]

/** Runs one seed with the bug planted. */
export async function tryCanary(canary: Canary, seed: number): Promise<SimulationResult> {
  const restore = canary.plant()
  try {
    const { about } = canary
    const random = new SeededRandom(seed)
    return await simulate({ seed, ...(about && { swarm: (swarm) => about(swarm, random) }) })
  } finally {
    restore()
  }
}
