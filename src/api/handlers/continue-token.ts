import type { Revision } from '../../base/brand.ts'
import { badRequest } from '../errors.ts'

/** Where a list goes on. Opaque to callers; the key part is relative to the range that is listed. */
export interface ContinueToken {
  /** undefined: from now on at whatever revision is current, after the first one was compacted. */
  readonly revision: Revision | undefined
  /** The rest of the first key to return. It cannot leave the range: it is only ever appended. */
  readonly start: string
}

/** That of Kubernetes, so that what it says of a token can be said here. */
const version = 'meta.k8s.io/v1'

export function encodeContinue(token: ContinueToken): string {
  const value = { v: version, rv: token.revision ?? -1, start: token.start }
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Throws BadRequest for a token that this API did not make (apiserver pkg/storage/continue.go). */
export function decodeContinue(text: string): ContinueToken {
  const value = parse(text)
  const { v = '', rv = 0, start = '' } = value
  if (v !== version) throw notAToken(`: server does not recognize this encoded version ${v}`)
  if (!Number.isSafeInteger(rv) || rv === 0)
    throw notAToken(`: incorrect encoded start resourceVersion (version ${version})`)
  if (typeof start !== 'string' || start === '')
    throw notAToken(`: encoded start key empty (version ${version})`)
  return { revision: Number(rv) < 0 ? undefined : (Number(rv) as Revision), start }
}

function parse(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const bad = /[^A-Za-z0-9_-]/.exec(text)
  if (bad) throw notAToken(`: illegal base64 data at input byte ${bad.index}`)
  if (text.length % 4 === 1)
    throw notAToken(`: illegal base64 data at input byte ${text.length - 1}`)
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw notAToken(': its content is no JSON object')
}

function notAToken(why: string) {
  return badRequest(`invalid continue token: continue key is not valid${why}`)
}
