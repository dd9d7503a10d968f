import type { PeerCertificate } from 'node:tls'

/** Certificate, key and authority, as PEM. */
export interface PeerCredentials {
  readonly certificate: string
  readonly privateKey: string
  readonly ca: string
}

/** The group that the cluster's authority gives to masters only. */
export const mastersGroup = 'kijabi:masters'

/**
 * Why a certificate is no other master's, or undefined when it is. The authority's signature is
 * checked by TLS already; addresses may change, so names decide and addresses do not.
 */
export function peerRefusal(
  certificate: PeerCertificate | undefined,
  expectedName: string | undefined,
): string | undefined {
  const subject = certificate?.subject as Record<string, string | string[]> | undefined
  if (!subject) return 'no certificate was shown'
  const groups = [subject['O'] ?? []].flat()
  if (!groups.includes(mastersGroup)) return `the certificate is not of the group ${mastersGroup}`
  const names = [subject['CN'] ?? []].flat()
  if (expectedName !== undefined && !names.includes(expectedName))
    return `the certificate is of ${names.join()}, not of ${expectedName}`
  return undefined
}
