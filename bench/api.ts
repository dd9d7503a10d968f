import { runAlone } from './load/api-alone.ts'
import { type Beside, runCluster } from './load/api-cluster.ts'
import { option } from './load/figures.ts'

/**
 * `npm run bench -- api [--json]`: three real masters, see load/api-cluster.ts. With `--alone`: the
 * API's own cost, load/api-alone.ts. Arguments: `--objects N` (10,000) to list and delete, `--seconds
 * S` per measurement (2) after `--warm-up S` (8), `--runs N` of which the median counts (3), `--watchers N` (1,000),
 * `--watched-per-second N` (200). With `--beside HOST:PORT --beside-pki DIR --beside-pids P,Q`: step by step in
 * turns with another API server, which runs already and is empty, and the ratios; DIR has `ca.crt`, `admin.crt` and
 * `admin.key`, P and Q are its processes.
 */
export async function run(args: readonly string[]): Promise<object> {
  const options = {
    objects: option(args, '--objects', 10_000),
    ms: option(args, '--seconds', 2) * 1_000,
    warmUpMs: option(args, '--warm-up', 8) * 1_000,
    runs: option(args, '--runs', 3),
    watchers: option(args, '--watchers', 1_000),
    watchedPerSecond: option(args, '--watched-per-second', 200),
    ...besideOf(args),
  }
  return args.includes('--alone') ? runAlone(options) : runCluster(options)
}

function besideOf(args: readonly string[]): { beside?: Beside } {
  const text = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const [address, pki] = [text('--beside'), text('--beside-pki')]
  if (!address || !pki) return {}
  const pids = (text('--beside-pids') ?? '').split(',').filter(Boolean).map(Number)
  return { beside: { address, pki, pids } }
}
