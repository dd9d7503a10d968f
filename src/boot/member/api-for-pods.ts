import { isIPv4 } from 'node:net'
import type { MasterEndpoint } from '../../api/bootstrap-objects.ts'
import { type Clock, delay } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import { createBalancer } from '../../client/balancer.ts'
import { createLivezProbe } from '../../client/balancer-probe.ts'
import type { Node } from '../../kinds/types.ts'
import type { ResolvedCluster } from '../config/cluster-directory.ts'
import { splitAddress } from '../config/ports.ts'

/**
 * How pods reach the API where the masters listen on a loopback address, as those of `up` do: each worker
 * offers a balancer to them at the address of its host on the pods' network, and says so on its Node. The
 * endpoints of the Service `kubernetes` are these addresses.
 */
export const apiForPodsAnnotation = 'kijabi/api-for-pods'

/** Masters that pods reach by themselves: a pod's loopback is its own. */
export function reachableMasters(cluster: Pick<ResolvedCluster, 'masters'>): MasterEndpoint[] {
  return cluster.masters.flatMap(({ apiAddress }) => endpointOf(apiAddress) ?? [])
}

/** PURE: what nodes offer, each address once; workers of one host share theirs. */
export function offeredEndpoints(nodes: readonly Node[]): MasterEndpoint[] {
  const offered = new Set(nodes.map((node) => node.metadata.annotations?.[apiForPodsAnnotation]))
  return [...offered].sort().flatMap((address) => (address ? (endpointOf(address) ?? []) : []))
}

function endpointOf(address: string): MasterEndpoint | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(address)
  const [, host = '', port] = match ?? []
  if (!isIPv4(host) || host.startsWith('127.')) return undefined
  return { address: host, port: Number(port) }
}

export interface ApiForPods {
  readonly cluster: ResolvedCluster
  /** PEM of the cluster's authority. */
  readonly authority: string
  readonly clock: Clock
  readonly logger: Logger
  readonly scope: Scope
}

/** Another worker of this host may hold the address: when it ends, this one takes over. */
const takeOverMs = 1_000

/**
 * Offers the API at `host`, the pods' way to this host, until the scope closes. Returns the address; or
 * undefined where nothing is to be offered, because the masters can be reached without it.
 */
export function offerApiToPods(host: string | undefined, options: ApiForPods): string | undefined {
  const { cluster, authority, clock, logger, scope } = options
  if (host === undefined || reachableMasters(cluster).length > 0) return undefined
  const { port } = splitAddress(cluster.apiAddress)
  const backends = cluster.masters.map(({ name, apiAddress }) => ({ name, address: apiAddress }))
  const offering = (async () => {
    while (!scope.closed) {
      const balancer = createBalancer({
        ...{ host, port, clock, logger, backends: () => backends },
        probe: createLivezProbe({ ca: authority }, clock),
      })
      try {
        await balancer.start()
        scope.onClose('API for pods', () => balancer.stop())
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
          logger.debug({ error: String(error), host, port }, 'the API is not offered to pods yet')
        await delay(clock, takeOverMs, scope.signal).catch(() => {})
      }
    }
  })()
  scope.onClose('offer of the API', () => offering)
  return `${host}:${port}`
}
