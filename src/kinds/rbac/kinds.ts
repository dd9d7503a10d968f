import type { Kind } from '../kind.ts'
import { clusterRole, role } from './role.ts'
import { clusterRoleBinding, roleBinding } from './role-binding.ts'

/** The group rbac.authorization.k8s.io. */
export const rbacKinds: readonly Kind[] = [clusterRole, clusterRoleBinding, role, roleBinding]
