import { validateTolerations } from '../core/validate-pod.ts'
import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { RuntimeClass } from '../types.ts'
import { immutable, invalids } from '../validation/field-error.ts'
import { dns1123LabelProblems } from '../validation/names.ts'
import { validateLabels } from '../validation/object-meta.ts'

/** k8s.io/kubernetes pkg/apis/node/validation/validation.go */
export const runtimeClass = defineKind({
  group: 'node.k8s.io',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  singular: 'runtimeclass',
  namespaced: false,
  definition: 'io.k8s.api.node.v1.RuntimeClass',
  unconditionalUpdate: false,
  validateCreate: classErrors,
  validateUpdate: (object, old) => immutable('handler', object['handler'], old['handler']),
  columns: [
    nameColumn,
    column('Handler', 'string', 'Handler in the container runtime.'),
    ageColumn,
  ],
  row: (object, nowMs) => [
    nameOf(object),
    typed<RuntimeClass>(object).handler ?? '',
    age(object, nowMs),
  ],
})

function classErrors(object: AnyObject): FieldError[] {
  const { handler = '', scheduling } = typed<RuntimeClass>(object)
  return [
    ...(handler === '' ? [] : invalids('handler', handler, dns1123LabelProblems(handler))),
    ...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
    ...validateTolerations(scheduling?.tolerations ?? [], 'scheduling.tolerations'),
  ]
}
