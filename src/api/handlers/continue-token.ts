import type { Revision } from '../../base/brand.ts'
import { badRequest } from '../errors.ts'

/** Where a list goes on. Opaque to callers; the key part is relative to the range that is listed. */
export interface ContinueToken {
  /** undefined: from now on at whatever revision is current, after the first one was compacted. */
  readonly revision: Revision | undefined
  /** The rest of the first key to return. It cannot leave the range: it is only ever appended. */
  readonly start: string
}

export function encodeContinue(token: ContinueToken): string {
  const value = { v: 'kijabi/v1', rv: token.revision ?? -1, start: token.start }
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Throws BadRequest for a token that this API did not make. */
export function decodeContinue(text: string): ContinueToken {
  const value = parse(text)
  if (typeof value === 'object' && value !== null && 'rv' in value && 'start' in value) {
    const { rv, start } = value
    if (Number.isSafeInteger(rv) && typeof start === 'string' && start !== '')
      return { revision: Number(rv) < 0 ? undefined : (Number(rv) as Revision), start }
  }
  throw notAToken()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw notAToken()
    throw error
  }
}

function notAToken() {
  return badRequest('continue key is not valid: list again without it')
}
