import type { Random } from '../base/random.ts'
import { type StatusError, statusError } from '../base/status.ts'
import { parseStored } from '../kinds/encode.ts'
import type { AnyObject, FieldError } from '../kinds/kind.ts'
import type { ServicePort, ServiceSpec } from '../kinds/types.ts'
import type { Compare, KeyValue, Operation, StoreView } from '../state/cluster-store.ts'
import { invalidKind } from './errors.ts'
import { addressAt, parseCidr, parsePortRange, positionOf } from './service-ranges.ts'
import { prefixEnd } from './storage-keys.ts'

/**
 * ClusterIPs and node ports. Each one in use is a key of the store that names its owner, written in
 * the transaction that writes the service: two services can never hold the same address, whoever
 * accepted them. A key whose owner is gone, or no longer names the address, is free again.
 */
export interface AddressOptions {
  readonly view: StoreView
  readonly random: Random
  /** As `10.96.0.0/16`. IPv4 only. */
  readonly serviceCidr: string
  /** Inclusive, as `30000-32767`. */
  readonly nodePortRange: string
}

export interface AddressPlan {
  /** The service with its addresses; shares nothing that this function changes with the argument. */
  readonly service: AnyObject
  /** Must hold in the transaction that stores the service. */
  readonly compares: readonly Compare[]
  readonly operations: readonly Operation[]
}

const ipPrefix = '/registry/kijabi/serviceips/'
const portPrefix = '/registry/kijabi/nodeports/'
const randomTries = 32

/**
 * Gives a service the addresses that its type needs, and releases those of `old` that it no longer
 * has. What `old` had and the new one leaves out is kept, as Kubernetes does
 * (pkg/registry/core/service/storage/alloc.go). Throws Invalid for an address that is taken or out of
 * range, and InternalError when a range is full.
 */
export function planServiceAddresses(
  options: AddressOptions,
  service: AnyObject,
  old?: AnyObject,
): AddressPlan {
  const planning = new Planning(options, service)
  const spec = { ...(service['spec'] as ServiceSpec | undefined) }
  const before = old?.['spec'] as ServiceSpec | undefined
  planning.assignClusterIp(spec, before)
  planning.assignNodePorts(spec, before)
  const kept = addressKeys(spec)
  for (const key of old ? addressKeys(before) : []) if (!kept.has(key)) planning.release(key)
  const { compares, operations } = planning
  return { service: { ...service, spec }, compares, operations }
}

/** What a service that goes away gives back, in the transaction that deletes it. */
export function releaseServiceAddresses(
  options: Pick<AddressOptions, 'view'>,
  old: AnyObject,
): { compares: readonly Compare[]; operations: readonly Operation[] } {
  const owner = ownerKey(old)
  const records = [...addressKeys(old['spec'] as ServiceSpec | undefined)]
    .map((key) => options.view.get(key))
    .filter((record) => record !== undefined && ownerOf(record) === owner) as KeyValue[]
  return {
    compares: records.map(unchanged),
    operations: records.map((record): Operation => ({ op: 'delete', key: record.key })),
  }
}

/**
 * The claims of services for the write path, which asks again for every attempt with the same
 * object: what was chosen for an attempt that failed is forgotten before the next one chooses.
 */
export class ServiceAddresses {
  readonly #options: AddressOptions
  readonly #asked = new WeakMap<AnyObject, unknown>()

  constructor(options: AddressOptions) {
    this.#options = options
  }

  /**
   * Completes `object` and returns what the transaction must claim and release. `object` is undefined
   * for a deletion, `old` for a creation. A write that takes the last finalizer off a service that is
   * being deleted is a deletion too.
   */
  claims(
    object: AnyObject | undefined,
    old: AnyObject | undefined,
  ): { compares: readonly Compare[]; operations: readonly Operation[] } {
    const isGone = !object || (old !== undefined && isFinished(object))
    if (isGone) return old ? releaseServiceAddresses(this.#options, old) : nothing
    if (this.#asked.has(object)) object['spec'] = this.#asked.get(object)
    else this.#asked.set(object, object['spec'])
    const { service, compares, operations } = planServiceAddresses(this.#options, object, old)
    object['spec'] = service['spec']
    return { compares, operations }
  }
}

function isFinished({ metadata }: AnyObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0
}

const nothing = { compares: [], operations: [] }

/** Collects what one service claims and releases. */
class Planning {
  readonly compares: Compare[] = []
  readonly operations: Operation[] = []
  readonly #options: AddressOptions
  readonly #service: AnyObject
  readonly #owner: string
  readonly #claimed = new Set<string>()

  constructor(options: AddressOptions, service: AnyObject) {
    this.#options = options
    this.#service = service
    this.#owner = ownerKey(service)
  }

  assignClusterIp(spec: ServiceSpec, before: ServiceSpec | undefined): void {
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP
      delete spec.clusterIPs
      delete spec.ipFamilies
      delete spec.ipFamilyPolicy
      return
    }
    const asked = spec.clusterIP || spec.clusterIPs?.[0] || ''
    const kept = before?.type === 'ExternalName' ? '' : (before?.clusterIP ?? '')
    if (kept !== '' && asked !== '' && asked !== kept)
      throw this.#invalid('spec.clusterIPs[0]', [asked], 'may not change once set')
    const ip = asked || kept || this.#freeIp()
    spec.clusterIP = ip
    spec.clusterIPs = [ip]
    spec.ipFamilies ??= ['IPv4']
    spec.ipFamilyPolicy ??= 'SingleStack'
    if (ip === 'None') return
    this.#checkIp(ip)
    if (!this.#claim(ipPrefix + ip) && ip !== kept)
      throw this.#refusedIp(ip, 'provided IP is already allocated')
  }

  assignNodePorts(spec: ServiceSpec, before: ServiceSpec | undefined): void {
    const needed = hasNodePorts(spec)
    const had = before ? nodePortsOf(before) : new Set<number>()
    if (!needed) dropNodePorts(spec, had)
    else if (before && hasNodePorts(before)) keepNodePorts(spec, before)
    spec.ports = spec.ports?.map((port) => ({ ...port }))
    const allocates = spec.type !== 'LoadBalancer' || spec.allocateLoadBalancerNodePorts !== false
    // Those that are asked for come first, so that none of the others takes them.
    for (const [index, port] of (spec.ports ?? []).entries())
      if (port.nodePort) this.#claimPort(`spec.ports[${index}].nodePort`, port.nodePort, had)
    const shared = new Map<number, number>()
    for (const port of spec.ports ?? []) {
      if (!needed || !allocates || port.nodePort) continue
      // The same port in TCP and in UDP is the same node port.
      const nodePort =
        shared.get(port.port) ?? sharedPort(spec.ports ?? [], port) ?? this.#freePort()
      port.nodePort = nodePort
      shared.set(port.port, nodePort)
      this.#claim(portPrefix + nodePort)
    }
    this.#assignHealthCheck(spec, before, had)
  }

  release(key: string): void {
    const record = this.#options.view.get(key)
    if (!record || ownerOf(record) !== this.#owner) return
    this.compares.push(unchanged(record))
    this.operations.push({ op: 'delete', key })
  }

  #assignHealthCheck(spec: ServiceSpec, before: ServiceSpec | undefined, had: Set<number>): void {
    const needed = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
    if (!needed) {
      delete spec.healthCheckNodePort
      return
    }
    spec.healthCheckNodePort ||= before?.healthCheckNodePort || this.#freePort()
    this.#claimPort('spec.healthCheckNodePort', spec.healthCheckNodePort, had)
  }

  #claimPort(field: string, port: number, had: ReadonlySet<number>): void {
    const { low, high } = parsePortRange(this.#options.nodePortRange)
    if (!had.has(port) && (port < low || port > high))
      throw this.#invalid(
        field,
        port,
        `provided port is not in the valid range. The range of valid ports is ${low}-${high}`,
      )
    if (!this.#claim(portPrefix + port) && !had.has(port))
      throw this.#invalid(field, port, 'provided port is already allocated')
  }

  /** False when another service holds the address. */
  #claim(key: string): boolean {
    if (this.#claimed.has(key)) return true
    const record = this.#options.view.get(key)
    if (record && ownerOf(record) !== this.#owner && !this.#isAbandoned(record)) return false
    this.#claimed.add(key)
    if (record && ownerOf(record) === this.#owner) return true
    this.compares.push(record ? unchanged(record) : absent(key))
    this.operations.push({ op: 'put', key, value: ownerValue(this.#owner), revisionOffset: -1 })
    return true
  }

  /** True when the owner is gone or does not name the address any more; that must still hold then. */
  #isAbandoned(record: KeyValue): boolean {
    const owner = this.#options.view.get(ownerOf(record))
    if (owner) {
      const { spec } = parseStored(owner.value) as unknown as { spec?: ServiceSpec }
      if (addressKeys(spec).has(record.key)) return false
    }
    this.compares.push(owner ? unchanged(owner) : absent(ownerOf(record)))
    return true
  }

  #checkIp(ip: string): void {
    const { serviceCidr } = this.#options
    const cidr = parseCidr(serviceCidr)
    const position = positionOf(cidr, ip)
    if (position === undefined || position < 1 || position > cidr.size - 2)
      throw this.#refusedIp(
        ip,
        `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${serviceCidr}`,
      )
    if (position === 1 && !this.#isKubernetes())
      throw this.#refusedIp(ip, 'provided IP is already allocated')
  }

  /** The API's own service has the first address: clients in pods find it before any DNS. */
  #isKubernetes(): boolean {
    const { namespace, name } = this.#service.metadata
    return namespace === 'default' && name === 'kubernetes'
  }

  /** By chance in the upper band first: the lower one is for addresses that people choose. */
  #freeIp(): string {
    const cidr = parseCidr(this.#options.serviceCidr)
    if (this.#isKubernetes()) return addressAt(cidr, 1)
    const band = Math.min(Math.max(16, Math.floor(cidr.size / 16)), 256)
    const low = band < cidr.size - 2 ? band : 2
    const found = this.#free(ipPrefix, low, cidr.size - 2, 2, (at) => addressAt(cidr, at))
    if (found === undefined) throw full('failed to allocate a serviceIP: range is full')
    return found
  }

  #freePort(): number {
    const { low, high } = parsePortRange(this.#options.nodePortRange)
    const found = this.#free(portPrefix, low, high, low, String)
    if (found === undefined) throw full('failed to allocate a nodePort: range is full')
    return Number(found)
  }

  /** A free position in [low, high] by chance, else the first one from `bottom` on. */
  #free(
    prefix: string,
    low: number,
    high: number,
    bottom: number,
    text: (at: number) => string,
  ): string | undefined {
    const { view, random } = this.#options
    for (let attempt = 0; attempt < randomTries && low <= high; attempt += 1) {
      const candidate = text(random.integer(low, high + 1))
      const key = prefix + candidate
      if (!this.#claimed.has(key) && !view.get(key)) return candidate
    }
    const used = new Set(view.range(prefix, prefixEnd(prefix)).items.map((item) => item.key))
    const isFree = (key: string) => !used.has(key) && !this.#claimed.has(key)
    for (let at = high; at >= bottom; at -= 1) if (isFree(prefix + text(at))) return text(at)
    return undefined
  }

  #refusedIp(ip: string, why: string): StatusError {
    return this.#invalid('spec.clusterIPs', [ip], `failed to allocate IP ${ip}: ${why}`)
  }

  #invalid(field: string, value: unknown, why: string): StatusError {
    const error: FieldError = {
      type: 'FieldValueInvalid',
      field,
      message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    }
    return invalidKind('Service', '', this.#service.metadata.name ?? '', [error])
  }
}

function hasNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer'
}

function nodePortsOf(spec: ServiceSpec): Set<number> {
  const ports = (spec.ports ?? []).map((port) => port.nodePort ?? 0)
  return new Set([...ports, spec.healthCheckNodePort ?? 0].filter((port) => port > 0))
}

/** A service that stops being reachable by node ports leaves out those that it had. */
function dropNodePorts(spec: ServiceSpec, had: ReadonlySet<number>): void {
  spec.ports = spec.ports?.map(({ nodePort, ...port }) =>
    nodePort && !had.has(nodePort) ? { ...port, nodePort } : port,
  )
}

/** Ports that say nothing keep the node port that the same port and protocol had. */
function keepNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
  const used = nodePortsOf(spec)
  spec.ports = spec.ports?.map((port) => {
    if (port.nodePort) return port
    const same = before.ports?.find(
      (one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    return same?.nodePort && !used.has(same.nodePort) ? { ...port, nodePort: same.nodePort } : port
  })
}

function sharedPort(ports: readonly ServicePort[], port: ServicePort): number | undefined {
  return ports.find((one) => one.port === port.port && one.nodePort)?.nodePort
}

/** The keys of every address that a service names. */
function addressKeys(spec: ServiceSpec | undefined): Set<string> {
  const ip = spec?.clusterIP ?? ''
  const ports = spec ? nodePortsOf(spec) : []
  return new Set([
    ...(ip === '' || ip === 'None' ? [] : [ipPrefix + ip]),
    ...[...ports].map((port) => portPrefix + port),
  ])
}

function ownerKey({ metadata }: AnyObject): string {
  return `/registry/core/services/${metadata.namespace ?? ''}/${metadata.name ?? ''}`
}

function ownerValue(owner: string): Uint8Array {
  return Buffer.from(JSON.stringify({ owner }))
}

function ownerOf(record: KeyValue): string {
  const value = JSON.parse(Buffer.from(record.value).toString('utf8')) as { owner: string }
  return value.owner
}

function unchanged(record: KeyValue): Compare {
  return { key: record.key, target: 'mod', result: '=', value: record.modRevision }
}

function absent(key: string): Compare {
  return { key, target: 'create', result: '=', value: 0 }
}

function full(message: string): StatusError {
  return statusError('InternalError', `Internal error occurred: ${message}`)
}
