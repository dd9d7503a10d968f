import type {
  FlowcontrolV1Subject,
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '../../kinds/types.ts'
import type { User } from '../auth/user.ts'
import type { Attributes } from '../request-info.ts'

/** Where a request belongs: whose requests it queues with, and at which level. */
export interface Flow {
  readonly schema: string
  readonly level: string
  /** The user or namespace that tells flows of one schema apart; '' when all are one. */
  readonly distinguisher: string
}

/**
 * Finds a request's flow: the schema with the lowest precedence number, then the first by name, of
 * those that match (apiserver pkg/util/flowcontrol/rule.go).
 */
export function classify(
  schemas: readonly FlowSchema[],
  user: User,
  asked: Attributes,
): Flow | undefined {
  for (const { metadata, spec } of schemas) {
    if (!spec?.rules?.some((rules) => matches(rules, user, asked))) continue
    const type = spec.distinguisherMethod?.type
    return {
      schema: metadata.name ?? '',
      level: spec.priorityLevelConfiguration.name,
      distinguisher: type === 'ByUser' ? user.name : type === 'ByNamespace' ? asked.namespace : '',
    }
  }
  return undefined
}

/** In the order in which `classify` looks at them. */
export function inPrecedence(schemas: readonly FlowSchema[]): FlowSchema[] {
  const rank = ({ spec }: FlowSchema) => spec?.matchingPrecedence ?? 1_000
  const name = ({ metadata }: FlowSchema) => metadata.name ?? ''
  return [...schemas].sort(
    (left, right) => rank(left) - rank(right) || (name(left) < name(right) ? -1 : 1),
  )
}

function matches(rules: PolicyRulesWithSubjects, user: User, asked: Attributes): boolean {
  if (!rules.subjects.some((subject) => isSubject(subject, user))) return false
  return asked.isResource
    ? (rules.resourceRules ?? []).some((rule) => coversResource(rule, asked))
    : (rules.nonResourceRules ?? []).some((rule) => coversPath(rule, asked))
}

function isSubject(subject: FlowcontrolV1Subject, user: User): boolean {
  const { group, user: named, serviceAccount } = subject
  if (group) return group.name === '*' || user.groups.includes(group.name)
  if (named) return named.name === '*' || named.name === user.name
  if (!serviceAccount) return false
  const prefix = `system:serviceaccount:${serviceAccount.namespace}:`
  return serviceAccount.name === '*'
    ? user.name.startsWith(prefix)
    : user.name === prefix + serviceAccount.name
}

function coversResource(rule: ResourcePolicyRule, asked: Attributes): boolean {
  const { resource, subresource } = asked
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  const isPlace =
    asked.namespace === ''
      ? rule.clusterScope === true
      : includes(rule.namespaces ?? [], asked.namespace)
  return (
    isPlace &&
    includes(rule.verbs, asked.verb) &&
    includes(rule.apiGroups, asked.group) &&
    includes(rule.resources, full)
  )
}

function coversPath(rule: NonResourcePolicyRule, { verb, path }: Attributes): boolean {
  if (!includes(rule.verbs, verb)) return false
  return rule.nonResourceURLs.some(
    (url) =>
      url === '*' || url === path || (url.endsWith('/*') && path.startsWith(url.slice(0, -1))),
  )
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value)
}
