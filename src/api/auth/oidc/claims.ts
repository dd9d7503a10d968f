import type { User } from '../user.ts'

/** How tokens of one OpenID Connect issuer become users: kube-apiserver's --oidc-* flags. */
export interface OidcIssuer {
  /** An https URL, and the claim `iss`. */
  readonly url: string
  /** Must be in `aud`. */
  readonly clientId: string
  readonly usernameClaim: string
  /**
   * Set before the name, lest it be somebody else's. When left out: the issuer's URL and `#`, nothing
   * for the claim `email`. `-` for none.
   */
  readonly usernamePrefix?: string | undefined
  readonly groupsClaim?: string | undefined
  readonly groupsPrefix: string
  /** Claims that a token must have with exactly these values. */
  readonly requiredClaims: Readonly<Record<string, string>>
  /** As `RS256`. */
  readonly signingAlgorithms: readonly string[]
}

export type Claims = Readonly<Record<string, unknown>>

/** `nbf` may be ahead by this much, `exp` not at all (coreos/go-oidc). */
const notBeforeLeewaySeconds = 5 * 60

/**
 * Whom the claims of a token speak for, after its signature was found to hold
 * (apiserver plugin/pkg/authenticator/token/oidc). Throws an Error with the reason, which no client is told.
 */
export function userOfClaims(issuer: OidcIssuer, claims: Claims, nowMs: number): User {
  checkToken(issuer, claims, nowMs / 1_000)
  const tokenId = claim(claims, 'jti')
  const credential = typeof tokenId === 'string' ? [`JTI=${tokenId}`] : []
  return {
    name: usernameOf(issuer, claims),
    uid: '',
    groups: [...new Set([...groupsOf(issuer, claims), 'system:authenticated'])],
    ...(credential.length > 0 && {
      extra: { 'authentication.kubernetes.io/credential-id': credential },
    }),
  }
}

function checkToken(issuer: OidcIssuer, claims: Claims, nowSeconds: number): void {
  const { iss, aud, exp, nbf } = claims
  if (iss !== issuer.url) throw new Error(`it is of the issuer ${JSON.stringify(iss)}`)
  if (![aud ?? []].flat().includes(issuer.clientId))
    throw new Error(`it is for ${JSON.stringify(aud)}, not for ${issuer.clientId}`)
  if (typeof exp !== 'number' || nowSeconds >= exp) throw new Error('it is expired')
  if (nbf !== undefined && !(Number(nbf) <= nowSeconds + notBeforeLeewaySeconds))
    throw new Error('it is not valid yet')
  for (const [name, wanted] of Object.entries(issuer.requiredClaims))
    if (claim(claims, name) !== wanted)
      throw new Error(`its claim ${name} is not the required ${JSON.stringify(wanted)}`)
}

function usernameOf({ url, usernameClaim, usernamePrefix }: OidcIssuer, claims: Claims): string {
  const name = claim(claims, usernameClaim)
  if (typeof name !== 'string' || name === '')
    throw new Error(`its claim ${usernameClaim} is no name`)
  const isEmail = usernameClaim === 'email'
  // A mail address that anybody may have typed in is no identity.
  const verified = claim(claims, 'email_verified')
  if (isEmail && verified !== undefined && verified !== true) throw new Error('email not verified')
  if (usernamePrefix === '-') return name
  return `${usernamePrefix ?? (isEmail ? '' : `${url}#`)}${name}`
}

function groupsOf({ groupsClaim, groupsPrefix }: OidcIssuer, claims: Claims): string[] {
  const given = groupsClaim === undefined ? undefined : claim(claims, groupsClaim)
  if (given === undefined || given === null) return []
  const groups = [given].flat()
  if (!groups.every((group) => typeof group === 'string'))
    throw new Error(`its claim ${groupsClaim} is no list of names`)
  return groups.map((group) => `${groupsPrefix}${group}`)
}

function claim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}
