import { statusError } from '../../base/status.ts'
import type { Attributes } from '../request-info.ts'
import { type Authorizer, requireAllowed } from './authorizer.ts'
import type { User } from './user.ts'

const prefix = 'impersonate-'
const extraPrefix = 'impersonate-extra-'
/** How values of a header that came several times are kept apart: no header value can hold it. */
export const headerSeparator = '\n'

/**
 * Who the request is to be carried out as: `user`, or whom its Impersonate-* headers name
 * (`kubectl --as`; apiserver pkg/endpoints/filters/impersonation.go). Header names in lower case,
 * several values of one kept apart by `headerSeparator`. Throws Forbidden unless `user` may
 * impersonate all that is named: a header that nobody looked at would let the request run with more
 * rights than its sender wanted.
 */
export function actingUser(
  authorizer: Authorizer,
  user: User,
  headers: ReadonlyMap<string, string>,
): User {
  const asked = [...headers.keys()].some((header) => header.startsWith(prefix))
  if (!asked) return user
  const name = headers.get('impersonate-user')
  if (!name)
    throw statusError('BadRequest', 'requested impersonation without naming a user to impersonate')
  const groups = valuesOf(headers.get('impersonate-group'))
  const uid = headers.get('impersonate-uid') ?? ''
  const extra = extraOf(headers)
  const require = (target: Partial<Attributes>) =>
    requireAllowed(authorizer, user, { ...impersonation, ...target })
  const account = accountOf(name)
  if (account) require({ resource: 'serviceaccounts', ...account })
  else require({ resource: 'users', name })
  for (const group of groups) require({ resource: 'groups', name: group })
  for (const [key, values] of extra)
    for (const value of values)
      require({ ...authentication, resource: 'userextras', subresource: key, name: value })
  if (uid !== '') require({ ...authentication, resource: 'uids', name: uid })
  return {
    name,
    uid,
    groups: groupsWith(name, groups, account?.namespace),
    ...(extra.size > 0 ? { extra: Object.fromEntries(extra) } : {}),
    impersonator: user,
  }
}

const impersonation: Attributes = {
  verb: 'impersonate',
  isResource: true,
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
}
const authentication = { group: 'authentication.k8s.io' }

function valuesOf(header: string | undefined): string[] {
  return (header ?? '').split(headerSeparator).filter((value) => value !== '')
}

function extraOf(headers: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const extra = new Map<string, readonly string[]>()
  for (const [header, value] of headers)
    if (header.startsWith(extraPrefix))
      extra.set(unescaped(header.slice(extraPrefix.length)), valuesOf(value))
  return extra
}

/** Keys may hold characters that header names cannot: those come percent-encoded. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (error instanceof URIError) return key
    throw error
  }
}

function accountOf(name: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name)
  return match?.[1] && match[2] ? { namespace: match[1], name: match[2] } : undefined
}

/** With the groups that come with a name. */
function groupsWith(
  name: string,
  asked: readonly string[],
  namespace: string | undefined,
): string[] {
  const groups =
    namespace !== undefined && asked.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : [...asked]
  const known = groups.some(
    (group) => group === 'system:authenticated' || group === 'system:unauthenticated',
  )
  if (!known)
    groups.push(name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated')
  return [...new Set(groups)]
}
