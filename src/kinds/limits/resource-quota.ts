import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { parseQuantity } from '../quantity.ts'
import type { ResourceQuota } from '../types.ts'
import { immutable, invalid, invalids } from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'

/** k8s.io/kubernetes pkg/apis/core/validation/validation.go: ValidateResourceQuota */
export const resourceQuota = defineKind({
  kind: 'ResourceQuota',
  resource: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  definition: 'io.k8s.api.core.v1.ResourceQuota',
  hasStatus: true,
  subresources: [subresource('status', 'ResourceQuota', ['get', 'patch', 'update'])],
  validateCreate: specErrors,
  validateUpdate: (object, old) => [
    ...specErrors(object),
    ...immutable(
      'spec.scopes',
      typed<ResourceQuota>(object).spec?.scopes,
      typed<ResourceQuota>(old).spec?.scopes,
    ),
  ],
  columns: [
    nameColumn,
    column('Request', 'string', 'What is used and may be used of each resource.'),
    column('Limit', 'string', 'The same for limits.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { hard = {}, used = {} } = typed<ResourceQuota>(object).status ?? {}
    const text = (limits: boolean) =>
      Object.keys(hard)
        .filter((name) => name.startsWith('limits') === limits)
        .sort()
        .map((name) => `${name}: ${Object.hasOwn(used, name) ? used[name] : '0'}/${hard[name]}`)
        .join(', ')
    return [nameOf(object), text(false), text(true), age(object, nowMs)]
  },
})

const wholeResources: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])
const nanosPerUnit = 1_000_000_000n

function specErrors(object: AnyObject): FieldError[] {
  return Object.entries(typed<ResourceQuota>(object).spec?.hard ?? {}).flatMap(([name, amount]) =>
    amountErrors(name, amount, `spec.hard[${name}]`),
  )
}

function amountErrors(name: string, amount: string, path: string): FieldError[] {
  const { nano } = parseQuantity(amount)
  const errors = invalids(path, name, qualifiedNameProblems(name))
  if (nano < 0n) errors.push(invalid(path, amount, 'must be greater than or equal to 0'))
  const whole = wholeResources.has(name) || name.startsWith('count/')
  if (whole && nano % nanosPerUnit !== 0n) errors.push(invalid(path, amount, 'must be an integer'))
  return errors
}
