import { type Status, StatusError, type StatusReason } from '../base/status.ts'
import { type ApiResponse, bodyBytes } from './transport.ts'

/** The reason that each code stands for when a server sends no Status of its own. */
const reasonOfCode: ReadonlyMap<number, StatusReason> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
])

/** Reads a refusal to its end: the server's Status, or one made from the code. */
export async function refusal(response: ApiResponse): Promise<StatusError> {
  const text = Buffer.from(await bodyBytes(response.body)).toString('utf8')
  const error = statusOf(parsed(text)) ?? fromCode(response.status, text)
  const retryAfter = Number(response.headers.get('retry-after'))
  if (!(retryAfter > 0) || error.status.details?.retryAfterSeconds !== undefined) return error
  return new StatusError({
    ...error.status,
    details: { ...error.status.details, retryAfterSeconds: retryAfter },
  })
}

/** The StatusError of a decoded Status of failure; undefined when it is anything else. */
export function statusOf(value: unknown): StatusError | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const status = value as Partial<Status>
  if (status.kind !== 'Status' || status.status !== 'Failure') return undefined
  const code = typeof status.code === 'number' ? status.code : 500
  const reason = status.reason ?? reasonOfCode.get(code)
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: status.metadata ?? {},
    status: 'Failure',
    message: status.message,
    reason,
    ...(status.details ? { details: status.details } : {}),
    code,
  })
}

function fromCode(code: number, text: string): StatusError {
  const shown = text.slice(0, 200).trim()
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: shown === '' ? `the server answered ${code}` : `the server answered ${code}: ${shown}`,
    reason: reasonOfCode.get(code) ?? (code >= 500 ? 'InternalError' : undefined),
    code,
  })
}

/** A body that is no JSON is no error here: the code alone then tells what went wrong. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
