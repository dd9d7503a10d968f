import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClusterDirectory } from '../../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../../src/boot/config/config.ts'
import { clusterStatus } from '../../src/boot/status.ts'
import { type Boot, supervise } from '../../src/boot/supervise.ts'
import type { LoadRequest, LoadResult } from './api-load.ts'

export interface ClusterOptions {
  readonly objects: number
  readonly ms: number
}

interface Figure extends LoadResult {
  /** Of all masters together, per request. */
  readonly masterCpuMs: number
}

const path = '/api/v1/namespaces/default/configmaps'
const runsPerFigure = 3
const clockTicksPerSecond = 100

/**
 * Three real masters: durable creates of 1 KB over TLS, the connections spread over all masters, the
 * clients in a process of their own. Each figure is the median of three runs. Reference, same kind of
 * machine: kube-apiserver 1.36 with one etcd: creates 235 / 869 / 1,120 per s, gets at 32: 1,948 per s.
 */
export async function runCluster(options: ClusterOptions): Promise<object> {
  const root = mkdtempSync(join(tmpdir(), 'kijabi-bench-'))
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the benchmark'),
    flags: { masters: 3, workers: 0, apiPort: 0, install: false },
    say: (line) => process.stderr.write(`${line}\n`),
    restart: false,
  })
  const client = fork(fileURLToPath(new URL('./api-load.js', import.meta.url)))
  try {
    return await measure(boot, client, options)
  } finally {
    client.kill()
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

async function measure(boot: Boot, client: ChildProcess, options: ClusterOptions) {
  const base = {
    pki: boot.directory.path('pki'),
    addresses: boot.cluster.masters.map(({ apiAddress }) => apiAddress),
    path,
  }
  const { ms, objects } = options
  const pids = boot.cluster.masters.map(({ name }) => boot.members.pid(name) ?? 0)
  const ask = async (more: Omit<LoadRequest, 'pki' | 'addresses' | 'path'>, target = path) => {
    const beforeMs = cpuMs(pids)
    const result = await request(client, { ...base, path: target, ...more })
    const masterCpuMs = Math.round(((cpuMs(pids) - beforeMs) / result.requests) * 100) / 100
    return { ...result, masterCpuMs }
  }
  await ask({ method: 'POST', prefix: 'warm', connections: 16, ms, count: 1e9 })
  const creates: Record<string, Figure> = {}
  for (const connections of [1, 16, 64]) {
    creates[connections] = await median((round) => {
      const prefix = `c${connections}-${round}`
      return ask({ method: 'POST', prefix, connections, ms, count: 1e9 })
    })
    process.stderr.write(
      `creates at ${connections}: ${creates[connections]?.perSecond}/s, ${creates[connections]?.masterCpuMs} ms CPU each\n`,
    )
  }
  const get = { method: 'GET', prefix: '', ms, count: 1e9 } as const
  const gets = await median(() => ask({ ...get, connections: 32 }, `${path}/warm-1`))
  process.stderr.write(`gets at 32: ${gets.perSecond}/s, ${gets.masterCpuMs} ms CPU each\n`)
  const secrets = path.replace('configmaps', 'secrets')
  await ask({ method: 'POST', prefix: 's', connections: 32, ms: 1e6, count: objects }, secrets)
  const list = await median(() =>
    ask({ ...get, connections: 1, ms: 1e6, count: 1 }, `${secrets}?limit=0`),
  )
  const { members } = await clusterStatus(boot.directory, boot.cluster)
  return { createsPerSecond: creates, getsAt32: gets, list, members }
}

/** Processor time that the masters and the clients used, per request: it does not depend on neighbours. */
function cpuMs(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return (ticks * 1_000) / clockTicksPerSecond
}

async function request(client: ChildProcess, message: LoadRequest): Promise<LoadResult> {
  client.send(message)
  const unlessAnswered = new AbortController()
  const { signal } = unlessAnswered
  const ended = once(client, 'exit', { signal }).then(() => {
    throw new Error('the load process ended')
  })
  ended.catch(() => {})
  const answered = once(client, 'message', { signal })
  try {
    const [result] = (await Promise.race([answered, ended])) as [LoadResult]
    return result
  } finally {
    answered.catch(() => {})
    unlessAnswered.abort()
  }
}

async function median(run: (round: number) => Promise<Figure>): Promise<Figure> {
  const results: Figure[] = []
  for (let round = 1; round <= runsPerFigure; round += 1) results.push(await run(round))
  results.sort((left, right) => left.perSecond - right.perSecond)
  return results[Math.floor(results.length / 2)] as Figure
}
