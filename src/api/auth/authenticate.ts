import type { Clock } from '../../base/clock.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import { type BootstrapTokens, isBootstrapToken } from './bootstrap-tokens.ts'
import type { OidcAuthenticator } from './oidc/oidc-authenticator.ts'
import {
  ownerOfToken,
  type ServiceAccountTokens,
  type TokenOwner,
} from './service-account-token.ts'
import type { User } from './user.ts'

/** What a connection and its request say about who asks. */
export interface Credentials {
  /** Of a client certificate that the TLS layer has verified against the cluster's CA. */
  readonly certificate?: CertificateSubject | undefined
  /** The Authorization header. */
  readonly authorization?: string | undefined
}

export interface CertificateSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** SHA-256 of the whole certificate in hexadecimal, small letters. */
  readonly sha256?: string | undefined
}

export interface AuthenticatorOptions {
  readonly clock: Clock
  /** Without it every bearer token is refused. */
  readonly tokens?: ServiceAccountTokens
  /** Tokens of OpenID Connect issuers; refused when left out. */
  readonly oidc?: Pick<OidcAuthenticator, 'concerns' | 'userOf'> | undefined
  /** Tokens with which nodes join; refused when left out. */
  readonly bootstrapTokens?: BootstrapTokens
}

export interface Authenticator {
  /** Rejects with Unauthorized for a credential that does not hold. */
  authenticate(credentials: Credentials): Promise<User>
  /**
   * Whose token it is, for those who were handed one (TokenReview). `audiences` are those of the
   * asker; the API's own when there are none. Rejects with Unauthorized.
   */
  reviewToken(token: string, audiences: readonly string[]): Promise<TokenOwner>
}

export const anonymousUser: User = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
}

/** A certificate counts before a token; who shows neither is system:anonymous. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return {
    authenticate: async ({ certificate, authorization }) => {
      if (certificate && certificate.commonName !== '') return userOfCertificate(certificate)
      const token = bearerToken(authorization)
      if (token === undefined) return anonymousUser
      return (await ownerOf(options, token, [])).user
    },
    reviewToken: async (token, audiences) => ownerOf(options, token, audiences),
  }
}

async function ownerOf(
  { clock, tokens, bootstrapTokens, oidc }: AuthenticatorOptions,
  token: string,
  audiences: readonly string[],
): Promise<TokenOwner> {
  const nowMs = clock.wallMs()
  if (isBootstrapToken(token)) {
    const user = bootstrapTokens?.userOf(token, nowMs)
    if (!user) throw unauthorized()
    // Such a token is meant for the API alone, which does not know it by an audience.
    return { user, audiences: [] }
  }
  if (oidc?.concerns(token)) {
    const user = await oidc.userOf(token)
    // Issuers know the API as a client; for those who ask by audience it is for the API's own.
    const own = tokens?.audiences ?? []
    const meant = audiences.length > 0 ? own.filter((one) => audiences.includes(one)) : own
    if (!user || (audiences.length > 0 && meant.length === 0)) throw unauthorized()
    return { user, audiences: meant }
  }
  if (!tokens) throw unauthorized()
  return ownerOfToken(tokens, token, nowMs, audiences.length > 0 ? audiences : undefined)
}

function userOfCertificate(subject: CertificateSubject): User {
  return {
    name: subject.commonName,
    uid: '',
    groups: [...new Set([...subject.organizations, 'system:authenticated'])],
    ...(subject.sha256 === undefined
      ? {}
      : {
          extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${subject.sha256}`] },
        }),
  }
}

/** The subject of a peer certificate as node:tls gives it; undefined when the peer showed none. */
export function subjectOfPeer(peer: {
  readonly subject?: { readonly CN?: string | string[]; readonly O?: string | string[] }
  /** In pairs with colons between them. */
  readonly fingerprint256?: string
}): CertificateSubject | undefined {
  // Of several names the last one counts, as in Go: signers judge by the same.
  const commonName = [peer.subject?.CN ?? []].flat().at(-1)
  if (commonName === undefined) return undefined
  const organizations = [peer.subject?.O ?? []].flat()
  const sha256 = peer.fingerprint256?.replaceAll(':', '').toLowerCase()
  return { commonName, organizations, ...(sha256 === undefined ? {} : { sha256 }) }
}

/** The token of an `Authorization: Bearer …` header; other schemes are no credential of ours. */
function bearerToken(authorization: string | undefined): string | undefined {
  const match = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? '')
  return match?.[1]
}

/** Says nothing about why, as Kubernetes does not. */
export function unauthorized(): StatusError {
  return statusError('Unauthorized', 'Unauthorized')
}
