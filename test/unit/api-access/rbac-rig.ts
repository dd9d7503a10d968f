import type { Authorizer } from '../../../src/api/auth/authorizer.ts'
import type { PolicyRule } from '../../../src/api/auth/rbac/policy-rule.ts'
import { rbacPlaces, type Subject } from '../../../src/api/auth/rbac/rbac-objects.ts'
import { createAuthorizer } from '../../../src/api/auth/standard-authorizer.ts'
import type { User } from '../../../src/api/context.ts'
import type { Proposer } from '../../../src/api/raft-store/proposer.ts'
import { attributesOf, parseRequestInfo } from '../../../src/api/request-info.ts'
import { objectKey } from '../../../src/api/storage-keys.ts'
import { encodeObject } from '../../../src/kinds/encode.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'

export type Place = Parameters<typeof objectKey>[0]

/** Objects put into a store by hand, and what an authorizer over it says. */
export interface PolicyRig extends AsyncDisposable {
  readonly store: Proposer
  readonly authorizer: Authorizer
  put(place: Place, object: AnyObject): Promise<void>
  remove(place: Place, namespace: string, name: string): Promise<void>
  /** `yes`, or why not. */
  ask(user: User, method: string, path: string): string
}

export async function openPolicy(): Promise<PolicyRig> {
  const { store } = await openMemoryStore()
  const authorizer = createAuthorizer(store)
  return {
    store,
    authorizer,
    put: (place, object) => putStored(store, place, object),
    async remove(place, namespace, name) {
      const key = objectKey(place, namespace, name)
      await store.commit({ compares: [], success: [{ op: 'delete', key }], failure: [] })
    },
    ask(user, method, path) {
      const { allowed, reason } = authorizer.authorize(
        user,
        attributesOf(parseRequestInfo(method, path)),
      )
      return allowed ? 'yes' : reason
    },
    [Symbol.asyncDispose]: () => store.stop(),
  }
}

/** Stores an object of whatever kind, past all checks. */
export async function putStored(store: Proposer, place: Place, object: AnyObject): Promise<void> {
  const { namespace = '', name = '' } = object.metadata
  const { bytes, revisionOffset } = encodeObject(object)
  const key = objectKey(place, namespace, name)
  await store.commit({
    compares: [],
    success: [{ op: 'put', key, value: bytes, revisionOffset }],
    failure: [],
  })
}

export function userNamed(name: string, ...groups: string[]): User {
  return { name, uid: '', groups: [...groups, 'system:authenticated'] }
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  more: object = {},
): AnyObject {
  return { metadata: { name }, rules, ...more }
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): AnyObject {
  return { metadata: { namespace, name }, rules }
}

/** A ClusterRoleBinding, or with a namespace a RoleBinding. */
export function bindingOf(
  name: string,
  roleRef: { kind: 'Role' | 'ClusterRole'; name: string },
  subjects: readonly Subject[],
  namespace?: string,
): AnyObject {
  return { metadata: { name, ...(namespace ? { namespace } : {}) }, roleRef, subjects }
}

export const { clusterRoles, roles, clusterRoleBindings, roleBindings } = rbacPlaces
