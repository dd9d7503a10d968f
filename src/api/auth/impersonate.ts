import { statusError } from '../../base/status.ts'
import type { User } from '../context.ts'
import { unlimitedGroups } from './rules.ts'

/**
 * Who the request is to be carried out as: `user`, or whom its Impersonate-* headers name
 * (`kubectl --as`). Header names in lower case; several groups arrive joined by commas, as node:http
 * joins them. Throws Forbidden unless `user` may impersonate: a header that nobody looked at would
 * let the request run with more rights than its sender wanted.
 */
export function actingUser(user: User, headers: ReadonlyMap<string, string>): User {
  const name = headers.get('impersonate-user')
  const asked = [...headers.keys()].some((header) => header.startsWith('impersonate-'))
  if (!asked) return user
  if (!name)
    throw statusError('BadRequest', 'requested impersonation without naming a user to impersonate')
  if (!user.groups.some((group) => unlimitedGroups.has(group)))
    throw statusError(
      'Forbidden',
      `users ${JSON.stringify(name)} is forbidden: User ${JSON.stringify(user.name)} cannot ` +
        'impersonate resource "users" in API group "" at the cluster scope',
      { name, kind: 'users' },
    )
  const groups = (headers.get('impersonate-group') ?? '')
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
  return {
    name,
    uid: headers.get('impersonate-uid') ?? '',
    groups: [...new Set([...groupsOfName(name, groups), ...groups])],
  }
}

/** The groups that come with a name, as Kubernetes' impersonation filter adds them. */
function groupsOfName(name: string, groups: readonly string[]): string[] {
  if (name === 'system:anonymous') return ['system:unauthenticated']
  const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name)?.[1]
  const account =
    namespace !== undefined && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : []
  return groups.includes('system:unauthenticated') ? account : [...account, 'system:authenticated']
}
