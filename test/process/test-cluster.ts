import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Ran, runProgram } from '../compat/kubectl-binary.ts'
import { patienceMs } from './eventually.ts'

/** The built program, run as its users run it. */
const main = resolve(import.meta.dirname, '..', '..', 'src', 'boot', 'main.js')

export function kijabi(
  parameters: readonly string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return runProgram(process.execPath, [main, ...parameters], {
    timeoutMs: options.timeoutMs ?? 180_000,
    ...(options.env ? { env: options.env } : {}),
  })
}

export interface TestCluster {
  readonly directory: string
  readonly kubeconfig: string
  readonly apiAddress: string
  readonly clusterId: string
  /** What the last `up` printed. */
  readonly output: Ran
  /** Ends the cluster by `down` and removes its data. Throws when `down` failed. */
  remove(): Promise<void>
}

export interface TestClusterOptions {
  readonly masters?: number
  readonly workers?: number
  readonly runtime: 'docker' | 'sim'
  /** More parameters of `kijabi up`. */
  readonly flags?: readonly string[]
}

/** Boots a cluster of its own with `kijabi up -d` on free ports. Throws with its output on failure. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-test-'))
  const output = await kijabi([
    ...['up', '-d', '--data-dir', directory, '--api-port', '0', '--runtime', options.runtime],
    ...['--masters', `${options.masters ?? 3}`, '--workers', `${options.workers ?? 2}`],
    ...(options.flags ?? []),
  ])
  if (output.code !== 0) {
    const logs = spawnSync('sh', ['-c', `tail -n 20 ${directory}/logs/*.log`], { encoding: 'utf8' })
    await kijabi(['down', '--data-dir', directory])
    rmSync(directory, { recursive: true, force: true })
    throw new Error(`up failed: ${output.stderr}\n${logs.stdout}`)
  }
  return attach(directory, output)
}

/** What tests need of the cluster of a data directory that `up` has booted. */
export function attach(directory: string, output: Ran): TestCluster {
  const cluster = readJson(join(directory, 'cluster.json')) as {
    apiAddress: string
    clusterId: string
  }
  const remove = async () => {
    const ended = await kijabi(['down', '--data-dir', directory])
    if (ended.code !== 0) throw new Error(`down failed: ${ended.stderr}`)
    rmSync(directory, { recursive: true, force: true })
  }
  return {
    ...{ directory, output, remove },
    kubeconfig: join(directory, 'kubeconfig'),
    apiAddress: cluster.apiAddress,
    clusterId: cluster.clusterId,
  }
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Pid of a member, from its record. */
export function memberPid(cluster: TestCluster, name: string): number {
  return (readJson(join(cluster.directory, 'run', `${name}.json`)) as { pid: number }).pid
}

interface StatusAnswer {
  readonly leader: string | null
  readonly members: readonly {
    readonly name: string
    readonly role: string
    readonly healthy: boolean
    readonly lag: number
    readonly pid: number
  }[]
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[]
}

export async function statusOf(cluster: TestCluster): Promise<StatusAnswer> {
  const ran = await kijabi(['status', '--data-dir', cluster.directory, '-o', 'json'])
  return JSON.parse(ran.stdout) as StatusAnswer
}

/** Asks for the status until it satisfies `check`; each answer takes a moment, so nothing sleeps. */
export async function statusWhen(
  cluster: TestCluster,
  what: string,
  check: (status: StatusAnswer) => boolean,
): Promise<StatusAnswer> {
  const endMs = Date.now() + patienceMs
  for (;;) {
    const status = await statusOf(cluster)
    if (check(status)) return status
    if (Date.now() > endMs)
      throw new Error(`never happened: ${what}; last: ${JSON.stringify(status)}`)
  }
}

/** SIGKILL to the leader; returns who it was. */
export async function killLeader(cluster: TestCluster): Promise<string> {
  const { leader, members } = await statusWhen(cluster, 'a leader', (one) => one.leader !== null)
  const pid = members.find((one) => one.name === leader)?.pid
  if (!leader || !pid) throw new Error('no leader to kill')
  process.kill(pid, 'SIGKILL')
  return leader
}

/** Pids of processes whose command line names `text`. */
export function processesNaming(text: string): string[] {
  const found = spawnSync('pgrep', ['-f', text], { encoding: 'utf8' })
  return found.stdout.split('\n').filter((line) => line !== '' && line !== `${process.pid}`)
}
