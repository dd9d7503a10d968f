import { X509Certificate } from 'node:crypto'

/** A certificate with its key, as a kubelet shows it. */
export interface KeyPair {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS#8. Never logged. */
  readonly privateKey: string
}

/**
 * PURE. Of several pairs the one that ends last, among those that this authority signed and that are not
 * over; undefined when there is none.
 */
export function currentPair(
  pairs: readonly (KeyPair | undefined)[],
  authority: string,
  nowMs: number,
): KeyPair | undefined {
  const issuer = new X509Certificate(authority)
  const good = pairs.flatMap((pair) => {
    if (!pair) return []
    const certificate = new X509Certificate(pair.certificate)
    const endMs = Date.parse(certificate.validTo)
    return endMs > nowMs && certificate.verify(issuer.publicKey) ? [{ pair, endMs }] : []
  })
  return good.sort((left, right) => right.endMs - left.endMs)[0]?.pair
}

/**
 * PURE. When a certificate is to be renewed: after 70 to 90 per cent of its life, by `fraction` in
 * [0, 1), so that kubelets do not all ask at once (client-go util/certificate/certificate_manager.go
 * nextRotationDeadline).
 */
export function rotationMs({ certificate }: KeyPair, fraction: number): number {
  const { validFrom, validTo } = new X509Certificate(certificate)
  const startMs = Date.parse(validFrom)
  return startMs + (Date.parse(validTo) - startMs) * (0.7 + 0.2 * fraction)
}
