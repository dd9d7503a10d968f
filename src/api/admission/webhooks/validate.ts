import type { Attributes } from '../../handlers/resource-context.ts'
import { ask, concerns } from './call.ts'
import type { Webhook } from './webhooks.ts'

/**
 * Asks all validating webhooks at the same time; the first refusal in their order is thrown
 * (apiserver pkg/admission/plugin/webhook/validating/dispatcher.go).
 */
export async function validateByWebhooks(
  webhooks: readonly Webhook[],
  attributes: Attributes,
): Promise<void> {
  const asked = webhooks.filter((webhook) => concerns(webhook, attributes))
  const answers = await Promise.allSettled(asked.map((webhook) => ask(webhook, attributes)))
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
}
