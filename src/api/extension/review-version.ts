import { isObject, type JsonObject } from '../../kinds/structural/schema-props.ts'
import { WebhookCallError } from './webhook-call.ts'

/** The versions of AdmissionReview and ConversionReview; they differ in what is checked of an answer. */
export const reviewVersions = ['v1', 'v1beta1'] as const
export type ReviewVersion = (typeof reviewVersions)[number]

/** What a webhook is asked in: the first version of its list that is known. */
export function reviewVersionOf(accepted: readonly string[] | undefined): ReviewVersion {
  const found = (accepted ?? []).find((one): one is ReviewVersion =>
    (reviewVersions as readonly string[]).includes(one),
  )
  if (found) return found
  throw new WebhookCallError(`it accepts no review of ${reviewVersions.join(', ')}`)
}

export interface AskedReview {
  readonly apiVersion: string
  readonly kind: string
  readonly uid: string
  readonly version: ReviewVersion
}

/**
 * The response in an answer. In v1 the answer must say what it is and to which request it belongs; answers
 * in v1beta1 never had to (apiserver pkg/admission/plugin/webhook/request/admissionreview.go,
 * apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go). Throws WebhookCallError.
 */
export function reviewResponse(answer: unknown, asked: AskedReview): JsonObject {
  const review = isObject(answer) ? answer : {}
  const { apiVersion = '', kind = '', response } = review
  const { uid, version } = asked
  const isSame = apiVersion === asked.apiVersion && kind === asked.kind
  if (version === 'v1' && !isSame)
    throw new WebhookCallError(
      `expected webhook response of ${asked.apiVersion}, Kind=${asked.kind}, got ${apiVersion}, Kind=${kind}`,
    )
  if (!isObject(response)) throw new WebhookCallError('webhook response was absent')
  if (version === 'v1' && response['uid'] !== uid)
    throw new WebhookCallError(
      `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`,
    )
  return response
}
