import { statusError } from '../../base/status.ts'
import { type UserRules, unlimitedGroup } from '../auth/authorizer.ts'
import { missingRules, type PolicyRule } from '../auth/rbac/policy-rule.ts'
import {
  type Binding,
  type ClusterRole,
  type Role,
  rbacGroup,
  rbacPlaces,
} from '../auth/rbac/rbac-objects.ts'
import type { User } from '../auth/user.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { sameJson } from '../handlers/write-object.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const groupOf = (resource: string) => `${rbacGroup}/${resource}`

/**
 * Nobody gives away rights that they have not themselves, by a role or by a binding to one, unless
 * they may `escalate` or `bind` it (pkg/registry/rbac, policybased storages). In Kubernetes this is
 * part of the registry; here it stands among the plugins because it needs what they get.
 */
export const rbacEscalation: AdmissionPlugin = {
  name: 'RBACEscalation',
  resources: ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'].map(groupOf),
  judge(context, object, old) {
    const { user, kind } = context
    if (!object || unlimitedGroup(user) !== undefined) return
    if (kind.resource.endsWith('bindings')) judgeBinding(context, object as Binding, old as Binding)
    else judgeRole(context, object as ClusterRole, old as ClusterRole)
  },
}

function judgeRole(
  context: ResourceContext,
  role: ClusterRole,
  old: ClusterRole | undefined,
): void {
  if (old && sameJson(old.rules, role.rules) && sameJson(old.aggregationRule, role.aggregationRule))
    return
  if (may(context, 'escalate', context.kind.resource, role.metadata.name ?? '')) return
  const rules = role.rules ?? []
  // Who may have a role aggregate others could end up with any right.
  if (role.aggregationRule && missingRules(heldBy(context).rules, everything).length > 0)
    throw forbidden(
      context.kind,
      role.metadata.name ?? '',
      'must have cluster-admin privileges to use the aggregationRule',
    )
  confirm(context, role.metadata.name ?? '', rules)
}

function judgeBinding(context: ResourceContext, binding: Binding, old: Binding | undefined): void {
  if (old && sameJson(old.roleRef, binding.roleRef) && sameJson(old.subjects, binding.subjects))
    return
  const { kind, name } = binding.roleRef
  if (may(context, 'bind', kind === 'Role' ? 'roles' : 'clusterroles', name)) return
  confirm(context, binding.metadata.name ?? '', rulesOf(context, binding))
}

function may(
  { options, user, info }: ResourceContext,
  verb: 'escalate' | 'bind',
  resource: string,
  name: string,
): boolean {
  const { namespace } = info
  const asked = { verb, resource, name, namespace, subresource: '', path: '' }
  return options.authorizer.authorize(user, { ...asked, group: rbacGroup, isResource: true })
    .allowed
}

function rulesOf({ options, info }: ResourceContext, { roleRef }: Binding): readonly PolicyRule[] {
  const isRole = roleRef.kind === 'Role'
  const place = isRole ? rbacPlaces.roles : rbacPlaces.clusterRoles
  const key = objectKey(place, isRole ? info.namespace : '', roleRef.name)
  const record = isKeySegment(roleRef.name) ? options.store.view.get(key) : undefined
  if (!record)
    throw statusError(
      'NotFound',
      `${place.resource}.${rbacGroup} ${JSON.stringify(roleRef.name)} not found`,
      { name: roleRef.name, group: rbacGroup, kind: place.resource },
    )
  return (parseObject(record.value) as Role).rules ?? []
}

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

function heldBy({ options, user, info }: ResourceContext): UserRules {
  return options.authorizer.rulesOf(user, info.namespace)
}

/** Throws Forbidden with the rules that `user` has not. */
function confirm(context: ResourceContext, name: string, rules: readonly PolicyRule[]): void {
  const { kind, user } = context
  const owned = heldBy(context)
  const missing = missingRules(owned.rules, rules)
  if (missing.length === 0) return
  const list = compacted(missing).map(ruleText).sort().join('\n')
  const errors = owned.errors.length > 0 ? `; resolution errors: [${owned.errors.join(' ')}]` : ''
  throw forbidden(
    kind,
    name,
    `user ${JSON.stringify(user.name)} ${groupsText(user)} is attempting to grant RBAC permissions ` +
      `not currently held:\n${list}${errors}`,
  )
}

/** Rules of one verb each, those for the same thing made one (rbac/validation/policy_compact.go). */
function compacted(rules: readonly PolicyRule[]): PolicyRule[] {
  const byTarget = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...target } = rule
    const key = JSON.stringify(target)
    const known = byTarget.get(key)?.verbs ?? []
    byTarget.set(key, { ...target, verbs: [...new Set([...known, ...verbs])] })
  }
  return [...byTarget.values()]
}

function groupsText({ groups }: User): string {
  return `(groups=[${groups.map((group) => JSON.stringify(group)).join(' ')}])`
}

/** As Kubernetes prints a rule: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
function ruleText({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule) {
  const parts = (
    [
      ['APIGroups', apiGroups],
      ['Resources', resources],
      ['ResourceNames', resourceNames],
      ['NonResourceURLs', nonResourceURLs],
      ['Verbs', verbs],
    ] as const
  )
    .filter(([, list]) => list !== undefined && list.length > 0)
    .map(
      ([label, list]) => `${label}:[${(list ?? []).map((one) => JSON.stringify(one)).join(' ')}]`,
    )
  return `{${parts.join(', ')}}`
}
