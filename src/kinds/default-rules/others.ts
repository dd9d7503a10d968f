import type {
  ClusterRoleBinding,
  CSIDriverSpec,
  CustomResourceDefinitionSpec,
  DeviceRequest,
  NetworkPolicySpec,
  PriorityLevelConfigurationSpec,
  RoleBinding,
} from '../types.ts'
import type { DefaultRules } from './default-rule.ts'

/** Groups with a rule or two: RBAC, extension, networking, storage, flow control, devices. */
export const otherRules: DefaultRules = [
  ['ClusterRoleBinding', defaultBindingGroups],
  ['RoleBinding', defaultBindingGroups],
  ['CustomResourceDefinitionSpec', defaultNames],
  ['NetworkPolicySpec', defaultPolicyTypes],
  ['CSIDriverSpec', defaultLifecycle],
  ['PriorityLevelConfigurationSpec', defaultExempt],
  ['DeviceRequest', defaultCounts],
]

const rbacGroup = 'rbac.authorization.k8s.io'

/** pkg/apis/rbac/v1/defaults.go */
function defaultBindingGroups(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef) binding.roleRef.apiGroup ??= rbacGroup
  for (const subject of binding.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= rbacGroup
}

/** apiextensions-apiserver pkg/apis/apiextensions/v1/defaults.go */
function defaultNames({ names }: CustomResourceDefinitionSpec): void {
  if (!names?.kind) return
  names.singular ??= names.kind.toLowerCase()
  names.listKind ??= `${names.kind}List`
}

/** pkg/apis/networking/v1/defaults.go */
function defaultPolicyTypes(spec: NetworkPolicySpec): void {
  if ((spec.policyTypes ?? []).length > 0) return
  spec.policyTypes = ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])]
}

/** pkg/apis/storage/v1/defaults.go */
function defaultLifecycle(spec: CSIDriverSpec): void {
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
}

/** pkg/apis/flowcontrol/v1/defaults.go */
function defaultExempt(spec: PriorityLevelConfigurationSpec): void {
  if (spec.type === 'Exempt') spec.exempt ??= {}
}

/** pkg/apis/resource/v1/defaults.go */
function defaultCounts({ exactly, firstAvailable = [] }: DeviceRequest): void {
  for (const one of exactly ? [exactly, ...firstAvailable] : firstAvailable) {
    one.allocationMode ??= 'ExactCount'
    if (one.allocationMode === 'ExactCount') one.count ??= 1
  }
}
