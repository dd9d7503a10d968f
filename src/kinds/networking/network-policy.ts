import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf, selectorText } from '../print.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../types.ts'
import { cidrProblems } from '../validation/address.ts'
import { forbidden, invalid, invalids, notSupported, required } from '../validation/field-error.ts'
import { portNameProblems } from '../validation/names.ts'
import { portNumberErrors } from '../validation/numbers.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'

const policyTypes = ['Egress', 'Ingress']

/** k8s.io/kubernetes pkg/apis/networking/validation/validation.go: ValidateNetworkPolicy */
export const networkPolicy = defineKind({
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  definition: 'io.k8s.api.networking.v1.NetworkPolicy',
  countsGeneration: true,
  validateCreate: specErrors,
  validateUpdate: specErrors,
  columns: [nameColumn, column('Pod-Selector', 'string', 'Which pods it is about.'), ageColumn],
  row: (object, nowMs) => [
    nameOf(object),
    selectorText(typed<NetworkPolicy>(object).spec?.podSelector),
    age(object, nowMs),
  ],
})

function specErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<NetworkPolicy>(object)
  const { podSelector, ingress = [], egress = [], policyTypes: types = [] } = spec ?? {}
  const errors = validateLabelSelector(podSelector, 'spec.podSelector')
  for (const [index, rule] of ingress.entries())
    errors.push(...ruleErrors(rule.ports, rule.from, `spec.ingress[${index}]`, 'from'))
  for (const [index, rule] of egress.entries())
    errors.push(...ruleErrors(rule.ports, rule.to, `spec.egress[${index}]`, 'to'))
  if (types.length > policyTypes.length)
    errors.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'))
  else
    for (const [index, type] of types.entries())
      if (!policyTypes.includes(type))
        errors.push(notSupported(`spec.policyTypes[${index}]`, type, policyTypes))
  return errors
}

function ruleErrors(
  ports: readonly NetworkPolicyPort[] = [],
  peers: readonly NetworkPolicyPeer[] = [],
  path: string,
  direction: 'from' | 'to',
): FieldError[] {
  return [
    ...ports.flatMap((port, index) => portErrors(port, `${path}.ports[${index}]`)),
    ...peers.flatMap((peer, index) => peerErrors(peer, `${path}.${direction}[${index}]`)),
  ]
}

function portErrors({ port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  if (typeof port === 'string') {
    const errors = invalids(`${path}.port`, port, portNameProblems(port))
    if (endPort !== undefined)
      errors.push(
        invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'),
      )
    return errors
  }
  if (port === undefined)
    return endPort === undefined
      ? []
      : [invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')]
  const errors = portNumberErrors(port, `${path}.port`)
  if (endPort === undefined) return errors
  if (endPort < port)
    errors.push(invalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`'))
  return [...errors, ...portNumberErrors(endPort, `${path}.endPort`)]
}

function peerErrors(peer: NetworkPolicyPeer, path: string): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
  ]
  if (ipBlock) {
    const { cidr, except = [] } = ipBlock
    if (cidr) errors.push(...invalids(`${path}.ipBlock.cidr`, cidr, cidrProblems(cidr)))
    for (const [index, range] of except.entries())
      errors.push(...invalids(`${path}.ipBlock.except[${index}]`, range, cidrProblems(range)))
    if (podSelector || namespaceSelector)
      errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  } else if (!podSelector && !namespaceSelector) errors.push(required(path, 'must specify a peer'))
  return errors
}
