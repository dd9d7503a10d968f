import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto as never)
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface MadeRequest {
  readonly pem: string
  /** As it stands in `spec.request`. */
  readonly encoded: string
  /** PEM, PKCS#8. */
  readonly privateKey: string
}

export interface Asked {
  readonly commonName: string
  readonly organizations?: readonly string[]
  readonly names?: x509.JsonGeneralNames
  /** Common names before the one that counts. */
  readonly earlierNames?: readonly string[]
}

/** A PKCS#10 request with a new key, as a kubelet or `openssl req` makes it. */
export async function makeRequest(asked: Asked): Promise<MadeRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const commonNames = [...(asked.earlierNames ?? []), asked.commonName]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([
      ...(asked.organizations ?? []).map((organization) => ({ O: [organization] })),
      ...commonNames.map((name) => ({ CN: [name] })),
    ]),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 3, true),
      ...(asked.names ? [new x509.SubjectAlternativeNameExtension([...asked.names])] : []),
    ],
  })
  const pem = request.toString('pem')
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    pem,
    encoded: Buffer.from(pem).toString('base64'),
    privateKey: x509.PemConverter.encode(der, 'PRIVATE KEY'),
  }
}
