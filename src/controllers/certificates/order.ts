import type { CertificationRequest } from '../../kinds/certificates/certification-request.ts'

/** What is to be signed with the cluster's authority. */
export interface CertificateOrder {
  readonly request: CertificationRequest
  /** In the words of certificates.k8s.io, such as `client auth`. */
  readonly usages: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** Returns a certificate in PEM that ends with its authority at the latest. */
export type SignCertificate = (order: CertificateOrder) => Promise<string>
