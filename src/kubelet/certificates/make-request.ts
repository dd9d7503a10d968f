import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as never)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface CertificateSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** DNS names and addresses that it serves at; empty for a client. */
  readonly hosts: readonly string[]
}

/** A new key, and a request in PEM that a certificate be signed for it (PKCS#10). */
export async function makeCertificateRequest({
  commonName,
  organizations,
  hosts,
}: CertificateSubject): Promise<{ readonly pem: string; readonly privateKey: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const names = hosts.map((value) => ({
    type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
    value,
  }))
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([
      ...organizations.map((organization) => ({ O: [organization] })),
      { CN: [commonName] },
    ]),
    ...{ keys, signingAlgorithm: algorithm },
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    pem: request.toString('pem'),
    privateKey: x509.PemConverter.encode(der, 'PRIVATE KEY'),
  }
}
