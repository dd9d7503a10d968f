import type { AnyObject } from '../../../kinds/kind.ts'
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../kinds/types.ts'
import type { ClusterStore } from '../../../state/cluster-store.ts'
import { LocalCopy } from '../../local-copy.ts'

export type Policy = (ValidatingAdmissionPolicy | MutatingAdmissionPolicy) & AnyObject
export type Binding = (ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding) &
  AnyObject

/** A policy and the bindings that put it to use. */
export interface BoundPolicy<P, B> {
  readonly policy: P
  readonly bindings: readonly B[]
}

/** The policies of one sort that are bound, by name, as this member's replica has them. */
export class StoredPolicies<P extends AnyObject, B extends AnyObject> {
  readonly #policyCopy: LocalCopy
  readonly #bindingCopy: LocalCopy
  readonly #policies = new Map<string, AnyObject>()
  readonly #bindings = new Map<string, AnyObject>()
  #bound: readonly BoundPolicy<P, B>[] = []

  constructor(store: ClusterStore, policies: string, bindings: string) {
    this.#policyCopy = copyOf(store, policies, this.#policies)
    this.#bindingCopy = copyOf(store, bindings, this.#bindings)
  }

  get bound(): readonly BoundPolicy<P, B>[] {
    const isChanged = [this.#policyCopy.refresh(), this.#bindingCopy.refresh()].includes(true)
    if (isChanged) this.#bound = this.#join()
    return this.#bound
  }

  #join(): readonly BoundPolicy<P, B>[] {
    const bindings = inOrder(this.#bindings)
    return inOrder(this.#policies)
      .map((policy) => ({
        policy: policy as P,
        bindings: bindings.filter((one) => boundTo(one) === policy.metadata.name) as B[],
      }))
      .filter((one) => one.bindings.length > 0)
  }
}

function copyOf(store: ClusterStore, resource: string, into: Map<string, AnyObject>): LocalCopy {
  const place = { group: 'admissionregistration.k8s.io', resource, namespaced: false }
  return new LocalCopy(store, place, {
    set: (key, object) => into.set(key, object),
    remove: (key) => into.delete(key),
    clear: () => into.clear(),
  })
}

function inOrder(objects: ReadonlyMap<string, AnyObject>): AnyObject[] {
  return [...objects].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => object)
}

function boundTo(binding: AnyObject): string | undefined {
  return (binding as Binding).spec?.policyName
}
