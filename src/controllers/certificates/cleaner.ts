import { X509Certificate } from 'node:crypto'
import { isStatus } from '../../base/status.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import type { CertificateSigningRequest } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { conditionsOf, requestsController } from './requests.ts'

const hourMs = 60 * 60 * 1_000
/** How long decided requests are kept, and how long those that nobody looked at. */
const decidedMs = hourMs
const pendingMs = 24 * hourMs

/**
 * When a request is to be removed, in wall time; undefined for one that stays: approved, but not signed.
 * (pkg/controller/certificates/cleaner/cleaner.go)
 */
export function removalMs(request: CertificateSigningRequest): number | undefined {
  const { metadata, status } = request
  const conditions = conditionsOf(request)
  if (conditions.length === 0) return Date.parse(metadata.creationTimestamp ?? '') + pendingMs
  const times: number[] = []
  for (const { type, lastUpdateTime } of conditions) {
    const isOver = type === 'Denied' || type === 'Failed'
    const isIssued = type === 'Approved' && status?.certificate
    if (lastUpdateTime && (isOver || isIssued)) times.push(Date.parse(lastUpdateTime) + decidedMs)
    if (isIssued) times.push(endOf(status?.certificate ?? ''))
  }
  return times.length > 0 ? Math.min(...times) : undefined
}

function endOf(certificate: string): number {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)
  } catch {
    // What cannot be read never ends; it goes an hour after it was approved.
    return Number.POSITIVE_INFINITY
  }
}

/** Removes requests that are over. */
export function certificateCleaner(
  context: Pick<ControllerContext, 'client' | 'clock' | 'informers'>,
): Controller {
  const { client, clock } = context
  return requestsController(context, 'csrcleaner', async (request) => {
    const atMs = removalMs(request)
    if (atMs === undefined) return undefined
    const leftMs = atMs - clock.wallMs()
    if (leftMs > 0) return { requeueAfterMs: leftMs }
    const { name = '', uid = '' } = request.metadata
    try {
      await certificateSigningRequests(client).delete('', name, { preconditions: { uid } })
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error
    }
    return undefined
  })
}
