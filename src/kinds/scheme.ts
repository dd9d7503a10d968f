import { admissionKinds } from './admissionregistration/kinds.ts'
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts'
import { apiService } from './apiregistration/api-service.ts'
import { appsKinds } from './apps/kinds.ts'
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts'
import { lease } from './coordination/lease.ts'
import { coreKinds } from './core/kinds.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import type { Kind } from './kind.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { rbacKinds } from './rbac/kinds.ts'

/** Every kind that the store holds, in the order in which discovery names them. */
export const allKinds: readonly Kind[] = [
  ...coreKinds,
  ...appsKinds,
  ...rbacKinds,
  ...admissionKinds,
  apiService,
  certificateSigningRequest,
  customResourceDefinition,
  endpointSlice,
  lease,
  podDisruptionBudget,
]

const byResource = new Map(
  allKinds.map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]),
)
const byKind = new Map(allKinds.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]))

/** The kind behind a path, such as ('apps', 'v1', 'deployments'). The core group is ''. */
export function kindOfResource(group: string, version: string, resource: string): Kind | undefined {
  return byResource.get(`${group}/${version}/${resource}`)
}

/** The kind that an object names, such as ('apps', 'v1', 'Deployment'). */
export function kindOf(group: string, version: string, kind: string): Kind | undefined {
  return byKind.get(`${group}/${version}/${kind}`)
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}
