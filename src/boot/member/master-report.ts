import type { ReplicaStatus } from '../../raft/replica.ts'

/** Path of the report, on every master, for holders of a certificate of the cluster. */
export const reportPath = '/kijabi/v1/status'

/** What a master says about itself. */
export interface MasterReport {
  readonly name: string
  readonly role: ReplicaStatus['role']
  readonly term: number
  /** Id of the leader that this member knows; 0 for nobody. */
  readonly leader: number
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly firstIndex: number
  readonly lastIndex: number
  readonly syncMsP99: number
  /** Names of members are known to the reader of the report; these are ids. */
  readonly voters: readonly number[]
  readonly learners: readonly number[]
  readonly progress: readonly { readonly memberId: number; readonly matchIndex: number }[]
  /** It lost data, or is new: it does not vote until it holds what the cluster committed. */
  readonly withholdsVote: boolean
  /** The last damage that was found in its data; null when there was none. */
  readonly damage: ReplicaStatus['damage'] | null
  readonly revision: number
  readonly pid: number
  readonly residentBytes: number
}

export function masterReport(
  name: string,
  status: ReplicaStatus,
  applied: { readonly revision: number; readonly appliedIndex: number },
): MasterReport {
  return {
    ...{ name, role: status.role, term: status.term, leader: status.leader },
    commitIndex: Math.max(status.commitIndex, applied.appliedIndex),
    appliedIndex: applied.appliedIndex,
    ...{ firstIndex: status.firstIndex, lastIndex: status.lastIndex },
    ...{ voters: status.voters, learners: status.learners, progress: status.progress },
    withholdsVote: status.withholdsVote ?? false,
    damage: status.damage ?? null,
    ...{ syncMsP99: status.syncMsP99, revision: applied.revision },
    ...{ pid: process.pid, residentBytes: process.memoryUsage.rss() },
  }
}
