import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { statusOf } from '../status/counts.ts'
import { nonNegativeFields } from '../status/quantities.ts'
import type { HorizontalPodAutoscaler } from '../types.ts'
import { fromStored, toStored } from './convert.ts'
import { autoscalerRow } from './row.ts'
import { validateAutoscaler } from './validate-autoscaler.ts'

const shared = {
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  hasStatus: true,
  validateStatusUpdate: (object: AnyObject) =>
    nonNegativeFields(statusOf(object), ['currentReplicas', 'desiredReplicas']),
  columns: [
    nameColumn,
    column('Reference', 'string', 'What is scaled.'),
    column('Targets', 'string', 'Its metrics, and the values to reach.'),
    column('MinPods', 'string', 'The fewest pods.'),
    column('MaxPods', 'string', 'The most pods.'),
    column('Replicas', 'string', 'How many pods there are.'),
    ageColumn,
  ],
}

/** k8s.io/kubernetes pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go */
export const horizontalPodAutoscaler = defineKind({
  ...shared,
  version: 'v2',
  definition: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  subresources: [
    subresource('status', 'HorizontalPodAutoscaler', ['get', 'patch', 'update'], '', 'v2'),
  ],
  validateCreate: (object) => errorsOf(object),
  validateUpdate: (object) => errorsOf(object),
  row: (object, nowMs) => autoscalerRow(object, nowMs),
})

/** The older version: one CPU target as a field, all else in annotations. Stored as v2. */
export const horizontalPodAutoscalerV1 = defineKind({
  ...shared,
  version: 'v1',
  definition: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  subresources: [subresource('status', 'HorizontalPodAutoscaler', ['get', 'patch', 'update'])],
  storedAs: { group: 'autoscaling', version: 'v2', toStored, fromStored },
  validateCreate: (object) => errorsOf(toStored(object)),
  validateUpdate: (object) => errorsOf(toStored(object)),
  row: (object, nowMs) => autoscalerRow(toStored(object), nowMs),
})

function errorsOf(object: AnyObject): FieldError[] {
  return validateAutoscaler(typed<HorizontalPodAutoscaler>(object).spec)
}
