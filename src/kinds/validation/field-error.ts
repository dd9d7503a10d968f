import type { FieldError, FieldErrorType } from '../kind.ts'

/** Builders of FieldError in Kubernetes' words (apimachinery pkg/util/validation/field/errors.go). */

export function required(field: string, detail = ''): FieldError {
  return fieldError('FieldValueRequired', field, 'Required value', detail)
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return fieldError('FieldValueInvalid', field, `Invalid value: ${shown(value)}`, detail)
}

export function duplicate(field: string, value: unknown): FieldError {
  return fieldError('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`, '')
}

export function forbidden(field: string, detail: string): FieldError {
  return fieldError('FieldValueForbidden', field, 'Forbidden', detail)
}

export function notFound(field: string, value: unknown): FieldError {
  return fieldError('FieldValueNotFound', field, `Not found: ${shown(value)}`, '')
}

export function notSupported(
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const listed = supported.map((name) => JSON.stringify(name)).join(', ')
  const message = `Unsupported value: ${shown(value)}`
  return fieldError('FieldValueNotSupported', field, message, `supported values: ${listed}`)
}

export function tooLong(field: string, bytesMax: number): FieldError {
  return fieldError(
    'FieldValueTooLong',
    field,
    'Too long',
    `may not be more than ${bytesMax} bytes`,
  )
}

export function tooMany(field: string, count: number, max: number): FieldError {
  const detail = `must have at most ${max} item${max === 1 ? '' : 's'}`
  return fieldError('FieldValueTooMany', field, `Too many: ${count}`, detail)
}

/** `field is immutable` when the two differ. */
export function immutable(field: string, value: unknown, old: unknown): FieldError[] {
  return same(value, old) ? [] : [invalid(field, value, 'field is immutable')]
}

/** One `Invalid value` for each broken rule of a name. */
export function invalids(field: string, value: string, problems: readonly string[]): FieldError[] {
  return problems.map((problem) => invalid(field, value, problem))
}

/** The error's field and message in one line, as it stands in a Status message. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${error.message}`
}

/** Deep equality of decoded values; absent, empty lists and empty maps are the same. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isEmpty(a) && isEmpty(b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => same(item, b[index]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  for (const key of keys) if (!same(own(left, key), own(right, key))) return false
  return true
}

function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

/** What Go's semantic equality takes for nil. A set but empty struct is more than nil. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}

function fieldError(
  type: FieldErrorType,
  field: string,
  message: string,
  detail: string,
): FieldError {
  return { type, field, message: detail === '' ? message : `${message}: ${detail}` }
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value)
}
