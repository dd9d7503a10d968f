import 'reflect-metadata'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import type { CertificateOrder } from '../../controllers/certificates/order.ts'
import {
  type CertificationRequest,
  commonNameType,
  organizationType,
} from '../../kinds/certificates/certification-request.ts'
import { type KeyPair, signLeaf } from './certificates.ts'

const flags = x509.KeyUsageFlags
const keyUsages: ReadonlyMap<string, number> = new Map([
  ['signing', flags.digitalSignature],
  ['digital signature', flags.digitalSignature],
  ['content commitment', flags.nonRepudiation],
  ['key encipherment', flags.keyEncipherment],
  ['key agreement', flags.keyAgreement],
  ['data encipherment', flags.dataEncipherment],
  ['cert sign', flags.keyCertSign],
  ['crl sign', flags.cRLSign],
  ['encipher only', flags.encipherOnly],
  ['decipher only', flags.decipherOnly],
])
const extendedKeyUsages: ReadonlyMap<string, string> = new Map([
  ['any', '2.5.29.37.0'],
  ['server auth', x509.ExtendedKeyUsage.serverAuth],
  ['client auth', x509.ExtendedKeyUsage.clientAuth],
  ['code signing', x509.ExtendedKeyUsage.codeSigning],
  ['email protection', x509.ExtendedKeyUsage.emailProtection],
  ['s/mime', x509.ExtendedKeyUsage.emailProtection],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', x509.ExtendedKeyUsage.timeStamping],
  ['ocsp signing', x509.ExtendedKeyUsage.ocspSigning],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
])

/** What of a subject goes into a certificate, in this order: country, organization, … common name. */
const subjectTypes: readonly string[] = [
  '2.5.4.6',
  organizationType,
  '2.5.4.11',
  '2.5.4.7',
  '2.5.4.8',
  '2.5.4.9',
  '2.5.4.17',
  '2.5.4.5',
]

/**
 * Signs what a signer has agreed to (pkg/controller/certificates/authority: PermissiveSigningPolicy):
 * names and key of the request, usages of the order, no extension that was merely asked for, never an
 * authority. Ends with its own authority at the latest.
 */
export async function signRequest(authority: KeyPair, order: CertificateOrder): Promise<string> {
  const { request, usages, notBeforeMs, notAfterMs } = order
  const mask = usages.reduce((all, usage) => all | (keyUsages.get(usage) ?? 0), 0)
  const purposes = new Set(usages.flatMap((usage) => extendedKeyUsages.get(usage) ?? []))
  const subject = subjectOf(request)
  const names = alternativesOf(request)
  return await signLeaf(authority, {
    ...{ subject: new x509.Name(subject), notBeforeMs, notAfterMs },
    publicKey: new x509.PublicKey(Uint8Array.from(request.publicKey)),
    extensions: [
      ...(mask === 0 ? [] : [new x509.KeyUsagesExtension(mask, true)]),
      ...(purposes.size === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
      ...(names.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(names, subject.length === 0)]),
    ],
  })
}

/** Only the common name that the signer has looked at. */
function subjectOf({ subject, commonName }: CertificationRequest): x509.JsonNameParams {
  const kept = subjectTypes.flatMap((type) => subject.filter((one) => one.type === type))
  const named = commonName === '' ? [] : [{ type: commonNameType, value: commonName }]
  return [...kept, ...named].map(({ type, value }) => ({ [type]: [{ utf8String: value }] }))
}

function alternativesOf(request: CertificationRequest): x509.JsonGeneralNames {
  return [
    ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...request.emailAddresses.map((value) => ({ type: 'email' as const, value })),
    ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ...request.uris.map((value) => ({ type: 'url' as const, value })),
  ].filter(({ type, value }) => type !== 'ip' || isIP(value) !== 0)
}
