import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ClusterDirectory } from '../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../src/boot/config/config.ts'
import { supervise } from '../src/boot/supervise.ts'
import { clientTls, startEtcd } from '../test/compat/etcd-server.ts'
import { type Bar, bars } from './load/bars.ts'
import { leaderFirst } from './load/etcd-leader.ts'
import type { EtcdLoadRequest } from './load/etcd-load.ts'
import { type LatencyFigures, quantile, round } from './load/figures.ts'
import { Forked } from './load/forked.ts'
import { NativeCluster } from './load/native-cluster.ts'
import { processorMs } from './load/processor-time.ts'
import { runAlone } from './load/store-alone.ts'

/**
 * The store beside Debian's etcd, three members each, in one run: the same gRPC client, the same
 * certificates, turn and turn about, the leader's connection first. Puts also through the store's own
 * interface, in the processes of the members, as the API's handlers write. Each figure is the median of
 * its rounds; a ratio above 1 means that kijabi is the better one. `--ms` a round, `--rounds`,
 * `--only TEXT` for the works with such a name, `--picture FILE` for an SVG of it. With `--alone`: the
 * listener's own cost, load/store-alone.ts.
 */
export async function run(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ms: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      alone: { type: 'boolean', default: false },
      picture: { type: 'string' },
    },
  })
  if (values.alone) return runAlone(Number(values.ms))
  const root = mkdtempSync(join(tmpdir(), 'kijabi-bench-'))
  const { boot } = await supervise({
    directory: new ClusterDirectory(root),
    config: parseConfig('{"apiPort":0,"logLevel":"warn","runtime":"sim"}', 'the benchmark'),
    flags: { masters: 3, workers: 0, apiPort: 0, etcdPort: 0, install: false },
    say: (line) => process.stderr.write(`${line}\n`),
    restart: false,
  })
  const pki = (file: string) => join(root, 'pki', file)
  const server = { ca: pki('ca.crt'), certificate: pki('m1.crt'), key: pki('m1.key') }
  const admin = { ca: pki('ca.crt'), certificate: pki('admin.crt'), key: pki('admin.key') }
  const native = await NativeCluster.open(join(root, 'native'))
  try {
    const etcd = await startEtcd({ members: 3, tls: server })
    try {
      const kijabi = boot.cluster.masters.flatMap(({ etcdAddress }) => etcdAddress ?? [])
      const bench = new StoreBench({
        sides: { etcd: etcd.endpoints, kijabi },
        pids: {
          etcd: etcd.pids,
          kijabi: boot.cluster.masters.map(({ name }) => boot.members.pid(name) ?? 0),
          native: native.pids,
        },
        ...{ native, tls: clientTls(admin), ms: Number(values.ms) },
        rounds: Number(values.rounds),
      })
      const figures = await bench.all(works.filter(({ name }) => name.includes(values.only)))
      if (values.picture) writeFileSync(values.picture, picture(figures))
      return figures
    } finally {
      await etcd.stop()
    }
  } finally {
    await native.close()
    await boot.scope.close()
    rmSync(root, { recursive: true, force: true })
  }
}

type Work = Pick<EtcdLoadRequest, 'work' | 'clients' | 'count'> & { readonly name: string }

const works: readonly Work[] = [
  { name: 'puts of 1 KB, 1 client', work: 'put', clients: 1 },
  { name: 'puts of 1 KB, 16 clients', work: 'put', clients: 16 },
  { name: 'puts of 1 KB, 128 clients', work: 'put', clients: 128 },
  { name: 'linearizable gets, 16 clients', work: 'get', clients: 16 },
  { name: 'serializable gets, 16 clients', work: 'serializable get', clients: 16 },
  { name: 'range of 1,000', work: 'range', clients: 1, count: 1_000 },
  { name: 'range of 10,000', work: 'range', clients: 1, count: 10_000 },
  { name: '1,000 watchers at 1,000 events/s', work: 'watch', clients: 16, count: 1_000 },
  { name: 'puts beside a stalled watcher, 16 clients', work: 'stalled put', clients: 16 },
]

interface Measured extends LatencyFigures {
  /** Processor time of all members together a request, without what they use when idle. */
  readonly cpuUs: number
}
interface Compared {
  readonly etcd: Measured
  readonly kijabi: Measured
  /** Of throughput; of watches: of the lag's 99th percentile. */
  readonly ratio: number
  /** Puts through the store's own interface, against etcd's over gRPC. */
  readonly native?: Measured
  readonly nativeRatio?: number
  /** What a stalled watcher adds to the 99th percentile of puts, in percent of it without. */
  readonly addsPercentToP99?: { readonly etcd: number; readonly kijabi: number }
}
type Figures = Record<string, Compared>
type Side = 'etcd' | 'kijabi'
const bothSides: readonly Side[] = ['etcd', 'kijabi']
type Who = Side | 'native'

interface StoreBenchOptions {
  readonly sides: Readonly<Record<Side, readonly string[]>>
  readonly pids: Readonly<Record<Who, readonly number[]>>
  readonly native: NativeCluster
  readonly tls: NonNullable<EtcdLoadRequest['tls']>
  readonly ms: number
  readonly rounds: number
}

const warmUpMs = 4_000
const idleMs = 3_000

class StoreBench {
  readonly #options: StoreBenchOptions
  readonly #load = new Forked(new URL('./load/etcd-load.js', import.meta.url))
  /** Processor time that members use a millisecond without any client. */
  readonly #idle = new Map<Who, number>()

  constructor(options: StoreBenchOptions) {
    this.#options = options
  }

  async all(works: readonly Work[]): Promise<Figures> {
    const figures: Figures = {}
    const warm: Work = { name: 'warm', work: 'put', clients: 64 }
    try {
      for (const side of bothSides) await this.#ask(side, warm, warmUpMs)
      await this.#options.native.puts(warm.clients, warmUpMs)
      await this.#measureIdle()
      for (const work of works) {
        const compared = await this.#compare(work)
        figures[work.name] = compared
        process.stderr.write(`${work.name}: ${JSON.stringify(compared)}\n`)
      }
      return figures
    } finally {
      await this.#load.kill()
    }
  }

  async #compare(work: Work): Promise<Compared> {
    const results = { etcd: [], kijabi: [], native: [], plain: { etcd: [], kijabi: [] } } as {
      [name in Who]: Measured[]
    } & { readonly plain: Record<Side, Measured[]> }
    const { native, rounds, ms } = this.#options
    const isStalled = work.work === 'stalled put'
    for (let nth = 0; nth < rounds; nth += 1) {
      for (const side of bothSides) {
        if (isStalled) results.plain[side].push(await this.#ask(side, { ...work, work: 'put' }))
        results[side].push(await this.#ask(side, work))
      }
      if (work.work === 'put') {
        const puts = () => native.puts(work.clients, ms)
        results.native.push(await this.#measured('native', puts))
      }
    }
    const [etcd, kijabi] = [median(results.etcd), median(results.kijabi)]
    const ratio =
      work.work === 'watch' ? etcd.msP99 / kijabi.msP99 : kijabi.perSecond / etcd.perSecond
    const compared = { etcd, kijabi, ratio: round(ratio) }
    if (isStalled) {
      const added = (side: Side) => addedPercent(results.plain[side], results[side])
      return { ...compared, addsPercentToP99: { etcd: added('etcd'), kijabi: added('kijabi') } }
    }
    if (work.work !== 'put') return compared
    const own = median(results.native)
    return { ...compared, native: own, nativeRatio: round(own.perSecond / etcd.perSecond) }
  }

  async #ask(
    side: Side,
    { work, clients, count = 0 }: Work,
    ms = this.#options.ms,
  ): Promise<Measured> {
    const { sides, tls } = this.#options
    const endpoints = await leaderFirst(sides[side], tls)
    const request: EtcdLoadRequest = { endpoints, tls, work, clients, count, ms }
    if (work === 'range') await this.#load.ask<LatencyFigures>({ ...request, work: 'fill' })
    return this.#measured(side, () => this.#load.ask<LatencyFigures>(request))
  }

  async #measured(who: Who, run: () => Promise<LatencyFigures>): Promise<Measured> {
    const pids = this.#options.pids[who]
    const [beforeMs, startMs] = [processorMs(pids), performance.now()]
    const figures = await run()
    const idleMs = (this.#idle.get(who) ?? 0) * (performance.now() - startMs)
    const usedMs = processorMs(pids) - beforeMs - idleMs
    return { ...figures, cpuUs: Math.round((1_000 * usedMs) / figures.requests) }
  }

  async #measureIdle(): Promise<void> {
    const { pids } = this.#options
    const all: readonly Who[] = [...bothSides, 'native']
    const before = all.map((who) => processorMs(pids[who]))
    await sleep(idleMs)
    all.forEach((who, at) => {
      this.#idle.set(who, (processorMs(pids[who]) - (before[at] ?? 0)) / idleMs)
    })
  }
}

function addedPercent(plain: readonly LatencyFigures[], other: readonly LatencyFigures[]): number {
  const middle = (figures: readonly LatencyFigures[]) =>
    quantile(
      figures.map(({ msP99 }) => msP99).sort((left, right) => left - right),
      0.5,
    )
  return round((middle(other) / middle(plain) - 1) * 100)
}

function median(results: Measured[]): Measured {
  const sorted = [...results].sort((left, right) => left.perSecond - right.perSecond)
  return sorted[Math.floor(sorted.length / 2)] as Measured
}

function picture(figures: Figures): string {
  const rows = Object.entries(figures).flatMap(([name, { etcd, kijabi, native }]): Bar[] => {
    const isLag = name.includes('watchers')
    const row: Bar = isLag
      ? { name: `${name}: lag p99`, etcd: etcd.msP99, kijabi: kijabi.msP99, unit: 'ms' }
      : { name, etcd: etcd.perSecond, kijabi: kijabi.perSecond, unit: '/s' }
    if (!native) return [row]
    const own = { etcd: etcd.perSecond, kijabi: native.perSecond, unit: '/s' }
    return [row, { name: `${name}, without gRPC`, ...own }]
  })
  return bars('kijabi and etcd 3.4.23, three members each, over gRPC with TLS', rows)
}
