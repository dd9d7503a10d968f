import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import type { AnyObject } from '../kind.ts'
import { age, labelsText, nameOf, orNone } from '../print.ts'
import { serviceBalancerErrors } from '../status/load-balancer.ts'
import type { Service, ServicePort, ServiceSpec } from '../types.ts'
import { same } from '../validation/field-error.ts'
import { dns1035LabelProblems } from '../validation/names.ts'
import { serviceWarnings } from './service-warnings.ts'
import { validateService, validateServiceUpdate } from './validate-service.ts'

/** k8s.io/kubernetes pkg/registry/core/service/strategy.go, storage/alloc.go */
export const service = defineKind({
  kind: 'Service',
  resource: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  definition: 'io.k8s.api.core.v1.Service',
  hasStatus: true,
  nameRule: dns1035LabelProblems,
  subresources: [
    subresource('proxy', 'ServiceProxyOptions', ['create', 'delete', 'get', 'patch', 'update']),
    subresource('status', 'Service', ['get', 'patch', 'update']),
  ],
  prepareCreate: (object) => {
    object['status'] = { loadBalancer: {} }
    const { spec } = object as Service
    if (spec) pairClusterIPs(spec)
    if (spec) chooseFamilies(spec)
  },
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    const { spec } = object as Service
    const before = (old as Service).spec
    if (!spec) return
    if (before) keepAllocated(spec, before)
    pairClusterIPs(spec)
    chooseFamilies(spec)
  },
  prepareStatusUpdate: (object, old) => {
    keepAllButStatus(object, old)
    const { spec, status } = object as Service
    // core/v1/defaults.go SetDefaults_Service.
    if (spec?.type !== 'LoadBalancer') return
    for (const point of status?.loadBalancer?.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP'
  },
  warnings: serviceWarnings,
  validateCreate: (object) => validateService(object as Service),
  validateUpdate: (object, old) => validateServiceUpdate(object as Service, old as Service),
  selectableFields: (object) => {
    const { spec } = object as Service
    return new Map([
      ['spec.clusterIP', spec?.clusterIP ?? ''],
      ['spec.type', spec?.type ?? ''],
    ])
  },
  selectableFieldNames: ['spec.clusterIP', 'spec.type'],
  validateStatusUpdate: (object) => {
    const { spec, status } = object as Service
    return serviceBalancerErrors(status?.loadBalancer, spec?.type)
  },
  columns: [
    nameColumn,
    column('Type', 'string', 'How the service is reached.'),
    column('Cluster-IP', 'string', 'Its address within the cluster.'),
    column('External-IP', 'string', 'Its addresses from outside.'),
    column('Port(s)', 'string', 'Ports, node ports and protocols.'),
    ageColumn,
    column('Selector', 'string', 'Which pods answer for it.', { wide: true }),
  ],
  row,
})

/** True for services that the cluster gives an address. */
export function needsClusterIP(spec: ServiceSpec): boolean {
  return spec.type !== 'ExternalName'
}

/** True for services that open a port on every node. */
export function needsNodePort(spec: ServiceSpec): boolean {
  if (spec.type === 'NodePort') return true
  return spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false
}

/** clusterIP is the first of clusterIPs; writers may name either. */
function pairClusterIPs(spec: ServiceSpec): void {
  if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP]
  else if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0]
}

/** Chosen with the address, so nobody owns them (storage/alloc.go: initIPFamilyFields). */
function chooseFamilies(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return
  spec.ipFamilies ??= ['IPv4']
  spec.ipFamilyPolicy ??= 'SingleStack'
}

/** Who leaves out what was allocated keeps it, as long as the type still needs it. */
function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(spec) && needsClusterIP(old)) {
    const named = spec.clusterIP || spec.clusterIPs?.[0]
    if (!named) {
      spec.clusterIP = old.clusterIP
      spec.clusterIPs = old.clusterIPs
    } else if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP)
      spec.clusterIPs = old.clusterIPs
    followClusterIP(spec, old)
  }
  if (needsNodePort(spec) && needsNodePort(old)) keepNodePorts(spec, old)
  dropUnneeded(spec, old)
  if (spec.externalTrafficPolicy === 'Local' && old.healthCheckNodePort)
    spec.healthCheckNodePort ??= old.healthCheckNodePort
}

/** Who knows only the one field changes the other with it (storage.go: normalizeClusterIPs). */
function followClusterIP(spec: ServiceSpec, old: ServiceSpec): void {
  const isChanged = spec.clusterIP && spec.clusterIP !== old.clusterIP
  if (isChanged && same(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = [spec.clusterIP ?? '']
}

/** A type loses what only the former one needs, where the update merely carried it along. */
function dropUnneeded(spec: ServiceSpec, old: ServiceSpec): void {
  const drop = (...fields: readonly (keyof ServiceSpec)[]) => {
    for (const field of fields) if (same(spec[field], old[field])) delete spec[field]
  }
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    if (spec.clusterIP === old.clusterIP) drop('clusterIP', 'clusterIPs')
    drop('ipFamilies', 'ipFamilyPolicy')
  }
  if (needsNodePort(old) && !needsNodePort(spec)) dropNodePorts(spec, old)
  if (isExternal(old) && !isExternal(spec)) drop('externalTrafficPolicy')
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer')
    drop('allocateLoadBalancerNodePorts', 'loadBalancerClass', 'healthCheckNodePort')
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const known = new Map((old.ports ?? []).map((port) => [portKey(port), port.nodePort]))
  const used = new Set((spec.ports ?? []).map((port) => port.nodePort))
  for (const port of spec.ports ?? []) {
    const nodePort = known.get(portKey(port))
    if (!port.nodePort && nodePort && !used.has(nodePort)) port.nodePort = nodePort
  }
}

/** A type without node ports loses those that the update merely carried along. */
function dropNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const before = new Set((old.ports ?? []).map((port) => port.nodePort))
  for (const port of spec.ports ?? [])
    if (port.nodePort !== undefined && before.has(port.nodePort)) delete port.nodePort
}

function isExternal({ type, externalIPs = [] }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0
}

function portKey({ protocol = 'TCP', port }: ServicePort): string {
  return `${protocol}/${port}`
}

function row(object: AnyObject, nowMs: number): string[] {
  const { spec } = object as Service
  return [
    nameOf(object),
    spec?.type ?? '',
    orNone(spec?.clusterIPs?.[0] ?? spec?.clusterIP),
    externalAddress(object as Service),
    orNone((spec?.ports ?? []).map(portText).join(',')),
    age(object, nowMs),
    labelsText(spec?.selector),
  ]
}

function externalAddress({ spec, status }: Service): string {
  const externalIPs = spec?.externalIPs ?? []
  if (spec?.type === 'ExternalName') return spec.externalName ?? ''
  if (spec?.type !== 'LoadBalancer') return orNone(externalIPs.join(','))
  const ingress = (status?.loadBalancer?.ingress ?? [])
    .map(({ ip, hostname }) => ip || hostname || '')
    .filter((address) => address !== '')
  const addresses = [...new Set(ingress), ...externalIPs]
  return addresses.length === 0 ? '<pending>' : addresses.join(',')
}

function portText({ port, nodePort, protocol = 'TCP' }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
}
