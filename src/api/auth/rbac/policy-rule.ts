import type { Attributes } from '../../request-info.ts'

/** One rule of a Role or ClusterRole, as it is written (rbac/v1 PolicyRule). */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[]
  /** `pods`, `pods/log`, every resource's scale as `*` + `/scale`, or everything as `*`. */
  readonly resources?: readonly string[]
  /** When there are some, requests that name no object are not covered. */
  readonly resourceNames?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
}

const all = '*'

/** Whether a rule lets a request through (pkg/apis/rbac/v1/evaluation_helpers.go). */
export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!includes(rule.verbs, asked.verb)) return false
  if (!asked.isResource)
    return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, asked.path))
  return (
    includes(rule.apiGroups, asked.group) &&
    resourcesCover(rule.resources, asked.resource, asked.subresource) &&
    namesCover(rule.resourceNames, asked.name)
  )
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(all) || list.includes(value))
}

function resourcesCover(
  resources: readonly string[] | undefined,
  resource: string,
  subresource: string,
): boolean {
  if (resources === undefined) return false
  const full = subresource === '' ? resource : `${resource}/${subresource}`
  for (const one of resources) {
    if (one === all || one === full) return true
    if (subresource !== '' && one === `*/${subresource}`) return true
  }
  return false
}

function namesCover(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name)
}

/** A `*` at the end of a rule's path stands for any rest. */
function urlCovers(url: string, path: string): boolean {
  if (url === all || url === path) return true
  return url.endsWith(all) && path.startsWith(url.slice(0, -1))
}

/** Whether `owned` gives everything that `asked` would: what an escalation check wants to know. */
export function ruleCovers(owned: PolicyRule, asked: PolicyRule): boolean {
  return (
    hasAll(owned.verbs, asked.verbs) &&
    hasAll(owned.apiGroups, asked.apiGroups) &&
    (asked.resources ?? []).every((one) => resourceOwned(owned.resources ?? [], one)) &&
    namesOwned(owned.resourceNames ?? [], asked.resourceNames ?? []) &&
    (asked.nonResourceURLs ?? []).every((url) =>
      (owned.nonResourceURLs ?? []).some((own) => urlCovers(own, url)),
    )
  )
}

function hasAll(owned: readonly string[] = [], asked: readonly string[] = []): boolean {
  return owned.includes(all) || asked.every((one) => owned.includes(one))
}

function resourceOwned(owned: readonly string[], asked: string): boolean {
  if (owned.includes(all) || owned.includes(asked)) return true
  const slash = asked.indexOf('/')
  return slash >= 0 && owned.includes(`*${asked.slice(slash)}`)
}

/** No names at all stand for every name. */
function namesOwned(owned: readonly string[], asked: readonly string[]): boolean {
  if (owned.length === 0) return true
  return asked.length > 0 && asked.every((name) => owned.includes(name))
}

/**
 * A rule cut into rules of one verb and one resource (or path) each, so that each can be covered by
 * a rule of its own (component-helpers/auth/rbac/validation/policy_comparator.go).
 */
export function* atomsOf(rule: PolicyRule): Generator<PolicyRule, void, undefined> {
  const names = rule.resourceNames ?? []
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? [])
      for (const resource of rule.resources ?? []) {
        const atom = { verbs: [verb], apiGroups: [group], resources: [resource] }
        if (names.length === 0) yield atom
        for (const name of names) yield { ...atom, resourceNames: [name] }
      }
    for (const url of rule.nonResourceURLs ?? []) yield { verbs: [verb], nonResourceURLs: [url] }
  }
}

/** What of `asked` is covered by none of `owned`. */
export function missingRules(
  owned: readonly PolicyRule[],
  asked: readonly PolicyRule[],
): PolicyRule[] {
  const missing: PolicyRule[] = []
  for (const rule of asked)
    for (const atom of atomsOf(rule))
      if (!owned.some((own) => ruleCovers(own, atom))) missing.push(atom)
  return missing
}
