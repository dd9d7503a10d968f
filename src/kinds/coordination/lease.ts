import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import type { FieldError } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { Lease } from '../types.ts'
import { invalid } from '../validation/field-error.ts'

/** k8s.io/kubernetes pkg/apis/coordination/validation/validation.go */
export const lease = defineKind({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  resource: 'leases',
  singular: 'lease',
  definition: 'io.k8s.api.coordination.v1.Lease',
  unconditionalUpdate: false,
  createOnUpdate: true,
  validateCreate: (object) => validateLease(object as Lease),
  validateUpdate: (object) => validateLease(object as Lease),
  columns: [nameColumn, column('Holder', 'string', 'Who holds the lease now.'), ageColumn],
  row: (object, nowMs) => [
    nameOf(object),
    (object as Lease).spec?.holderIdentity ?? '',
    age(object, nowMs),
  ],
})

function validateLease({ spec = {} }: Lease): FieldError[] {
  const errors: FieldError[] = []
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
    errors.push(
      invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'),
    )
  if (spec.leaseTransitions !== undefined && spec.leaseTransitions < 0)
    errors.push(
      invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'),
    )
  return errors
}
