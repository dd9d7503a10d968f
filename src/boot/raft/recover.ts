import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { systemClock as clock } from '../../base/clock.ts'
import { flightSilence } from '../../base/flight-record.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom as random } from '../../base/random.ts'
import { systemDisk as disk } from '../../base/system-disk.ts'
import type { RaftRecoverFlags } from '../../cli/program.ts'
import { inspectLog, type MemberLog } from '../../raft/log/inspect.ts'
import { recoverAlone } from '../../raft/log/recover.ts'
import { ClusterDirectory, type ResolvedMaster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { readRecord } from '../local-cluster.ts'
import { processIsAlive } from '../process-record.ts'
import { supervisorName } from '../supervise.ts'
import { configOf } from '../up.ts'
import { memberNamed, print } from './online.ts'

interface Survivor {
  readonly master: ResolvedMaster
  readonly log: MemberLog
}

/**
 * `kijabi raft recover NAME…`: a majority of the masters is lost for good; the cluster begins anew with
 * what the named survivors hold. The one with the newest log, as an election would choose, becomes the
 * only member of a cluster of new identity; every other master is refused until it rejoins empty.
 */
export async function raftRecover(
  names: readonly string[],
  flags: RaftRecoverFlags,
): Promise<number> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const cluster = directory.readCluster()
  refuseWhileRunning(directory, cluster.masters)
  const survivors = await survivorsOf(
    directory,
    names.map((name) => memberNamed(cluster, name)),
  )
  const { master, log } = newest(survivors)
  const lost = cluster.masters.filter(({ name }) => !names.includes(name))
  if (!flags.yes)
    throw new ConfigError(
      `this would begin a new cluster with the data of ${master.name} (entries up to ` +
        `${log.lastIndex}, term ${log.term}) and give up whatever only ` +
        `${lost.map(({ name }) => name).join(', ') || 'other members'} hold`,
      'when no majority can ever come back, run it again with --yes',
    )
  const newClusterId = randomUUID()
  const { id, name, raftAddress } = master
  const result = await recoverAlone({
    ...{ disk, clock, random, logger: silentLogger, emit: flightSilence, newClusterId },
    dataDirectory: directory.path('masters', name),
    self: { id, name, raftAddress },
  })
  directory.writeCluster({ ...cluster, clusterId: newClusterId, firstMasters: [name] })
  const others = cluster.masters.filter((one) => one.name !== name)
  if (flags.output === 'json') print({ clusterId: newClusterId, survivor: name, ...result })
  else process.stdout.write(story(directory, name, result.lastIndex, others))
  return 0
}

function refuseWhileRunning(directory: ClusterDirectory, masters: readonly ResolvedMaster[]): void {
  const supervisor = readRecord(directory, supervisorName)
  const runs = supervisor !== undefined && processIsAlive(supervisor, 'main.js')
  const alive = masters.filter(({ name }) =>
    processIsAlive(readRecord(directory, name) ?? 0, directory.clusterFile),
  )
  if (!runs && alive.length === 0) return
  throw new ConfigError(
    `${directory.root} is in use by a running cluster`,
    `stop it with: kijabi down --data-dir ${directory.root}`,
  )
}

async function survivorsOf(
  directory: ClusterDirectory,
  masters: readonly ResolvedMaster[],
): Promise<Survivor[]> {
  const survivors: Survivor[] = []
  for (const master of masters) {
    const where = directory.path('masters', master.name)
    const log = existsSync(where) ? await inspectLog(disk, where) : undefined
    if (!log)
      throw new ConfigError(`${where} holds no data of a master`, 'name those that survived only')
    survivors.push({ master, log })
  }
  return survivors
}

/** As voters compare logs (Raft section 5.4.1); one that knows that it lost data comes last. */
function newest(survivors: readonly Survivor[]): Survivor {
  const [best] = survivors.toSorted(
    ({ log: left }, { log: right }) =>
      Number(left.withholdsVote) - Number(right.withholdsVote) ||
      right.lastTerm - left.lastTerm ||
      right.lastIndex - left.lastIndex,
  )
  if (best) return best
  throw new ConfigError('no survivor was named', 'name the masters whose data are left')
}

function story(
  directory: ClusterDirectory,
  name: string,
  lastIndex: number,
  others: readonly ResolvedMaster[],
): string {
  const old = others.filter((one) => existsSync(directory.path('masters', one.name)))
  const lines = [
    `${name} is a cluster of its own now, with everything up to entry ${lastIndex}.`,
    'Next:',
    ...old.map((one) => `  mv ${directory.path('masters', one.name)}{,.lost}   # it rejoins empty`),
    `  kijabi up -d --data-dir ${directory.root}`,
    ...others.map((one) => `  kijabi raft add ${one.name} --data-dir ${directory.root}`),
  ]
  return `${lines.join('\n')}\n`
}
