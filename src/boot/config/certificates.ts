import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/**
 * The cluster's certificate authority. Made at first boot; every other certificate of the cluster is
 * signed by it. Names and groups follow Kubernetes' PKI (system:masters, system:node:<name>, …).
 */
x509.cryptoProvider.set(webcrypto as never)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 24 * 60 * 60 * 1000
const authorityDays = 3650
const leafDays = 365
/** A leaf with less left than this is issued anew at boot. */
export const renewBeforeDays = 60
/** Clocks of hosts differ a little. */
const backdateMs = 5 * 60 * 1000

export interface KeyPair {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS#8. Never logged. */
  readonly privateKey: string
}

export interface LeafRequest {
  readonly commonName: string
  /** Groups, as Kubernetes reads them from the certificate. */
  readonly organizations: readonly string[]
  /** DNS names and IP addresses that a server is reached by; empty for pure clients. */
  readonly hosts: readonly string[]
}

export async function createAuthority(clusterName: string, nowMs: number): Promise<KeyPair> {
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${clusterName}-ca`,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), privateKey: await privatePem(keys) }
}

export async function issueLeaf(
  authority: KeyPair,
  request: LeafRequest,
  nowMs: number,
): Promise<KeyPair> {
  const keys = await generateKeys()
  const usages = [x509.ExtendedKeyUsage.clientAuth]
  if (request.hosts.length > 0) usages.push(x509.ExtendedKeyUsage.serverAuth)
  const certificate = await signLeaf(authority, {
    subject: new x509.Name([
      ...request.organizations.map((organization) => ({ O: [organization] })),
      { CN: [request.commonName] },
    ]),
    notBeforeMs: nowMs - backdateMs,
    notAfterMs: nowMs + leafDays * dayMs,
    publicKey: keys.publicKey,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      ...(request.hosts.length > 0
        ? [
            new x509.SubjectAlternativeNameExtension(
              request.hosts.map((host) => ({ type: isIp(host) ? 'ip' : 'dns', value: host })),
            ),
          ]
        : []),
    ],
  })
  return { certificate, privateKey: await privatePem(keys) }
}

export interface LeafParts {
  readonly subject: x509.Name
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly publicKey: x509.PublicKeyType
  readonly extensions: readonly x509.Extension[]
}

/** PEM of a certificate that is no authority, and ends with the one that signs it at the latest. */
export async function signLeaf(authority: KeyPair, leaf: LeafParts): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subject,
    subject: leaf.subject,
    notBefore: new Date(leaf.notBeforeMs),
    notAfter: new Date(Math.min(leaf.notAfterMs, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: leaf.publicKey,
    signingKey: await importPrivate(authority.privateKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...leaf.extensions,
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return certificate.toString('pem')
}

/** True when a leaf is signed by this authority, covers the hosts and has time left. */
export function leafIsCurrent(
  leaf: KeyPair,
  authority: KeyPair,
  hosts: readonly string[],
  nowMs: number,
): boolean {
  const certificate = new X509Certificate(leaf.certificate)
  const issuer = new X509Certificate(authority.certificate)
  if (!certificate.verify(issuer.publicKey)) return false
  if (Date.parse(certificate.validTo) - nowMs < renewBeforeDays * dayMs) return false
  return hosts.every((host) =>
    isIp(host) ? certificate.checkIP(host) : certificate.checkHost(host),
  )
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

async function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(pem)
  return await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
}

/** 16 random bytes with the top bit clear: serial numbers are positive. */
function serialNumber(): string {
  const raw = webcrypto.getRandomValues(new Uint8Array(16))
  raw[0] = ((raw[0] ?? 0) & 0x7f) | 0x40
  return Buffer.from(raw).toString('hex')
}

function isIp(host: string): boolean {
  return /^\d+(\.\d+){3}$/.test(host) || host.includes(':')
}
