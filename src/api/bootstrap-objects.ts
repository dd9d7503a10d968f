import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Scope } from '../base/scope.ts'
import { isStatus } from '../base/status.ts'
import type { Client, KubernetesObject, ResourceClient } from '../client/typed.ts'
import { formatTime } from '../kinds/time.ts'
import type { Condition, ConfigMap, EndpointSlice, Endpoints, ServiceCIDR } from '../kinds/types.ts'
import { reconcilePolicy } from './auth/rbac/reconcile-policy.ts'
import { defaultFlows } from './fairness/default-flows.ts'

/** Where a master's API is reached by pods. */
export interface MasterEndpoint {
  /** An IPv4 address that is not loopback. */
  readonly address: string
  readonly port: number
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
const servicePort = 443
const serviceName = 'kubernetes'

/**
 * Makes what every cluster has from its first minute: the system namespaces, and the service by
 * which pods find the API, with the masters as its endpoints. Idempotent: the leader runs it when it
 * takes over and when members change. Rejects with the API's refusals.
 */
export async function ensureBootstrapObjects(
  client: Client,
  endpoints: readonly MasterEndpoint[],
): Promise<void> {
  const namespaces = client.resource(core('namespaces', false))
  for (const name of systemNamespaces) await ensure(namespaces, '', { metadata: { name } })
  await ensure(client.resource(core('services', true)), 'default', kubernetesService(endpoints))
  const slices = client.resource<EndpointSlice>({
    group: 'discovery.k8s.io',
    version: 'v1',
    resource: 'endpointslices',
    namespaced: true,
  })
  await ensureSlices(slices, kubernetesSlices(endpoints))
  await ensureEndpoints(client.resource(core('endpoints', true)), kubernetesEndpoints(endpoints))
}

/** Priorities that Kubernetes keeps for what a cluster cannot do without (scheduling/types.go). */
const systemPriorities = [
  ['system-cluster-critical', 2_000_000_000, 'a cluster needs these pods somewhere'],
  ['system-node-critical', 2_000_001_000, 'a node needs these pods on itself'],
] as const

/** Priority classes, priority levels and flow schemas: made when they are missing. */
async function ensureClusterDefaults(client: Client): Promise<void> {
  const place = (group: string, resource: string) =>
    client.resource({ group, version: 'v1', resource, namespaced: false })
  const priorities = place('scheduling.k8s.io', 'priorityclasses')
  for (const [name, value, description] of systemPriorities)
    await ensure(priorities, '', { metadata: { name }, value, description } as KubernetesObject)
  const flowGroup = 'flowcontrol.apiserver.k8s.io'
  const levels = place(flowGroup, 'prioritylevelconfigurations')
  for (const level of defaultFlows.levels) await ensure(levels, '', level)
  const schemas = place(flowGroup, 'flowschemas')
  for (const schema of defaultFlows.schemas) await ensure(schemas, '', schema)
}

/** As often as Kubernetes looks after its own endpoints. */
const lookAfterMs = 10_000

export interface Keeping {
  readonly clock: Clock
  readonly logger: Logger
  readonly scope: Scope
  /** The range of ClusterIPs, as `10.96.0.0/16`; shown as the ServiceCIDR `kubernetes`. */
  readonly serviceCidr?: string
  /** What masters tell others by ConfigMaps; what somebody changes of them is put back. */
  readonly published?: readonly ConfigMap[]
  /** Calls back when the endpoints may have changed; returns what ends that. */
  changes?(look: () => void): () => void
}

/**
 * As `ensureBootstrapObjects`, and until `scope` closes puts back what somebody deletes of the
 * cluster's own service. Looks are reads: they write nothing while all is there. The default policy is
 * completed once, at the start of a term, as kube-apiserver does at its own.
 */
export async function keepBootstrapObjects(
  client: Client,
  endpoints: () => readonly MasterEndpoint[],
  { clock, logger, scope, changes, serviceCidr, published = [] }: Keeping,
): Promise<void> {
  const lookAfter = async () => {
    await ensureBootstrapObjects(client, endpoints())
    if (serviceCidr) await ensureServiceCidr(client, serviceCidr, clock.wallMs())
    await publish(client, published)
  }
  await lookAfter()
  await reconcilePolicy(client)
  await ensureClusterDefaults(client)
  let looking = false
  let again = false
  const look = async () => {
    again = looking
    if (looking || scope.closed) return
    looking = true
    try {
      do {
        again = false
        await lookAfter()
      } while (again && !scope.closed)
    } catch (error) {
      // The next look tries again; another leader has its own.
      logger.debug({ error: String(error) }, 'the first objects could not be looked after')
    } finally {
      looking = false
    }
  }
  const timer = clock.every(lookAfterMs, () => void look())
  const unsubscribe = changes?.(() => void look())
  scope.onClose('first objects', () => {
    timer.cancel()
    unsubscribe?.()
  })
}

/**
 * The range that ClusterIPs come from, as an object that is ready once; a condition that somebody wrote
 * stays (pkg/controlplane/controller/defaultservicecidr).
 */
async function ensureServiceCidr(client: Client, cidr: string, nowMs: number): Promise<void> {
  const ranges = client.resource<ServiceCIDR>({
    ...{ group: 'networking.k8s.io', version: 'v1' },
    ...{ resource: 'servicecidrs', namespaced: false },
  })
  await ensure(ranges, '', {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' },
    metadata: { name: serviceName },
    spec: { cidrs: [cidr] },
  })
  const range = await ranges.get('', serviceName)
  const conditions = range.status?.conditions ?? []
  const same = isDeepStrictEqual(range.spec?.cidrs, [cidr])
  const known = conditions.find(({ type }) => type === 'Ready')
  if (!same || range.metadata.deletionTimestamp || (known && known.status !== 'Unknown')) return
  const ready: Condition = {
    ...{ type: 'Ready', status: 'True', reason: '' },
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: formatTime(nowMs),
  }
  const others = conditions.filter(({ type }) => type !== 'Ready')
  await ranges.updateStatus({ ...range, status: { conditions: [...others, ready] } })
}

async function publish(client: Client, wanted: readonly ConfigMap[]): Promise<void> {
  const resource = client.resource<ConfigMap>(core('configmaps', true))
  for (const one of wanted) {
    const { namespace = '', name = '' } = one.metadata
    await ensure(resource, namespace, one)
    const current = await resource.get(namespace, name)
    // An update that changes nothing makes no revision.
    await resource.update({ ...current, data: { ...current.data, ...one.data } })
  }
}

function core(resource: string, namespaced: boolean) {
  return { group: '', version: 'v1', resource, namespaced }
}

async function ensure<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  namespace: string,
  object: T,
): Promise<void> {
  try {
    await resource.get(namespace, object.metadata.name ?? '')
    return
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
  try {
    await resource.create(namespace, object)
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists')) throw error
  }
}

/** Creates and updates the wanted slices and removes those of ports that no master has any more. */
async function ensureSlices(
  resource: ResourceClient<EndpointSlice>,
  wanted: readonly EndpointSlice[],
): Promise<void> {
  const { items } = await resource.list({
    namespace: 'default',
    labelSelector: `kubernetes.io/service-name=${serviceName}`,
  })
  const existing = new Map(items.map((slice) => [slice.metadata.name, slice]))
  for (const slice of wanted) {
    const known = existing.get(slice.metadata.name)
    existing.delete(slice.metadata.name)
    // An update that changes nothing makes no revision.
    if (known) await resource.update({ ...known, endpoints: slice.endpoints, ports: slice.ports })
    else await ensure(resource, 'default', slice)
  }
  for (const name of existing.keys()) if (name) await resource.delete('default', name)
}

function kubernetesService(endpoints: readonly MasterEndpoint[]): KubernetesObject {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName,
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ports: [
        {
          name: 'https',
          port: servicePort,
          protocol: 'TCP',
          targetPort: endpoints[0]?.port ?? servicePort,
        },
      ],
    },
  }
  return service
}

/** The older form, which is not mirrored: the slices are there already. */
function kubernetesEndpoints(endpoints: readonly MasterEndpoint[]): Endpoints {
  const ports = [...new Set(endpoints.map((endpoint) => endpoint.port))]
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: serviceName, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: ports.map((port) => ({
      addresses: endpoints
        .filter((one) => one.port === port)
        .map(({ address }) => ({ ip: address })),
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    })),
  }
}

async function ensureEndpoints(
  resource: ResourceClient<Endpoints>,
  wanted: Endpoints,
): Promise<void> {
  await ensure(resource, 'default', wanted)
  const known = await resource.get('default', serviceName)
  // An update that changes nothing makes no revision.
  await resource.update({ ...known, subsets: wanted.subsets })
}

/** One slice for each port that masters use: a slice has one set of ports for all its endpoints. */
export function kubernetesSlices(endpoints: readonly MasterEndpoint[]): EndpointSlice[] {
  const ports = [...new Set(endpoints.map((endpoint) => endpoint.port))]
  return ports.map((port, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: index === 0 ? serviceName : `${serviceName}-${port}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints: endpoints
      .filter((endpoint) => endpoint.port === port)
      .map((endpoint) => ({ addresses: [endpoint.address], conditions: { ready: true } })),
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  }))
}
