import { type StatusError, statusError } from '../../base/status.ts'
import type { RequestInfo, User } from '../context.ts'
import { nodeNameOf } from './node-restriction.ts'
import {
  basicUserRules,
  discoveryPaths,
  nodeRules,
  type PathRule,
  type PolicyRule,
  proxyRules,
  publicPaths,
  unlimitedGroups,
} from './rules.ts'

export interface Decision {
  readonly allowed: boolean
  /** Why; empty for a plain refusal. */
  readonly reason: string
}

/** What of a request a decision looks at. */
export type Attributes = Pick<
  RequestInfo,
  'verb' | 'isResource' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'
>

/** Whether `user` may do it. Pure: rules of the identities that the cluster itself hands out. */
export function authorize(user: User, info: Attributes): Decision {
  const unlimited = user.groups.find((group) => unlimitedGroups.has(group))
  if (unlimited !== undefined) return { allowed: true, reason: `member of ${unlimited}` }
  return info.isResource ? authorizeResource(user, info) : authorizePath(user, info)
}

function authorizePath(user: User, info: Attributes): Decision {
  const rules = [publicPaths, ...(isAuthenticated(user) ? [discoveryPaths] : [])]
  const allowed = rules.some((rule) => coversPath(rule, info))
  return { allowed, reason: allowed ? 'discovery and health are open' : '' }
}

function coversPath(rule: PathRule, info: Attributes): boolean {
  return (
    rule.verbs.includes(info.verb) &&
    rule.paths.some((path) =>
      path.endsWith('*') ? info.path.startsWith(path.slice(0, -1)) : info.path === path,
    )
  )
}

function authorizeResource(user: User, info: Attributes): Decision {
  if (!isAuthenticated(user)) return { allowed: false, reason: '' }
  const node = nodeNameOf(user)
  for (const { rules, name } of rolesOf(user))
    if (rules.some((rule) => coversResource(rule, info, node)))
      return { allowed: true, reason: `rule of ${name}` }
  return { allowed: false, reason: '' }
}

/** What the rules let `user` do; for administrators, everything. */
export function rulesOf(user: User): {
  readonly resources: readonly PolicyRule[]
  readonly paths: readonly PathRule[]
} {
  if (user.groups.some((group) => unlimitedGroups.has(group)))
    return {
      resources: [{ groups: ['*'], resources: ['*'], verbs: ['*'] }],
      paths: [{ paths: ['*'], verbs: ['*'] }],
    }
  if (!isAuthenticated(user)) return { resources: [], paths: [publicPaths] }
  return {
    resources: rolesOf(user).flatMap((role) => role.rules),
    paths: [publicPaths, discoveryPaths],
  }
}

function rolesOf(user: User): { name: string; rules: readonly PolicyRule[] }[] {
  const roles = [{ name: 'system:basic-user', rules: basicUserRules }]
  if (nodeNameOf(user) !== undefined) roles.push({ name: 'system:node', rules: nodeRules })
  if (user.name === 'system:kube-proxy')
    roles.push({ name: 'system:kube-proxy', rules: proxyRules })
  return roles
}

function coversResource(rule: PolicyRule, info: Attributes, node: string | undefined): boolean {
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  if (!rule.groups.includes(info.group) || !rule.resources.includes(resource)) return false
  if (!rule.verbs.includes(info.verb)) return false
  if (rule.namespace !== undefined && rule.namespace !== info.namespace) return false
  // A create names its object in the body alone: restrictNode reads it there.
  return !rule.ownNodeOnly || info.name === node || (info.name === '' && info.verb === 'create')
}

function isAuthenticated(user: User): boolean {
  return user.groups.includes('system:authenticated')
}

/** The refusal in Kubernetes' words (apiserver pkg/endpoints/handlers/responsewriters/errors.go). */
export function forbidden(user: User, info: Attributes, reason = ''): StatusError {
  const because = reason === '' ? '' : `: ${reason}`
  const who = `User ${JSON.stringify(user.name)} cannot ${info.verb}`
  if (!info.isResource)
    return statusError(
      'Forbidden',
      `forbidden: ${who} path ${JSON.stringify(info.path)}${because}`,
      {},
    )
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  const scope =
    info.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace ${JSON.stringify(info.namespace)}`
  const kind = info.group === '' ? info.resource : `${info.resource}.${info.group}`
  const subject = info.name === '' ? kind : `${kind} ${JSON.stringify(info.name)}`
  return statusError(
    'Forbidden',
    `${subject} is forbidden: ${who} resource ${JSON.stringify(resource)} ` +
      `in API group ${JSON.stringify(info.group)} ${scope}${because}`,
    { name: info.name || undefined, group: info.group || undefined, kind: info.resource },
  )
}
