import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { ConfigError } from '../config/config-error.ts'
import { splitAddress } from '../config/ports.ts'

const pinPattern = /^sha256:[0-9a-f]{64}$/
const dialTimeoutMs = 10_000

/** What a master showed, once its authority was the pinned one. */
export interface PinnedAuthority {
  /** PEM. */
  readonly authority: string
  /** The address of this host by which it reaches the master, and so is reached by it. */
  readonly localAddress: string
}

/**
 * `sha256:` and the hash of the authority's public key (its SubjectPublicKeyInfo in DER): what kubeadm
 * calls --discovery-token-ca-cert-hash. It is no secret.
 */
export function authorityPin(certificate: string | Buffer): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/**
 * The authority of the cluster at `address`, taken from what the server shows in its handshake and
 * believed only if its key is the pinned one. Nothing is sent: neither a token nor a request. Whether the
 * server has a certificate of that authority is for the next connection to check, which trusts it alone.
 */
export async function fetchAuthority(address: string, pin: string): Promise<PinnedAuthority> {
  if (!pinPattern.test(pin))
    throw new ConfigError(
      `${JSON.stringify(pin)} is no hash of an authority's key`,
      'use what `kijabi token create` printed after --ca-hash: sha256: and 64 hexadecimal digits',
    )
  const { chain, localAddress } = await handshake(address)
  const found = chain.find((certificate) =>
    timingSafeEqual(Buffer.from(authorityPin(certificate.raw)), Buffer.from(pin)),
  )
  if (!found)
    throw new ConfigError(
      `the server at ${address} is not of the cluster that the hash names`,
      'check the address, and the hash with `kijabi token create` on a host of that cluster; ' +
        'somebody may be between you and it',
    )
  return { authority: found.toString(), localAddress }
}

function handshake(
  address: string,
): Promise<{ readonly chain: X509Certificate[]; readonly localAddress: string }> {
  const { host, port } = splitAddress(address)
  return new Promise((done, fail) => {
    // What it shows is compared with the pin instead; see above.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: dialTimeoutMs })
    const broken = (why: string) => {
      socket.destroy()
      fail(
        new ConfigError(
          `no master answers at ${address}: ${why}`,
          'check that the cluster runs and that this host reaches it there',
        ),
      )
    }
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true))
      const { localAddress = '' } = socket
      socket.destroy()
      done({ chain, localAddress })
    })
    socket.once('timeout', () => broken(`silent for ${dialTimeoutMs / 1_000} s`))
    socket.once('error', (error: NodeJS.ErrnoException) => broken(error.code ?? error.message))
  })
}

function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = []
  // The last one is its own issuer.
  for (let one = leaf; one?.raw; one = one.issuerCertificate) {
    chain.push(new X509Certificate(one.raw))
    if (one.issuerCertificate === one) break
  }
  return chain
}
