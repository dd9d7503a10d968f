import { type Status, StatusError, statusError } from '../base/status.ts'
import type { ApiResponse } from '../client/transport.ts'
import { statusAs } from './encoding/encoded-as.ts'
import {
  answerTypes,
  findAcceptable,
  negotiate,
  plainEndpoint,
  requireProduced,
  reviewEndpoint,
} from './negotiate.ts'

export const jsonType = 'application/json'
/** What everything but discovery and OpenAPI says (apiserver filters/cachecontrol.go). */
const uncached: readonly (readonly [string, string])[] = [['cache-control', 'no-cache, private']]

/** A whole answer of chunks, which may be shared with the store. */
export function bytesResponse(
  status: number,
  chunks: readonly Uint8Array[],
  contentType: string = jsonType,
): ApiResponse {
  return {
    status,
    headers: new Map([...uncached, ['content-type', contentType]]),
    body: { kind: 'whole', chunks },
  }
}

export function jsonResponse(
  status: number,
  value: unknown,
  contentType: string = jsonType,
): ApiResponse {
  return bytesResponse(status, [Buffer.from(JSON.stringify(value))], contentType)
}

export function textResponse(status: number, text: string): ApiResponse {
  return bytesResponse(status, [Buffer.from(text)], 'text/plain; charset=utf-8')
}

/** Text that no browser is to take for anything else. */
export function plainResponse(status: number, text: string): ApiResponse {
  const answer = textResponse(status, text)
  return { ...answer, headers: new Map([...answer.headers, ['x-content-type-options', 'nosniff']]) }
}

/** What is said below paths that nobody serves: Go's text, no Status (apiserver pkg/server/mux). */
export function pageNotFound(): ApiResponse {
  return plainResponse(404, '404 page not found\n')
}

export function streamResponse(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string = jsonType,
): ApiResponse {
  return {
    status: 200,
    headers: new Map([...uncached, ['content-type', contentType]]),
    body: { kind: 'stream', chunks },
  }
}

/**
 * An expected failure as an answer, in the form that is accepted if there is one, with Retry-After where it
 * names a delay (apiserver responsewriters/writers.go, ErrorNegotiated).
 */
export function errorResponse(error: StatusError, accept?: string): ApiResponse {
  const form = findAcceptable(accept, plainEndpoint)
  const response = form
    ? bytesResponse(error.code, [statusAs(form.format, error.status)], form.contentType)
    : bytesResponse(error.code, [Buffer.from(JSON.stringify(error.status, undefined, 2))])
  const seconds = error.status.details?.retryAfterSeconds
  if (seconds === undefined) return response
  return { ...response, headers: new Map([...response.headers, ['retry-after', `${seconds}`]]) }
}

/**
 * How to answer with a Status where an object was sent; asked before anything is done. Throws NotAcceptable.
 */
export function statusAnswer(
  accept: string | undefined,
): (code: number, status: Status) => ApiResponse {
  requireProduced(accept, answerTypes)
  const { format, contentType } = negotiate(accept, reviewEndpoint)
  return (code, status) => bytesResponse(code, [statusAs(format, status)], contentType)
}

/** What the caller is told of a bug: that there was one, and nothing of its inside. */
export function internalError(): StatusError {
  return statusError('InternalError', 'an internal error occurred; the server has logged it')
}

/** The failure to answer with: a StatusError itself, undefined for what is a bug. */
export function expectedFailure(error: unknown): StatusError | undefined {
  if (error instanceof StatusError) return error
  return undefined
}

/** The Status that a delete answers with (apiserver pkg/endpoints/handlers/delete.go). */
export function successStatus(details: Status['details']): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details ? { details } : {}),
  }
}
