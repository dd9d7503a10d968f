import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { KeyPair, LeafRequest } from './certificates.ts'
import type { ClusterConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { firstAddress, splitAddress } from './ports.ts'

/**
 * The data directory of a cluster on this host: who its members are, its certificates, and where
 * everything else goes. Files appear by rename, so a killed first boot leaves nothing half-written.
 *
 *   cluster.json   the resolved configuration: `kijabi master --config <it> --name m1` runs one member
 *   kubeconfig     for kubectl
 *   pki/           ca.{crt,key}, one pair for each identity, encryption.json: keys of sealed Secrets;
 *                  bootstrap-token: what a worker without a pair asks for one with
 *   masters/<name> Raft's log and snapshots
 *   workers/<name> volumes and logs of pods; pki/: certificates that the kubelet was given by request
 *   run/           pids and readiness of what runs logs/          one file for each process
 *   flight/        flight records (NDJSON)         docker/        the private engine, if one is started
 */
export class ClusterDirectory {
  readonly root: string

  constructor(root: string) {
    this.root = resolve(root)
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  get clusterFile(): string {
    return this.path('cluster.json')
  }

  get kubeconfigFile(): string {
    return this.path('kubeconfig')
  }

  get exists(): boolean {
    return existsSync(this.clusterFile)
  }

  make(): void {
    for (const part of ['', 'pki', 'masters', 'workers', 'run', 'logs', 'flight'])
      makeDirectory(this.path(part), part === 'pki' ? 0o700 : 0o755)
  }

  readCluster(): ResolvedCluster {
    return readResolvedCluster(this.clusterFile)
  }

  writeCluster(cluster: ResolvedCluster): void {
    writeAtomically(this.clusterFile, `${JSON.stringify(cluster, undefined, 2)}\n`, 0o644)
  }

  /** What a host has of a cluster that it joins as a worker; what was there of it is written over. */
  writeJoin(cluster: ResolvedCluster, authority: string, token: string): void {
    writeAtomically(this.path('pki', 'ca.crt'), `${authority.trim()}\n`, 0o644)
    writeAtomically(this.bootstrapTokenFile, `${token}\n`, 0o600)
    this.writeCluster(cluster)
  }

  get bootstrapTokenFile(): string {
    return this.path('pki', 'bootstrap-token')
  }

  /** Only its owner may read it: it holds the administrator's key. */
  writeKubeconfig(text: string): void {
    writeAtomically(this.kubeconfigFile, text, 0o600)
  }

  /** The cluster's authority, or another one of its own; made when there is none. */
  async authority(name: string, clock: Clock, file = 'ca'): Promise<KeyPair> {
    const stored = this.readPair(file)
    if (stored) return stored
    // Loaded here, not above: members read certificates and never make one.
    const { createAuthority } = await import('./certificates.ts')
    const made = await createAuthority(name, clock.wallMs())
    this.#writePair(file, made)
    return made
  }

  /** The stored pair of an identity; issued anew when it is missing, too old or misses a host. */
  async identity(
    file: string,
    request: LeafRequest,
    authority: KeyPair,
    clock: Clock,
  ): Promise<KeyPair> {
    const stored = this.readPair(file)
    const { issueLeaf, leafIsCurrent } = await import('./certificates.ts')
    if (stored && leafIsCurrent(stored, authority, request.hosts, clock.wallMs())) return stored
    const made = await issueLeaf(authority, request, clock.wallMs())
    this.#writePair(file, made)
    return made
  }

  readPair(file: string): KeyPair | undefined {
    const certificate = this.readCertificate(file)
    const privateKey = this.path('pki', `${file}.key`)
    if (certificate === undefined || !existsSync(privateKey)) return undefined
    return { certificate, privateKey: readFileSync(privateKey, 'utf8') }
  }

  /** Of an identity whose key may be elsewhere: workers need not have the authority's. */
  readCertificate(file: string): string | undefined {
    const certificate = this.path('pki', `${file}.crt`)
    return existsSync(certificate) ? readFileSync(certificate, 'utf8') : undefined
  }

  #writePair(file: string, pair: KeyPair): void {
    makeDirectory(this.path('pki'), 0o700)
    writeAtomically(this.path('pki', `${file}.key`), pair.privateKey, 0o600)
    writeAtomically(this.path('pki', `${file}.crt`), pair.certificate, 0o644)
  }
}

/** Everything about a cluster that its members must agree on or find again at the next start. */
export interface ResolvedCluster {
  readonly clusterId: string
  readonly name: string
  readonly dataDirectory: string
  readonly runtime: 'docker' | 'sim'
  /** Where the Docker engine answers, for the docker runtime. */
  readonly dockerSocket: string | undefined
  /** host:port of the balancer in `up`. */
  readonly apiAddress: string
  readonly masters: readonly ResolvedMaster[]
  /** After `kijabi raft recover`: the masters that the cluster began anew with; all when left out. */
  readonly firstMasters?: readonly string[]
  /** Where the objects are; in the embedded Raft when left out. */
  readonly store?: { readonly etcd: ExternalEtcd }
  /** What clients of etcd's API see; `isolated` when left out. */
  readonly etcdKeySpace?: 'isolated' | 'all'
  readonly workers: readonly ResolvedWorker[]
  readonly serviceCidr: string
  readonly nodePortRange: string
  readonly raft: {
    readonly tickMs: number
    readonly heartbeatTicks: number
    readonly electionTicks: number
  }
  readonly nodes: {
    readonly leaseRenewSeconds: number
    readonly monitorGraceSeconds: number
    readonly evictAfterSeconds: number
  }
  readonly audit?: ClusterConfig['audit']
  readonly eventTtlSeconds: number
  /** Paths are absolute. */
  readonly oidc?: ClusterConfig['oidc']
  /** Nothing is sealed when left out. */
  readonly encryption?: ClusterConfig['encryption']
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

export interface ExternalEtcd {
  /** host:port of its members. */
  readonly endpoints: readonly string[]
  /** Absolute paths. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}

export interface ResolvedMaster {
  readonly id: number
  readonly name: string
  readonly apiAddress: string
  readonly raftAddress: string
  /** Where it speaks etcd's API; left out when it does not. */
  readonly etcdAddress?: string
}

export interface ResolvedWorker {
  readonly name: string
  readonly kubeletAddress: string
  readonly labels: Readonly<Record<string, string>>
}

/** What a master is reached by, and so what its certificate names: nobody else's may. */
export function masterHosts(
  { serviceCidr }: ResolvedCluster,
  { name, apiAddress, raftAddress, etcdAddress = apiAddress }: ResolvedMaster,
): string[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  const own = [apiAddress, raftAddress, etcdAddress].map((one) => splitAddress(one).host)
  return [
    ...new Set([
      ...['localhost', '127.0.0.1', ...service, 'kubernetes.default.svc.cluster.local'],
      ...[firstAddress(serviceCidr), name, ...own],
    ]),
  ]
}

/** What a worker's kubelet is reached by, and so what its certificate may name. */
export function kubeletHosts({ name, kubeletAddress }: ResolvedWorker): string[] {
  return [name, splitAddress(kubeletAddress).host]
}

/** Reads a resolved cluster file. Throws ConfigError that names the file. */
export function readResolvedCluster(file: string): ResolvedCluster {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`,
      'start the cluster with `kijabi up` first, or name its data directory with --data-dir',
    )
  }
  try {
    const cluster = JSON.parse(text) as ResolvedCluster
    if (typeof cluster.clusterId === 'string' && Array.isArray(cluster.masters)) return cluster
  } catch (error) {
    throw new ConfigError(
      `${file} cannot be used: ${(error as Error).message}`,
      `restore it from a backup; the members' data beside it is untouched`,
    )
  }
  throw new ConfigError(
    `${file} is no resolved cluster: it lacks clusterId or masters`,
    'members run from the cluster.json that `kijabi up` writes into its data directory; ' +
      'take that directory, with its pki folder, to the other hosts',
  )
}

/** Writes a file so that a reader sees the old or the new content, never a part. */
export function writeAtomically(file: string, content: string, mode: number): void {
  const temporary = `${file}.tmp-${process.pid}`
  writeFileSync(temporary, content, { mode })
  chmodSync(temporary, mode)
  renameSync(temporary, file)
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode })
  } catch (error) {
    throw new ConfigError(
      `cannot create ${path}: ${(error as NodeJS.ErrnoException).code}`,
      'choose a directory that you may write to with --data-dir',
    )
  }
}
