import { annotate } from '../../context.ts'
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
  const asked: (readonly [index: number, Webhook, Attributes])[] = []
  for (const [index, webhook] of webhooks.entries()) {
    const seen = await concerned(webhook, attributes)
    if (seen) asked.push([index, webhook, seen])
  }
  const answers = await Promise.allSettled(
    asked.map(async ([index, webhook, seen]) => {
      if (await ask(webhook, seen, 'validating')) return
      const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`
      annotate(seen.context, key, webhook.webhook.name)
    }),
  )
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
}
