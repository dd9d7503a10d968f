import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { limits } from '../../base/limits.ts'
import { type StatusError, statusError } from '../../base/status.ts'
import type { User } from './user.ts'

/** How tokens of service accounts are checked: JSON web tokens signed with a key of the cluster. */
export interface ServiceAccountTokens {
  /** Must equal the claim `iss`. */
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audiences: readonly string[]
  /** P-256 keys check ES256, RSA keys RS256; more than one while keys rotate. */
  readonly publicKeys: readonly KeyObject[]
  /**
   * True while the account, and the object that the token is bound to, still exist with those uids.
   * Without it a token lives until it expires.
   */
  readonly exists?: (binding: TokenBinding) => boolean
}

export interface TokenBinding {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly pod?: NamedUid | undefined
  readonly secret?: NamedUid | undefined
  /** The node that the token is bound to, or on which its pod runs. */
  readonly node?: NamedUid | undefined
}

export interface NamedUid {
  readonly name: string
  readonly uid: string
}

/** Whose a token is, and for which of the wanted audiences it is meant. */
export interface TokenOwner {
  readonly user: User
  readonly audiences: readonly string[]
}

export interface TokenRequest extends TokenBinding {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly issuedAtMs: number
  readonly lifetimeSeconds: number
  /** Names this token in audit and revocation (`jti`). */
  readonly tokenId: string
}

type Algorithm = 'ES256' | 'RS256'

/** A clock of another host may be ahead by this much. */
const leewaySeconds = 10

/** A signed token for a service account, in the form that Kubernetes gives (1.36: with `jti`). */
export function signToken(privateKey: KeyObject, request: TokenRequest): string {
  const issuedAt = Math.floor(request.issuedAtMs / 1000)
  const { namespace, serviceAccount, pod, secret, node } = request
  const claims = {
    aud: request.audiences,
    exp: issuedAt + request.lifetimeSeconds,
    iat: issuedAt,
    iss: request.issuer,
    jti: request.tokenId,
    'kubernetes.io': {
      namespace,
      ...(node ? { node } : {}),
      ...(pod ? { pod } : {}),
      ...(secret ? { secret } : {}),
      serviceaccount: serviceAccount,
    },
    nbf: issuedAt,
    sub: accountUserName(namespace, serviceAccount.name),
  }
  const algorithm = algorithmOf(privateKey)
  const header = { alg: algorithm, kid: keyId(createPublicKey(privateKey)), typ: 'JWT' }
  const signed = `${encode(header)}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), {
    key: privateKey,
    ...encodingOf(algorithm),
  })
  return `${signed}.${signature.toString('base64url')}`
}

/**
 * Who a token speaks for. Throws Unauthorized for one that is forged, foreign, expired or orphaned, or
 * meant for none of `wanted`.
 */
export function ownerOfToken(
  tokens: ServiceAccountTokens,
  token: string,
  nowMs: number,
  wanted: readonly string[] = tokens.audiences,
): TokenOwner {
  if (token.length > limits.bearerTokenBytesMax) throw refused()
  const [head = '', body = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || signature === '') throw refused()
  const header = decode(head)
  if (!isSigned(tokens, header, `${head}.${body}`, signature)) throw refused()
  const claims = decode(body)
  checkTimes(claims, nowMs / 1000)
  if (claims['iss'] !== tokens.issuer) throw refused()
  const meant = [claims['aud'] ?? []].flat()
  const audiences = wanted.filter((one) => meant.includes(one))
  if (audiences.length === 0) throw refused()
  const binding = bindingOf(claims)
  if (tokens.exists && !tokens.exists(binding)) throw refused()
  return { user: userOfBinding(binding, claims['jti']), audiences }
}

function isSigned(
  tokens: ServiceAccountTokens,
  header: Claims,
  signed: string,
  signature: string,
): boolean {
  const algorithm = header['alg']
  if ((algorithm !== 'ES256' && algorithm !== 'RS256') || header['crit'] !== undefined) return false
  const data = Buffer.from(signed)
  const bytes = Buffer.from(signature, 'base64url')
  return tokens.publicKeys.some(
    (key) =>
      algorithmOf(key) === algorithm &&
      verify('sha256', data, { key, ...encodingOf(algorithm) }, bytes),
  )
}

/** The key decides about the algorithm, never the token. */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  const curve = key.asymmetricKeyDetails?.namedCurve
  return key.asymmetricKeyType === 'ec' && curve === 'prime256v1' ? 'ES256' : undefined
}

function encodingOf(algorithm: Algorithm | undefined): { dsaEncoding?: 'ieee-p1363' } {
  return algorithm === 'ES256' ? { dsaEncoding: 'ieee-p1363' } : {}
}

function checkTimes(claims: Claims, nowSeconds: number): void {
  const { exp, nbf } = claims
  if (typeof exp !== 'number' || nowSeconds >= exp + leewaySeconds) throw refused()
  if (nbf !== undefined && (typeof nbf !== 'number' || nowSeconds < nbf - leewaySeconds))
    throw refused()
}

function bindingOf(claims: Claims): TokenBinding {
  const bound = claims['kubernetes.io']
  if (!isClaims(bound) || typeof bound['namespace'] !== 'string') throw refused()
  const namespace = bound['namespace']
  const serviceAccount = reference(bound['serviceaccount'])
  const optional = (name: string) =>
    bound[name] === undefined ? undefined : reference(bound[name])
  if (claims['sub'] !== accountUserName(namespace, serviceAccount.name)) throw refused()
  return {
    ...{ namespace, serviceAccount, pod: optional('pod') },
    ...{ secret: optional('secret'), node: optional('node') },
  }
}

function reference(value: unknown): { name: string; uid: string } {
  if (!isClaims(value)) throw refused()
  const { name, uid } = value
  if (typeof name !== 'string' || typeof uid !== 'string') throw refused()
  return { name, uid }
}

function userOfBinding(binding: TokenBinding, tokenId: unknown): User {
  const extra: Record<string, readonly string[]> = {}
  if (typeof tokenId === 'string')
    extra['authentication.kubernetes.io/credential-id'] = [`JTI=${tokenId}`]
  if (binding.pod) {
    extra['authentication.kubernetes.io/pod-name'] = [binding.pod.name]
    extra['authentication.kubernetes.io/pod-uid'] = [binding.pod.uid]
  }
  if (binding.node) {
    extra['authentication.kubernetes.io/node-name'] = [binding.node.name]
    extra['authentication.kubernetes.io/node-uid'] = [binding.node.uid]
  }
  return {
    name: accountUserName(binding.namespace, binding.serviceAccount.name),
    uid: binding.serviceAccount.uid,
    groups: [
      'system:serviceaccounts',
      `system:serviceaccounts:${binding.namespace}`,
      'system:authenticated',
    ],
    extra,
  }
}

function accountUserName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}

type Claims = Readonly<Record<string, unknown>>

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Claims {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw refused()
    throw error
  }
  if (!isClaims(value)) throw refused()
  return value
}

/** Names a key by its content, as Kubernetes does (pkg/serviceaccount/jwt.go: keyIDFromPublicKey). */
export function keyId(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('base64url')
}

/** A public key in PEM, or of a certificate or private key in PEM. */
export function tokenPublicKey(pem: string): KeyObject {
  return createPublicKey(pem)
}

function refused(): StatusError {
  return statusError('Unauthorized', 'Unauthorized')
}
