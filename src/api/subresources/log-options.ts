import type { FieldError } from '../../kinds/kind.ts'
import { invalidKind } from '../errors.ts'
import { isTrue } from '../request-info.ts'

/** What of a log is wanted, as the kubelet's query says it. */
export interface LogOptions {
  /** '' when the caller names none. */
  readonly container: string
  readonly follow: boolean
  /** `follow=true&tailLines=10`: for the kubelet's path. */
  readonly kubeletQuery: URLSearchParams
}

const flags = ['follow', 'previous', 'timestamps']
const numbers: readonly [name: string, least: number][] = [
  ['tailLines', 0],
  ['limitBytes', 1],
  ['sinceSeconds', 1],
]

/**
 * Reads the query of `pods/<name>/log`. Throws Invalid for values that make no sense
 * (pkg/apis/core/validation ValidatePodLogOptions).
 */
export function parseLogOptions(query: URLSearchParams): LogOptions {
  const errors: FieldError[] = []
  const kubeletQuery = new URLSearchParams()
  for (const flag of flags) if (isTrue(query.get(flag))) kubeletQuery.set(flag, 'true')
  for (const [name, least] of numbers) {
    const text = query.get(name) ?? ''
    if (text === '') continue
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) kubeletQuery.set(name, text)
    else errors.push(refused(name, text, `must be a number greater than or equal to ${least}`))
  }
  const sinceTime = query.get('sinceTime') ?? ''
  if (sinceTime !== '') {
    if (Number.isNaN(Date.parse(sinceTime)))
      errors.push(refused('sinceTime', sinceTime, 'must be a time in RFC 3339'))
    if (kubeletQuery.has('sinceSeconds'))
      errors.push({
        type: 'FieldValueForbidden',
        field: '',
        message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
      })
    kubeletQuery.set('sinceTime', sinceTime)
  }
  if (errors.length > 0) throw invalidKind('PodLogOptions', '', '', errors)
  return {
    container: query.get('container') ?? '',
    follow: kubeletQuery.has('follow'),
    kubeletQuery,
  }
}

function refused(field: string, value: string, why: string): FieldError {
  return {
    type: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  }
}
