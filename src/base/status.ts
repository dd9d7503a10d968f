/**
 * Expected failures are values of one shape: the Kubernetes Status object
 * (apimachinery pkg/apis/meta/v1/types.go). Server and client share it.
 */
export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'Invalid'
  | 'ServerTimeout'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'ServiceUnavailable'

export interface StatusCause {
  reason: string
  field?: string | undefined
  message: string
}

export interface StatusDetails {
  name?: string | undefined
  group?: string | undefined
  kind?: string | undefined
  uid?: string | undefined
  causes?: StatusCause[] | undefined
  retryAfterSeconds?: number | undefined
}

export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: { continue?: string | undefined }
  status: 'Success' | 'Failure'
  message?: string | undefined
  reason?: StatusReason | undefined
  details?: StatusDetails | undefined
  /** Absent from what a deletion answers. */
  code?: number | undefined
}

/** The HTTP code of each reason (apimachinery pkg/api/errors/errors.go). */
export const statusCodes: Readonly<Record<StatusReason, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  Invalid: 422,
  ServerTimeout: 500,
  Timeout: 504,
  TooManyRequests: 429,
  BadRequest: 400,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  InternalError: 500,
  ServiceUnavailable: 503,
}

/** An expected failure on its way to the caller. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? `code ${status.code}`)
    this.status = status
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): StatusReason | undefined {
    return this.status.reason
  }
}

/** Builds a StatusError of a reason. The messages of Kubernetes' own errors stand in api/errors.ts. */
export function statusError(
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details ? { details } : {}),
    code: statusCodes[reason],
  })
}

/** True when `error` is a StatusError with one of `reasons`. */
export function isStatus(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return (
    error instanceof StatusError && error.reason !== undefined && reasons.includes(error.reason)
  )
}
