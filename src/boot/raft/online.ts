import { systemClock as clock } from '../../base/clock.ts'
import { StatusError } from '../../base/status.ts'
import { table } from '../../cli/print/table.ts'
import type { DirectoryFlag, OutputFlag } from '../../cli/program.ts'
import { adminTransport } from '../admin-client.ts'
import {
  ClusterDirectory,
  type ResolvedCluster,
  type ResolvedMaster,
} from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { waitUntil } from '../demo/wait-until.ts'
import type { MasterReport } from '../member/master-report.ts'
import { sendOrder } from '../member/raft-orders.ts'
import type { RaftOrder } from '../member/raft-routes.ts'
import { askMaster } from '../status.ts'
import { configOf } from '../up.ts'

const orderMs = 15_000
const catchUpMs = 120_000

/** The published shape of `raft status -o json`; field names stay. */
export interface RaftStatus {
  readonly clusterId: string
  /** Name of the leader, or null. */
  readonly leader: string | null
  readonly term: number
  readonly members: readonly RaftMemberStatus[]
}

export interface RaftMemberStatus {
  readonly name: string
  readonly id: number
  readonly role: string
  /** As the best informed member has it: voter, learner, or none. */
  readonly membership: 'voter' | 'learner' | 'none'
  readonly term: number
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly firstIndex: number
  readonly lastIndex: number
  /** What the leader knows to be durable there; null without a leader. */
  readonly matchIndex: number | null
  readonly syncMsP99: number
  readonly withholdsVote: boolean
  readonly damage: MasterReport['damage']
}

interface Seen {
  readonly cluster: ResolvedCluster
  readonly directory: ClusterDirectory
  readonly reports: readonly (MasterReport | undefined)[]
  readonly status: RaftStatus
}

/** `kijabi raft status`: every member asked for itself, with or without a leader. */
export async function raftStatus(flags: DirectoryFlag & OutputFlag): Promise<number> {
  const { status } = await look(flags)
  if (flags.output === 'json') print(status)
  else process.stdout.write(readable(status))
  return status.leader === null ? 1 : 0
}

/** `kijabi raft transfer-leader NAME`. */
export async function raftTransferLeader(name: string, flags: DirectoryFlag & OutputFlag) {
  const seen = await look(flags)
  const { id } = memberNamed(seen.cluster, name)
  if (seen.status.leader !== name) await order(seen, { kind: 'transfer', memberId: id })
  return done(flags, `${name} leads`)
}

/**
 * `kijabi raft remove NAME`. A leader hands over first. Refused by the leader when the rest would have no
 * quorum.
 */
export async function raftRemove(name: string, flags: DirectoryFlag & OutputFlag) {
  let seen = await look(flags)
  const member = memberNamed(seen.cluster, name)
  const { role, membership } = seen.status.members.find((one) => one.name === name) ?? {}
  const heir = seen.status.members.find(
    (one) => one.role === 'follower' && one.membership === 'voter',
  )
  if (seen.status.leader === name && heir) {
    await order(seen, { kind: 'transfer', memberId: heir.id })
    const after = await waitUntil(clock, orderMs, new AbortController().signal, async () => {
      const now = await look(flags)
      return now.status.leader !== null && now.status.leader !== name ? now : undefined
    })
    if (!after)
      throw new ConfigError(
        `${name} leads the cluster and nobody else took over within ${orderMs / 1000} s`,
        'nothing is changed; see who is well with: kijabi raft status',
      )
    seen = after
  }
  // Its clients go elsewhere first, so that none of them notices. One that does not answer has none.
  if (role !== 'unreachable' && membership !== 'none')
    await send(seen, member, { kind: 'leave', memberId: member.id })
  await order(seen, { kind: 'remove', memberId: member.id })
  return done(flags, `${name} is no member of the cluster any more`)
}

/**
 * `kijabi raft add NAME`: first as a learner, which counts for no quorum; as a voter once it has caught
 * up, so that a slow or dead newcomer costs the cluster nothing.
 */
export async function raftAdd(
  name: string,
  flags: DirectoryFlag & OutputFlag & { readonly learner?: boolean },
) {
  const seen = await look(flags)
  const { id, raftAddress } = memberNamed(seen.cluster, name)
  const membership = seen.status.members.find((one) => one.name === name)?.membership
  if (membership === 'voter' && !flags.learner) return done(flags, `${name} is a voter already`)
  if (membership === 'none') await order(seen, { kind: 'add-learner', memberId: id, raftAddress })
  if (flags.learner) return done(flags, `${name} is a learner`)
  const caughtUp = await waitUntil(clock, catchUpMs, new AbortController().signal, async () => {
    const { status } = await look(flags)
    const member = status.members.find((one) => one.name === name)
    const match = member?.withholdsVote ? 0 : (member?.matchIndex ?? 0)
    const commit = Math.max(...status.members.map((one) => one.commitIndex))
    return match > 0 && match + 100 >= commit ? true : undefined
  })
  if (!caughtUp)
    throw new ConfigError(
      `${name} is a learner and did not catch up within ${catchUpMs / 1000} s`,
      `see that it runs (kijabi status), then run this again; or: kijabi raft remove ${name}`,
    )
  await order(await look(flags), { kind: 'add-voter', memberId: id, raftAddress })
  return done(flags, `${name} is a voter`)
}

async function look(flags: DirectoryFlag): Promise<Seen> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const cluster = directory.readCluster()
  const reports = await Promise.all(
    cluster.masters.map((master) => askMaster(directory, master.apiAddress)),
  )
  return { cluster, directory, reports, status: statusFrom(cluster, reports) }
}

function statusFrom(
  cluster: ResolvedCluster,
  reports: readonly (MasterReport | undefined)[],
): RaftStatus {
  const byTerm = reports
    .filter((report) => report !== undefined)
    .sort((left, right) => right.term - left.term || right.appliedIndex - left.appliedIndex)
  const leading = byTerm.find((report) => report.role === 'leader')
  const best = leading ?? byTerm[0]
  const membershipOf = (id: number) => {
    if (best?.voters.includes(id)) return 'voter' as const
    return best?.learners.includes(id) ? ('learner' as const) : ('none' as const)
  }
  return {
    clusterId: cluster.clusterId,
    leader: leading?.name ?? null,
    term: best?.term ?? 0,
    members: cluster.masters.map(({ name, id }, at) => {
      const report = reports[at]
      const match = leading?.progress.find((one) => one.memberId === id)?.matchIndex
      return {
        ...{ name, id, role: report?.role ?? 'unreachable', membership: membershipOf(id) },
        ...{ term: report?.term ?? 0, commitIndex: report?.commitIndex ?? 0 },
        ...{ appliedIndex: report?.appliedIndex ?? 0, firstIndex: report?.firstIndex ?? 0 },
        ...{ lastIndex: report?.lastIndex ?? 0, matchIndex: match ?? null },
        ...{ syncMsP99: report?.syncMsP99 ?? 0, withholdsVote: report?.withholdsVote ?? false },
        damage: report?.damage ?? null,
      }
    }),
  }
}

/** Sends an order to the leader. */
async function order(seen: Seen, what: RaftOrder): Promise<void> {
  const leader = seen.cluster.masters.find(({ name }) => name === seen.status.leader)
  if (!leader)
    throw new ConfigError(
      'the cluster has no leader, so its membership cannot be changed',
      'see who answers with: kijabi raft status; after the loss of a majority: kijabi raft recover',
    )
  await send(seen, leader, what)
}

async function send({ directory }: Seen, to: ResolvedMaster, what: RaftOrder): Promise<void> {
  const transport = adminTransport(directory, [to.apiAddress], orderMs)
  try {
    await sendOrder(transport, what)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new ConfigError(error.message, 'nothing is changed')
  } finally {
    transport.close()
  }
}

/** The master of that name. Throws ConfigError with the names that there are. */
export function memberNamed({ masters }: ResolvedCluster, name: string): ResolvedMaster {
  const found = masters.find((one) => one.name === name)
  if (found) return found
  throw new ConfigError(
    `the cluster has no master named ${name}`,
    `use one of: ${masters.map((one) => one.name).join(', ')}`,
  )
}

function readable(status: RaftStatus): string {
  const rows = status.members.map((one) => [
    ...[one.name, one.role, one.membership, `${one.term}`, `${one.commitIndex}`],
    ...[`${one.appliedIndex}`, `${one.firstIndex}-${one.lastIndex}`],
    ...[one.matchIndex === null ? '' : `${one.matchIndex}`, one.withholdsVote ? 'withheld' : 'yes'],
    one.damage?.what ?? '',
  ])
  const headings = ['NAME', 'ROLE', 'MEMBER', 'TERM', 'COMMIT', 'APPLIED', 'LOG', 'MATCH', 'VOTE']
  const leader = status.leader ?? 'nobody'
  return (
    `cluster ${status.clusterId}, term ${status.term}, led by ${leader}\n\n` +
    table([...headings, 'DAMAGE'], rows)
  )
}

export function done(flags: OutputFlag, result: string): number {
  if (flags.output === 'json') print({ result })
  else process.stdout.write(`${result}\n`)
  return 0
}

export function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}
