import { createProposer } from '../../api/raft-store/proposer.ts'
import { systemClock as clock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import { systemRandom as random } from '../../base/random.ts'
import type { MemberFlags } from '../../cli/program.ts'
import type { MemberAddress } from '../../raft/membership/members.ts'
import { createThreadReplica } from '../../raft/thread/thread-replica.ts'
import { Machine } from '../../state/machine.ts'
import type { ResolvedCluster, ResolvedMaster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { exitCodes } from '../shutdown.ts'
import { openFlightFile } from './flight-file.ts'
import type { MasterStore } from './master-etcd.ts'
import { identityOf, type MemberProcess, memberNamed, startMember } from './member.ts'

/**
 * `kijabi master`: one master in this process. Order matters: the log is replayed before the API
 * listens, so that nobody ever reads from a store that is still filling.
 */
export async function runMaster(flags: MemberFlags): Promise<number> {
  const member = startMember(flags)
  const emit = openFlightFile(member.directory, member.name, member.scope)
  const self = memberNamed(member.cluster.masters, flags, 'master')
  const { store: external } = member.cluster
  const starting = external
    ? import('./external-store.ts').then((one) =>
        one.startExternalStore(member, self, external.etcd),
      )
    : startStore(member, self, emit)
  // Raft goes first: the others may be waiting for this member's vote, and the rest takes most of a start.
  const rest = Promise.all([
    import('./master-api.ts'),
    import('./master-etcd.ts'),
    import('./master-leader.ts'),
  ])
  const store = await starting
  const { proposer } = store
  const [{ serveMaster }, { serveEtcd }, { leadMaster }] = await rest
  const serving = await serveMaster(member, self, store)
  await serveEtcd(member, flags, store, serving)
  const informers = leadMaster(member, { proposer, emit, ...serving })
  serving.informers.unsynced = () => informers.unsynced()
  // Registered last, it is the first step of ending.
  member.scope.onClose('clients', () => serving.leave())
  member.logger.info({ address: serving.address }, 'serving')
  return new Promise<number>(() => {})
}

/** Opens the log and joins the other masters. */
async function startStore(
  member: MemberProcess,
  self: ResolvedMaster,
  emit: FlightEmit,
): Promise<MasterStore> {
  const { cluster, directory, logger, scope, authority } = member
  const replica = createThreadReplica({
    ...{ clusterId: cluster.clusterId, memberId: self.id, memberName: self.name },
    members: firstMembers(cluster),
    listenAddress: self.raftAddress,
    dataDirectory: directory.path('masters', self.name),
    tls: { ...identityOf(directory, self.name), ca: authority },
    ...cluster.raft,
    ...{ logger, emit },
  })
  const machine = new Machine()
  const proposer = createProposer({ replica, machine, clock, random, logger })
  proposer.onFailed((error) => {
    // What a disk lost cannot be acknowledged: this member ends, the others go on.
    const where = directory.path('masters', self.name)
    const step = /ENOSPC/.test(error.message)
      ? `the disk of ${where} is full: free some space; started again, this member catches up`
      : `the replica in ${where} cannot go on`
    logger.error({ error: error.message }, step)
    process.exit(exitCodes.failure)
  })
  try {
    await proposer.start()
  } catch (error) {
    throw refusedLog(error, directory.path('masters', self.name))
  }
  scope.onClose('store', () => proposer.stop())
  return { replica, proposer, machine }
}

/** Whom the cluster began with; the others join it by a change of membership. */
function firstMembers({ masters, firstMasters }: ResolvedCluster): MemberAddress[] {
  return masters
    .filter(({ name }) => firstMasters === undefined || firstMasters.includes(name))
    .map(({ id, name, raftAddress }) => ({ id, name, raftAddress }))
}

/** A log that must not be used ends the process for good: a supervisor must not try again. */
function refusedLog(error: unknown, where: string): unknown {
  if (!(error instanceof Error)) return error
  const refusals = ['LogCorruptError', 'WrongDirectoryError', 'DirectoryInUseError']
  if (!refusals.includes(error.name)) return error
  if (error.name === 'DirectoryInUseError')
    return new ConfigError(error.message, 'see which members run with: kijabi status')
  const next =
    error.name === 'WrongDirectoryError'
      ? `a member of a cluster that was recovered without it rejoins empty: move ${where} away, start ` +
        'it again, and add it with: kijabi raft add'
      : `its data are in ${where}`
  return new ConfigError(error.message, next)
}
