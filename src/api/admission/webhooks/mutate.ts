import { isStatus, statusError } from '../../../base/status.ts'
import type { AnyObject } from '../../../kinds/kind.ts'
import { annotate } from '../../context.ts'
import type { Attributes } from '../../handlers/resource-context.ts'
import { sameJson } from '../../handlers/write-object.ts'
import { applyJsonPatch } from '../../patch/json-patch.ts'
import { copyRecord, isRecord, parsePatch } from '../../patch/json-value.ts'
import { shownObject } from '../matching/attributes.ts'
import { asRequested } from '../matching/versions.ts'
import { type Answer, ask, concerned } from './call.ts'
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
  const round = async (number: number, isCandidate: (webhook: Webhook) => boolean) => {
    for (const [index, webhook] of webhooks.entries()) {
      if (!isCandidate(webhook)) continue
      const now = { ...attributes, object }
      const seen = await concerned(webhook, now)
      if (!seen) continue
      const answer = await ask(webhook, seen, 'mutating')
      if (answer?.patch !== undefined && object)
        object = await asRequested(seen, patched(webhook, seen, answer.patch, read))
      note(seen, webhook, `round_${number}_index_${index}`, answer, !sameJson(now.object, object))
      left.set(webhook, object)
    }
  }
  await round(0, () => true)
  const again = webhooks.filter(
    (one) =>
      one.webhook.reinvocationPolicy === 'IfNeeded' &&
      left.has(one) &&
      !sameJson(left.get(one), object),
  )
  if (again.length > 0) await round(1, (one) => again.includes(one))
  return object
}

/** For the audit log: who was asked in which round, and whether it changed anything. */
function note(
  { context }: Attributes,
  { configuration, webhook }: Webhook,
  place: string,
  answer: Answer | undefined,
  mutated: boolean,
): void {
  const key = `mutation.webhook.admission.k8s.io/${place}`
  if (answer === undefined) annotate(context, `failed-open.${key}`, webhook.name)
  annotate(context, key, JSON.stringify({ configuration, webhook: webhook.name, mutated }))
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
