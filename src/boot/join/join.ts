import { hostname } from 'node:os'
import { systemClock } from '../../base/clock.ts'
import { isStatus } from '../../base/status.ts'
import type { JoinFlags } from '../../cli/program.ts'
import { createClient } from '../../client/client.ts'
import { createHttpsTransport } from '../../client/https-transport.ts'
import { configMaps } from '../../client/resources.ts'
import { ClusterDirectory, type ResolvedCluster } from '../config/cluster-directory.ts'
import { ConfigError } from '../config/config-error.ts'
import { demandFreePort } from '../config/ports.ts'
import { ensureNftables, findEngine } from '../docker-engine.ts'
import { runWorker } from '../member/worker.ts'
import { configOf } from '../up.ts'
import { fetchAuthority } from './authority-pin.ts'
import { readWorkerSettings, type WorkerSettings, workerSettingsName } from './worker-settings.ts'

const kubeletPort = 10_250
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/**
 * `kijabi join`: makes this host a worker of a running cluster and runs it in the foreground. The hash
 * says which cluster, the token that it may ask for a certificate; the rest the masters say. What it was
 * given is kept: `kijabi worker` on the same directory goes on with it, without a token.
 */
export async function join(address: string, flags: JoinFlags): Promise<number> {
  const directory = new ClusterDirectory(flags.dataDir ?? configOf(undefined).dataDirectory)
  const name = nodeName(flags.name)
  demandWorkerDirectory(directory)
  const { authority, localAddress } = await fetchAuthority(address, flags.caHash)
  const settings = await askSettings(address, authority, flags.token)
  if (directory.exists && directory.readCluster().clusterId !== settings.clusterId)
    throw new ConfigError(
      `${directory.root} belongs to another cluster`,
      'choose another directory with --data-dir',
    )
  const kubeletAddress = flags.address ?? `${localAddress}:${kubeletPort}`
  await demandFreePort(kubeletAddress, 'the kubelet', 'choose another with --address HOST:PORT')
  directory.make()
  const cluster: ResolvedCluster = {
    ...settings,
    dataDirectory: directory.root,
    ...(await runtimeOf(directory, settings, flags)),
    workers: [{ name, kubeletAddress, labels: labelsOf(flags.label ?? []) }],
  }
  directory.writeJoin(cluster, authority, flags.token)
  say(`${name} joins the cluster ${cluster.name}; its API is at ${address}`)
  const again = `kijabi worker --config ${directory.clusterFile} --name ${name}`
  say(`stop it with Ctrl-C; start it again with: ${again}`)
  return runWorker({ config: directory.clusterFile, name })
}

function nodeName(given: string | undefined): string {
  const name = given ?? hostname().toLowerCase()
  if (namePattern.test(name)) return name
  throw new ConfigError(
    `${JSON.stringify(name)} cannot be the name of a node`,
    'give one of lower-case letters, digits, "-" and "." with --name',
  )
}

/** A directory with the authority's key is one of `up`, whose cluster.json must not be written over. */
function demandWorkerDirectory(directory: ClusterDirectory): void {
  if (!directory.exists || directory.readPair('ca') === undefined) return
  throw new ConfigError(
    `${directory.root} holds a whole cluster that \`kijabi up\` made`,
    'choose another directory with --data-dir',
  )
}

async function askSettings(address: string, ca: string, token: string): Promise<WorkerSettings> {
  const transport = createHttpsTransport({
    addresses: [address],
    tls: { ca, token },
    clock: systemClock,
  })
  try {
    const client = createClient(transport, { userAgent: 'kijabi-join' })
    return readWorkerSettings(await configMaps(client).get('kube-system', workerSettingsName))
  } catch (error) {
    if (isStatus(error, 'Unauthorized'))
      throw new ConfigError(
        'the cluster does not know this token, or its time is over',
        'make another one with `kijabi token create` on a host of the cluster',
      )
    throw error
  } finally {
    transport.close()
  }
}

/** As the cluster does it, unless told; an engine of this host is looked for as `up` does. */
async function runtimeOf(
  directory: ClusterDirectory,
  { clusterId, runtime }: WorkerSettings,
  flags: JoinFlags,
): Promise<Pick<ResolvedCluster, 'runtime' | 'dockerSocket'>> {
  if ((flags.runtime ?? runtime) === 'sim') return { runtime: 'sim', dockerSocket: undefined }
  const request = { directory, clusterId, mayInstall: flags.install, clock: systemClock, say }
  const dockerSocket = await findEngine(request)
  if (dockerSocket === undefined)
    throw new ConfigError(
      'no Docker engine answers and none can be started',
      'start Docker, run as root with docker.io installed, or use --runtime sim',
    )
  await ensureNftables(request)
  return { runtime: 'docker', dockerSocket }
}

function labelsOf(given: readonly string[]): Record<string, string> {
  const labels = new Map<string, string>()
  for (const one of given) {
    const [, name, value] = /^([^=]+)=([^=]*)$/.exec(one) ?? []
    if (name === undefined || value === undefined)
      throw new ConfigError(`${JSON.stringify(one)} is no label`, 'use --label NAME=VALUE')
    labels.set(name, value)
  }
  return Object.fromEntries(labels)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
