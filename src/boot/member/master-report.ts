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
    ...{ syncMsP99: status.syncMsP99, revision: applied.revision },
    ...{ pid: process.pid, residentBytes: process.memoryUsage.rss() },
  }
}
