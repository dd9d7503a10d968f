import { isStatus, statusError } from '../../../base/status.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import { annotate } from '../../context.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { sameJson } from '../../handlers/write-object.ts'
import { applyJsonPatch } from '../../patch/json-patch.ts'
import { copyRecord, isRecord, type Json } from '../../patch/json-value.ts'
import { shownObject } from '../matching/attributes.ts'
import { Reinvocation } from '../matching/reinvocation.ts'
import { asRequested } from '../matching/versions.ts'
import { ask, concerned } from './call.ts'
import type { Webhook } from './webhooks.ts'

/** What makes an object of what a patch leaves. */
type Read = (attributes: Attributes, value: AnyObject) => AnyObject

/**
 * The mutating webhooks at work on one request
 * (apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go).
 */
export class WebhookMutations {
  readonly #webhooks: readonly Webhook[]
  readonly #read: Read
  readonly #asked = new Reinvocation<Webhook>()
  /** As the last round left it, in JSON: the object goes on changing. */
  #left: unknown

  constructor(webhooks: readonly Webhook[], read: Read) {
    this.#webhooks = webhooks
    this.#read = read
  }

  get isChanged(): boolean {
    return this.#asked.isChanged
  }

  /**
   * The object as they leave it, each seeing what those before it did; the second time only those are asked
   * that wish to be when others changed it after them. Throws refusals.
   */
  async round(attributes: Attributes): Promise<AnyObject | undefined> {
    if (this.#webhooks.length === 0) return attributes.object
    if (this.#left !== undefined)
      this.#asked.beginAgain(!sameJson(this.#left, attributes.object ?? null))
    let { object } = attributes
    for (const [index, webhook] of this.#webhooks.entries()) {
      if (!this.#asked.isDue(webhook)) continue
      const seen = await concerned(webhook, { ...attributes, object })
      if (!seen) continue
      const before = object
      object = await this.#changedBy(webhook, seen, object, index)
      const ifNeeded = webhook.webhook.reinvocationPolicy === 'IfNeeded'
      this.#asked.asked(webhook, { changed: object !== before, ifNeeded })
    }
    this.#left = structuredClone(object ?? null)
    return object
  }

  /** The same object when nothing changes. */
  async #changedBy(
    webhook: Webhook,
    seen: Attributes,
    object: AnyObject | undefined,
    index: number,
  ): Promise<AnyObject | undefined> {
    const { context } = seen
    const { configuration, webhook: told } = webhook
    const named = { configuration, webhook: told.name }
    const key = `webhook.admission.k8s.io/round_${this.#asked.round}_index_${index}`
    let changed = object
    try {
      const answer = await ask(webhook, seen, 'mutating')
      if (!answer) annotate(context, `failed-open.mutation.${key}`, told.name)
      const patch = answer?.patch ?? []
      if (Array.isArray(patch) && patch.length === 0) return object
      if (!object) throw attemptedToModify(told.name)
      const result = await asRequested(seen, patched(webhook, seen, patch, this.#read))
      const value = JSON.stringify({ ...named, patch, patchType: 'JSONPatch' })
      annotate(context, `patch.${key}`, value, 'Request')
      changed = sameJson(object, result) ? object : result
      return changed
    } finally {
      const value = JSON.stringify({ ...named, mutated: changed !== object })
      annotate(context, `mutation.${key}`, value)
    }
  }
}

function attemptedToModify(name: string): Error {
  const why = `admission webhook ${JSON.stringify(name)} attempted to modify the object`
  return statusError(
    'InternalError',
    `Internal error occurred: ${why}, which is not supported for this operation`,
  )
}

function patched({ webhook }: Webhook, attributes: Attributes, patch: Json, read: Read): AnyObject {
  try {
    const document = copyRecord(shownObject(attributes, attributes.object) ?? {})
    const result = applyJsonPatch(document, patch)
    if (!isRecord(result) || !isRecord(result['metadata'] ?? {}))
      throw statusError('BadRequest', 'the patch does not leave an object')
    return read(attributes, { metadata: {}, ...result } as unknown as AnyObject)
  } catch (error) {
    if (!isStatus(error, 'BadRequest', 'Invalid')) throw error
    throw statusError(
      'InternalError',
      `Internal error occurred: the patch of webhook ${JSON.stringify(webhook.name)} does not apply: ${(error as Error).message}`,
    )
  }
}
