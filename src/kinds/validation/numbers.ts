import type { FieldError } from '../kind.ts'
import type { IntOrString } from '../types.ts'
import { invalid } from './field-error.ts'

/** Ports, counts, and counts that may be percentages (pkg/apis/apps/validation/validation.go). */

export function nonNegative(value: number | undefined, path: string): FieldError[] {
  if (value === undefined || value >= 0) return []
  return [invalid(path, value, 'must be greater than or equal to 0')]
}

const percentPattern = '[0-9]+%'

/** A count or a percentage, of `percentMax` at most where one is named. */
export function shareErrors(value: IntOrString, path: string, percentMax?: number): FieldError[] {
  if (typeof value === 'number') return nonNegative(value, path)
  if (!new RegExp(`^${percentPattern}$`).test(value))
    return [
      invalid(
        path,
        value,
        'a valid percent string must be a numeric string followed by an ending ' +
          `'%' (e.g. '1%',  or '93%', regex used for validation is '${percentPattern}')`,
      ),
    ]
  if (percentMax === undefined || Number.parseInt(value, 10) <= percentMax) return []
  return [invalid(path, value, `must not be greater than ${percentMax}%`)]
}

/** True for 0 and 0%. */
export function isZeroShare(value: IntOrString): boolean {
  return value === 0 || (typeof value === 'string' && /^0+%$/.test(value))
}

const portMax = 65_535

/** `must be between 1 and 65535, inclusive` */
export function portNumberErrors(port: number, path: string): FieldError[] {
  if (Number.isInteger(port) && port >= 1 && port <= portMax) return []
  return [invalid(path, port, `must be between 1 and ${portMax}, inclusive`)]
}
