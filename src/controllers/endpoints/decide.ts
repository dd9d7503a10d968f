import type {
  CoreV1EndpointPort,
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
} from '../../kinds/types.ts'
import { addressOf, familiesOf, portsKey, portsOf } from '../endpoint-slice/endpoints.ts'
import { isReady, isTerminal, isTerminating } from '../pod-facts.ts'

export const managedByLabel = 'endpoints.kubernetes.io/managed-by'
export const managedBy = 'endpoint-controller'
const headlessLabel = 'service.kubernetes.io/headless'
const overCapacity = 'endpoints.kubernetes.io/over-capacity'
/** More addresses than these are only in EndpointSlices. */
export const addressesMax = 1_000

interface Group {
  readonly ports: readonly EndpointPort[]
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

/**
 * What the Endpoints of a selecting service are to be, `old` as they are: the same array of subsets
 * for the same pods, whatever their order (pkg/controller/endpoint/endpoints_controller.go).
 */
export function decideEndpoints(
  service: Service,
  pods: readonly Pod[],
  old: Endpoints | undefined,
): Endpoints {
  const groups = groupsOf(service, pods)
  const total = groups.reduce((sum, one) => sum + one.ready.length + one.notReady.length, 0)
  const { name, namespace } = service.metadata
  const { [overCapacity]: _, ...annotations } = old?.metadata.annotations ?? {}
  if (total > addressesMax) annotations[overCapacity] = 'truncated'
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...(old?.metadata ?? { name, namespace }),
      labels: labelsOf(service),
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    },
    subsets: subsetsOf(groups),
  }
}

/** True when a write would change nothing. */
export function sameEndpoints(one: Endpoints, other: Endpoints): boolean {
  const facts = ({ metadata, subsets = [] }: Endpoints) => [
    Object.entries(metadata.labels ?? {}).sort(),
    metadata.annotations?.[overCapacity],
    subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => [
      ...[addresses, notReadyAddresses].map((list) =>
        list.map(({ ip, hostname, nodeName, targetRef }) => [
          ip,
          hostname,
          nodeName,
          targetRef?.uid,
        ]),
      ),
      ports.map(({ name, port, protocol, appProtocol }) => [name, port, protocol, appProtocol]),
    ]),
  ]
  return JSON.stringify(facts(one)) === JSON.stringify(facts(other))
}

/** Pods that are reached by the same port numbers; a pod that has none of the ports is in no group. */
function groupsOf(service: Service, pods: readonly Pod[]): readonly Group[] {
  const [family = 'IPv4'] = familiesOf(service)
  const unready = service.spec?.publishNotReadyAddresses === true
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    const ip = addressOf(pod, family)
    const ports = portsOf(service, pod)
    if (ip === undefined || isTerminal(pod) || (isTerminating(pod) && !unready)) continue
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, ready: [], notReady: [] }
    groups.set(key, group)
    const list = unready || isReady(pod) ? group.ready : group.notReady
    list.push(endpointAddress(service, pod, ip))
  }
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => group)
}

function endpointAddress(service: Service, pod: Pod, ip: string): EndpointAddress {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const { hostname, subdomain, nodeName } = pod.spec ?? {}
  return {
    ip,
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

/** Ready addresses come first where there is not room for all. */
function subsetsOf(groups: readonly Group[]): EndpointSubset[] {
  let room = addressesMax
  const taken = (list: readonly EndpointAddress[]) => {
    const sorted = list.toSorted((one, other) => (one.ip < other.ip ? -1 : 1)).slice(0, room)
    room -= sorted.length
    return sorted
  }
  const ready = groups.map((group) => taken(group.ready))
  const notReady = groups.map((group) => taken(group.notReady))
  return groups.flatMap(({ ports }, index) => {
    const [addresses = [], notReadyAddresses = []] = [ready[index], notReady[index]]
    if (addresses.length + notReadyAddresses.length === 0) return []
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports: ports.map(portOf) } : {}),
    }
  })
}

function portOf({ name, port = 0, protocol, appProtocol }: EndpointPort): CoreV1EndpointPort {
  return {
    ...(name ? { name } : {}),
    port,
    protocol: protocol ?? 'TCP',
    ...(appProtocol ? { appProtocol } : {}),
  }
}

function labelsOf(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [managedByLabel]: managedBy,
    ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
  }
}
