import {
  type DerValue,
  derChildren,
  derContent,
  derObjectIdentifier,
  derTags,
  derText,
  derValues,
} from './der.ts'

/** What a PKCS#10 request says (RFC 2986), as far as signers look at it. */
export interface CertificationRequest {
  /** The last one, as Go reads it; empty without one. */
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
  /** In the usual notation. */
  readonly ipAddresses: readonly string[]
  /** Every attribute of the subject, by its dotted type, in order. */
  readonly subject: readonly NameAttribute[]
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** What the signature is over. */
  readonly signed: Uint8Array
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
}

export interface NameAttribute {
  readonly type: string
  readonly value: string
}

const label = 'CERTIFICATE REQUEST'
const extensionRequest = '1.2.840.113549.1.9.14'
const subjectAltName = '2.5.29.17'
export const commonNameType = '2.5.4.3'
export const organizationType = '2.5.4.10'
const attributesTag = 0xa0

/**
 * Reads a request in PEM (k8s.io/kubernetes pkg/apis/certificates/helpers.go: ParseCSR). Throws an Error
 * that says what is wrong with it. Whether its signature holds is not looked at.
 */
export function readCertificationRequest(pem: string): CertificationRequest {
  const block = new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`).exec(pem)
  if (!block) throw new Error(`PEM block type must be ${label}`)
  const [outer] = derValues(Buffer.from(block[1] ?? '', 'base64'))
  const [info, algorithm, signature] = derChildren(outer, derTags.sequence)
  const [, subject, publicKey, attributes] = derChildren(info, derTags.sequence)
  if (!info || !subject || !publicKey) throw new Error('asn1: syntax error: sequence truncated')
  return {
    ...namesOf(subject),
    ...alternativesOf(attributes),
    publicKey: publicKey.bytes,
    signed: info.bytes,
    signatureAlgorithm: derObjectIdentifier(derChildren(algorithm, derTags.sequence)[0]),
    // The first byte of a bit string counts the bits that are not used.
    signature: derContent(signature, derTags.bitString).subarray(1),
  }
}

function namesOf(name: DerValue) {
  const subject: NameAttribute[] = []
  for (const set of derChildren(name, derTags.sequence))
    for (const pair of derChildren(set, derTags.set)) {
      const [type, value] = derChildren(pair, derTags.sequence)
      if (value) subject.push({ type: derObjectIdentifier(type), value: derText(value) })
    }
  const all = (type: string) => subject.filter((one) => one.type === type).map((one) => one.value)
  return {
    subject,
    commonName: all(commonNameType).at(-1) ?? '',
    organizations: all(organizationType),
  }
}

function alternativesOf(attributes: DerValue | undefined) {
  const found = { dnsNames: [], emailAddresses: [], uris: [], ipAddresses: [] } as {
    [Kind in 'dnsNames' | 'emailAddresses' | 'uris' | 'ipAddresses']: string[]
  }
  for (const names of extensionsOf(attributes, subjectAltName))
    for (const { tag, content } of derChildren(derValues(names)[0], derTags.sequence)) {
      const text = Buffer.from(content).toString('latin1')
      if (tag === 0x81) found.emailAddresses.push(text)
      if (tag === 0x82) found.dnsNames.push(text)
      if (tag === 0x86) found.uris.push(text)
      if (tag === 0x87) found.ipAddresses.push(addressText(content))
    }
  return found
}

/** The contents of the extensions of one type that the request asks for. */
function extensionsOf(attributes: DerValue | undefined, type: string): Uint8Array[] {
  if (attributes?.tag !== attributesTag) return []
  const found: Uint8Array[] = []
  for (const attribute of derValues(attributes.content)) {
    const [name, values] = derChildren(attribute, derTags.sequence)
    if (derObjectIdentifier(name) !== extensionRequest) continue
    const [list] = derChildren(values, derTags.set)
    for (const extension of derChildren(list, derTags.sequence)) {
      const parts = derChildren(extension, derTags.sequence)
      // Between type and content there may stand whether it is critical.
      if (derObjectIdentifier(parts[0]) === type)
        found.push(derContent(parts.at(-1), derTags.octetString))
    }
  }
  return found
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16)
    throw new Error(`x509: cannot parse IP address of length ${bytes.length}`)
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2)
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16))
  return groups.join(':')
}
