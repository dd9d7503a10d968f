import type { KeyObject } from 'node:crypto'
import type { PathHandler } from '../context.ts'
import { methodNotAllowed } from '../errors.ts'
import { jsonResponse } from '../responses.ts'
import { algorithmOf, keyId } from './service-account-token.ts'

const configurationPath = '/.well-known/openid-configuration'
const keysPath = '/openid/v1/jwks'

/**
 * How others check tokens of service accounts (OpenID Connect discovery; pkg/serviceaccount/
 * openidmetadata.go). The issuer is the API's own name inside the cluster, so pods find it there.
 */
export const handleIssuerDiscovery: PathHandler = ({ info, options }) => {
  const { path, method } = info
  const issuer = options.tokenIssuer
  if (!issuer || (path !== configurationPath && path !== keysPath)) return undefined
  if (method !== 'GET' && method !== 'HEAD') return Promise.reject(methodNotAllowed())
  const { issuer: name, publicKeys } = issuer
  if (path === keysPath)
    return Promise.resolve(
      jsonResponse(200, { keys: publicKeys.map(webKey) }, 'application/jwk-set+json'),
    )
  return Promise.resolve(
    jsonResponse(200, {
      issuer: name,
      jwks_uri: `${name}${keysPath}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(publicKeys.map(algorithmOf))],
    }),
  )
}

function webKey(key: KeyObject): object {
  return { use: 'sig', ...key.export({ format: 'jwk' }), kid: keyId(key), alg: algorithmOf(key) }
}
