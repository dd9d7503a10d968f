import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemDisk } from '../../base/system-disk.ts'
import { table } from '../../cli/print/table.ts'
import type { RaftDataFlags, RaftLogFlags } from '../../cli/program.ts'
import { inspectLog, inspectSnapshots, type MemberLog } from '../../raft/log/inspect.ts'
import { ClusterDirectory } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { configOf } from '../up.ts'
import { memberNamed, print } from './online.ts'

/**
 * `kijabi raft log [NAME]`: what a member's log holds, read from its directory, whether it runs or not,
 * leader or none. Exit code 1 when a part of it is damaged.
 */
export async function raftLog(name: string | undefined, flags: RaftLogFlags): Promise<number> {
  const log = await logOf(directoryOf(name, flags))
  const from = flags.from ?? Math.max(1, log.lastIndex - flags.limit + 1)
  const entries = log.entries.filter(({ index }) => index >= from).slice(0, flags.limit)
  if (flags.output === 'json') print({ ...log, entries })
  else process.stdout.write(readableLog({ ...log, entries }))
  return log.damage === undefined ? 0 : 1
}

/** `kijabi raft snapshot [NAME]`: the snapshots of a member, each checked to its last byte. */
export async function raftSnapshot(name: string | undefined, flags: RaftDataFlags) {
  const directory = directoryOf(name, flags)
  await logOf(directory)
  const snapshots = await inspectSnapshots(systemDisk, directory)
  if (flags.output === 'json') print({ snapshots })
  else {
    const rows = snapshots.map((one) => [
      ...[`${one.index}`, `${one.term}`, one.voters.join(','), `${one.bytes}`],
      ...[one.damage ?? 'good', one.file],
    ])
    process.stdout.write(table(['INDEX', 'TERM', 'VOTERS', 'BYTES', 'STATE', 'FILE'], rows))
  }
  return snapshots.every(({ damage }) => damage === undefined) ? 0 : 1
}

export async function logOf(directory: string): Promise<MemberLog> {
  const log = existsSync(directory) ? await inspectLog(systemDisk, directory) : undefined
  if (log) return log
  throw new ConfigError(
    `${directory} holds no data of a master`,
    'name a master, or its directory with --member-dir',
  )
}

function directoryOf(name: string | undefined, flags: RaftDataFlags): string {
  if (flags.memberDir !== undefined) return resolve(flags.memberDir)
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const cluster = directory.readCluster()
  const wanted = name ?? (cluster.masters.length === 1 ? cluster.masters[0]?.name : undefined)
  if (wanted === undefined)
    throw new ConfigError(
      'whose? Each master has data of its own',
      `name one: ${cluster.masters.map((one) => one.name).join(', ')}`,
    )
  return directory.path('masters', memberNamed(cluster, wanted).name)
}

function readableLog(log: MemberLog): string {
  const rows = log.entries.map((one) => [
    ...[`${one.index}`, `${one.term}`, one.kind, `${one.bytes}`],
  ])
  const vote = log.vote === 0 ? 'nobody' : `member ${log.vote}`
  return (
    `member ${log.memberId} of cluster ${log.clusterId}: entries ${log.firstIndex} to ` +
    `${log.lastIndex}, committed to ${log.commitIndex} at least, snapshot at ${log.snapshot.index}\n` +
    `term ${log.term}, voted for ${vote}${log.withholdsVote ? ', withholds its vote' : ''}\n` +
    (log.damage === undefined ? '\n' : `damaged: ${log.damage}\n\n`) +
    table(['INDEX', 'TERM', 'KIND', 'BYTES'], rows)
  )
}
