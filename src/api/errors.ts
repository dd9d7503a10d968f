import { limits } from '../base/limits.ts'
import { type StatusDetails, StatusError, statusError } from '../base/status.ts'
import { type FieldError, fieldErrorCause, type Kind } from '../kinds/kind.ts'

/** The refusals of the API in Kubernetes' words (apimachinery pkg/api/errors/errors.go). */

/** `deployments.apps`, or `pods` for the core group. */
export function qualifiedResource(kind: Pick<Kind, 'group' | 'resource'>): string {
  return kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`
}

function resourceDetails(kind: Pick<Kind, 'group' | 'resource'>, name: string): StatusDetails {
  return { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.resource }
}

export function notFound(kind: Kind, name: string): StatusError {
  const message = `${qualifiedResource(kind)} "${name}" not found`
  return statusError('NotFound', message, resourceDetails(kind, name))
}

/** No such path, or no such resource under an existing path. */
export function noSuchPath(): StatusError {
  return statusError('NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(kind: Kind, name: string): StatusError {
  const message = `${qualifiedResource(kind)} "${name}" already exists`
  return statusError('AlreadyExists', message, resourceDetails(kind, name))
}

/** generateName found no free name in all its tries. */
export function generatedNameTaken(kind: Kind, prefix: string): StatusError {
  const message =
    `${qualifiedResource(kind)} "${prefix}" already exists, ` +
    'the server was not able to generate a unique name for the object'
  return statusError('AlreadyExists', message, {
    ...resourceDetails(kind, prefix),
    retryAfterSeconds: 1,
  })
}

const modified =
  'the object has been modified; please apply your changes to the latest version and try again'

/** The name is in use until the object that has it is gone. */
export function stillGoing(kind: Kind, name: string): StatusError {
  const message = `object is being deleted: ${qualifiedResource(kind)} "${name}" already exists`
  return statusError('AlreadyExists', message, resourceDetails(kind, name))
}

export function conflict(
  kind: Pick<Kind, 'group' | 'resource'>,
  name: string,
  why = modified,
): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(kind)} "${name}": ${why}`
  return statusError('Conflict', message, resourceDetails(kind, name))
}

export function forbidden(
  kind: Kind,
  name: string,
  why: string,
  causes?: StatusDetails['causes'],
): StatusError {
  const what = name === '' ? qualifiedResource(kind) : `${qualifiedResource(kind)} "${name}"`
  return statusError('Forbidden', `${what} is forbidden: ${why}`, {
    ...resourceDetails(kind, name),
    ...(causes ? { causes } : {}),
  })
}

/** One or more fields were refused. */
export function invalid(kind: Kind, name: string, errors: readonly FieldError[]): StatusError {
  return invalidKind(kind.kind, kind.group, name, errors)
}

/** As `invalid`, for kinds that are not stored: options, Scale, Binding. */
export function invalidKind(
  kind: string,
  group: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = errors.map((error) => `${error.field || '[]'}: ${error.message}`)
  const unique = [...new Set(texts)]
  const list = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`
  const qualified = group === '' ? kind : `${kind}.${group}`
  return statusError('Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(kind === '' ? {} : { kind }),
    causes: errors.map(fieldErrorCause),
  })
}

export function badRequest(message: string): StatusError {
  return statusError('BadRequest', message)
}

/** What Kubernetes answers where an error of Go has no Status of its own: code 500, without a reason. */
export function withoutReason(message: string): StatusError {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const
  return new StatusError({ ...status, message, code: 500 })
}

export function methodNotAllowed(
  why = 'the server does not allow this method on the requested resource',
): StatusError {
  return statusError('MethodNotAllowed', why, {})
}

/** A verb that a subresource has not. */
export function methodNotSupported(kind: Kind, verb: string): StatusError {
  const { name: _none, ...details } = resourceDetails(kind, '')
  const message = `${verb} is not supported on resources of kind "${qualifiedResource(kind)}"`
  return statusError('MethodNotAllowed', message, details)
}

/** A body that says it is one kind where another was expected. */
export function wrongKind(
  sent: string,
  expected: { readonly kind: string; readonly apiVersions: readonly string[] },
): StatusError {
  return statusError(
    'BadRequest',
    `${sent} cannot be handled as a ${expected.kind}: the path expects apiVersion ` +
      `"${expected.apiVersions.join('" or "')}" and kind "${expected.kind}"`,
  )
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return statusError(
    'NotAcceptable',
    `only the following media types are accepted: ${accepted.join(', ')}`,
  )
}

export function bodyTooLarge(bytesMax: number = limits.bodyBytesMax): StatusError {
  return statusError('RequestEntityTooLarge', `Request entity too large: limit is ${bytesMax}`)
}

/** Metadata of an object was asked of a list, or the other way round; `type` is what Go calls it. */
export function notInThatShape(isList: boolean, type: string): StatusError {
  const asked = isList ? 'PartialObjectMetadata' : 'PartialObjectMetadataList'
  const message = `you requested ${asked}, but the requested object is ${isList ? 'a' : 'not a'} list (*${type})`
  return statusError('NotAcceptable', message)
}

/** Of a path whose answers have none of the types that were named, in the words of go-restful's router. */
export function notProduced(produced: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${produced.join(', ')}`
  return statusError('NotAcceptable', message, {})
}

/** Too much work in flight, or too many watches: come back in a second. */
export function tooManyRequests(): StatusError {
  return statusError('TooManyRequests', 'too many requests, please try again later', {
    retryAfterSeconds: 1,
  })
}

export function groupVersion(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}
