import {
  isStatus,
  type Status,
  StatusError,
  statusCodes,
  statusError,
} from '../../../base/status.ts'
import { isObject, type JsonObject } from '../../../kinds/structural/schema-props.ts'
import { annotate } from '../../context.ts'
import { badRequest } from '../../errors.ts'
import {
  type ReviewVersion,
  reviewResponse,
  reviewVersionOf,
} from '../../extension/review-version.ts'
import { callWebhook, WebhookCallError } from '../../extension/webhook-call.ts'
import type { Attributes, ResourceContext } from '../../handlers/resource-context.ts'
import { type Json, parsePatch } from '../../patch/json-value.ts'
import { requestOf, shownObject } from '../matching/attributes.ts'
import { conditionsHold } from '../matching/conditions.ts'
import { isExempt, selectedKind } from '../matching/match-rules.ts'
import { seenAs } from '../matching/versions.ts'
import type { Webhook } from './webhooks.ts'

/** Asking webhooks (apiserver pkg/admission/plugin/webhook). */

const timeoutSecondsDefault = 10

/** What a webhook that allows a request may add. */
export interface Answer {
  /** JSON Patch; empty for none. */
  readonly patch: Json
}

/**
 * The request as a webhook is to see it; undefined when it is not to be asked. Throws for conditions that
 * fail.
 */
export async function concerned(
  { webhook }: Webhook,
  attributes: Attributes,
): Promise<Attributes | undefined> {
  if (isExempt(attributes)) return undefined
  const { matchPolicy, namespaceSelector, objectSelector, rules = [] } = webhook
  const selection = { matchPolicy, rules, namespaceSelector, objectSelector }
  const kind = selectedKind(selection, attributes)
  if (!kind) return undefined
  const seen = await seenAs(attributes, kind)
  const isAsked = conditionsHold(
    webhook.matchConditions ?? [],
    seen,
    webhook.failurePolicy ?? 'Fail',
  )
  return isAsked ? seen : undefined
}

/**
 * Asks one webhook. Throws its refusal, or InternalError when it gives no answer and must; undefined
 * when it gives none and need not.
 */
export async function ask(
  { webhook }: Webhook,
  attributes: Attributes,
  sort: 'mutating' | 'validating',
): Promise<Answer | undefined> {
  const { context, dryRun } = attributes
  const { name, sideEffects } = webhook
  if (dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
  context.deadline?.check()
  const ownMs = (webhook.timeoutSeconds ?? timeoutSecondsDefault) * 1_000
  const timeoutMs = Math.min(ownMs, context.deadline?.leftMs ?? ownMs)
  let failure = 'failed to call webhook'
  try {
    const uid = context.options.random.uuid()
    const version = reviewVersionOf(webhook.admissionReviewVersions)
    const named = { kind: 'AdmissionReview', apiVersion: `admission.k8s.io/${version}` }
    const review = {
      ...named,
      request: {
        uid,
        ...requestOf(attributes),
        object: shownObject(attributes, attributes.object),
        oldObject: shownObject(attributes, attributes.old),
      },
    }
    const answer = await callWebhook(context.options, webhook.clientConfig, review, timeoutMs)
    failure = 'received invalid webhook response'
    const response = reviewResponse(answer, { ...named, uid, version })
    const patch = readAnswer(name, response, sort, { context, version })
    failure = 'received undecodable patch in webhook response'
    return { patch: patch === undefined ? [] : decodedPatch(patch) }
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error
    if (webhook.failurePolicy === 'Ignore') {
      // It was the request's own time that ran out: nobody else need be asked.
      context.deadline?.check()
      const { logger } = context.options
      logger.warn({ webhook: name, error: error.message }, 'a webhook that may fail failed')
      return undefined
    }
    throw failedCall(name, `${failure}: ${error.message}`)
  }
}

function failedCall(name: string, why: string): StatusError {
  const message = `failed calling webhook ${JSON.stringify(name)}: ${why}`
  return statusError('InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: '', message }],
  })
}

/** The patch as text, if there is one. */
function readAnswer(
  name: string,
  response: JsonObject,
  sort: 'mutating' | 'validating',
  { context, version }: { readonly context: ResourceContext; readonly version: ReviewVersion },
): string | undefined {
  if (version === 'v1') checkPatch(response, sort)
  const told = Array.isArray(response['warnings']) ? response['warnings'] : []
  for (const warning of told) if (typeof warning === 'string') context.warnings.push(warning)
  const noted = isObject(response['auditAnnotations']) ? response['auditAnnotations'] : {}
  for (const [key, value] of Object.entries(noted))
    if (typeof value === 'string') annotate(context, `${name}/${key}`, value)
  if (response['allowed'] !== true) throw denied(name, response['status'])
  return sort === 'mutating' ? patchOf(name, response, version) : undefined
}

function decodedPatch(text: string): Json {
  try {
    return parsePatch(Buffer.from(text))
  } catch (error) {
    if (isStatus(error, 'BadRequest')) throw new WebhookCallError((error as Error).message)
    throw error
  }
}

/** A patch and its type come together, and from mutating webhooks alone (request/admissionreview.go). */
function checkPatch({ patch, patchType }: JsonObject, sort: 'mutating' | 'validating'): void {
  const [hasPatch, hasType] = [isGiven(patch) && patch !== '', isGiven(patchType)]
  const refuse = (why: string) => {
    throw new WebhookCallError(why)
  }
  if (sort === 'validating') {
    if (hasPatch) refuse('validating webhook may not return response.patch')
    if (hasType) refuse('validating webhook may not return response.patchType')
  } else {
    if (hasPatch && !hasType) refuse('webhook returned response.patch but not response.patchType')
    if (!hasPatch && hasType) refuse('webhook returned response.patchType but not response.patch')
    if (patchType === '') refuse('webhook returned invalid response.patchType of ""')
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function patchOf(
  name: string,
  { patch, patchType }: JsonObject,
  version: ReviewVersion,
): string | undefined {
  if (!isGiven(patch) || patch === '') return undefined
  // In v1beta1 there was no other type, and nobody had to name it.
  const isJsonPatch = version === 'v1beta1' || patchType === 'JSONPatch'
  if (!isJsonPatch || typeof patch !== 'string')
    throw new WebhookCallError(
      `webhook ${JSON.stringify(name)} answered with a patch of type ${JSON.stringify(patchType ?? '')}: only JSONPatch is known`,
    )
  return Buffer.from(patch, 'base64').toString('utf8')
}

/** The refusal in the webhook's words (webhook/errors/statuserror.go ToStatusErr). */
function denied(name: string, result: unknown): StatusError {
  const given = isObject(result) ? result : {}
  const text = (field: string) => (typeof given[field] === 'string' ? String(given[field]) : '')
  const why = text('message') || text('reason')
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  const code = typeof given['code'] === 'number' ? given['code'] : 0
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: why === '' ? `${by} without explanation` : `${by}: ${why}`,
    ...(text('reason') === '' ? {} : { reason: text('reason') as Status['reason'] }),
    ...(isObject(given['details']) ? { details: given['details'] } : {}),
    code: code >= statusCodes.BadRequest ? code : statusCodes.BadRequest,
  } as Status)
}
