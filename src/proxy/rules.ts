import { isIPv4 } from 'node:net'
import type { EndpointSlice, Service, ServicePort } from '../kinds/types.ts'

/** What the proxy has to make of one port of one Service. Plain data; equal inputs give equal models. */
export interface PortRules {
  /** `namespace/name:port name`. */
  readonly key: string
  readonly protocol: Protocol
  readonly frontends: readonly Frontend[]
  /** Sorted by address and port; empty means that connections are refused, or dropped. */
  readonly endpoints: readonly Endpoint[]
  /**
   * externalTrafficPolicy Local: those on this host, the only ones for who comes from elsewhere to a
   * frontend that is no cluster IP; with none of them, such traffic is dropped.
   */
  readonly local?: readonly Endpoint[]
  /** internalTrafficPolicy Local, and all endpoints are elsewhere: traffic is dropped, not refused. */
  readonly drops?: true
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
 * `localNodes` are the nodes that share this host's network: the policy Local keeps to them. IPv4 only.
 */
export function serviceRules(
  service: Service,
  slices: readonly EndpointSlice[],
  localNodes: ReadonlySet<string>,
): PortRules[] {
  const { spec, metadata } = service
  if (!spec || spec.type === 'ExternalName' || !isIpv4(spec.clusterIP)) return []
  const isLocal = (one: Candidate) => localNodes.has(one.node)
  const localInside = spec.internalTrafficPolicy === 'Local'
  const localOutside = spec.externalTrafficPolicy === 'Local'
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
    const here = usable(candidates.filter(isLocal))
    const { inside, outside } = frontendsOf(service, port)
    const key = `${metadata.namespace ?? ''}/${metadata.name ?? ''}:${port.name ?? ''}`
    const rule = (kind: string, frontends: Frontend[], where: Pick<PortRules, Where>) => {
      // Two ports may share a name only across protocols, so the protocol is part of what is unique.
      const own = { key: `${key}/${protocol}${kind}`, protocol, frontends, affinitySeconds }
      if (frontends.length > 0) rules.push({ ...own, ...where })
    }
    const external = { endpoints: all, ...(localOutside && all.length > 0 && { local: here }) }
    if (localInside) {
      const drops = here.length === 0 && all.length > 0
      rule('/internal', inside, { endpoints: here, ...(drops && { drops }) })
      rule('/external', outside, external)
    } else if (outside.length > 0) rule('', [...inside, ...outside], external)
    else rule('', inside, { endpoints: all })
  }
  return rules
}

type Where = 'endpoints' | 'local' | 'drops'

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
