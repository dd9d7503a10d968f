import type { Endpoint, EndpointPort, Pod, Service, ServicePort } from '../../kinds/types.ts'
import { isReady, isTerminal, isTerminating } from '../pod-facts.ts'

export type AddressType = 'IPv4' | 'IPv6'

/** The endpoints that reach a service through the same port numbers. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/** Address families that a service asks for. */
export function familiesOf(service: Service): readonly AddressType[] {
  const families = service.spec?.ipFamilies
  if (families?.length) return families.map((family) => (family === 'IPv6' ? 'IPv6' : 'IPv4'))
  return service.spec?.clusterIP?.includes(':') ? ['IPv6'] : ['IPv4']
}

/**
 * The endpoints of one family, grouped by ports: a named target port may have another number in each
 * pod (staging/src/k8s.io/endpointslice/utils.go). `zoneOf` gives a node's zone.
 */
export function endpointGroups(
  service: Service,
  pods: readonly Pod[],
  family: AddressType,
  zoneOf: (node: string) => string | undefined,
): readonly EndpointGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
  for (const pod of pods) {
    const address = addressOf(pod, family)
    if (address === undefined || isTerminal(pod)) continue
    const ports = portsOf(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod, address, zoneOf))
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Equal for equal ports, whatever their order. */
export function portsKey(ports: readonly EndpointPort[] | undefined): string {
  const parts = (ports ?? []).map(({ name, protocol, port, appProtocol }) =>
    JSON.stringify([name ?? '', protocol ?? 'TCP', port ?? null, appProtocol ?? '']),
  )
  return parts.sort().join()
}

function endpointOf(
  service: Service,
  pod: Pod,
  address: string,
  zoneOf: (node: string) => string | undefined,
): Endpoint {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  const nodeName = pod.spec?.nodeName
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName)
  const hostname = pod.spec?.hostname
  const named = hostname && pod.spec?.subdomain === service.metadata.name
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(named ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}

/** A pod's address of one family. */
export function addressOf(pod: Pod, family: AddressType): string | undefined {
  const all = pod.status?.podIPs?.map(({ ip }) => ip) ?? []
  if (all.length === 0 && pod.status?.podIP) all.push(pod.status.podIP)
  return all.find((ip) => ip?.includes(':') === (family === 'IPv6'))
}

/** The ports of a service that a pod has, by their numbers there. */
export function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const found: EndpointPort[] = []
  for (const port of service.spec?.ports ?? []) {
    const number = targetOf(port, pod)
    if (number === undefined) continue
    found.push({
      name: port.name ?? '',
      protocol: port.protocol ?? 'TCP',
      port: number,
      ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
    })
  }
  return found
}

/** The number that a target port has in a pod; undefined when no container names it. */
function targetOf(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target === 0 ? port.port : target
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  for (const container of containers)
    for (const one of container.ports ?? [])
      if (one.name === target && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
        return one.containerPort
  return undefined
}
