import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EtcdClient, type EtcdClientOptions } from '../../src/api/etcd/wire/client.ts'
import { kvService } from '../../src/api/etcd/wire/services.ts'
import { ephemeralPort } from '../../src/boot/config/ports.ts'

/** etcd itself, as Debian packages it: what the listener is compared with. */
export interface EtcdServer {
  /** host:port of each member. */
  readonly endpoints: readonly string[]
  readonly pids: readonly number[]
  /** Kills the processes and starts them anew on what they wrote; resolves when all of them answer. */
  restart(): Promise<void>
  /** Ends the processes and removes their data. */
  stop(): Promise<void>
}

export interface EtcdServerOptions {
  readonly members?: number
  /** Files; clients must show a certificate of the authority then. */
  readonly tls?: { readonly ca: string; readonly certificate: string; readonly key: string }
  readonly dataDirectory?: string
  /** Flags of every member beside these, without the dashes. */
  readonly flags?: Readonly<Record<string, string>>
}

/** One with a large database needs its time. */
const answersWithinMs = 120_000

/** Whether etcd and etcdctl are installed here. */
export function hasEtcd(): boolean {
  return ['etcd', 'etcdctl'].every(hasProgram)
}

export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
}

/** Starts a cluster on free ports of the loopback; resolves when it has a leader. */
export async function startEtcd(options: EtcdServerOptions = {}): Promise<EtcdServer> {
  const { members = 1, tls } = options
  const directory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'kijabi-etcd-'))
  const scheme = tls ? 'https' : 'http'
  const places: { name: string; client: string; peer: string }[] = []
  for (let nth = 1; nth <= members; nth += 1) {
    const [client, peer] = [await ephemeralPort('127.0.0.1'), await ephemeralPort('127.0.0.1')]
    places.push({ name: `e${nth}`, client: `127.0.0.1:${client}`, peer: `127.0.0.1:${peer}` })
  }
  const cluster = places.map(({ name, peer }) => `${name}=http://${peer}`).join(',')
  const launch = () => places.map((place) => spawnMember(place))
  const spawnMember = ({ name, client, peer }: (typeof places)[number]): ChildProcess => {
    const flags = {
      ...{ name, 'data-dir': join(directory, name), 'log-level': 'error', logger: 'zap' },
      ...{ 'listen-client-urls': `${scheme}://${client}` },
      ...{ 'advertise-client-urls': `${scheme}://${client}` },
      ...{ 'listen-peer-urls': `http://${peer}`, 'initial-advertise-peer-urls': `http://${peer}` },
      ...{ 'initial-cluster': cluster, 'initial-cluster-token': directory },
      ...(tls && {
        ...{ 'cert-file': tls.certificate, 'key-file': tls.key },
        ...{ 'trusted-ca-file': tls.ca, 'client-cert-auth': 'true' },
      }),
      ...options.flags,
    }
    const parameters = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
    return spawn('etcd', parameters, { stdio: ['ignore', 'ignore', 'inherit'], env: cleanEnv() })
  }
  let children = launch()
  const endpoints = places.map(({ client }) => client)
  const allAnswer = () =>
    Promise.all(endpoints.map((endpoint) => answers(endpoint, tls && clientTls(tls), children)))
  const stop = async () => {
    await Promise.all(children.map(end))
    if (options.dataDirectory === undefined) rmSync(directory, { recursive: true, force: true })
  }
  const restart = async () => {
    await Promise.all(children.map(end))
    children = launch()
    await allAnswer()
  }
  try {
    await allAnswer()
  } catch (error) {
    await stop()
    throw error
  }
  const pids = () => children.map(({ pid }) => pid ?? 0)
  return {
    endpoints,
    get pids() {
      return pids()
    },
    ...{ restart, stop },
  }
}

/** The certificate of a member opens the others, too. */
export function clientTls(tls: {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}): NonNullable<EtcdClientOptions['tls']> {
  const [ca, certificate, privateKey] = [tls.ca, tls.certificate, tls.key].map((file) =>
    readFileSync(file, 'utf8'),
  ) as [string, string, string]
  return { ca, certificate, privateKey }
}

/** Nothing of the environment may configure it. */
function cleanEnv(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('ETCD'))
  return Object.fromEntries(entries)
}

/** A linearizable read: it needs a leader. Each try ends when the server answers or refuses. */
async function answers(
  endpoint: string,
  tls: EtcdClientOptions['tls'],
  children: readonly ChildProcess[],
): Promise<void> {
  const endMs = Date.now() + answersWithinMs
  for (;;) {
    const client = new EtcdClient({ endpoint, ...(tls && { tls }) })
    try {
      await client.call(kvService.range, { key: Buffer.from('x') }, { timeoutMs: 1_000 })
      return
    } catch (error) {
      if (children.some(({ exitCode }) => exitCode !== null)) throw new Error('etcd ended at once')
      if (Date.now() > endMs) throw error
    } finally {
      client.close()
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
