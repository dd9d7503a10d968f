import type { User } from '../user.ts'
import type { PolicyRule } from './policy-rule.ts'
import { type Binding, type Role, type Subject, subjectId } from './rbac-objects.ts'

/** A rule that holds for a user, and through which binding it does. */
export interface GrantedRule {
  readonly rule: PolicyRule
  readonly source: Source
}

/** The binding that gives a role to one of its subjects. */
export interface Source {
  readonly binding: Binding
  readonly subject: Subject
}

/** A role that a binding names and that is not there. */
export interface MissingRole {
  readonly kind: string
  readonly name: string
}

interface Grant extends Source {
  readonly namespace: string
}

/**
 * Roles and bindings, filed so that one look per group of a user finds what is bound to it. Pure data:
 * stored-policy.ts fills it from the store. Keys are those of the store.
 */
export class PolicyIndex {
  readonly #rules = new Map<string, readonly PolicyRule[]>()
  readonly #bindings = new Map<string, Binding>()
  /** By namespace ('' for ClusterRoleBindings) and subject, then by the binding's key. */
  readonly #grants = new Map<string, Map<string, Map<string, Grant>>>()

  get isEmpty(): boolean {
    return this.#rules.size === 0
  }

  setRole(role: Role): void {
    this.#rules.set(
      roleId(role.metadata.namespace ?? '', role.metadata.name ?? ''),
      role.rules ?? [],
    )
  }

  removeRole(namespace: string, name: string): void {
    this.#rules.delete(roleId(namespace, name))
  }

  setBinding(key: string, binding: Binding): void {
    this.removeBinding(key)
    this.#bindings.set(key, binding)
    const namespace = binding.metadata.namespace ?? ''
    for (const subject of binding.subjects ?? []) {
      const grants = subMap(subMap(this.#grants, namespace), subjectId(subject, namespace))
      if (!grants.has(key)) grants.set(key, { binding, subject, namespace })
    }
  }

  removeBinding(key: string): void {
    const binding = this.#bindings.get(key)
    if (!binding) return
    this.#bindings.delete(key)
    const namespace = binding.metadata.namespace ?? ''
    const bySubject = this.#grants.get(namespace)
    for (const subject of binding.subjects ?? []) {
      const id = subjectId(subject, namespace)
      const grants = bySubject?.get(id)
      grants?.delete(key)
      if (grants?.size === 0) bySubject?.delete(id)
    }
    if (bySubject?.size === 0) this.#grants.delete(namespace)
  }

  clearRoles(clustered: boolean): void {
    for (const id of this.#rules.keys())
      if (id.startsWith('/') === clustered) this.#rules.delete(id)
  }

  clearBindings(clustered: boolean): void {
    for (const [key, { metadata }] of this.#bindings)
      if ((metadata.namespace === undefined) === clustered) this.removeBinding(key)
  }

  /**
   * Every rule that holds for `user` in `namespace` ('' for the cluster), those of the whole cluster
   * first. Roles that are missing are reported to `missing`.
   */
  *rulesFor(
    user: User,
    namespace: string,
    missing: (role: MissingRole) => void = () => undefined,
  ): Generator<GrantedRule, void, undefined> {
    const ids = [`u:${user.name}`, ...user.groups.map((group) => `g:${group}`)]
    for (const place of namespace === '' ? [''] : ['', namespace]) {
      const bySubject = this.#grants.get(place)
      if (!bySubject) continue
      const seen = new Set<object>()
      for (const id of ids)
        for (const grant of bySubject.get(id)?.values() ?? []) {
          // One that names a user and a group of his grants what it grants once.
          if (seen.has(grant.binding)) continue
          seen.add(grant.binding)
          const rules = this.rulesOfRole(grant.binding, grant.namespace)
          if (!rules) missing(grant.binding.roleRef)
          for (const rule of rules ?? []) yield { rule, source: grant }
        }
    }
  }

  /** The rules of the role that a binding of `namespace` names; undefined when it is not there. */
  rulesOfRole(
    { roleRef }: Pick<Binding, 'roleRef'>,
    namespace: string,
  ): readonly PolicyRule[] | undefined {
    return this.#rules.get(roleId(roleRef.kind === 'Role' ? namespace : '', roleRef.name))
  }
}

function roleId(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

function subMap<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let found = map.get(key)
  if (!found) {
    found = new Map()
    map.set(key, found)
  }
  return found
}
