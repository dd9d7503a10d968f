import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ResourceQuota } from '../types.ts'
import { immutable } from '../validation/field-error.ts'
import { quotaSpecErrors, quotaStatusErrors } from './validate-quota.ts'

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
  validateStatusUpdate: (object) => quotaStatusErrors(typed<ResourceQuota>(object).status ?? {}),
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

function specErrors(object: AnyObject): FieldError[] {
  return quotaSpecErrors(typed<ResourceQuota>(object).spec ?? {})
}
