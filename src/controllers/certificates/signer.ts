import { certificateSigningRequests } from '../../client/resources.ts'
import { signerRefusal, signers } from '../../kinds/certificates/signers.ts'
import { formatTime } from '../../kinds/time.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import type { CertificateOrder } from './order.ts'
import { conditionOf, conditionsOf, readRequest, requestsController } from './requests.ts'

const ours: ReadonlySet<string> = new Set(Object.values(signers))

const minuteMs = 60_000
/** kube-controller-manager --cluster-signing-duration: the longest, and what is given unasked. */
const lifetimeMsMax = 365 * 24 * 60 * minuteMs
const lifetimeMsMin = 10 * minuteMs
/** Clocks of hosts differ a little. */
const backdateMs = 5 * minuteMs
/** What lives shorter than this is given its whole time from now on. */
const shortLifetimeMs = 8 * 60 * minuteMs

/** From when to when (pkg/controller/certificates/signer, authority/policies.go). */
export function validityOf(
  expirationSeconds: number | undefined,
  nowMs: number,
): Pick<CertificateOrder, 'notBeforeMs' | 'notAfterMs'> {
  const askedMs = (expirationSeconds ?? Number.POSITIVE_INFINITY) * 1_000
  const lifetimeMs = Math.min(Math.max(askedMs, lifetimeMsMin), lifetimeMsMax)
  const endMs = nowMs + lifetimeMs
  return {
    notBeforeMs: nowMs - backdateMs,
    notAfterMs: lifetimeMs < shortLifetimeMs ? endMs : endMs - backdateMs,
  }
}

/**
 * Signs approved requests for the signers that Kubernetes is itself; what breaks a signer's rules is
 * Failed for good (pkg/controller/certificates/signer/signer.go).
 */
export function certificateSigner(context: ControllerContext): Controller {
  const { client, clock, config } = context
  return requestsController(context, 'csrsigning', async (request) => {
    const { spec, status } = request
    if (!config.signCertificate || !ours.has(spec.signerName)) return undefined
    if (!conditionOf(request, 'Approved') || conditionOf(request, 'Denied')) return undefined
    if (status?.certificate || conditionOf(request, 'Failed')) return undefined
    const asked = readRequest(request)
    const usages = spec.usages ?? []
    const refusal = signerRefusal(spec.signerName, asked, usages)
    const nowMs = clock.wallMs()
    const order = { request: asked, usages, ...validityOf(spec.expirationSeconds, nowMs) }
    const written =
      refusal === undefined
        ? { certificate: base64(await config.signCertificate(order)) }
        : { conditions: [...conditionsOf(request), failed(refusal, nowMs)] }
    await certificateSigningRequests(client).updateStatus({
      ...request,
      status: { ...status, ...written },
    })
    return undefined
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function failed(message: string, nowMs: number) {
  return {
    ...{ type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message },
    lastUpdateTime: formatTime(nowMs),
  }
}
