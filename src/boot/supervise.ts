import { rmSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { Scope } from '../base/scope.ts'
import type { UpFlags } from '../cli/program.ts'
import { createBalancer } from '../client/balancer.ts'
import { createLivezProbe } from '../client/balancer-probe.ts'
import { adminClient } from './admin-client.ts'
import {
  type ClusterDirectory,
  type ResolvedCluster,
  writeAtomically,
} from './config/cluster-directory.ts'
import type { ClusterConfig } from './config/config.ts'
import { ConfigError } from './config/config-error.ts'
import { demandFreePort } from './config/ports.ts'
import {
  clustersOfHost,
  prepareIdentities,
  resolveCluster,
  withRuntime,
} from './config/resolve-cluster.ts'
import { importWebImage } from './demo/web-image.ts'
import { ensureNftables, findEngine, stopPrivateEngine } from './docker-engine.ts'
import {
  LocalCluster,
  type MemberEvent,
  readRecord,
  recordFile,
  stopStrayMembers,
} from './local-cluster.ts'
import { clusterReady } from './node-ready.ts'
import { processIsAlive, untilGone } from './process-record.ts'
import { removeWorkerArtifacts } from './worker-artifacts.ts'

/** The name under which the supervisor of a data directory keeps its pid. */
export const supervisorName = 'supervisor'

export interface SuperviseOptions {
  readonly directory: ClusterDirectory
  readonly config: ClusterConfig
  readonly flags: Pick<
    UpFlags,
    'masters' | 'workers' | 'runtime' | 'apiPort' | 'etcdPort' | 'install'
  >
  readonly say: (line: string) => void
  /** False leaves dead members dead: the failover demo returns them itself. */
  readonly restart?: boolean
  readonly onMember?: (event: MemberEvent) => void
}

/** A booted cluster of this host. */
export interface Boot {
  readonly directory: ClusterDirectory
  readonly cluster: ResolvedCluster
  readonly members: LocalCluster
  /** Closing it stops everything that was started, in order, and removes what workers made. */
  readonly scope: Scope
}

export interface Supervision {
  readonly boot: Boot
  /** Resolves with the exit code when SIGTERM or SIGINT came and everything has stopped. */
  untilStopped(): Promise<number>
}

const bootMsMax = 120_000

/**
 * Boots a cluster: engine, certificates, members, balancer; returns when the API answers and the nodes
 * are Ready. When any step fails, what was started is stopped again.
 */
export async function supervise(options: SuperviseOptions): Promise<Supervision> {
  const { directory } = options
  const scope = new Scope()
  const stopped = stopOnSignals(scope, options.say)
  try {
    directory.make()
    await claim(directory, scope)
    const cluster = await prepare(options, scope)
    const members = startMembers(options, cluster, scope)
    await startBalancer(directory, cluster, scope)
    await untilReady({ directory, cluster, members, scope }, options.say, scope.signal)
    return { boot: { directory, cluster, members, scope }, untilStopped: () => stopped }
  } catch (error) {
    const interrupted = scope.closed
    await scope.close()
    if (interrupted)
      throw new ConfigError('interrupted before the cluster was ready', 'run the command again')
    throw error
  }
}

/** One supervisor a data directory. Waits for the ports of one that was killed a moment ago. */
async function claim(directory: ClusterDirectory, scope: Scope): Promise<void> {
  const pid = readRecord(directory, supervisorName)
  if (pid !== undefined && pid !== process.pid && processIsAlive(pid, 'main.js'))
    throw new ConfigError(
      `${directory.root} is in use by a running cluster (pid ${pid})`,
      `stop it with: kijabi down --data-dir ${directory.root}, or choose another --data-dir`,
    )
  if (pid !== undefined && pid !== process.pid) await untilGone(pid, 'main.js', systemClock)
  const record = recordFile(directory, supervisorName)
  writeAtomically(record, JSON.stringify({ pid: process.pid }), 0o644)
  scope.onClose('supervisor record', () => rmSync(record, { force: true }))
}

async function prepare(options: SuperviseOptions, scope: Scope): Promise<ResolvedCluster> {
  const { directory, config, flags, say } = options
  const strays = await stopStrayMembers(directory, systemClock)
  if (strays.length > 0) say(`stopped members of an earlier run: ${strays.join(', ')}`)
  const known = directory.exists
  const resolved = await resolveCluster(directory, config, flags, systemClock, systemRandom)
  const wanted = flags.runtime ?? (known ? resolved.runtime : config.runtime)
  const socket = wanted === 'sim' ? undefined : await engineFor(options, resolved, scope)
  if (wanted === 'docker' && socket === undefined)
    throw new ConfigError(
      'no Docker engine answers and none can be started',
      'start Docker, run as root with docker.io installed, or use --runtime sim',
    )
  if (wanted === 'auto' && socket === undefined)
    say('no Docker here: containers are simulated (--runtime sim)')
  const cluster = withRuntime(resolved, socket ? 'docker' : 'sim', socket, clustersOfHost())
  await demandFreePort(cluster.apiAddress, 'the API', 'choose another with --api-port')
  for (const { name, address } of memberAddresses(cluster))
    await demandFreePort(address, name, `give ${name} another address in the configuration`)
  await prepareIdentities(directory, cluster, systemClock, systemRandom)
  directory.writeCluster(cluster)
  scope.onClose('containers, networks and kernel rules', () =>
    removeWorkerArtifacts(cluster, directory, say),
  )
  if (socket) await importWebImage(socket)
  return cluster
}

async function engineFor(
  options: SuperviseOptions,
  cluster: ResolvedCluster,
  scope: Scope,
): Promise<string | undefined> {
  const { directory, flags, say } = options
  const request = {
    ...{ directory, clusterId: cluster.clusterId, mayInstall: flags.install },
    ...{ clock: systemClock, say },
  }
  scope.onClose('private Docker engine', () =>
    stopPrivateEngine(directory, cluster.clusterId, systemClock),
  )
  const socket = await findEngine(request)
  if (socket) await ensureNftables(request)
  return socket
}

function memberAddresses(cluster: ResolvedCluster): { name: string; address: string }[] {
  return [
    ...cluster.masters.flatMap(({ name, apiAddress, raftAddress, etcdAddress }) => [
      { name, address: apiAddress },
      { name, address: raftAddress },
      ...(etcdAddress === undefined ? [] : [{ name, address: etcdAddress }]),
    ]),
    ...cluster.workers.map(({ name, kubeletAddress }) => ({ name, address: kubeletAddress })),
  ]
}

function startMembers(
  options: SuperviseOptions,
  cluster: ResolvedCluster,
  scope: Scope,
): LocalCluster {
  const { directory, say } = options
  const members = new LocalCluster({
    ...{ directory, cluster, clock: systemClock },
    restart: options.restart ?? true,
    onMember: (event) => {
      if (event.event === 'gave-up')
        say(`${event.name} cannot run and is left stopped:\n${event.detail}`)
      options.onMember?.(event)
    },
  })
  scope.onClose('members', () => members.stop())
  members.startAll()
  return members
}

/** The one address that clients know: it goes on while any master lives. */
async function startBalancer(
  directory: ClusterDirectory,
  cluster: ResolvedCluster,
  scope: Scope,
): Promise<void> {
  const colon = cluster.apiAddress.lastIndexOf(':')
  const backends = cluster.masters.map(({ name, apiAddress }) => ({ name, address: apiAddress }))
  const ca = (await directory.authority(cluster.name, systemClock)).certificate
  const balancer = createBalancer({
    host: cluster.apiAddress.slice(0, colon),
    port: Number(cluster.apiAddress.slice(colon + 1)),
    backends: () => backends,
    clock: systemClock,
    logger: silentLogger,
    probe: createLivezProbe({ ca }, systemClock),
  })
  await balancer.start()
  scope.onClose('balancer', () => balancer.stop())
}

async function untilReady(
  boot: Boot,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { cluster, directory, members } = boot
  say(`waiting for ${cluster.masters.length} masters and ${cluster.workers.length} workers ...`)
  const names = cluster.workers.map((one) => one.name)
  const { close, ...admin } = adminClient(directory, cluster.apiAddress)
  const limit = new AbortController()
  const timer = systemClock.after(bootMsMax, () => limit.abort(new Error('too slow')))
  const stop = () => limit.abort(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    await clusterReady(admin, names, systemClock, limit.signal)
  } catch (error) {
    if (signal.aborted) throw error
    const all = [...cluster.masters, ...cluster.workers].map((one) => one.name)
    const silent = all.filter((name) => members.pid(name) === undefined)
    const words = silent.map((name) => `${name}: ${members.lastWords(name)}`)
    throw new ConfigError(
      [
        `members did not become ready within ${bootMsMax / 1000} s (${String(error)})`,
        ...words,
      ].join('\n'),
      `read the members' logs under ${directory.path('logs')}`,
    )
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', stop)
    close()
  }
}

/** Resolves with the exit code once a signal came and the scope is closed. */
function stopOnSignals(scope: Scope, say: (line: string) => void): Promise<number> {
  return new Promise((done) => {
    let asked = false
    const stop = () => {
      if (asked) return
      asked = true
      say('stopping ...')
      scope.close().then(
        () => done(0),
        (error: unknown) => {
          say(`did not stop cleanly: ${describe(error)}`)
          done(1)
        },
      )
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.on('SIGHUP', stop)
    scope.onClose('signal handlers', () => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, stop)
    })
  })
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  const cause = error instanceof Error && error.cause ? `: ${describe(error.cause)}` : ''
  return `${error instanceof Error ? error.message : String(error)}${cause}`
}
