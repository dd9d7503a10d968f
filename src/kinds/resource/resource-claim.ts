import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ResourceClaim, ResourceClaimTemplate } from '../types.ts'
import { immutable } from '../validation/field-error.ts'
import { claimStatusErrors, dropDeallocated } from './validate-claim-status.ts'
import { validateClaimRequests } from './validate-requests.ts'

const group = 'resource.k8s.io'

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
  prepareStatusUpdate: (object, old) => {
    keepAllButStatus(object, old, 'all')
    dropDeallocated(claimOf(object), claimOf(old))
  },
  validateStatusUpdate: (object, old) => claimStatusErrors(claimOf(object), claimOf(old)),
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
