import type { Kind } from '../kind.ts'
import { deviceClass } from './device-class.ts'
import { resourceClaim, resourceClaimTemplate } from './resource-claim.ts'
import { resourceSlice } from './resource-slice.ts'

/** The group resource.k8s.io. */
export const resourceKinds: readonly Kind[] = [
  deviceClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
]
