import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { CoreV1EndpointPort, EndpointAddress, EndpointSubset, Endpoints } from '../types.ts'
import { ipProblems } from '../validation/address.ts'
import { invalids, required } from '../validation/field-error.ts'
import { dns1123LabelProblems } from '../validation/names.ts'
import { portNumberErrors } from '../validation/numbers.ts'

const shownMax = 3

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateEndpointsCreate */
export const endpoints = defineKind({
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  definition: 'io.k8s.api.core.v1.Endpoints',
  listKind: 'EndpointsList',
  createOnUpdate: true,
  deprecationWarning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  validateCreate: subsetsErrors,
  validateUpdate: subsetsErrors,
  columns: [nameColumn, column('Endpoints', 'string', 'Addresses and ports.'), ageColumn],
  row: (object, nowMs) => [nameOf(object), endpointsCell(object), age(object, nowMs)],
})

function subsetsOf(object: AnyObject): readonly EndpointSubset[] {
  return typed<Endpoints>(object).subsets ?? []
}

function endpointsCell(object: AnyObject): string {
  const found = subsetsOf(object).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  if (found.length === 0) return '<none>'
  const rest = found.length - shownMax
  const shown = found.slice(0, shownMax).join(',')
  return rest > 0 ? `${shown} + ${rest} more...` : shown
}

function hostPort(ip = '', port = 0): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

function subsetsErrors(object: AnyObject): FieldError[] {
  return subsetsOf(object).flatMap((subset, index) => subsetErrors(subset, `subsets[${index}]`))
}

function subsetErrors(subset: EndpointSubset, path: string): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset
  const errors: FieldError[] = []
  if (addresses.length + notReadyAddresses.length === 0)
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'))
  for (const [index, address] of addresses.entries())
    errors.push(...addressErrors(address, `${path}.addresses[${index}]`))
  for (const [index, address] of notReadyAddresses.entries())
    errors.push(...addressErrors(address, `${path}.notReadyAddresses[${index}]`))
  for (const [index, port] of ports.entries())
    errors.push(...portErrors(port, ports.length > 1, `${path}.ports[${index}]`))
  return errors
}

function addressErrors({ ip, hostname }: EndpointAddress, path: string): FieldError[] {
  return [
    ...(ip ? invalids(`${path}.ip`, ip, ipProblems(ip)) : []),
    ...(hostname ? invalids(`${path}.hostname`, hostname, dns1123LabelProblems(hostname)) : []),
  ]
}

function portErrors(
  { name, port }: CoreV1EndpointPort,
  named: boolean,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  if (name) errors.push(...invalids(`${path}.name`, name, dns1123LabelProblems(name)))
  else if (named) errors.push(required(`${path}.name`))
  return [...errors, ...portNumberErrors(port ?? 0, `${path}.port`)]
}
