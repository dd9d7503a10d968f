import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CertificationRequest } from '../../kinds/certificates/certification-request.ts'

/** How a request was signed, by the dotted type of the algorithm: kind of key, and digest. */
const algorithms: ReadonlyMap<string, readonly [key: string, digest: string | null]> = new Map([
  ['1.2.840.10045.4.3.2', ['ec', 'sha256']],
  ['1.2.840.10045.4.3.3', ['ec', 'sha384']],
  ['1.2.840.10045.4.3.4', ['ec', 'sha512']],
  ['1.2.840.10045.4.1', ['ec', 'sha1']],
  ['1.2.840.113549.1.1.5', ['rsa', 'sha1']],
  ['1.2.840.113549.1.1.11', ['rsa', 'sha256']],
  ['1.2.840.113549.1.1.12', ['rsa', 'sha384']],
  ['1.2.840.113549.1.1.13', ['rsa', 'sha512']],
  ['1.3.101.112', ['ed25519', null]],
])

/**
 * Why the signature of a request does not show that who asks has the key; undefined when it does. In the
 * words of Go's crypto/x509 (CertificateRequest.CheckSignature).
 */
export function signatureProblem(request: CertificationRequest): string | undefined {
  const [type, digest = null] = algorithms.get(request.signatureAlgorithm) ?? []
  if (type === undefined) return 'x509: cannot verify signature: algorithm unimplemented'
  const key = publicKeyOf(request)
  if (key?.asymmetricKeyType !== type)
    return 'x509: signature algorithm does not fit the kind of public key'
  // Sub-millisecond, on this thread: the kind's rules bound the size of a request.
  return verify(digest, request.signed, key, request.signature)
    ? undefined
    : `x509: ${type} verification failure`
}

function publicKeyOf({ publicKey }: CertificationRequest): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  } catch {
    // Whatever is wrong with it, no signature can be checked with it: that is the answer.
    return undefined
  }
}
