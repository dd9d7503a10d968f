import { isStatus, statusError } from '../../../base/status.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { sameJson } from '../../handlers/write-object.ts'
import { applyJsonPatch } from '../../patch/json-patch.ts'
import { copyRecord, isRecord, parsePatch } from '../../patch/json-value.ts'
import { shownObject } from '../matching/attributes.ts'
import { asRequested } from '../matching/versions.ts'
import { ask, concerned } from './call.ts'
import type { Webhook } from './webhooks.ts'

/**
 * The object as mutating webhooks leave it, each seeing what those before it did. Those that ask for it
 * are called once more when others changed the object after them
 * (apiserver pkg/admission/plugin/webhook/mutating/dispatcher.go). `read` makes an object of what a
 * patch leaves. Throws refusals.
 */
export async function mutateByWebhooks(
  webhooks: readonly Webhook[],
  attributes: Attributes,
  read: (attributes: Attributes, value: AnyObject) => AnyObject,
): Promise<AnyObject | undefined> {
  let { object } = attributes
  /** The object as a webhook last left it. */
  const left = new Map<Webhook, AnyObject | undefined>()
  const round = async (candidates: readonly Webhook[]): Promise<void> => {
    for (const webhook of candidates) {
      const now = { ...attributes, object }
      const seen = await concerned(webhook, now)
      if (!seen) continue
      const answer = await ask(webhook, seen)
      if (answer?.patch !== undefined && object)
        object = await asRequested(seen, patched(webhook, seen, answer.patch, read))
      left.set(webhook, object)
    }
  }
  await round(webhooks)
  const again = webhooks.filter(
    (one) =>
      one.webhook.reinvocationPolicy === 'IfNeeded' &&
      left.has(one) &&
      !sameJson(left.get(one), object),
  )
  if (again.length > 0) await round(again)
  return object
}

function patched(
  { webhook }: Webhook,
  attributes: Attributes,
  patch: string,
  read: (attributes: Attributes, value: AnyObject) => AnyObject,
): AnyObject {
  try {
    const document = copyRecord(shownObject(attributes, attributes.object) ?? {})
    const result = applyJsonPatch(document, parsePatch(Buffer.from(patch)))
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
