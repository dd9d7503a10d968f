import type { FieldError } from '../kind.ts'
import { invalid } from './field-error.ts'

/** A path that stays below its volume. */
export function localPathErrors(value: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (value.startsWith('/')) errors.push(invalid(path, value, 'must be a relative path'))
  if (value.split('/').includes('..')) errors.push(invalid(path, value, "must not contain '..'"))
  return errors
}
