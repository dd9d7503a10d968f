import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import type { FetchDocument } from '../../../api/auth/oidc/issuer-keys.ts'
import type { OidcAuthenticator } from '../../../api/auth/oidc/oidc-authenticator.ts'
import { systemClock as clock } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import { ConfigError } from '../../config/config-error.ts'
import type { MemberProcess } from '../member.ts'

/** Tokens of the issuers that the configuration trusts; undefined when there are none. */
export async function openOidc({
  cluster,
  logger,
  scope,
}: MemberProcess): Promise<OidcAuthenticator | undefined> {
  const { oidc = [] } = cluster
  if (oidc.length === 0) return undefined
  // Loaded where it is used: most clusters have no issuer.
  const { createOidcAuthenticator } = await import('../../../api/auth/oidc/oidc-authenticator.ts')
  const authorities = new Map(oidc.map(({ issuer, caFile }) => [issuer, authorityOf(caFile)]))
  const authenticator = createOidcAuthenticator({
    issuers: oidc.map(({ issuer, caFile: _read, ...rules }) => ({ url: issuer, ...rules })),
    fetchDocument: ({ url }) => documentsOver(authorities.get(url)),
    ...{ clock, logger },
  })
  scope.onClose('OpenID Connect issuers', () => authenticator.stop())
  return authenticator
}

function authorityOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`,
      'correct `oidc.caFile` of the configuration',
    )
  }
}

/** Gets documents over HTTPS, trusting `ca` (PEM) or, without one, what the system trusts. */
export function documentsOver(ca: string | undefined): FetchDocument {
  return (url) =>
    new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(limits.oidcFetchMsMax)
      const asked = request(
        url,
        { ca, signal, headers: { accept: 'application/json' } },
        (answer) => {
          const chunks: Buffer[] = []
          let bytes = 0
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length
            if (bytes > limits.oidcDocumentBytesMax)
              answer.destroy(new Error(`${url} has more than ${limits.oidcDocumentBytesMax} bytes`))
            else chunks.push(chunk)
          })
          answer.on('error', reject)
          answer.on('end', () => {
            if (answer.statusCode !== 200) return reject(new Error(`${url}: ${answer.statusCode}`))
            try {
              resolve(documentOf(Buffer.concat(chunks)))
            } catch (error) {
              reject(new Error(`${url}: ${(error as Error).message}`))
            }
          })
        },
      )
      asked.on('error', reject)
      asked.end()
    })
}

function documentOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(bytes.toString('utf8'))
  if (typeof value !== 'object' || value === null) throw new Error('it is no JSON object')
  return value as Readonly<Record<string, unknown>>
}
