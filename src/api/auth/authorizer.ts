import { type StatusError, statusError } from '../../base/status.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import type { Attributes } from '../request-info.ts'
import type { PolicyRule } from './rbac/policy-rule.ts'
import type { User } from './user.ts'

export interface Decision {
  readonly allowed: boolean
  /** Why; empty for a plain refusal. */
  readonly reason: string
}

export interface Authorizer {
  /** Whether `user` may do it. Never waits: it decides from this member's copy of the policy. */
  authorize(user: User, asked: Attributes): Decision
  /**
   * The rules that let `user` do things in `namespace`. Incomplete for those whose rights follow from
   * more than rules: nodes.
   */
  rulesOf(user: User, namespace: string): UserRules
}

export interface UserRules {
  readonly rules: readonly PolicyRule[]
  readonly incomplete: boolean
  /** What could not be looked at. */
  readonly errors: readonly string[]
}

/**
 * As `authorize`, but a refusal that rests on a replica that lags is decided again after a barrier: who was
 * just given a right may use it at every member, and is told so.
 */
export async function authorizeFresh(
  { authorizer, store }: { readonly authorizer: Authorizer; readonly store: ClusterStore },
  user: User,
  asked: Attributes,
): Promise<Decision> {
  const decision = authorizer.authorize(user, asked)
  if (decision.allowed) return decision
  await store.barrier()
  return authorizer.authorize(user, asked)
}

/** Throws Forbidden unless `user` may create what a write to something that is not there would create. */
export async function requireCreate(
  options: Parameters<typeof authorizeFresh>[0],
  user: User,
  asked: Attributes,
): Promise<void> {
  const create = { ...asked, verb: 'create' }
  const decision = await authorizeFresh(options, user, create)
  if (!decision.allowed) throw forbidden(user, create, decision.reason)
}

/** Groups for which no question is asked: administrators, and the masters themselves. */
const unlimitedGroups: ReadonlySet<string> = new Set(['system:masters', 'kijabi:masters'])

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** The group of `user` for which no question is asked; undefined for all others. */
export function unlimitedGroup(user: User): string | undefined {
  return user.groups.find((group) => unlimitedGroups.has(group))
}

/**
 * Asks each of `authorizers` in turn until one allows (apiserver pkg/authorization/union).
 * Administrators are let through before.
 */
export function authorizeByAnyOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(user, asked) {
      const unlimited = unlimitedGroup(user)
      if (unlimited !== undefined) return { allowed: true, reason: `member of ${unlimited}` }
      const reasons: string[] = []
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(user, asked)
        if (decision.allowed) return decision
        if (decision.reason !== '') reasons.push(decision.reason)
      }
      return { allowed: false, reason: reasons.join(', ') }
    },
    rulesOf(user, namespace) {
      if (unlimitedGroup(user) !== undefined)
        return { rules: everything, incomplete: false, errors: [] }
      const found = authorizers.map((authorizer) => authorizer.rulesOf(user, namespace))
      return {
        rules: found.flatMap((one) => one.rules),
        incomplete: found.some((one) => one.incomplete),
        errors: found.flatMap((one) => one.errors),
      }
    },
  }
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

/** Throws Forbidden unless `user` may do it. */
export function requireAllowed(authorizer: Authorizer, user: User, asked: Attributes): void {
  const decision = authorizer.authorize(user, asked)
  if (!decision.allowed) throw forbidden(user, asked, decision.reason)
}
