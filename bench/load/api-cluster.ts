import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterDirectory } from '../../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../../src/boot/config/config.ts'
import { supervise } from '../../src/boot/supervise.ts'
import type { Target } from './api-connection.ts'
import type { PacedWrites, RequestFigures, RequestLoad, TextRequest } from './api-load.ts'
import { type LatencyFigures, round } from './figures.ts'
import { Forked } from './forked.ts'
import { processorMs } from './processor-time.ts'
import type { WatchRequest } from './watch-lag.ts'

/** Another API server that runs already, on this machine: measured in turns with ours. */
export interface Beside {
  /** `host:port`. */
  readonly address: string
  /** A directory with `ca.crt`, `admin.crt` and `admin.key`. */
  readonly pki: string
  /** Its processes and its store's. */
  readonly pids: readonly number[]
}

export interface ClusterOptions {
  readonly beside?: Beside
  readonly objects: number
  readonly ms: number
  readonly warmUpMs: number
  readonly runs: number
  readonly watchers: number
  readonly watchedPerSecond: number
}

const collection = (resource: string) => `/api/v1/namespaces/default/${resource}`
const idleMs = 5_000
const settleMs = 2_000
/** Makes an object of 1 KB, and one of 1.7 KB, as stored. */
const smallBytes = 800
const largeBytes = 1_500

const program = new URL('./api-load.js', import.meta.url)

/**
 * Three real masters and their clients on this machine, each in processes of their own, over TLS, the
 * connections spread over all masters. Reference, same kind of machine and quiet: kube-apiserver 1.36
 * with one etcd 3.5.16: creates 235 / 869 / 1,120 per s at 1 / 16 / 64 connections, gets 412 / 1,948
 * per s at 1 / 32, LIST of 13,447 objects 0.29-0.44 s, their deletecollection 42 s, 248 + 46 MB idle.
 */
export async function runCluster(options: ClusterOptions): Promise<object> {
  const root = mkdtempSync(join(tmpdir(), 'kijabi-bench-'))
  const startedMs = performance.now()
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the benchmark'),
    flags: { masters: 3, workers: 0, apiPort: 0, install: false },
    say: (line) => process.stderr.write(`${line}\n`),
    restart: false,
  })
  const startUpMs = Math.round(performance.now() - startedMs)
  const ours = new ApiBench(
    {
      name: 'kijabi',
      addresses: boot.cluster.masters.map(({ apiAddress }) => apiAddress),
      pki: join(root, 'pki'),
      pids: boot.cluster.masters.map(({ name }) => boot.members.pid(name) ?? 0),
    },
    options,
  )
  const { beside } = options
  const other =
    beside && new ApiBench({ ...beside, name: 'beside', addresses: [beside.address] }, options)
  try {
    const figures = await inTurns(ours, other)
    return { startUpMs, ...figures }
  } finally {
    await ours.close()
    await other?.close()
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

/** Each step on ours, then on the other one. */
async function inTurns(ours: ApiBench, other: ApiBench | undefined): Promise<object> {
  const figures: Record<string, unknown> = {}
  const theirs: Record<string, unknown> = {}
  for (const step of steps) {
    figures[step] = await ours[step]()
    if (other) theirs[step] = await other[step]()
  }
  return other ? { kijabi: figures, beside: theirs, ratios: ratios(figures, theirs) } : figures
}

/** Above 1 where ours is the better one: requests per second, or the other's time to ours. */
function ratios(ours: Record<string, unknown>, theirs: Record<string, unknown>): object {
  const found: Record<string, number> = {}
  const compare = (name: string, one: unknown, other: unknown) => {
    const [left, right] = [one, other] as [Partial<Timed>, Partial<Timed>]
    if (left.perSecond && right.perSecond) found[name] = round(left.perSecond / right.perSecond)
    else if (left.ms && right.ms) found[name] = round(right.ms / left.ms)
    else if (typeof one === 'object' && one && other)
      for (const [key, value] of Object.entries(one))
        compare(`${name} ${key}`, value ?? 0, (other as Record<string, unknown>)[key] ?? 0)
  }
  for (const step of ['creates', 'gets', 'list', 'deleteCollection'])
    compare(step, ours[step], theirs[step])
  return found
}

interface Timed {
  readonly perSecond: number
  readonly ms: number
}

interface Measured {
  readonly name: string
  readonly addresses: readonly string[]
  readonly pki: string
  readonly pids: readonly number[]
}

const steps = [
  ...(['idle', 'warmUp', 'creates', 'gets', 'list', 'deleteCollection'] as const),
  ...(['loadedMiB', 'watches'] as const),
]

class ApiBench {
  readonly #measured: Measured
  readonly #options: ClusterOptions
  readonly #client = new Forked(program)

  constructor(measured: Measured, options: ClusterOptions) {
    this.#measured = measured
    this.#options = options
  }

  async close(): Promise<void> {
    await this.#client.kill()
  }

  async idle(): Promise<object> {
    await sleep(settleMs)
    const before = this.#cpuMs()
    await sleep(idleMs)
    const percent = round(((this.#cpuMs() - before) / idleMs / this.#measured.pids.length) * 100)
    return { residentMiB: this.loadedMiB(), processorPercentPerMaster: percent }
  }

  /** Compilers warm up; the object that is read later is made. */
  async warmUp(): Promise<object> {
    const warmUp = { method: 'POST', prefix: 'warm', connections: 64, count: 1e9 } as const
    const { perSecond } = await this.#requests({ ...warmUp, ms: this.#options.warmUpMs })
    return { perSecond }
  }

  async creates(): Promise<object> {
    const figures: Record<string, object> = {}
    for (const connections of [1, 16, 64])
      figures[connections] = await this.#median(`creates at ${connections}`, (run) =>
        this.#requests({
          ...{ method: 'POST', connections, ms: this.#options.ms, count: 1e9 },
          prefix: `c${connections}-${run}`,
        }),
      )
    return figures
  }

  async gets(): Promise<object> {
    const figures: Record<string, object> = {}
    const path = `${collection('configmaps')}/warm-1`
    for (const connections of [1, 32])
      figures[connections] = await this.#median(`gets at ${connections}`, () =>
        this.#requests({ method: 'GET', path, connections, ms: this.#options.ms, count: 1e9 }),
      )
    return figures
  }

  /** Secrets of 1.7 KB: each LIST, and the longest turn of the main thread that answers it. */
  async list(): Promise<object> {
    const { objects } = this.#options
    const path = collection('secrets')
    await this.#requests({
      ...{ method: 'POST', prefix: 's', path, payloadBytes: largeBytes },
      ...{ connections: 32, ms: 1e9, count: objects },
    })
    const stalls: number[] = []
    const figures = await this.#median('list', async () => {
      await this.#loopLagMs()
      const one = await this.#requests({ method: 'GET', path, connections: 1, ms: 1e9, count: 1 })
      stalls.push(await this.#loopLagMs())
      return one
    })
    const { msP50, bytes, masterCpuMs } = figures
    return { objects, ms: msP50, bytes, masterCpuMs, longestTurnMs: round(Math.max(...stalls)) }
  }

  async deleteCollection(): Promise<object> {
    await this.#loopLagMs()
    const path = collection('secrets')
    const one = await this.#requests({ method: 'DELETE', path, connections: 1, ms: 1e9, count: 1 })
    const longestTurnMs = round(await this.#loopLagMs())
    const { objects } = this.#options
    process.stderr.write(`${this.#measured.name}: deletecollection: ${one.msP50} ms\n`)
    return { objects, ms: one.msP50, masterCpuMs: one.masterCpuMs, longestTurnMs }
  }

  async watches(): Promise<object> {
    const { watchers } = this.#options
    await this.#requests({ method: 'POST', prefix: 'w', connections: 32, ms: 1e9, count: watchers })
    const own = await this.#watched('own')
    const all = await this.#watched('all')
    return { watchers, own, all }
  }

  async #watched(sees: WatchRequest['sees']): Promise<object> {
    const { watchers, watchedPerSecond, ms } = this.#options
    let told = () => {}
    const open = new Promise<void>((resolve) => {
      told = resolve
    })
    const watching = new Forked(program, () => told())
    try {
      const path = collection('configmaps')
      const after = await this.#revision(path)
      const before = this.#cpuMs()
      const lag = watching.ask<LatencyFigures>({
        ...this.#target(path),
        ...{ kind: 'watch', watchers, sees, after, ms: ms + settleMs },
      } satisfies WatchRequest)
      await Promise.race([open, lag])
      const writes = await this.#client.ask<LatencyFigures>({
        ...this.#target(path),
        ...{ kind: 'paced', objects: watchers, perSecond: watchedPerSecond, ms },
      } satisfies PacedWrites)
      const { requests, msP50, msP99 } = await lag
      const cpuMs = round((this.#cpuMs() - before) / requests)
      process.stderr.write(
        `${this.#measured.name}: watchers of ${sees}: lag p99 ${msP99} ms of ${requests} events\n`,
      )
      const write = { perSecond: writes.perSecond, msP50: writes.msP50, msP99: writes.msP99 }
      return { events: requests, lagMsP50: msP50, lagMsP99: msP99, cpuMsPerEvent: cpuMs, write }
    } finally {
      await watching.kill()
    }
  }

  async #requests(
    more: Partial<RequestLoad> & Pick<RequestLoad, 'method' | 'connections' | 'ms' | 'count'>,
  ): Promise<RequestFigures & { readonly masterCpuMs: number }> {
    const before = this.#cpuMs()
    const result = await this.#client.ask<RequestFigures>({
      ...{ kind: 'requests', prefix: '', payloadBytes: smallBytes },
      ...this.#target(collection('configmaps')),
      ...more,
    } satisfies RequestLoad)
    return { ...result, masterCpuMs: round((this.#cpuMs() - before) / result.requests) }
  }

  /** The longest that the main thread of the first master was busy since this was last asked; 0 of others. */
  async #loopLagMs(): Promise<number> {
    if (this.#measured.name !== 'kijabi') return 0
    const request: TextRequest = { ...this.#target('/metrics'), kind: 'text' }
    const { text } = await this.#client.ask<{ text: string }>(request)
    const found = /^nodejs_eventloop_lag_max_seconds\S* (\S+)/m.exec(text)
    if (!found) throw new Error(`no lag among the metrics: ${text.slice(0, 200)}`)
    return Number(found[1]) * 1_000
  }

  async #revision(path: string): Promise<string> {
    const request: TextRequest = { ...this.#target(`${path}?limit=1`), kind: 'text' }
    const { text } = await this.#client.ask<{ text: string }>(request)
    const { metadata } = JSON.parse(text) as { metadata: { resourceVersion: string } }
    return metadata.resourceVersion
  }

  #target(path: string): Target {
    const { pki, addresses } = this.#measured
    return { pki, addresses, path }
  }

  async #median<T extends RequestFigures & { readonly masterCpuMs: number }>(
    what: string,
    measure: (run: number) => Promise<T>,
  ): Promise<T> {
    const results: T[] = []
    for (let run = 1; run <= this.#options.runs; run += 1) results.push(await measure(run))
    results.sort((left, right) => left.perSecond - right.perSecond)
    const chosen = results[results.length >> 1] as T
    const { perSecond, msP50, masterCpuMs } = chosen
    process.stderr.write(
      `${this.#measured.name}: ${what}: ${perSecond}/s, p50 ${msP50} ms, ${masterCpuMs} ms CPU each\n`,
    )
    return chosen
  }

  #cpuMs(): number {
    return processorMs(this.#measured.pids)
  }

  loadedMiB(): number[] {
    return this.#measured.pids.map((pid) => {
      const kiB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      return Math.round(Number(kiB) / 1_024)
    })
  }
}
