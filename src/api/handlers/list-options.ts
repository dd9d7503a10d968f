import type { Revision } from '../../base/brand.ts'
import type { FieldError } from '../../kinds/kind.ts'
import { badRequest, invalidKind, withoutReason } from '../errors.ts'
import { isTrue } from '../request-info.ts'
import { type ContinueToken, decodeContinue } from './continue-token.ts'

/** The query of a list or watch, checked (apimachinery internalversion/validation/validation.go). */
export interface ListOptions {
  /** undefined for none given. */
  readonly revision: Revision | undefined
  readonly match: 'Exact' | 'NotOlderThan' | undefined
  readonly limit: number | undefined
  readonly token: ContinueToken | undefined
  readonly labelSelector: string
  readonly fieldSelector: string
  /** Of a watch; below zero ends it at once. */
  readonly timeoutSeconds: number | undefined
  readonly bookmarks: boolean
  /** undefined when the caller does not say. */
  readonly sendInitialEvents: boolean | undefined
}

/** Throws BadRequest for what cannot be read and Invalid for what cannot go together. */
export function parseListOptions(query: URLSearchParams, verb: 'list' | 'watch'): ListOptions {
  const revision = parseRevision(query.get('resourceVersion') ?? '', verb)
  const match = query.get('resourceVersionMatch') ?? ''
  const continueText = query.get('continue') ?? ''
  const sendInitialEvents = query.has('sendInitialEvents')
    ? isTrue(query.get('sendInitialEvents'))
    : undefined
  const errors = optionErrors({ verb, revision, match, continueText, sendInitialEvents })
  if (errors.length > 0) throw invalidKind('ListOptions', 'meta.k8s.io', '', errors)
  const token = continueText === '' || verb === 'watch' ? undefined : decodeContinue(continueText)
  if (token && revision !== undefined && revision !== 0)
    throw badRequest('specifying resource version is not allowed when using continue')
  const limit = Math.max(0, wholeNumber(query, 'limit') ?? 0)
  return {
    revision,
    match: match === '' ? undefined : (match as 'Exact' | 'NotOlderThan'),
    limit: limit === 0 ? undefined : limit,
    token,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    timeoutSeconds: wholeNumber(query, 'timeoutSeconds'),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents,
  }
}

/**
 * A resourceVersion of a request: undefined for ''. Throws for what is no revision: BadRequest, and to a
 * watch what Kubernetes does not give a reason to, code 500.
 */
export function parseRevision(
  text: string,
  verb: 'get' | 'list' | 'watch' = 'get',
): Revision | undefined {
  if (text === '') return undefined
  const value = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value as Revision
  const shown = JSON.stringify(text)
  const why = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`
  throw verb === 'watch' ? withoutReason(why) : badRequest(`invalid resource version: ${why}`)
}

interface Asked {
  readonly verb: 'list' | 'watch'
  readonly revision: Revision | undefined
  readonly match: string
  readonly continueText: string
  readonly sendInitialEvents: boolean | undefined
}

function optionErrors(asked: Asked): FieldError[] {
  const { verb, match, sendInitialEvents } = asked
  if (verb === 'watch') return watchErrors(asked)
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return match === '' ? errors : [...errors, ...matchErrors(asked)]
}

function matchErrors({ revision, match, continueText }: Asked): FieldError[] {
  const field = 'resourceVersionMatch'
  const errors: FieldError[] = []
  if (revision === undefined)
    errors.push(forbidden(field, `${field} is forbidden unless resourceVersion is provided`))
  if (continueText !== '')
    errors.push(forbidden(field, `${field} is forbidden when continue is provided`))
  if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(unsupportedMatch(match))
  if (match === 'Exact' && revision === 0)
    errors.push(forbidden(field, `${field} "exact" is forbidden for resourceVersion "0"`))
  return errors
}

function watchErrors({ match, sendInitialEvents, continueText, revision }: Asked): FieldError[] {
  const field = 'resourceVersionMatch'
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(forbidden(field, `sendInitialEvents requires setting ${field} to NotOlderThan`))
  // One that begins anywhere asks for the objects that are there, as if it said so.
  const asksForAll = match === '' && sendInitialEvents === undefined && !revision
  if (continueText !== '' && (match !== '' || asksForAll))
    errors.push(forbidden(field, `${field} is forbidden when continue is provided`))
  if (match === '') return errors
  if (sendInitialEvents === undefined)
    errors.push(
      forbidden(field, `${field} is forbidden for watch unless sendInitialEvents is provided`),
    )
  if (match !== 'NotOlderThan') errors.push(unsupportedMatch(match, ['NotOlderThan']))
  return errors
}

function forbidden(field: string, why: string): FieldError {
  return { type: 'FieldValueForbidden', field, message: `Forbidden: ${why}` }
}

function unsupportedMatch(
  match: string,
  supported: readonly string[] = ['Exact', 'NotOlderThan', ''],
): FieldError {
  const listed = supported.map((one) => JSON.stringify(one)).join(', ')
  return {
    type: 'FieldValueNotSupported',
    field: 'resourceVersionMatch',
    message: `Unsupported value: ${JSON.stringify(match)}: supported values: ${listed}`,
  }
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const isNumber = /^[+-]?[0-9]+$/.test(text)
  if (isNumber && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return Number(text)
  const why = isNumber ? 'value out of range' : 'invalid syntax'
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`)
}
