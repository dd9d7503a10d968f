import { decodeCustomValue } from '../../kinds/apiextensions/decode-custom.ts'
import { decodeValue } from '../../kinds/decode-json.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import { definition } from '../../kinds/schema.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import type { Attributes, DynamicAdmission } from '../handlers/resource-context.ts'
import { type MutatingBinding, type MutatingPolicy, PolicyMutations } from './policies/mutate.ts'
import { StoredPolicies } from './policies/policies.ts'
import {
  type ValidatingBinding,
  type ValidatingPolicy,
  validateByPolicies,
} from './policies/validate.ts'
import { WebhookMutations } from './webhooks/mutate.ts'
import { validateByWebhooks } from './webhooks/validate.ts'
import { StoredWebhooks } from './webhooks/webhooks.ts'

/** Decides from this member's copy of policies and webhooks; costs next to nothing while there are none. */
export function createDynamicAdmission(store: ClusterStore): DynamicAdmission {
  const mutatingWebhooks = new StoredWebhooks(store, 'mutatingwebhookconfigurations')
  const validatingWebhooks = new StoredWebhooks(store, 'validatingwebhookconfigurations')
  const mutatingPolicies = new StoredPolicies<MutatingPolicy, MutatingBinding>(
    store,
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
  )
  const validatingPolicies = new StoredPolicies<ValidatingPolicy, ValidatingBinding>(
    store,
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  )
  return {
    async mutate(attributes, complete = () => undefined) {
      // Options of streams and deletions are nothing that a policy could change.
      const changes = attributes.operation === 'CREATE' || attributes.operation === 'UPDATE'
      const bound = changes ? mutatingPolicies.bound : []
      const { all } = mutatingWebhooks
      if (bound.length === 0 && all.length === 0) return attributes.object
      const policies = new PolicyMutations(bound, readAgain)
      const webhooks = new WebhookMutations(all, readAgain)
      const round = async (object: AnyObject | undefined) =>
        await webhooks.round({
          ...attributes,
          object: await policies.round({ ...attributes, object }),
        })
      const once = await round(attributes.object)
      if (!once || !(policies.isChanged || webhooks.isChanged)) return once
      await complete(once)
      return await round(once)
    },
    async validate(attributes) {
      const { bound } = validatingPolicies
      if (bound.length > 0) await validateByPolicies(bound, attributes)
      const { all } = validatingWebhooks
      if (all.length > 0) await validateByWebhooks(all, attributes)
    },
  }
}

/** What others made of an object is read like a body: it may not bring in what no body could. */
function readAgain(attributes: Attributes, value: AnyObject): AnyObject {
  const { objectKind, seenAs = attributes.context.kind } = attributes
  if (objectKind?.definition === '') return value
  if (objectKind) return decodeValue(definition(objectKind.definition), value)
  return seenAs.custom
    ? decodeCustomValue(seenAs, value).object
    : decodeValue(definition(seenAs.definition), value)
}
