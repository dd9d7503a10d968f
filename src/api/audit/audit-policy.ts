import type { User } from '../auth/user.ts'
import type { Attributes } from '../request-info.ts'

/** How much of a request is written down, from nothing to everything. */
export const auditLevels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type AuditLevel = (typeof auditLevels)[number]

/** A rule matches when every part that it names does (audit.k8s.io/v1 PolicyRule). */
export interface AuditRule {
  readonly level: AuditLevel
  readonly users?: readonly string[] | undefined
  readonly userGroups?: readonly string[] | undefined
  readonly verbs?: readonly string[] | undefined
  /** '' stands for cluster-scoped objects. */
  readonly namespaces?: readonly string[] | undefined
  readonly resources?: readonly AuditedResources[] | undefined
  /** A `*` at the end stands for any rest. */
  readonly nonResourceURLs?: readonly string[] | undefined
}

export interface AuditedResources {
  readonly group: string
  /** `pods`, `pods/log`, `pods/*`, any resource's status as `*` + `/status`, all when left out. */
  readonly resources?: readonly string[] | undefined
  readonly resourceNames?: readonly string[] | undefined
}

/** The level of the first rule that matches; None when none does (apiserver pkg/audit/policy). */
export function auditLevel(rules: readonly AuditRule[], user: User, asked: Attributes): AuditLevel {
  return rules.find((rule) => matches(rule, user, asked))?.level ?? 'None'
}

function matches(rule: AuditRule, user: User, asked: Attributes): boolean {
  if (rule.users?.length && !rule.users.includes(user.name)) return false
  if (rule.userGroups?.length && !rule.userGroups.some((one) => user.groups.includes(one)))
    return false
  if (rule.verbs?.length && !rule.verbs.includes(asked.verb)) return false
  if (rule.namespaces?.length || rule.resources?.length) return coversResource(rule, asked)
  if (rule.nonResourceURLs?.length)
    return !asked.isResource && rule.nonResourceURLs.some((url) => covers(url, asked.path))
  return true
}

function coversResource({ namespaces, resources }: AuditRule, asked: Attributes): boolean {
  if (!asked.isResource) return false
  if (namespaces?.length && !namespaces.includes(asked.namespace)) return false
  if (!resources?.length) return true
  return resources.some((one) => {
    if (one.group !== asked.group) return false
    if (one.resourceNames?.length && !one.resourceNames.includes(asked.name)) return false
    return !one.resources?.length || one.resources.some((name) => isResource(name, asked))
  })
}

function isResource(name: string, { resource, subresource }: Attributes): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  if (name === '*' || name === full) return true
  if (subresource === '') return false
  return name === `${resource}/*` || name === `*/${subresource}`
}

function covers(url: string, path: string): boolean {
  return url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))
}
