import { templateWarnings } from '../core/pod/warnings.ts'
import { validateLastingTemplate } from '../core/validate-pod.ts'
import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, joined, labelsText, nameOf } from '../print.ts'
import { selectorOfMap } from '../selector.ts'
import { countedStatus } from '../status/counts.ts'
import type { ReplicationController } from '../types.ts'
import { invalid, required } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'

const readWrite = ['get', 'patch', 'update']

/** k8s.io/kubernetes pkg/registry/core/replicationcontroller/strategy.go */
export const replicationController = defineKind({
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  definition: 'io.k8s.api.core.v1.ReplicationController',
  hasStatus: true,
  countsGeneration: true,
  defaultPropagation: 'Orphan',
  subresources: [
    subresource('scale', 'Scale', readWrite, 'autoscaling'),
    subresource('status', 'ReplicationController', readWrite),
  ],
  warnings: templateWarnings('spec.template', true),
  validateCreate: specErrors,
  validateUpdate: specErrors,
  selectableFields: (object) =>
    new Map([
      ['status.replicas', String(typed<ReplicationController>(object).status?.replicas ?? 0)],
    ]),
  selectableFieldNames: ['status.replicas'],
  validateStatusUpdate: countedStatus({
    counts: [
      ...['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
      'observedGeneration',
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
  row: (object, nowMs) => {
    const { spec, status } = typed<ReplicationController>(object)
    const containers = spec?.template?.spec?.containers
    return [
      nameOf(object),
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      age(object, nowMs),
      joined(containers, 'name'),
      joined(containers, 'image'),
      labelsText(spec?.selector),
    ]
  },
})

function specErrors(object: AnyObject): FieldError[] {
  const { spec = {} } = typed<ReplicationController>(object)
  const { selector = {}, template } = spec
  const errors = [
    ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...nonNegative(spec.replicas, 'spec.replicas'),
  ]
  const empty = Object.keys(selector).length === 0
  if (empty) errors.push(required('spec.selector'))
  if (!template) return [...errors, required('spec.template')]
  const labels = template.metadata?.labels
  if (!empty && !selectorOfMap(selector).matches(labels))
    errors.push(
      invalid(
        'spec.template.metadata.labels',
        labels ?? {},
        '`selector` does not match template `labels`',
      ),
    )
  return [...errors, ...validateLastingTemplate(template, 'spec.template')]
}
