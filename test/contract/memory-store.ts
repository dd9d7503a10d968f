import {
  createProposer,
  type Proposer,
  type ProposerOptions,
} from '../../src/api/raft-store/proposer.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { Machine, type MachineOptions } from '../../src/state/machine.ts'
import { MemoryReplica } from './memory-replica.ts'

export interface MemoryStore {
  readonly store: Proposer
  readonly replica: MemoryReplica
  readonly machine: Machine
}

/** A started cluster store of one member in memory, for tests of what stands on a store. */
export async function openMemoryStore(
  options: Partial<ProposerOptions> & MachineOptions = {},
): Promise<MemoryStore> {
  const replica = new MemoryReplica()
  const machine = options.machine ?? new Machine(options)
  const store = createProposer({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    ...options,
    machine,
    replica,
  })
  await store.start()
  return { store, replica, machine }
}
