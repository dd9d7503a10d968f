import { aggregatedRules } from '../../../kinds/rbac/aggregation.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { LocalCopy, type LocalCopyListener } from '../../local-copy.ts'
import { placeOfKey } from '../../storage-keys.ts'
import { defaultPolicy } from './default-policy.ts'
import { PolicyIndex } from './policy-index.ts'
import { type Binding, type ClusterRole, type Role, rbacPlaces } from './rbac-objects.ts'

/**
 * The policy that the store holds, current with this member's replica. Until somebody has written
 * the first role into a new cluster, the default policy holds.
 */
export class StoredPolicy {
  readonly #index = new PolicyIndex()
  readonly #copies: readonly LocalCopy[]
  #defaults: PolicyIndex | undefined

  constructor(store: ClusterStore) {
    const { clusterRoles, roles, clusterRoleBindings, roleBindings } = rbacPlaces
    this.#copies = [
      new LocalCopy(store, clusterRoles, this.#roles(clusterRoles, true)),
      new LocalCopy(store, roles, this.#roles(roles, false)),
      new LocalCopy(store, clusterRoleBindings, this.#bindings(true)),
      new LocalCopy(store, roleBindings, this.#bindings(false)),
    ]
  }

  get current(): PolicyIndex {
    for (const copy of this.#copies) copy.refresh()
    if (!this.#index.isEmpty) return this.#index
    this.#defaults ??= defaultIndex()
    return this.#defaults
  }

  #roles(place: Parameters<typeof placeOfKey>[0], clustered: boolean): LocalCopyListener {
    return {
      set: (_key, role) => this.#index.setRole(role as Role),
      remove: (key) => {
        const { namespace, name } = placeOfKey(place, key)
        this.#index.removeRole(namespace, name)
      },
      clear: () => this.#index.clearRoles(clustered),
    }
  }

  #bindings(clustered: boolean): LocalCopyListener {
    return {
      set: (key, binding) => this.#index.setBinding(key, binding as Binding),
      remove: (key) => this.#index.removeBinding(key),
      clear: () => this.#index.clearBindings(clustered),
    }
  }
}

/** The default policy with its aggregated roles filled in, from the narrowest to the widest. */
export function defaultIndex(): PolicyIndex {
  const index = new PolicyIndex()
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = defaultPolicy()
  for (const role of [...filledIn(clusterRoles), ...roles]) index.setRole(role)
  for (const binding of [...clusterRoleBindings, ...roleBindings]) {
    const { namespace = '', name = '' } = binding.metadata
    index.setBinding(`${namespace}/${name}`, binding)
  }
  return index
}

/** `admin` is made from `edit`, which is made from `view`: as many passes as there are steps. */
function filledIn(roles: readonly ClusterRole[]): ClusterRole[] {
  let filled = [...roles]
  for (let pass = 0; pass < 3; pass += 1)
    filled = filled.map((role) => ({ ...role, rules: aggregatedRules(role, filled) ?? role.rules }))
  return filled
}
