import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import type { AnyObject } from '../kind.ts'
import { keepOfPodStatus, podStatusErrors } from '../status/pod-status.ts'
import type { Pod, PodCondition, PodStatus } from '../types.ts'
import { forbidden, invalid } from '../validation/field-error.ts'
import { qosClass } from './pod/qos-class.ts'
import { keepAllButResources, validateResize } from './pod/resize.ts'
import { podRow } from './pod/row.ts'
import {
  keepAllButEphemeralContainers,
  validateEphemeralContainers,
  validatePodUpdate,
} from './pod/update.ts'
import { podWarnings } from './pod/warnings.ts'
import { validatePodSpec } from './validate-pod.ts'

const readWrite = ['get', 'patch', 'update']
const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update']
const graceSecondsDefault = 30

const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** k8s.io/kubernetes pkg/registry/core/pod/strategy.go */
export const pod = defineKind({
  kind: 'Pod',
  resource: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  definition: 'io.k8s.api.core.v1.Pod',
  hasStatus: true,
  statusKeeps: ['ownerReferences'],
  countsGeneration: true,
  defaultGracePeriodSeconds: (object) =>
    (object as Pod).spec?.terminationGracePeriodSeconds ?? graceSecondsDefault,
  subresources: [
    subresource('attach', 'PodAttachOptions', ['create', 'get']),
    subresource('binding', 'Binding', ['create']),
    subresource('ephemeralcontainers', 'Pod', readWrite),
    subresource('eviction', 'Eviction', ['create'], 'policy'),
    subresource('exec', 'PodExecOptions', ['create', 'get']),
    subresource('log', 'Pod', ['get']),
    subresource('portforward', 'PodPortForwardOptions', ['create', 'get']),
    subresource('proxy', 'PodProxyOptions', proxyVerbs),
    subresource('resize', 'Pod', readWrite),
    subresource('status', 'Pod', readWrite),
  ],
  parts: new Map([
    [
      'ephemeralcontainers',
      { prepare: keepAllButEphemeralContainers, validate: validateEphemeralContainers },
    ],
    ['resize', { prepare: keepAllButResources, validate: validateResize }],
  ]),
  prepareCreate: (object) => {
    object['status'] = {
      ...{ phase: 'Pending', qosClass: qosClass(object as Pod) },
      ...gatedCondition(object as Pod),
    }
  },
  settleCreate: (object) => {
    object['status'] = { ...(object as Pod).status, qosClass: qosClass(object as Pod) }
  },
  prepareUpdate: keepStatus,
  prepareStatusUpdate: (object, old) => {
    keepAllButStatus(object, old, ['ownerReferences'])
    keepOfPodStatus(object, old)
  },
  warnings: podWarnings,
  validateCreate: (object) => {
    const { spec } = object as Pod
    const errors = validatePodSpec(spec ?? { containers: [] }, 'spec')
    if ((spec?.ephemeralContainers ?? []).length > 0)
      errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'))
    const mirror = object.metadata.annotations?.[mirrorAnnotation]
    if (mirror !== undefined && !spec?.nodeName)
      errors.unshift(
        invalid(
          `metadata.annotations[${mirrorAnnotation}]`,
          mirror,
          'must set spec.nodeName if mirror pod annotation is set',
        ),
      )
    return errors
  },
  validateUpdate: (object, old) => validatePodUpdate(object as Pod, old as Pod),
  validateStatusUpdate: (object, old) => podStatusErrors(object as Pod, old as Pod),
  selectableFields,
  selectableFieldNames: [
    'spec.hostNetwork',
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.nominatedNodeName',
    'status.phase',
    'status.podIP',
    'status.podIPs',
  ],
  columns: [
    nameColumn,
    column('Ready', 'string', 'Containers that are ready, of all.'),
    column('Status', 'string', 'Phase of the pod, or the reason that says more.'),
    column('Restarts', 'string', 'How often its containers were started again.'),
    ageColumn,
    column('IP', 'string', 'Address of the pod.', { wide: true }),
    column('Node', 'string', 'Where it runs.', { wide: true }),
    column('Nominated Node', 'string', 'Where room is being made for it.', { wide: true }),
    column('Readiness Gates', 'string', 'Gates that are met, of all.', { wide: true }),
  ],
  row: podRow,
})

function selectableFields(object: AnyObject): ReadonlyMap<string, string> {
  const { spec, status } = object as Pod
  return new Map([
    ['spec.hostNetwork', String(spec?.hostNetwork ?? false)],
    ['spec.nodeName', spec?.nodeName ?? ''],
    ['spec.restartPolicy', spec?.restartPolicy ?? ''],
    ['spec.schedulerName', spec?.schedulerName ?? ''],
    ['spec.serviceAccountName', spec?.serviceAccountName ?? ''],
    ['status.nominatedNodeName', status?.nominatedNodeName ?? ''],
    ['status.phase', status?.phase ?? ''],
    ['status.podIP', status?.podIP ?? status?.podIPs?.[0]?.ip ?? ''],
    ['status.podIPs', status?.podIPs?.[0]?.ip ?? ''],
  ])
}

/** A pod that has gates says from its beginning why nobody schedules it (registry/core/pod/strategy.go). */
function gatedCondition({ metadata, spec }: Pod): Pick<PodStatus, 'conditions'> {
  if ((spec?.schedulingGates ?? []).length === 0) return {}
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
    ...(metadata.creationTimestamp && { lastTransitionTime: metadata.creationTimestamp }),
  }
  return { conditions: [condition] }
}
