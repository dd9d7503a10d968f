import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ResourceClaim, ResourceClaimTemplate } from '../types.ts'
import { immutable, invalid, tooMany } from '../validation/field-error.ts'
import { validateClaimRequests } from './validate-requests.ts'

const group = 'resource.k8s.io'
const consumersMax = 256

/** k8s.io/kubernetes pkg/apis/resource/validation/validation.go: ValidateResourceClaim */
export const resourceClaim = defineKind({
  group,
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  singular: 'resourceclaim',
  definition: 'io.k8s.api.resource.v1.ResourceClaim',
  hasStatus: true,
  statusKeeps: 'all',
  subresources: [subresource('status', 'ResourceClaim', ['get', 'patch', 'update'])],
  validateCreate: (object) => validateClaimRequests(claimOf(object).spec, 'spec'),
  validateUpdate: (object, old) => immutable('spec', object['spec'], old['spec']),
  validateStatusUpdate: (object, old) => {
    const { allocation, reservedFor = [] } = claimOf(object).status ?? {}
    const before = claimOf(old).status?.allocation
    const changed = before && allocation ? immutable('status.allocation', allocation, before) : []
    if (reservedFor.length > consumersMax)
      return [...changed, tooMany('status.reservedFor', reservedFor.length, consumersMax)]
    if (reservedFor.length === 0 || allocation) return changed
    return [
      ...changed,
      invalid(
        'status.reservedFor',
        reservedFor,
        'may not be specified when `allocated` is not set',
      ),
    ]
  },
  columns: [nameColumn, column('State', 'string', 'What it has got.'), ageColumn],
  row: (object, nowMs) => [nameOf(object), stateCell(object), age(object, nowMs)],
})

function claimOf(object: AnyObject): Partial<ResourceClaim> {
  return typed<Partial<ResourceClaim>>(object)
}

function stateCell(object: AnyObject): string {
  const { status } = claimOf(object)
  const states = [
    ...(object.metadata.deletionTimestamp === undefined ? [] : ['deleted']),
    ...(status?.allocation ? ['allocated'] : []),
    ...((status?.reservedFor ?? []).length > 0 ? ['reserved'] : []),
  ]
  return states.length === 0 ? 'pending' : states.join(',')
}

export const resourceClaimTemplate = defineKind({
  group,
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  definition: 'io.k8s.api.resource.v1.ResourceClaimTemplate',
  validateCreate: (object) =>
    validateClaimRequests(typed<Partial<ResourceClaimTemplate>>(object).spec?.spec, 'spec.spec'),
  validateUpdate: (object, old) => immutable('spec', object['spec'], old['spec']),
  columns: [nameColumn, ageColumn],
  row: (object, nowMs) => [nameOf(object), age(object, nowMs)],
})
