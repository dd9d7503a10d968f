import { systemClock } from '../base/clock.ts'
import { isStatus } from '../base/status.ts'
import { table } from '../cli/print/table.ts'
import type { DirectoryFlag, OutputFlag } from '../cli/program.ts'
import { nodes } from '../client/resources.ts'
import { bodyBytes } from '../client/transport.ts'
import { adminClient, adminTransport } from './admin-client.ts'
import { ClusterDirectory, type ResolvedCluster } from './config/cluster-directory.ts'
import { readRecord } from './local-cluster.ts'
import type { MasterReport } from './member/master-report.ts'
import { nodeIsReady } from './node-ready.ts'
import { processIsAlive } from './process-record.ts'
import { configOf } from './up.ts'

/** The published shape of `status -o json`; field names stay. */
export interface ClusterStatus {
  readonly cluster: string
  /** Name of the leader, or null. */
  readonly leader: string | null
  readonly members: readonly MemberStatus[]
  readonly nodes: readonly { name: string; ready: boolean; runtime: string }[]
}

export interface MemberStatus {
  readonly name: string
  readonly role: string
  readonly term: number
  readonly commitIndex: number
  readonly appliedIndex: number
  /** Entries that this member is behind the highest commit index seen. */
  readonly lag: number
  readonly apiAddress: string
  readonly raftAddress: string
  readonly pid: number
  readonly healthy: boolean
  /** Resident memory of the master process. */
  readonly memoryMiB: number
}

const answerMs = 2_000

/** `kijabi status`. Exit code 1 when no master leads. */
export async function status(flags: DirectoryFlag & OutputFlag): Promise<number> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const seen = await clusterStatus(directory, directory.readCluster())
  process.stdout.write(
    flags.output === 'json' ? `${JSON.stringify(seen, undefined, 2)}\n` : readable(seen, flags),
  )
  return seen.leader === null ? 1 : 0
}

/** Asks every master for itself, so that it works without a leader and shows who differs. */
export async function clusterStatus(
  directory: ClusterDirectory,
  cluster: ResolvedCluster,
): Promise<ClusterStatus> {
  const reports = await Promise.all(
    cluster.masters.map((master) => askMaster(directory, master.apiAddress)),
  )
  const commitMax = Math.max(0, ...reports.map((report) => report?.commitIndex ?? 0))
  const members = cluster.masters.map((master, index) => {
    const pid = readRecord(directory, master.name) ?? 0
    const alive = processIsAlive(pid, directory.clusterFile)
    return memberStatus(master, reports[index], commitMax, alive ? pid : 0)
  })
  const leading = members
    .filter((member) => member.role === 'leader')
    .sort((left, right) => right.term - left.term)
  return {
    cluster: cluster.name,
    leader: leading[0]?.name ?? null,
    members,
    nodes: leading[0] ? await nodeList(directory, cluster) : [],
  }
}

function memberStatus(
  master: ResolvedCluster['masters'][number],
  report: MasterReport | undefined,
  commitMax: number,
  pid: number,
): MemberStatus {
  const { name, apiAddress, raftAddress } = master
  return {
    name,
    role: report?.role ?? 'unreachable',
    term: report?.term ?? 0,
    commitIndex: report?.commitIndex ?? 0,
    appliedIndex: report?.appliedIndex ?? 0,
    lag: report ? Math.max(0, commitMax - report.appliedIndex) : commitMax,
    apiAddress,
    raftAddress,
    pid: report?.pid ?? pid,
    healthy: report !== undefined && report.leader !== 0,
    memoryMiB: Math.round((report?.residentBytes ?? 0) / 2 ** 20),
  }
}

/** What a master says of itself; undefined when it does not answer. */
export async function askMaster(
  directory: ClusterDirectory,
  address: string,
): Promise<MasterReport | undefined> {
  const transport = adminTransport(directory, [address], answerMs)
  try {
    const answer = await transport.send({
      ...{ method: 'GET', path: '/kijabi/v1/status', headers: new Map() },
      signal: AbortSignal.timeout(answerMs),
    })
    if (answer.status !== 200) return undefined
    return JSON.parse(Buffer.from(await bodyBytes(answer.body)).toString()) as MasterReport
  } catch (error) {
    // A dead or paused member is what this command is there to show.
    if (isStatus(error, 'ServiceUnavailable', 'Timeout') || isAbort(error)) return undefined
    throw error
  } finally {
    transport.close()
  }
}

async function nodeList(
  directory: ClusterDirectory,
  cluster: ResolvedCluster,
): Promise<ClusterStatus['nodes']> {
  const { client, close } = adminClient(directory, cluster.apiAddress)
  try {
    const { items } = await nodes(client).list({ signal: AbortSignal.timeout(answerMs) })
    return items.map((node) => ({
      name: node.metadata.name ?? '',
      ready: nodeIsReady(node),
      runtime: node.status?.nodeInfo?.containerRuntimeVersion?.split(':')[0] ?? 'unknown',
    }))
  } catch (error) {
    if (isStatus(error, 'ServiceUnavailable', 'Timeout') || isAbort(error)) return []
    throw error
  } finally {
    close()
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}

function readable(seen: ClusterStatus, flags: OutputFlag): string {
  const wide = flags.output === 'wide'
  const headings = ['NAME', 'ROLE', 'TERM', 'COMMIT', 'APPLIED', 'LAG', 'PID', 'HEALTHY']
  const members = table(
    wide ? [...headings, 'API', 'RAFT', 'MEMORY'] : headings,
    seen.members.map((one) => [
      ...[one.name, one.role, `${one.term}`, `${one.commitIndex}`, `${one.appliedIndex}`],
      ...[`${one.lag}`, one.pid === 0 ? '' : `${one.pid}`, one.healthy ? 'yes' : 'no'],
      ...(wide ? [one.apiAddress, one.raftAddress, `${one.memoryMiB}Mi`] : []),
    ]),
  )
  const workers = table(
    ['NODE', 'READY', 'RUNTIME'],
    seen.nodes.map((node) => [node.name, node.ready ? 'yes' : 'no', node.runtime]),
  )
  const leader = seen.leader ?? 'nobody (no quorum of masters answers)'
  return `cluster ${seen.cluster}, led by ${leader} (${now()})\n\n${members}\n${workers}`
}

function now(): string {
  return new Date(systemClock.wallMs()).toISOString()
}
