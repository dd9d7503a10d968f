import { templateWarnings } from '../core/pod/warnings.ts'
import { validateLasting, validatePodTemplate } from '../core/validate-pod.ts'
import {
  ageColumn,
  column,
  defineKind,
  dropStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, joined, nameOf } from '../print.ts'
import { countedStatus } from '../status/counts.ts'
import { validateClaimSpec } from '../storage/validate-claim-spec.ts'
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../types.ts'
import { forbidden, invalid, same } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'
import { validateWorkload } from './validate-workload.ts'

const readWrite = ['get', 'patch', 'update']

/** k8s.io/kubernetes pkg/apis/apps/validation/validation.go: ValidateStatefulSet */
export const statefulSet = defineKind({
  group: 'apps',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.StatefulSet',
  prepareCreate: (object) => {
    dropStatus(object)
    dropMaxUnavailable(object)
  },
  prepareUpdate: (object, old) => {
    keepStatus(object, old)
    const { rollingUpdate } = typed<StatefulSet>(old).spec?.updateStrategy ?? {}
    if (rollingUpdate?.maxUnavailable === undefined) dropMaxUnavailable(object)
  },
  countsGeneration: true,
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'StatefulSet', readWrite),
  ],
  warnings: templateWarnings('spec.template', false),
  validateCreate: (object) => specErrors(typed<StatefulSet>(object).spec),
  validateUpdate: (object, old) => [
    ...specErrors(typed<StatefulSet>(object).spec),
    ...fixedErrors(typed<StatefulSet>(object).spec, typed<StatefulSet>(old).spec),
  ],
  validateStatusUpdate: countedStatus({
    counts: [
      ...['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      ...['observedGeneration', 'collisionCount'],
    ],
    ofReplicas: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    readyName: 'status.readyReplicas',
    collides: true,
  }),
  columns: [
    nameColumn,
    column('Ready', 'string', 'Pods that are ready, of those wanted.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
  ],
  row: (object, nowMs) => {
    const { spec, status } = typed<StatefulSet>(object)
    const containers = spec?.template?.spec?.containers
    return [
      nameOf(object),
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      age(object, nowMs),
      joined(containers, 'name'),
      joined(containers, 'image'),
    ]
  },
})

/** A field of a feature that is off in v1.36 (MaxUnavailableStatefulSet). */
function dropMaxUnavailable(object: AnyObject): void {
  delete typed<StatefulSet>(object).spec?.updateStrategy?.rollingUpdate?.maxUnavailable
}

/** What its pods mount comes from the claims, too: these are volumes of the template. */
function templateErrors({ volumeClaimTemplates = [] }: StatefulSetSpec) {
  const claimed = volumeClaimTemplates.map(({ metadata }) => {
    const name = metadata?.name ?? ''
    return { name, persistentVolumeClaim: { claimName: name } }
  })
  return (template: PodTemplateSpec, path: string): FieldError[] => {
    const names = new Set(claimed.map(({ name }) => name))
    const others = (template.spec?.volumes ?? []).filter(({ name }) => !names.has(name))
    const spec = template.spec && { ...template.spec, volumes: [...claimed, ...others] }
    return [
      ...validatePodTemplate({ ...template, spec }, path),
      ...validateLasting(template, path, 'StatefulSet'),
    ]
  }
}

function claimErrors({ volumeClaimTemplates = [] }: StatefulSetSpec): FieldError[] {
  return volumeClaimTemplates.flatMap(({ spec }, index) =>
    validateClaimSpec(spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`),
  )
}

function specErrors(spec: StatefulSetSpec | undefined): FieldError[] {
  if (!spec) return []
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  const errors = [
    ...claimErrors(spec),
    ...validateWorkload(spec, 'statefulset', templateErrors(spec)),
  ]
  errors.push(...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'))
  const at = 'spec.updateStrategy.rollingUpdate'
  if (rollingUpdate && type === 'OnDelete')
    errors.push(invalid(at, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'"))
  else if (rollingUpdate) errors.push(...nonNegative(rollingUpdate.partition, `${at}.partition`))
  return errors
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

/** Pods keep their names and volumes, so what these are made of stays. */
function fixedErrors(spec: StatefulSetSpec | undefined, old: StatefulSetSpec | undefined) {
  const fixed = { ...spec }
  const before = { ...old }
  for (const field of changeable) {
    delete fixed[field]
    delete before[field]
  }
  if (same(fixed, before)) return []
  const named = changeable.map((field) => `'${field}'`)
  const listed = `${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
  return [
    forbidden('spec', `updates to statefulset spec for fields other than ${listed} are forbidden`),
  ]
}
