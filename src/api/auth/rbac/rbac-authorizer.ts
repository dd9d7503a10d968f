import type { Attributes } from '../../request-info.ts'
import type { Authorizer, Decision, UserRules } from '../authorizer.ts'
import type { User } from '../user.ts'
import type { MissingRole, PolicyIndex, Source } from './policy-index.ts'
import { ruleAllows } from './policy-rule.ts'
import { rbacGroup } from './rbac-objects.ts'

/** Decides by roles and their bindings (plugin/pkg/auth/authorizer/rbac/rbac.go). */
export function rbacAuthorizer(policy: { readonly current: PolicyIndex }): Authorizer {
  return {
    authorize: (user, asked) => decide(policy.current, user, asked),
    rulesOf(user, namespace): UserRules {
      const errors = new MissingRoles()
      const granted = [...policy.current.rulesFor(user, namespace, (role) => errors.add(role))]
      return {
        rules: granted.map(({ rule }) => rule),
        incomplete: false,
        errors: errors.texts,
      }
    },
  }
}

function decide(index: PolicyIndex, user: User, asked: Attributes): Decision {
  const errors = new MissingRoles()
  const namespace = asked.isResource ? asked.namespace : ''
  for (const { rule, source } of index.rulesFor(user, namespace, (role) => errors.add(role)))
    if (ruleAllows(rule, asked))
      return { allowed: true, reason: `RBAC: allowed by ${describe(source)}` }
  return { allowed: false, reason: errors.reason }
}

/** Roles that bindings name and that are not there, each told once. */
class MissingRoles {
  readonly #found = new Set<string>()

  add({ kind, name }: MissingRole): void {
    this.#found.add(`${kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(name)} not found`)
  }

  get texts(): string[] {
    return [...this.#found]
  }

  get reason(): string {
    const { texts } = this
    if (texts.length === 0) return ''
    return `RBAC: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`
  }
}

function describe({ binding, subject }: Source): string {
  const { namespace = '', name = '' } = binding.metadata
  const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding'
  const full = namespace === '' ? name : `${name}/${namespace}`
  const to =
    subject.kind === 'ServiceAccount'
      ? `${subject.name}/${subject.namespace || namespace}`
      : subject.name
  const { roleRef } = binding
  return (
    `${kind} ${JSON.stringify(full)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} ` +
    `to ${subject.kind} ${JSON.stringify(to)}`
  )
}
