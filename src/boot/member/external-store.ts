import { readFileSync } from 'node:fs'
import { ExternalStore } from '../../api/etcd-store/store.ts'
import type { LogIndex, MemberId } from '../../base/brand.ts'
import { systemClock as clock } from '../../base/clock.ts'
import { systemRandom as random } from '../../base/random.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import type { Replica } from '../../raft/replica.ts'
import type { ExternalEtcd, ResolvedMaster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import type { MasterStore } from './master-etcd.ts'
import type { MemberProcess } from './member.ts'

/** The store of a master on an external etcd, in place of the embedded Raft. */
export async function startExternalStore(
  member: MemberProcess,
  self: ResolvedMaster,
  { endpoints, tls }: ExternalEtcd,
): Promise<MasterStore> {
  const { cluster, logger, scope } = member
  const store = new ExternalStore({
    ...{ endpoints, memberId: self.id as MemberId, clock, random, logger },
    ...(tls && {
      tls: { ca: readPem(tls.ca), certificate: readPem(tls.cert), privateKey: readPem(tls.key) },
    }),
  })
  try {
    await store.start()
  } catch (error) {
    throw new ConfigError(
      `the etcd of this cluster cannot be used: ${(error as Error).message}`,
      `see whether it answers: etcdctl --endpoints=${endpoints.join(',')} endpoint health`,
    )
  }
  scope.onClose('store', () => store.stop())
  const members = cluster.masters.map(({ id }) => id as MemberId)
  return { replica: replicaOf(store, self.id as MemberId, members), proposer: store }
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`,
      'correct `store.etcd` of the configuration',
    )
  }
}

/** What of a replica there is without a Raft of our own: who leads, and how far the mirror is. */
function replicaOf(store: ExternalStore, memberId: MemberId, voters: readonly MemberId[]): Replica {
  const refuse = () => Promise.reject(notHere())
  return {
    memberId,
    status: () => {
      const index = store.view.appliedIndex
      return {
        ...{ ...store.leadership, memberId, voters, learners: [], progress: [] },
        ...{ syncMsP99: 0, syncs: 0, syncedBytes: 0 },
        ...{ commitIndex: index, appliedIndex: index, lastIndex: index, firstIndex: 1 as LogIndex },
      }
    },
    ...{ propose: refuse, readIndex: refuse, saveSnapshot: refuse },
    ...{ transferLeadership: refuse, changeMembership: refuse, discard: refuse },
    applied: () => {},
    listen: () => {},
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
}

function notHere(): StatusError {
  return statusError(
    'BadRequest',
    'the store of this cluster is an external etcd: its members are changed with etcdctl',
  )
}
