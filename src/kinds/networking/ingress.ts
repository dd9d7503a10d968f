import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf, orNone } from '../print.ts'
import { ingressBalancerErrors } from '../status/load-balancer.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule } from '../types.ts'
import { isIP } from '../validation/address.ts'
import { invalid, invalids, required } from '../validation/field-error.ts'
import {
  dns1035LabelProblems,
  dns1123SubdomainProblems,
  portNameProblems,
  wildcardSubdomainProblems,
} from '../validation/names.ts'
import { portNumberErrors } from '../validation/numbers.ts'

const classAnnotation = 'kubernetes.io/ingress.class'

/** k8s.io/kubernetes pkg/apis/networking/validation/validation.go: ValidateIngress */
export const ingress = defineKind({
  group: 'networking.k8s.io',
  kind: 'Ingress',
  resource: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  definition: 'io.k8s.api.networking.v1.Ingress',
  hasStatus: true,
  countsGeneration: true,
  subresources: [subresource('status', 'Ingress', ['get', 'patch', 'update'])],
  validateCreate: (object) => [...specErrors(object), ...classErrors(object)],
  validateUpdate: specErrors,
  warnings: (object, old) => {
    const { metadata, spec } = typed<Ingress>(object)
    const isAnnotated = metadata.annotations?.[classAnnotation] !== undefined
    if (old || !isAnnotated || spec?.ingressClassName !== undefined) return []
    return [
      `annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`,
    ]
  },
  validateStatusUpdate: (object) =>
    ingressBalancerErrors(typed<Ingress>(object).status?.loadBalancer),
  columns: [
    nameColumn,
    column('Class', 'string', 'Its ingress class.'),
    column('Hosts', 'string', 'Hosts that it is about.'),
    column('Address', 'string', 'Where it is reached.'),
    column('Ports', 'string', 'Ports that are open.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec, status, metadata } = typed<Ingress>(object)
    const addresses = (status?.loadBalancer?.ingress ?? []).map(
      ({ ip, hostname }) => ip || hostname,
    )
    return [
      nameOf(object),
      orNone(spec?.ingressClassName ?? metadata.annotations?.[classAnnotation]),
      hostsCell(spec?.rules ?? []),
      addresses.filter((address) => address).join(','),
      (spec?.tls ?? []).length > 0 ? '80, 443' : '80',
      age(object, nowMs),
    ]
  },
})

const hostsShownMax = 3

function hostsCell(rules: readonly IngressRule[]): string {
  const hosts = rules.map(({ host }) => host ?? '').filter((host) => host !== '')
  if (hosts.length === 0) return '*'
  const rest = hosts.length - hostsShownMax
  const shown = hosts.slice(0, hostsShownMax).join(',')
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

/** The class by annotation and the class by field would both count. */
function classErrors(object: AnyObject): FieldError[] {
  const { metadata, spec } = typed<Ingress>(object)
  const annotated = metadata.annotations?.[classAnnotation]
  if (annotated === undefined || spec?.ingressClassName === undefined) return []
  return [
    invalid(
      `metadata.annotations[${classAnnotation}]`,
      annotated,
      'can not be set when the class field is also set',
    ),
  ]
}

function specErrors(object: AnyObject): FieldError[] {
  const { spec = {} } = typed<Ingress>(object)
  const { defaultBackend, rules = [], ingressClassName } = spec
  const errors: FieldError[] = []
  if (rules.length === 0 && !defaultBackend)
    errors.push(invalid('spec', spec, 'either `defaultBackend` or `rules` must be specified'))
  if (defaultBackend) errors.push(...backendErrors(defaultBackend, 'spec.defaultBackend'))
  for (const [index, rule] of rules.entries())
    errors.push(...ruleErrors(rule, `spec.rules[${index}]`))
  for (const [index, { hosts = [] }] of (spec.tls ?? []).entries())
    for (const [at, host] of hosts.entries())
      errors.push(...hostNameErrors(host, `spec.tls[${index}].hosts[${at}]`))
  if (ingressClassName !== undefined)
    errors.push(
      ...invalids(
        'spec.ingressClassName',
        ingressClassName,
        dns1123SubdomainProblems(ingressClassName),
      ),
    )
  return errors
}

function ruleErrors({ host = '', http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (isIP(host))
    errors.push(invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'))
  else if (host !== '') errors.push(...hostNameErrors(host, `${path}.host`))
  for (const [index, one] of (http?.paths ?? []).entries())
    errors.push(...pathErrors(one, `${path}.http.paths[${index}]`))
  return errors
}

function hostNameErrors(host: string, path: string): FieldError[] {
  const problems = host.includes('*')
    ? wildcardSubdomainProblems(host)
    : dns1123SubdomainProblems(host)
  return invalids(path, host, problems)
}

const forbiddenParts = ['//', '/./', '/../', '%2f', '%2F']
const forbiddenEnds = ['/..', '/.']

function pathErrors(one: HTTPIngressPath, at: string): FieldError[] {
  const { path = '', pathType, backend } = one
  const errors: FieldError[] = []
  const strict = pathType === 'Exact' || pathType === 'Prefix'
  if (strict && !path.startsWith('/'))
    errors.push(invalid(`${at}.path`, path, 'must be an absolute path'))
  else if (strict) {
    for (const part of forbiddenParts.filter((text) => path.includes(text)))
      errors.push(invalid(`${at}.path`, path, `must not contain '${part}'`))
    for (const end of forbiddenEnds.filter((text) => path.endsWith(text)))
      errors.push(invalid(`${at}.path`, path, `cannot end with '${end}'`))
  } else if (path !== '' && !path.startsWith('/'))
    errors.push(invalid(`${at}.path`, path, 'must be an absolute path'))
  return [...errors, ...backendErrors(backend, `${at}.backend`)]
}

function backendErrors(backend: IngressBackend | undefined, path: string): FieldError[] {
  const { service, resource } = backend ?? {}
  if (service && resource)
    return [invalid(path, '', 'cannot set both resource and service backends')]
  if (resource) {
    const errors: FieldError[] = []
    if (!resource.kind) errors.push(required(`${path}.resource.kind`, 'kind is required'))
    if (!resource.name) errors.push(required(`${path}.resource.name`, 'name is required'))
    return errors
  }
  if (!service) return [required(path, 'resource or service backend is required')]
  const errors = service.name
    ? invalids(`${path}.service.name`, service.name, dns1035LabelProblems(service.name))
    : []
  const { name = '', number = 0 } = service.port ?? {}
  if (name !== '' && number !== 0)
    errors.push(invalid(path, '', 'cannot set both port name & port number'))
  else if (name !== '')
    errors.push(...invalids(`${path}.service.port.name`, name, portNameProblems(name)))
  else if (number !== 0) errors.push(...portNumberErrors(number, `${path}.service.port.number`))
  else errors.push(required(path, 'port name or number is required'))
  return errors
}
