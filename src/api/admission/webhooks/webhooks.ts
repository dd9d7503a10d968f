import type { AnyObject } from '../../../kinds/kind.ts'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
} from '../../../kinds/types.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { LocalCopy } from '../../local-copy.ts'

/** A webhook with what is known of its configuration. */
export interface Webhook {
  readonly configuration: string
  readonly webhook: MutatingWebhook & ValidatingWebhook
}

/**
 * The webhooks of one sort as this member's replica has them: configurations by name, and in each the
 * webhooks in their order.
 */
export class StoredWebhooks {
  readonly #copy: LocalCopy
  readonly #configurations = new Map<string, AnyObject>()
  #all: readonly Webhook[] = []

  constructor(store: ClusterStore, resource: string) {
    const place = { group: 'admissionregistration.k8s.io', resource, namespaced: false }
    this.#copy = new LocalCopy(store, place, {
      set: (key, object) => this.#configurations.set(key, object),
      remove: (key) => this.#configurations.delete(key),
      clear: () => this.#configurations.clear(),
    })
  }

  get all(): readonly Webhook[] {
    if (this.#copy.refresh()) {
      const sorted = [...this.#configurations].sort(([left], [right]) => (left < right ? -1 : 1))
      this.#all = sorted.flatMap(([, object]) => webhooksOf(object))
    }
    return this.#all
  }
}

function webhooksOf(object: AnyObject): Webhook[] {
  const { webhooks = [], metadata } = object as MutatingWebhookConfiguration & AnyObject
  return webhooks.map((webhook) => ({ configuration: metadata.name ?? '', webhook }))
}
