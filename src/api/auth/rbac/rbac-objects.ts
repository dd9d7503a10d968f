import type { AnyObject } from '../../../kinds/kind.ts'
import type { PolicyRule } from './policy-rule.ts'

/** The four kinds of rbac.authorization.k8s.io/v1, as far as decisions look at them. */
export const rbacGroup = 'rbac.authorization.k8s.io'

export interface Role extends AnyObject {
  rules?: readonly PolicyRule[] | undefined
}

export interface ClusterRole extends Role {
  aggregationRule?: { readonly clusterRoleSelectors?: readonly object[] | undefined } | undefined
}

export interface Subject {
  readonly kind: string
  readonly apiGroup?: string | undefined
  readonly name: string
  readonly namespace?: string | undefined
}

export interface RoleRef {
  readonly apiGroup?: string | undefined
  readonly kind: string
  readonly name: string
}

/** A RoleBinding or a ClusterRoleBinding. */
export interface Binding extends AnyObject {
  subjects?: readonly Subject[] | undefined
  roleRef: RoleRef
}

/** Where each of them lives. */
export const rbacPlaces = {
  roles: { group: rbacGroup, resource: 'roles', namespaced: true },
  clusterRoles: { group: rbacGroup, resource: 'clusterroles', namespaced: false },
  roleBindings: { group: rbacGroup, resource: 'rolebindings', namespaced: true },
  clusterRoleBindings: { group: rbacGroup, resource: 'clusterrolebindings', namespaced: false },
} as const

/**
 * Whom a subject names, in the form in which users are looked up: `u:<name>` or `g:<group>`.
 * A service account is the user that its tokens speak for.
 */
export function subjectId(subject: Subject, bindingNamespace: string): string {
  switch (subject.kind) {
    case 'User':
      return `u:${subject.name}`
    case 'Group':
      return `g:${subject.name}`
    case 'ServiceAccount':
      return `u:system:serviceaccount:${subject.namespace || bindingNamespace}:${subject.name}`
    default:
      return ''
  }
}
