import { isIPv4 } from 'node:net'
import type { EndpointSlice, Service, ServicePort } from '../kinds/types.ts'

/** What the proxy has to make of one port of one Service. Plain data; equal inputs give equal models. */
export interface PortRules {
  /** `namespace/name:port name`. */
  readonly key: string
  readonly protocol: Protocol
  readonly frontends: readonly Frontend[]
  /** Sorted by address and port; empty means that connections are refused. */
  readonly endpoints: readonly Endpoint[]
  /** How long a client stays with its endpoint; undefined without session affinity. */
  readonly affinitySeconds: number | undefined
}

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface Frontend {
  /** `node-port`: every address of this host but loopback ones; then `ip` is empty. */
  readonly kind: 'cluster-ip' | 'external-ip' | 'node-port'
  readonly ip: string
  readonly port: number
}

export interface Endpoint {
  readonly ip: string
  readonly port: number
}

export const serviceNameLabel = 'kubernetes.io/service-name'
const affinitySecondsDefault = 10_800
const protocols: ReadonlyMap<string, Protocol> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
])

/** `namespace/name` of the Service that a slice belongs to; undefined when it names none. */
export function serviceKeyOfSlice(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[serviceNameLabel]
  return name ? `${slice.metadata.namespace ?? ''}/${name}` : undefined
}

/**
 * The rules of one Service from its EndpointSlices (pkg/proxy/{servicechangetracker,topology}.go).
 * `localNodes` are the nodes that share this host's network: internalTrafficPolicy Local keeps to them.
 * IPv4 only. externalTrafficPolicy Local is treated as Cluster.
 */
export function serviceRules(
  service: Service,
  slices: readonly EndpointSlice[],
  localNodes: ReadonlySet<string>,
): PortRules[] {
  const { spec, metadata } = service
  if (!spec || spec.type === 'ExternalName' || !isIpv4(spec.clusterIP)) return []
  const localOnly = spec.internalTrafficPolicy === 'Local'
  const affinitySeconds =
    spec.sessionAffinity === 'ClientIP'
      ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySecondsDefault)
      : undefined
  const rules: PortRules[] = []
  for (const port of spec.ports ?? []) {
    const protocol = protocols.get(port.protocol ?? 'TCP')
    if (!protocol) continue
    const candidates = candidatesOf(port, slices)
    const all = usable(candidates)
    const internal = localOnly ? usable(candidates.filter((one) => localNodes.has(one.node))) : all
    const { inside, outside } = frontendsOf(service, port)
    const key = `${metadata.namespace ?? ''}/${metadata.name ?? ''}:${port.name ?? ''}`
    const rule = (ruleKey: string, frontends: Frontend[], endpoints: Endpoint[]) => {
      if (frontends.length > 0)
        rules.push({ key: ruleKey, protocol, frontends, endpoints, affinitySeconds })
    }
    // Two ports may share a name only across protocols, so the protocol is part of what is unique.
    if (!localOnly) rule(`${key}/${protocol}`, [...inside, ...outside], all)
    else {
      rule(`${key}/${protocol}/internal`, inside, internal)
      rule(`${key}/${protocol}/external`, outside, all)
    }
  }
  return rules
}

/** Whether an address that was ready is so no more: that must reach the rules without delay. */
export function losesEndpoint(
  before: EndpointSlice | undefined,
  after: EndpointSlice | undefined,
): boolean {
  const kept = readyAddresses(after)
  for (const address of readyAddresses(before)) if (!kept.has(address)) return true
  return false
}

function readyAddresses(slice: EndpointSlice | undefined): Set<string> {
  const ready = (slice?.endpoints ?? []).filter((one) => one.conditions?.ready ?? true)
  return new Set(ready.flatMap((one) => one.addresses))
}

/** Strict, for the text goes into kernel rules: four decimal parts without leading zeros. */
export function isIpv4(text: string | undefined): text is string {
  return text !== undefined && isIPv4(text)
}

export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.')
}

interface Candidate extends Endpoint {
  readonly node: string
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

function candidatesOf(port: ServicePort, slices: readonly EndpointSlice[]): Candidate[] {
  const candidates: Candidate[] = []
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue
    const own = slice.ports?.find(
      (one) =>
        (one.name ?? '') === (port.name ?? '') &&
        (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    if (!isPort(own?.port)) continue
    for (const { addresses, conditions, nodeName } of slice.endpoints ?? []) {
      // Addresses of one endpoint are interchangeable: the first is used.
      const ip = addresses[0]
      if (!isIpv4(ip)) continue
      const ready = conditions?.ready ?? true
      candidates.push({
        ip,
        port: own.port,
        node: nodeName ?? '',
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
      })
    }
  }
  return candidates
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536
}

/** The ready ones; when there is none, those that still serve while they terminate. */
function usable(candidates: readonly Candidate[]): Endpoint[] {
  const ready = candidates.filter((one) => one.ready)
  const chosen =
    ready.length > 0 ? ready : candidates.filter((one) => one.serving && one.terminating)
  const distinct = new Map(chosen.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...distinct.values()].sort(
    (one, other) => compareText(one.ip, other.ip) || one.port - other.port,
  )
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function frontendsOf(
  { spec, status }: Service,
  port: ServicePort,
): { inside: Frontend[]; outside: Frontend[] } {
  if (!isPort(port.port)) return { inside: [], outside: [] }
  const clusterIps = new Set([spec?.clusterIP, ...(spec?.clusterIPs ?? [])].filter(isIpv4))
  const inside = [...clusterIps].map((ip) => ({ kind: 'cluster-ip' as const, ip, port: port.port }))
  const balanced = (status?.loadBalancer?.ingress ?? [])
    .filter((one) => one.ipMode !== 'Proxy')
    .map((one) => one.ip)
  const externalIps = new Set([...(spec?.externalIPs ?? []), ...balanced].filter(isIpv4))
  const outside: Frontend[] = [...externalIps].map((ip) => ({
    kind: 'external-ip',
    ip,
    port: port.port,
  }))
  if (isPort(port.nodePort)) outside.push({ kind: 'node-port', ip: '', port: port.nodePort })
  return { inside, outside }
}
