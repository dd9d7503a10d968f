import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ClusterDirectory } from '../src/boot/config/cluster-directory.ts'
import { parseConfig } from '../src/boot/config/config.ts'
import { supervise } from '../src/boot/supervise.ts'
import { clientTls, startEtcd } from '../test/compat/etcd-server.ts'
import { type Bar, bars } from './load/bars.ts'
import type { EtcdLoadRequest } from './load/etcd-load.ts'
import { type LatencyFigures, round } from './load/figures.ts'
import { Forked } from './load/forked.ts'

/**
 * The store beside Debian's etcd, three members each, in one run: the same gRPC client, the same
 * certificates, turn and turn about. Each figure is the median of its rounds; a ratio above 1 means that
 * kijabi is the better one. `--ms` a round, `--rounds`, `--picture FILE` for an SVG of it.
 */
export async function run(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ms: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '3' },
      picture: { type: 'string' },
    },
  })
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
  try {
    const etcd = await startEtcd({ members: 3, tls: server })
    try {
      const kijabi = boot.cluster.masters.flatMap(({ etcdAddress }) => etcdAddress ?? [])
      const sides = { etcd: etcd.endpoints, kijabi }
      const figures = await measure(
        sides,
        clientTls(admin),
        Number(values.ms),
        Number(values.rounds),
      )
      if (values.picture) writeFileSync(values.picture, picture(figures))
      return figures
    } finally {
      await etcd.stop()
    }
  } finally {
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

interface Compared {
  readonly etcd: LatencyFigures
  readonly kijabi: LatencyFigures
  /** Of throughput; of watches: of the lag's 99th percentile. */
  readonly ratio: number
}
type Figures = Record<string, Compared>

async function measure(
  sides: { readonly etcd: readonly string[]; readonly kijabi: readonly string[] },
  tls: EtcdLoadRequest['tls'],
  ms: number,
  rounds: number,
): Promise<Figures> {
  const figures: Figures = {}
  const child = new Forked(new URL('./load/etcd-load.js', import.meta.url))
  const ask = (endpoints: readonly string[], { work, clients, count = 0 }: Work, time = ms) =>
    child.ask<LatencyFigures>({ endpoints, tls, work, clients, count, ms: time })
  try {
    for (const endpoints of [sides.etcd, sides.kijabi])
      await ask(endpoints, { name: 'warm', work: 'put', clients: 64 }, 1_000)
    for (const work of works) {
      const results = { etcd: [] as LatencyFigures[], kijabi: [] as LatencyFigures[] }
      for (let nth = 0; nth < rounds; nth += 1)
        for (const who of ['etcd', 'kijabi'] as const)
          results[who].push(await ask(sides[who], work))
      const [etcd, kijabi] = [median(results.etcd), median(results.kijabi)]
      const ratio =
        work.work === 'watch' ? etcd.msP99 / kijabi.msP99 : kijabi.perSecond / etcd.perSecond
      figures[work.name] = { etcd, kijabi, ratio: round(ratio) }
      process.stderr.write(`${work.name}: ${JSON.stringify(figures[work.name])}\n`)
    }
    return figures
  } finally {
    await child.kill()
  }
}

function median(results: LatencyFigures[]): LatencyFigures {
  const sorted = [...results].sort((left, right) => left.perSecond - right.perSecond)
  return sorted[Math.floor(sorted.length / 2)] as LatencyFigures
}

function picture(figures: Figures): string {
  const rows = Object.entries(figures).map(([name, { etcd, kijabi }]): Bar => {
    const isLag = name.includes('watchers')
    return isLag
      ? { name: `${name}: lag p99`, etcd: etcd.msP99, kijabi: kijabi.msP99, unit: 'ms' }
      : { name, etcd: etcd.perSecond, kijabi: kijabi.perSecond, unit: '/s' }
  })
  return bars('kijabi and etcd 3.4.23, three members each, over gRPC with TLS', rows)
}
