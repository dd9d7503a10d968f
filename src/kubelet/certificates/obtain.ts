import { type Clock, delay } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { Scope } from '../../base/scope.ts'
import { createInformer } from '../../client/reflector.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import type { Client } from '../../client/typed.ts'
import type { CertificateSigningRequest } from '../../kinds/types.ts'
import type { KeyPair } from './key-pair.ts'

/** What a kubelet wants to be signed. */
export interface CertificateWish {
  readonly signerName: string
  readonly usages: readonly string[]
  readonly nodeName: string
  /** What it serves at; empty for a client certificate. */
  readonly hosts: readonly string[]
}

export interface ObtainDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Asks for a certificate with a new key, by a CertificateSigningRequest, and waits until it is signed.
 * Rejects when it is denied, refused, or not signed in time.
 */
export async function obtainCertificate(
  client: Client,
  wish: CertificateWish,
  deps: ObtainDeps,
  signal: AbortSignal,
): Promise<KeyPair> {
  // Loaded when it is needed: a kubelet asks once a year or so.
  const { makeCertificateRequest } = await import('./make-request.ts')
  const { pem, privateKey } = await makeCertificateRequest({
    commonName: `system:node:${wish.nodeName}`,
    organizations: ['system:nodes'],
    hosts: wish.hosts,
  })
  const made = await certificateSigningRequests(client).create(
    '',
    {
      metadata: { generateName: 'csr-' },
      spec: {
        request: Buffer.from(pem).toString('base64'),
        ...{ signerName: wish.signerName, usages: [...wish.usages] },
      },
    },
    { signal },
  )
  const name = made.metadata.name ?? ''
  deps.logger.info({ request: name, signer: wish.signerName }, 'asked for a certificate')
  return { certificate: await untilSigned(client, name, deps, signal), privateKey }
}

async function untilSigned(
  client: Client,
  name: string,
  deps: ObtainDeps,
  signal: AbortSignal,
): Promise<string> {
  await using scope = new Scope()
  const fieldSelector = `metadata.name=${name}`
  const informer = createInformer(certificateSigningRequests(client), { fieldSelector }, deps)
  const decided = new Promise<string>((resolve, reject) => {
    const look = (request: CertificateSigningRequest) => {
      const outcome = outcomeOf(request)
      if (outcome?.certificate !== undefined) resolve(outcome.certificate)
      if (outcome?.refusal !== undefined) reject(new Error(`${name}: ${outcome.refusal}`))
    }
    const deleted = () => reject(new Error(`${name} was deleted before it was signed`))
    scope.onClose('request', informer.subscribe({ added: look, updated: look, deleted }))
  })
  informer.start(scope)
  const abort = () => void scope.close()
  signal.addEventListener('abort', abort, { once: true })
  scope.onClose('abort listener', () => signal.removeEventListener('abort', abort))
  const tooLate = delay(deps.clock, limits.certificateWaitMsMax, scope.signal).then(() => {
    throw new Error(
      `${name} was not signed in time: look at it with kubectl get csr, approve it with ` +
        `kubectl certificate approve ${name}`,
    )
  })
  return await Promise.race([decided, tooLate])
}

/** PURE. What has become of a request; undefined while it waits. */
export function outcomeOf({
  status,
}: CertificateSigningRequest):
  | { readonly certificate?: string; readonly refusal?: string }
  | undefined {
  const over = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
  if (over) return { refusal: `${over.type}: ${over.message ?? over.reason ?? ''}` }
  if (!status?.certificate) return undefined
  return { certificate: Buffer.from(status.certificate, 'base64').toString('latin1') }
}
