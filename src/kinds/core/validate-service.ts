import type { FieldError } from '../kind.ts'
import type { Service, ServicePort, ServiceSpec } from '../types.ts'
import { cidrProblems, ipProblems } from '../validation/address.ts'
import {
  duplicate,
  forbidden,
  invalid,
  invalids,
  notSupported,
  required,
  same,
} from '../validation/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../validation/names.ts'
import { portNumberErrors } from '../validation/numbers.ts'
import { validateLabels } from '../validation/object-meta.ts'
import { portErrors } from './validate-probe.ts'

const affinitySecondsMax = 86_400

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateService */
export function validateService({ spec }: Service): FieldError[] {
  if (!spec) return [required('spec.ports')]
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'
  const ports = spec.ports ?? []
  const errors: FieldError[] = []
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName')
    errors.push(required('spec.ports'))
  errors.push(...typeErrors(spec, headless))
  errors.push(...allPortErrors(spec, ports))
  errors.push(...validateLabels(spec.selector, 'spec.selector'))
  errors.push(...addressErrors(spec, headless))
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds
  if (seconds !== undefined && (seconds <= 0 || seconds > affinitySecondsMax))
    errors.push(
      invalid(
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        seconds,
        `must be greater than 0 and less than ${affinitySecondsMax}`,
      ),
    )
  return errors
}

/** What an update may not do: take another address. */
export function validateServiceUpdate(object: Service, old: Service): FieldError[] {
  const errors = validateService(object)
  const spec = object.spec ?? {}
  const before = old.spec ?? {}
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return errors
  const address = before.clusterIPs?.[0] ?? before.clusterIP
  if (address && (spec.clusterIPs?.[0] ?? spec.clusterIP) !== address)
    errors.push(
      invalid(
        'spec.clusterIPs[0]',
        spec.clusterIPs ?? [spec.clusterIP ?? ''],
        'may not change once set',
      ),
    )
  const family = before.ipFamilies?.[0]
  if (family && spec.ipFamilies?.[0] !== undefined && spec.ipFamilies[0] !== family)
    errors.push(invalid('spec.ipFamilies[0]', spec.ipFamilies[0], 'may not change once set'))
  if (before.loadBalancerClass && !same(spec.loadBalancerClass, before.loadBalancerClass))
    if (spec.type === 'LoadBalancer' && before.type === 'LoadBalancer')
      errors.push(
        invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'),
      )
  return errors
}

function typeErrors(spec: ServiceSpec, headless: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (spec.type === 'ExternalName') {
    const name = (spec.externalName ?? '').replace(/\.$/, '')
    if (name === '') errors.push(required('spec.externalName'))
    else errors.push(...invalids('spec.externalName', name, dns1123SubdomainProblems(name)))
    if (spec.clusterIP)
      errors.push(forbidden('spec.clusterIPs', "may not be set when `type` is 'ExternalName'"))
  }
  if (headless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer'))
    errors.push(
      invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`),
    )
  const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer'
  if (spec.externalTrafficPolicy && !outside && (spec.externalIPs ?? []).length === 0)
    errors.push(
      invalid(
        'spec.externalTrafficPolicy',
        spec.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    )
  const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'
  if (spec.healthCheckNodePort && !local)
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  errors.push(...choiceErrors(spec))
  if (spec.type !== 'LoadBalancer')
    for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const)
      if (spec[field] !== undefined)
        errors.push(forbidden(`spec.${field}`, "may only be used when `type` is 'LoadBalancer'"))
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig)
    errors.push(
      forbidden('spec.sessionAffinityConfig', "must not be set when session affinity is 'None'"),
    )
  return errors
}

const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']

function choiceErrors({ trafficDistribution, ipFamilies = [], type }: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, distributions))
  if (type === 'ExternalName' && ipFamilies.length > 0)
    errors.push(forbidden('spec.ipFamilies', 'may not be set for ExternalName services'))
  for (const [index, family] of ipFamilies.entries())
    if (ipFamilies.indexOf(family) < index)
      errors.push(duplicate(`spec.ipFamilies[${index}]`, family))
  return errors
}

function allPortErrors(spec: ServiceSpec, ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`
    errors.push(...portOfService(port, at, ports.length > 1))
    if (port.name && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
    names.add(port.name ?? '')
    const key = `${port.protocol}/${port.port}`
    if (numbers.has(key)) errors.push(duplicate(at, { port: port.port, protocol: port.protocol }))
    numbers.add(key)
    if (!port.nodePort) continue
    if (spec.type === 'ClusterIP' || spec.type === 'ExternalName')
      errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`))
    const nodeKey = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(nodeKey)) errors.push(duplicate(`${at}.nodePort`, port.nodePort))
    nodePorts.add(nodeKey)
  }
  return errors
}

function portOfService(port: ServicePort, at: string, named: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!port.name) {
    if (named) errors.push(required(`${at}.name`))
  } else errors.push(...invalids(`${at}.name`, port.name, dns1123LabelProblems(port.name)))
  errors.push(...portNumberErrors(port.port ?? 0, `${at}.port`))
  if (port.nodePort) errors.push(...portNumberErrors(port.nodePort, `${at}.nodePort`))
  if (port.targetPort !== undefined) errors.push(...portErrors(port.targetPort, `${at}.targetPort`))
  return errors
}

function addressErrors(spec: ServiceSpec, headless: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!headless)
    for (const [index, address] of (spec.clusterIPs ?? []).entries())
      errors.push(...invalids(`spec.clusterIPs[${index}]`, address, ipProblems(address)))
  if (spec.clusterIP && spec.clusterIPs?.[0] && spec.clusterIP !== spec.clusterIPs[0])
    errors.push(invalid('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`'))
  for (const [index, address] of (spec.externalIPs ?? []).entries())
    errors.push(...invalids(`spec.externalIPs[${index}]`, address, ipProblems(address)))
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    errors.push(
      ...invalids(
        `spec.loadBalancerSourceRanges[${index}]`,
        range.trim(),
        cidrProblems(range.trim()),
      ),
    )
  return errors
}
