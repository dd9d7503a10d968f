import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ServiceCIDR } from '../types.ts'
import { cidrProblems, isIPv6 } from '../validation/address.ts'
import { immutable, invalid, invalids, required } from '../validation/field-error.ts'

/** k8s.io/kubernetes pkg/apis/networking/validation/validation.go: ValidateServiceCIDR */
export const serviceCIDR = defineKind({
  group: 'networking.k8s.io',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  definition: 'io.k8s.api.networking.v1.ServiceCIDR',
  hasStatus: true,
  statusKeeps: 'all',
  subresources: [subresource('status', 'ServiceCIDR', ['get', 'patch', 'update'])],
  validateCreate: rangeErrors,
  validateUpdate: (object, old) => immutable('spec.cidrs', cidrsOf(object), cidrsOf(old)),
  columns: [nameColumn, column('CIDRs', 'string', 'The ranges.'), ageColumn],
  row: (object, nowMs) => [nameOf(object), cidrsOf(object).join(','), age(object, nowMs)],
})

function cidrsOf(object: AnyObject): readonly string[] {
  return typed<ServiceCIDR>(object).spec?.cidrs ?? []
}

function rangeErrors(object: AnyObject): FieldError[] {
  const cidrs = cidrsOf(object)
  const at = 'spec.cidrs'
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(at, cidrs, 'may only hold up to 2 values')]
  const errors = cidrs.flatMap((cidr, index) =>
    invalids(`${at}[${index}]`, cidr, cidrProblems(cidr)),
  )
  const families = new Set(cidrs.map((cidr) => isIPv6(cidr.split('/')[0] ?? '')))
  if (errors.length === 0 && families.size < cidrs.length)
    errors.push(
      invalid(
        at,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    )
  return errors
}
