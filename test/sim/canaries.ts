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

/** Runs one seed with the bug planted. */
export async function tryCanary(canary: Canary, seed: number): Promise<SimulationResult> {
  const restore = canary.plant()
  try {
    return await simulate({ seed })
  } finally {
    restore()
  }
}
