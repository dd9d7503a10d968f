import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { conditionErrors } from '../status/conditions.ts'
import { statusOf } from '../status/counts.ts'
import { nonNegativeFields } from '../status/quantities.ts'
import type { PodDisruptionBudget } from '../types.ts'
import { invalid } from '../validation/field-error.ts'
import { shareErrors } from '../validation/numbers.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'

/** k8s.io/kubernetes pkg/apis/policy/validation/validation.go */
export const podDisruptionBudget = defineKind({
  group: 'policy',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  definition: 'io.k8s.api.policy.v1.PodDisruptionBudget',
  hasStatus: true,
  countsGeneration: true,
  unconditionalUpdate: false,
  subresources: [subresource('status', 'PodDisruptionBudget', ['get', 'patch', 'update'])],
  validateCreate: (object) => budgetErrors(object as PodDisruptionBudget),
  validateUpdate: (object) => budgetErrors(object as PodDisruptionBudget),
  validateStatusUpdate: (object) => [
    ...conditionErrors(
      typed<PodDisruptionBudget>(object).status?.conditions ?? [],
      'status.conditions',
    ),
    ...nonNegativeFields(statusOf(object), [
      ...['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
    ]),
  ],
  columns: [
    nameColumn,
    column('Min Available', 'string', 'How many pods must stay.'),
    column('Max Unavailable', 'string', 'How many pods may be gone.'),
    column('Allowed Disruptions', 'integer', 'How many pods may be evicted now.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec = {}, status } = object as PodDisruptionBudget
    return [
      nameOf(object),
      String(spec.minAvailable ?? 'N/A'),
      String(spec.maxUnavailable ?? 'N/A'),
      status?.disruptionsAllowed ?? 0,
      age(object, nowMs),
    ]
  },
})

function budgetErrors({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'))
  if (minAvailable !== undefined)
    errors.push(...shareErrors(minAvailable, 'spec.minAvailable', 100))
  if (maxUnavailable !== undefined)
    errors.push(...shareErrors(maxUnavailable, 'spec.maxUnavailable', 100))
  return [...errors, ...validateLabelSelector(selector, 'spec.selector')]
}
