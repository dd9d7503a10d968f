import type { FieldError } from '../kind.ts'
import { forbidden, same } from '../validation/field-error.ts'

/** Bytes of all values of one config map or secret. */
export const dataBytesMax = 1024 * 1024

interface Freezable {
  immutable?: boolean | undefined
}

/** A config map or secret marked immutable keeps its data and its mark. */
export function frozenErrors<T extends Freezable>(
  object: T,
  old: T,
  dataFields: readonly (keyof T & string)[],
): FieldError[] {
  if (!old.immutable) return []
  const detail = 'field is immutable when `immutable` is set'
  const errors: FieldError[] = object.immutable ? [] : [forbidden('immutable', detail)]
  for (const field of dataFields)
    if (!same(object[field], old[field])) errors.push(forbidden(field, detail))
  return errors
}
