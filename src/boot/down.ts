import { rmSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import type { DirectoryFlag } from '../cli/program.ts'
import { ClusterDirectory } from './config/cluster-directory.ts'
import { ConfigError } from './config/config-error.ts'
import { stopPrivateEngine } from './docker-engine.ts'
import { readRecord, recordFile, stopStrayMembers } from './local-cluster.ts'
import { processIsAlive, stopProcess } from './process-record.ts'
import { supervisorName } from './supervise.ts'
import { configOf } from './up.ts'
import { removeWorkerArtifacts } from './worker-artifacts.ts'

/** Members, containers and a private engine all have their own grace inside this one. */
const stopGraceMs = 60_000

/** `kijabi down`: stops the cluster of a data directory; its data stays. */
export async function down(flags: DirectoryFlag): Promise<number> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  if (!directory.exists)
    throw new ConfigError(
      `${directory.root} holds no cluster`,
      'name the data directory of the cluster to stop with --data-dir',
    )
  const pid = readRecord(directory, supervisorName)
  const supervised = pid !== undefined && processIsAlive(pid, 'main.js')
  if (pid !== undefined) await stopProcess(pid, 'main.js', stopGraceMs, systemClock)
  const strays = await cleanUp(directory)
  process.stderr.write(
    supervised || strays.length > 0
      ? `stopped; the data stays in ${directory.root}\n`
      : `nothing was running; the data stays in ${directory.root}\n`,
  )
  return 0
}

/** What a supervisor that was killed could not do: stop members, remove containers, rules, engine. */
async function cleanUp(directory: ClusterDirectory): Promise<string[]> {
  const cluster = directory.readCluster()
  const strays = await stopStrayMembers(directory, systemClock)
  const { clusterId } = cluster
  const say = (line: string) => process.stderr.write(`${line}\n`)
  await removeWorkerArtifacts(cluster, directory, say)
  await stopPrivateEngine(directory, clusterId, systemClock)
  rmSync(recordFile(directory, supervisorName), { force: true })
  return strays
}
