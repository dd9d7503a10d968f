import { limits } from '../../base/limits.ts'
import type { Replica } from '../../raft/replica.ts'
import type { Machine } from '../../state/machine.ts'
import type { EtcdMember, MemberAddresses } from './context.ts'

/** This member as the listener sees it: what its replica and its state machine say. */
export function etcdMemberOf(
  replica: Replica,
  machine: Machine,
  masters: readonly MemberAddresses[],
  changeMembership: EtcdMember['changeMembership'],
): EtcdMember {
  return {
    masters,
    status: () => replica.status(),
    transferLeadership: (to) => replica.transferLeadership(to),
    changeMembership,
    storeBytes: () => ({ used: machine.size.bytes, max: limits.storeBytesMax }),
    readTxn: (txn) => machine.readTxn(txn),
    residentBytes: () => process.memoryUsage.rss(),
    stateHash: () => machine.stateHash,
    freezeHistory: () => machine.freezeHistory(),
  }
}
