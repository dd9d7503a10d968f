import { type CompactVerifyResult, compactVerify, decodeJwt, errors } from 'jose'
import type { Clock } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import type { Logger } from '../../../base/log.ts'
import type { User } from '../user.ts'
import { type Claims, type OidcIssuer, userOfClaims } from './claims.ts'
import { type FetchDocument, IssuerKeys, type KeySet } from './issuer-keys.ts'

/** Tokens of OpenID Connect issuers. */
export interface OidcAuthenticator {
  /** Whether an issuer of ours is named by the token; nothing about it is checked yet. */
  concerns(token: string): boolean
  /** Undefined for a token that does not hold. */
  userOf(token: string): Promise<User | undefined>
  stop(): void
}

export interface OidcOptions {
  readonly issuers: readonly OidcIssuer[]
  /** With the trust that this issuer is to be met with. */
  readonly fetchDocument: (issuer: OidcIssuer) => FetchDocument
  readonly clock: Clock
  readonly logger: Logger
}

interface Known {
  readonly issuer: OidcIssuer
  readonly keys: IssuerKeys
}

export function createOidcAuthenticator(options: OidcOptions): OidcAuthenticator {
  const { issuers, clock, logger } = options
  const known = new Map<string, Known>()
  for (const issuer of issuers) {
    const fetchDocument = options.fetchDocument(issuer)
    const keys = new IssuerKeys({ url: issuer.url, fetchDocument, clock, logger })
    keys.start()
    known.set(issuer.url, { issuer, keys })
  }
  return {
    concerns: (token) => known.has(issuerOf(token) ?? ''),
    async userOf(token) {
      const one = known.get(issuerOf(token) ?? '')
      if (!one) return undefined
      try {
        return userOfClaims(one.issuer, await verified(one, token), clock.wallMs())
      } catch (error) {
        // Why is for who runs the cluster; the owner of a bad token is told nothing, as in Kubernetes.
        logger.debug(
          { issuer: one.issuer.url, why: (error as Error).message },
          'a token of an OpenID Connect issuer was refused',
        )
        return undefined
      }
    },
    stop() {
      for (const { keys } of known.values()) keys.stop()
    },
  }
}

function issuerOf(token: string): string | undefined {
  if (token.length > limits.bearerTokenBytesMax) return undefined
  try {
    return decodeJwt(token).iss
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/** The claims of a token whose signature holds; a key that is not known may be a new one. */
async function verified({ issuer, keys }: Known, token: string) {
  if (!keys.current) await keys.refreshed()
  const before = keys.current
  if (!before) throw new Error('the issuer has not been reached yet')
  try {
    return await claimsOf(issuer, before, token)
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    await keys.refreshed()
    if (!keys.current || keys.current === before) throw error
    return await claimsOf(issuer, keys.current, token)
  }
}

async function claimsOf({ signingAlgorithms }: OidcIssuer, keys: KeySet, token: string) {
  const options = { algorithms: [...signingAlgorithms] }
  try {
    return claimsIn(await compactVerify(token, keys, options))
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    // A token that names no key: any of those of its kind may have signed it.
    for await (const key of error) {
      try {
        return claimsIn(await compactVerify(token, key, options))
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

function claimsIn({ payload }: CompactVerifyResult): Claims {
  return JSON.parse(Buffer.from(payload).toString('utf8')) as Claims
}
