import type { Attributes } from '../../handlers/resource-context.ts'
import { ask, concerned } from './call.ts'
import type { Webhook } from './webhooks.ts'

/**
 * Asks all validating webhooks at the same time; the first refusal in their order is thrown
 * (apiserver pkg/admission/plugin/webhook/validating/dispatcher.go).
 */
export async function validateByWebhooks(
  webhooks: readonly Webhook[],
  attributes: Attributes,
): Promise<void> {
  const asked: (readonly [Webhook, Attributes])[] = []
  for (const webhook of webhooks) {
    const seen = await concerned(webhook, attributes)
    if (seen) asked.push([webhook, seen])
  }
  const answers = await Promise.allSettled(asked.map((one) => ask(...one)))
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
}
