import { admissionKinds } from './admissionregistration/kinds.ts'
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts'
import { apiService } from './apiregistration/api-service.ts'
import { appsKinds } from './apps/kinds.ts'
import { podTemplate } from './apps/pod-template.ts'
import { replicationController } from './apps/replication-controller.ts'
import {
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
} from './autoscaling/horizontal-pod-autoscaler.ts'
import { cronJob } from './batch/cron-job.ts'
import { job } from './batch/job.ts'
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts'
import { componentStatus } from './components/component-status.ts'
import { lease } from './coordination/lease.ts'
import { coreKinds } from './core/kinds.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { endpoints } from './discovery/endpoints.ts'
import { event } from './events/event.ts'
import { flowSchema } from './flowcontrol/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import type { Kind } from './kind.ts'
import { limitRange } from './limits/limit-range.ts'
import { resourceQuota } from './limits/resource-quota.ts'
import { networkingKinds } from './networking/kinds.ts'
import { runtimeClass } from './node/runtime-class.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { rbacKinds } from './rbac/kinds.ts'
import { resourceKinds } from './resource/kinds.ts'
import { priorityClass } from './scheduling/priority-class.ts'
import { storageKinds } from './storage/kinds.ts'
import { persistentVolume } from './storage/persistent-volume.ts'
import { persistentVolumeClaim } from './storage/persistent-volume-claim.ts'

/** Every kind that the store holds. Discovery sorts by group and name. */
export const allKinds: readonly Kind[] = [
  ...coreKinds,
  componentStatus,
  endpoints,
  limitRange,
  persistentVolume,
  persistentVolumeClaim,
  podTemplate,
  replicationController,
  resourceQuota,
  ...admissionKinds,
  ...appsKinds,
  ...networkingKinds,
  ...rbacKinds,
  ...resourceKinds,
  ...storageKinds,
  apiService,
  certificateSigningRequest,
  cronJob,
  customResourceDefinition,
  endpointSlice,
  event,
  flowSchema,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  job,
  lease,
  podDisruptionBudget,
  priorityClass,
  priorityLevelConfiguration,
  runtimeClass,
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
