import type { Endpoint, EndpointSlice, Service } from '../../kinds/types.ts'
import { type Answer, answerCodes, type Query, type Resource, recordTypes } from './message.ts'

/**
 * PURE: the names of a cluster, as github.com/kubernetes/dns/docs/specification.md 1.1.0 lays them down.
 * IPv4 only.
 */
export interface Directory {
  service(key: string): Service | undefined
  slices(serviceKey: string): readonly EndpointSlice[]
  hasServices(namespace: string): boolean
  servicesAt(address: string): readonly Service[]
  slicesAt(address: string): readonly EndpointSlice[]
}

/** As CoreDNS has it. */
const ttlSeconds = 5
const none = 'None'

export interface ZoneAnswer extends Answer {
  /** An alias that ends in this name, whose addresses are to be found elsewhere. */
  readonly follow?: string
}

/** Undefined: not about this cluster, others know. */
export function zoneAnswer(
  query: Pick<Query, 'name' | 'type'>,
  zone: string,
  directory: Directory,
): ZoneAnswer | undefined {
  const asked = query.name.toLowerCase()
  const reverse = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(asked)
  if (reverse) return reverseAnswer(query, reverse.slice(1, 5).reverse().join('.'), zone, directory)
  if (asked !== zone && !asked.endsWith(`.${zone}`)) return undefined
  const labels = asked.slice(0, -zone.length - 1).split('.')
  const records = asked === zone ? [] : recordsOf(labels, { zone, directory, query })
  const soa: Resource = { name: zone, ttlSeconds, type: 'SOA', zone, serial: 1 }
  if (asked === zone && query.type === recordTypes.SOA) return answered([soa])
  if (records === undefined)
    return {
      ...{ code: answerCodes.noSuchName, authoritative: true, answers: [] },
      authority: [soa],
    }
  if ('follow' in records) return { ...answered([records.alias]), follow: records.follow }
  const wanted = records.filter(
    ({ type }) => recordTypes[type] === query.type || query.type === recordTypes.ANY,
  )
  if (wanted.length === 0) return { ...answered([]), authority: [soa] }
  return { ...answered(wanted), additional: additionalFor(wanted, zone, directory) }
}

interface Asking {
  readonly zone: string
  readonly directory: Directory
  readonly query: Pick<Query, 'name' | 'type'>
}

type Found = readonly Resource[] | { readonly alias: Resource; readonly follow: string }

/** Undefined: there is no such name. Nothing: there is, and it has no records of its own. */
function recordsOf(labels: readonly string[], asking: Asking): Found | undefined {
  const { query, directory } = asking
  if (labels.length === 1 && labels[0] === 'dns-version')
    return [{ name: query.name, ttlSeconds, type: 'TXT', text: '1.1.0' }]
  const rest = [...labels]
  const kind = rest.pop()
  if (kind !== 'svc' && kind !== 'pod') return undefined
  const namespace = rest.pop()
  if (namespace === undefined) return []
  if (kind === 'pod') return podRecords(rest, asking)
  const name = rest.pop()
  if (name === undefined) return directory.hasServices(namespace) ? [] : undefined
  const service = directory.service(`${namespace}/${name}`)
  if (!service) return undefined
  return serviceRecords(service, rest, asking)
}

/** `10-0-0-1.default.pod`: the address that the name spells. */
function podRecords(rest: readonly string[], { query }: Asking): readonly Resource[] | undefined {
  if (rest.length === 0) return []
  const address = rest.length === 1 ? rest[0]?.replaceAll('-', '.') : undefined
  if (!address || !isAddress(address)) return undefined
  return [{ name: query.name, ttlSeconds, type: 'A', address }]
}

function serviceRecords(
  service: Service,
  rest: readonly string[],
  { zone, directory, query }: Asking,
): Found | undefined {
  const { type, externalName, clusterIP } = service.spec ?? {}
  const name = query.name
  if (type === 'ExternalName') {
    if (rest.length > 0 || !externalName) return undefined
    const target = externalName.replace(/\.$/, '')
    return { alias: { name, ttlSeconds, type: 'CNAME', target }, follow: target }
  }
  const headless = clusterIP === none
  const own = serviceName(service, zone)
  const ports = portsOf(service, zone, directory)
  if (rest.length === 0) {
    const addresses = headless
      ? endpointsOf(service, directory).map(({ address }) => address)
      : [clusterIP ?? '']
    if (headless && addresses.length === 0) return undefined
    return [
      ...[...new Set(addresses)].filter(isAddress).map((address) => addressOf(name, address)),
      ...srvRecords(name, ports),
    ]
  }
  const [first = '', second = ''] = rest
  if (rest.length === 1 && headless) {
    const found = endpointsOf(service, directory).filter((one) => one.label === first)
    if (found.length > 0) return found.map(({ address }) => addressOf(name, address))
  }
  const matching = ports.filter(
    ({ protocol, port }) =>
      (rest.length === 1 && first === `_${protocol}`) ||
      (rest.length === 2 && second === `_${protocol}` && first === `_${port}`),
  )
  if (matching.length === 0) return undefined
  return rest.length === 1 ? [] : srvRecords(`${rest.join('.')}.${own}`, matching)
}

interface NamedPort {
  /** Its name; unnamed ports have no SRV record of their own. */
  readonly port: string
  readonly protocol: string
  readonly number: number
  readonly target: string
}

function portsOf(service: Service, zone: string, directory: Directory): NamedPort[] {
  const own = serviceName(service, zone)
  if (service.spec?.clusterIP !== none)
    return (service.spec?.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => ({
      ...{ port: name.toLowerCase(), protocol: protocol.toLowerCase(), number: port, target: own },
    }))
  return endpointsOf(service, directory).flatMap(({ label, ports }) =>
    ports.map(({ name = '', protocol = 'TCP', port = 0 }) => ({
      ...{ port: name.toLowerCase(), protocol: protocol.toLowerCase(), number: port },
      target: `${label}.${own}`,
    })),
  )
}

function srvRecords(name: string, ports: readonly NamedPort[]): Resource[] {
  const weight = Math.max(1, Math.floor(100 / Math.max(1, ports.length)))
  return ports.map(({ number, target }) => ({
    ...{ name, ttlSeconds, type: 'SRV', weight, port: number, target },
  }))
}

interface NamedEndpoint {
  readonly label: string
  readonly address: string
  readonly ports: NonNullable<EndpointSlice['ports']>
}

/** Those that are ready, with the name that each has below its service. */
function endpointsOf(service: Service, directory: Directory): NamedEndpoint[] {
  const { namespace = '', name = '' } = service.metadata
  return directory
    .slices(`${namespace}/${name}`)
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap(({ endpoints = [], ports = [] }) =>
      endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap((one) =>
          one.addresses.map((address) => ({ label: labelOf(one, address), address, ports })),
        ),
    )
}

function labelOf({ hostname }: Endpoint, address: string): string {
  return hostname ? hostname.toLowerCase() : address.replaceAll('.', '-')
}

/** What an SRV record leads to is sent along. */
function additionalFor(
  records: readonly Resource[],
  zone: string,
  directory: Directory,
): Resource[] {
  const targets = new Set(records.flatMap((one) => (one.type === 'SRV' ? [one.target] : [])))
  return [...targets].flatMap((name) => {
    const labels = name.slice(0, -zone.length - 1).split('.')
    const found = recordsOf(labels, { zone, directory, query: { name, type: recordTypes.A } })
    if (!found || 'follow' in found) return []
    return found.filter(({ type }) => type === 'A')
  })
}

/** The names of a service's address, or of endpoints that have a hostname; others may know the rest. */
function reverseAnswer(
  query: Pick<Query, 'name' | 'type'>,
  address: string,
  zone: string,
  directory: Directory,
): ZoneAnswer | undefined {
  const targets = new Set(directory.servicesAt(address).map((one) => serviceName(one, zone)))
  if (targets.size === 0)
    for (const slice of directory.slicesAt(address)) {
      const { namespace, labels } = slice.metadata
      const name = labels?.['kubernetes.io/service-name']
      const service = directory.service(`${namespace}/${name}`)
      for (const endpoint of slice.endpoints ?? [])
        if (service && endpoint.hostname && endpoint.addresses.includes(address))
          targets.add(`${labelOf(endpoint, address)}.${serviceName(service, zone)}`)
    }
  if (targets.size === 0) return undefined
  const records = [...targets].map(
    (target): Resource => ({ name: query.name, ttlSeconds, type: 'PTR', target }),
  )
  return answered(query.type === recordTypes.PTR || query.type === recordTypes.ANY ? records : [])
}

function serviceName({ metadata }: Service, zone: string): string {
  return `${metadata.name}.${metadata.namespace}.svc.${zone}`
}

function addressOf(name: string, address: string): Resource {
  return { name, ttlSeconds, type: 'A', address }
}

function isAddress(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
}

function answered(answers: readonly Resource[]): ZoneAnswer {
  return { code: answerCodes.ok, authoritative: true, answers }
}
