import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { ownerSocketPrefix } from '../../proxy/dataplane/owner.ts'
import type { KeyPair } from './certificates.ts'
import {
  type ClusterDirectory,
  kubeletHosts,
  masterHosts,
  type ResolvedCluster,
  type ResolvedWorker,
} from './cluster-directory.ts'
import type { ClusterConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { prepareEncryptionKeys } from './encryption-keys.ts'
import { kubeconfig } from './kubeconfig.ts'
import { pickPort, splitAddress } from './ports.ts'

/** What the command line said; undefined where it said nothing. */
export interface UpOptions {
  readonly masters?: number
  readonly workers?: number
  readonly runtime?: 'auto' | 'docker' | 'sim'
  readonly apiPort?: number
  readonly etcdPort?: number
}

const loopback = '127.0.0.1'

/** From where on free ports are looked for. */
interface FirstPorts {
  readonly api: number
  readonly masterApi: number
  readonly raft: number
  readonly kubelet: number
  readonly etcd: number
}

const usualPorts: FirstPorts = {
  ...{ api: 16443, masterApi: 6450, raft: 6550, kubelet: 10250, etcd: 2379 },
}

/**
 * For clusters that take any port: below what the system gives to outgoing connections and to
 * NodePorts, and far from those of a cluster that boots at the same moment.
 */
function scatteredPorts(random: Random): FirstPorts {
  const first = 20_000 + 100 * random.integer(0, 95)
  return { api: first, masterApi: first, raft: first, kubelet: first, etcd: first }
}

/**
 * The cluster of a data directory: read back when it exists, made up from configuration and options
 * when it does not. The number of masters is fixed at first boot; workers may come and go.
 */
export async function resolveCluster(
  directory: ClusterDirectory,
  config: ClusterConfig,
  options: UpOptions,
  clock: Clock,
  random: Random,
): Promise<ResolvedCluster> {
  const authority = await directory.authority(config.name, clock)
  if (directory.exists) return resume(directory.readCluster(), config, options)
  const clusterId = clusterIdOf(authority)
  const taken = new Set<number>()
  const apiPort = options.apiPort ?? config.apiPort
  const usual = apiPort === 0 ? scatteredPorts(random) : usualPorts
  const apiAddress = `${loopback}:${apiPort || (await pickPort(loopback, usual.api, taken))}`
  taken.add(splitAddress(apiAddress).port)
  return {
    clusterId,
    name: config.name,
    dataDirectory: directory.root,
    runtime: 'sim',
    dockerSocket: undefined,
    apiAddress,
    masters: await withEtcd(
      await resolveMasters(options.masters ?? config.masters, usual, taken),
      options.etcdPort ?? config.etcd?.port,
      ...([usual, taken] as const),
    ),
    ...(config.etcd && { etcdKeySpace: config.etcd.keySpace }),
    ...resolveStore(config),
    workers: await resolveWorkers(options.workers ?? config.workers, [], usual, taken),
    serviceCidr: config.network.serviceCidr ?? '',
    nodePortRange: config.network.nodePortRange,
    raft: config.raft,
    nodes: config.nodes,
    audit: config.audit,
    eventTtlSeconds: config.eventTtlSeconds,
    encryption: config.encryption,
    oidc: resolveOidc(config),
    logLevel: config.logLevel,
  }
}

async function resume(
  stored: ResolvedCluster,
  config: ClusterConfig,
  options: UpOptions,
): Promise<ResolvedCluster> {
  if (options.masters !== undefined && options.masters !== stored.masters.length)
    throw new ConfigError(
      `${stored.dataDirectory} holds a cluster of ${stored.masters.length} masters, not ${options.masters}`,
      `leave --masters out, or choose another --data-dir for another cluster`,
    )
  const taken = new Set(
    [...stored.masters.flatMap((one) => [one.apiAddress, one.raftAddress]), stored.apiAddress].map(
      (address) => splitAddress(address).port,
    ),
  )
  const workers =
    options.workers === undefined
      ? stored.workers
      : await resolveWorkers(options.workers, stored.workers, usualPorts, taken)
  const port = options.apiPort
  const store = resolveStore(config)
  if ((store.store === undefined) !== (stored.store === undefined))
    throw new ConfigError(
      `${stored.dataDirectory} holds a cluster on ${stored.store ? 'an external etcd' : 'its own store'}`,
      'objects do not move by themselves: choose another --data-dir, or set `store` as it was',
    )
  const etcdPort = options.etcdPort ?? config.etcd?.port
  return {
    ...{ ...stored, ...store },
    masters: await withEtcd(stored.masters, etcdPort, usualPorts, taken),
    ...(config.etcd && { etcdKeySpace: config.etcd.keySpace }),
    workers,
    apiAddress: port ? `${loopback}:${port}` : stored.apiAddress,
    nodes: config.nodes,
    audit: config.audit,
    eventTtlSeconds: config.eventTtlSeconds,
    encryption: config.encryption,
    oidc: resolveOidc(config),
    logLevel: config.logLevel,
  }
}

/** Paths count from where `up` was called, as the one of the data directory does. */
function resolveStore({ store }: ClusterConfig): Pick<ResolvedCluster, 'store'> {
  if (!store) return {}
  const { endpoints, ca, cert, key } = store.etcd
  if (ca === undefined || cert === undefined || key === undefined)
    return { store: { etcd: { endpoints } } }
  const tls = { ca: resolve(ca), cert: resolve(cert), key: resolve(key) }
  return { store: { etcd: { endpoints, tls } } }
}

/** As with the store's: paths count from where `up` was called. */
function resolveOidc({ oidc }: ClusterConfig): ClusterConfig['oidc'] {
  return oidc?.map(({ caFile, ...issuer }) =>
    caFile === undefined ? issuer : { ...issuer, caFile: resolve(caFile) },
  )
}

async function resolveMasters(
  masters: ClusterConfig['masters'],
  usual: FirstPorts,
  taken: Set<number>,
): Promise<ResolvedCluster['masters']> {
  if (typeof masters !== 'number') return masters.map((one, index) => ({ ...one, id: index + 1 }))
  const resolved: ResolvedCluster['masters'][number][] = []
  for (let id = 1; id <= masters; id += 1)
    resolved.push({
      id,
      name: `m${id}`,
      apiAddress: `${loopback}:${await pickPort(loopback, usual.masterApi + id, taken)}`,
      raftAddress: `${loopback}:${await pickPort(loopback, usual.raft + id, taken)}`,
    })
  return resolved
}

/**
 * The masters with a place for the etcd listener each, or without one when no port is given: the first
 * master of a host takes the port, each further one there the next. With 0 they keep what they have.
 */
async function withEtcd(
  masters: ResolvedCluster['masters'],
  port: number | undefined,
  usual: FirstPorts,
  taken: Set<number>,
): Promise<ResolvedCluster['masters']> {
  const ofHost = new Map<string, number>()
  const resolved: ResolvedCluster['masters'][number][] = []
  for (const { etcdAddress, ...master } of masters) {
    const { host } = splitAddress(master.apiAddress)
    const nth = ofHost.get(host) ?? 0
    ofHost.set(host, nth + 1)
    if (port === undefined) resolved.push(master)
    else if (port > 0) resolved.push({ ...master, etcdAddress: `${host}:${port + nth}` })
    else if (etcdAddress !== undefined) resolved.push({ ...master, etcdAddress })
    else {
      const free = await pickPort(host, usual.etcd, taken)
      resolved.push({ ...master, etcdAddress: `${host}:${free}` })
    }
  }
  return resolved
}

async function resolveWorkers(
  workers: ClusterConfig['workers'],
  stored: readonly ResolvedWorker[],
  usual: FirstPorts,
  taken: Set<number>,
): Promise<ResolvedWorker[]> {
  const wanted =
    typeof workers === 'number'
      ? Array.from({ length: workers }, (_, index) => ({ name: `w${index + 1}` }))
      : workers
  for (const one of stored) taken.add(splitAddress(one.kubeletAddress).port)
  const resolved: ResolvedWorker[] = []
  for (const one of wanted as Exclude<ClusterConfig['workers'], number>)
    resolved.push(
      stored.find((old) => old.name === one.name) ?? {
        name: one.name,
        kubeletAddress:
          one.kubeletAddress ?? `${loopback}:${await pickPort(loopback, usual.kubelet, taken)}`,
        labels: one.labels ?? {},
      },
    )
  return resolved
}

/**
 * With the runtime known, the rest follows. Several clusters on one host must not share addresses, so
 * the service network depends on the cluster's id: for Docker in 10.96.0.0/11, for simulated pods in
 * 127.96.0.0/11, where any process may listen without rights. A cluster that boots for the first time
 * leaves out the networks of those that run here (`others`, by id).
 */
export function withRuntime(
  cluster: ResolvedCluster,
  runtime: 'docker' | 'sim',
  dockerSocket: string | undefined,
  others: readonly string[] = [],
): ResolvedCluster {
  return {
    ...cluster,
    runtime,
    dockerSocket,
    serviceCidr: serviceCidrOf(cluster, runtime, others),
  }
}

const serviceSlots = 32

function serviceCidrOf(
  { clusterId, serviceCidr }: ResolvedCluster,
  runtime: 'docker' | 'sim',
  others: readonly string[],
): string {
  const derived = (slot: number) => `${runtime === 'docker' ? 10 : 127}.${96 + slot}.0.0/16`
  if (serviceCidr !== '') {
    const second = Number(/^(?:10|127)\.(\d+)\.0\.0\/16$/.exec(serviceCidr)?.[1] ?? 0) - 96
    return second >= 0 && second < serviceSlots ? derived(second) : serviceCidr
  }
  const taken = new Set(others.filter((id) => id !== clusterId).map(serviceSlotOf))
  const first = serviceSlotOf(clusterId)
  const free = Array.from({ length: serviceSlots }, (_, step) => (first + step) % serviceSlots)
  return derived(free.find((slot) => !taken.has(slot)) ?? first)
}

function serviceSlotOf(clusterId: string): number {
  return Number.parseInt(clusterId.slice(0, 4), 16) % serviceSlots
}

/** Ids of the clusters whose workers run on this host now: their proxies hold a name in the kernel. */
export function clustersOfHost(): string[] {
  const names = existsSync('/proc/net/unix') ? readFileSync('/proc/net/unix', 'utf8') : ''
  const ids = [...names.matchAll(new RegExp(`@${ownerSocketPrefix}([0-9a-f]+)`, 'g'))]
  return [...new Set(ids.map((match) => match[1] ?? ''))]
}

/** The cluster's identity is that of its authority: members of another cluster cannot join by mistake. */
export function clusterIdOf(authority: KeyPair): string {
  return createHash('sha256').update(authority.certificate).digest('hex').slice(0, 12)
}

/** Whom API servers behind Services believe what its headers say of who asks. */
export const frontProxyName = 'front-proxy-client'

/** Certificates of every member and the kubeconfig, made or renewed. */
export async function prepareIdentities(
  directory: ClusterDirectory,
  cluster: ResolvedCluster,
  clock: Clock,
  random: Random,
): Promise<void> {
  const authority = await directory.authority(cluster.name, clock)
  const issue = (
    file: string,
    commonName: string,
    organizations: readonly string[],
    hosts: string[],
  ) => directory.identity(file, { commonName, organizations, hosts }, authority, clock)
  for (const master of cluster.masters)
    await issue(
      ...([master.name, master.name, ['kijabi:masters']] as const),
      masterHosts(cluster, master),
    )
  await issue('kubelet-client', 'kube-apiserver-kubelet-client', ['kijabi:masters'], [])
  // An authority of its own: who trusts it takes the names in request headers for true.
  const frontProxyAuthority = await directory.authority('front-proxy', clock, 'front-proxy-ca')
  await directory.identity(
    'front-proxy-client',
    { commonName: frontProxyName, organizations: [], hosts: [] },
    frontProxyAuthority,
    clock,
  )
  for (const worker of cluster.workers)
    await issue(
      ...([worker.name, `system:node:${worker.name}`, ['system:nodes']] as const),
      kubeletHosts(worker),
    )
  if (cluster.encryption && cluster.encryption.provider !== 'identity')
    prepareEncryptionKeys(directory, random)
  // Its key signs tokens of service accounts; nobody presents the certificate.
  await issue('service-accounts', 'service-accounts', [], [])
  const admin = await issue('admin', 'kubernetes-admin', ['system:masters'], [])
  directory.writeKubeconfig(
    kubeconfig({
      clusterName: cluster.name,
      server: `https://${cluster.apiAddress}`,
      authority: authority.certificate,
      user: 'kubernetes-admin',
      pair: admin,
    }),
  )
}
