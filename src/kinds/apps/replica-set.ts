import { templateWarnings } from '../core/pod/warnings.ts'
import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { age, joined, nameOf, selectorText } from '../print.ts'
import { countedStatus } from '../status/counts.ts'
import type { ReplicaSet } from '../types.ts'
import { validateWorkload } from './validate-workload.ts'

const readWrite = ['get', 'patch', 'update']

/** k8s.io/kubernetes pkg/apis/apps/validation/validation.go: ValidateReplicaSet */
export const replicaSet = defineKind({
  group: 'apps',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  definition: 'io.k8s.api.apps.v1.ReplicaSet',
  hasStatus: true,
  countsGeneration: true,
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'ReplicaSet', readWrite),
  ],
  warnings: templateWarnings('spec.template', true),
  validateCreate: (object) => validateReplicaSet(object as ReplicaSet),
  validateUpdate: (object) => validateReplicaSet(object as ReplicaSet),
  validateStatusUpdate: countedStatus({
    counts: [
      ...['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      ...['observedGeneration', 'terminatingReplicas'],
    ],
    ofReplicas: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
    readyName: 'readyReplicas',
  }),
  columns: [
    nameColumn,
    column('Desired', 'integer', 'Pods that are wanted.'),
    column('Current', 'integer', 'Pods that there are.'),
    column('Ready', 'integer', 'Pods that are ready.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
    column('Selector', 'string', 'Which pods are its own.', { wide: true }),
  ],
  row,
})

function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  return spec ? validateWorkload(spec) : []
}

function row(object: AnyObject, nowMs: number): (string | number)[] {
  const { spec, status } = object as ReplicaSet
  const containers = spec?.template?.spec?.containers
  return [
    nameOf(object),
    spec?.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(object, nowMs),
    joined(containers, 'name'),
    joined(containers, 'image'),
    selectorText(spec?.selector),
  ]
}
