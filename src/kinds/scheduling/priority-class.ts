import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { PriorityClass } from '../types.ts'
import { forbidden } from '../validation/field-error.ts'

/** The highest value that is not the system's. */
export const userPriorityMax = 1_000_000_000

/** Classes that every cluster has (pkg/apis/scheduling/v1/helpers.go). */
export const systemPriorities: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
])

/** k8s.io/kubernetes pkg/apis/scheduling/validation/validation.go */
export const priorityClass = defineKind({
  group: 'scheduling.k8s.io',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  namespaced: false,
  definition: 'io.k8s.api.scheduling.v1.PriorityClass',
  countsGeneration: true,
  generationFields: ['value', 'description', 'globalDefault'],
  validateCreate: classErrors,
  validateUpdate: (object, old) =>
    object['value'] === old['value']
      ? []
      : [forbidden('value', 'may not be changed in an update.')],
  columns: [
    nameColumn,
    column('Value', 'integer', 'The higher, the more important.'),
    column('Global-Default', 'boolean', 'Whether pods that name no class get it.'),
    ageColumn,
    column('PreemptionPolicy', 'string', 'Whether others may be removed to make room.'),
  ],
  row: (object, nowMs) => {
    const { value, globalDefault, preemptionPolicy } = typed<PriorityClass>(object)
    return [
      nameOf(object),
      value ?? 0,
      globalDefault ?? false,
      age(object, nowMs),
      preemptionPolicy ?? 'PreemptLowerPriority',
    ]
  },
})

function classErrors(object: AnyObject): FieldError[] {
  const { value, metadata, globalDefault } = typed<PriorityClass>(object)
  const name = metadata.name ?? ''
  if (name.startsWith('system-')) {
    const expected = systemPriorities.get(name)
    if (expected === value && !globalDefault) return []
    const problem =
      expected === undefined
        ? `${name} is not a known system priority class`
        : `value of ${name} PriorityClass must be ${expected}`
    return [
      forbidden(
        'metadata.name',
        `priority class names with 'system-' prefix are reserved for system use only. error: ${problem}`,
      ),
    ]
  }
  if ((value ?? 0) <= userPriorityMax) return []
  return [
    forbidden('value', `maximum allowed value of a user defined priority is ${userPriorityMax}`),
  ]
}
