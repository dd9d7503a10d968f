import type { PodSpec, ResourceQuota, ScopedResourceSelectorRequirement } from '../types.ts'
import { isBestEffort } from './pod-amounts.ts'

/**
 * Whether a quota counts a pod, by its scopes (pkg/quota/v1/evaluator/core/pods.go). A quota with
 * scopes counts pods only.
 */
export function quotaCounts(quota: ResourceQuota, podSpec: PodSpec | undefined): boolean {
  const { scopes = [], scopeSelector } = quota.spec ?? {}
  const wanted: readonly ScopedResourceSelectorRequirement[] = [
    ...scopes.map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(scopeSelector?.matchExpressions ?? []),
  ]
  if (wanted.length === 0) return true
  if (!podSpec) return false
  return wanted.every((one) => matches(one, podSpec))
}

function matches(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  spec: PodSpec,
): boolean {
  switch (scopeName) {
    case 'Terminating':
      return terminates(spec)
    case 'NotTerminating':
      return !terminates(spec)
    case 'BestEffort':
      return isBestEffort(spec)
    case 'NotBestEffort':
      return !isBestEffort(spec)
    case 'PriorityClass':
      return selects(operator, values, spec.priorityClassName || undefined)
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec)
    default:
      return false
  }
}

function terminates({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0
}

function selects(operator: string, values: readonly string[], name: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return name !== undefined && values.includes(name)
    case 'NotIn':
      return name === undefined || !values.includes(name)
    case 'Exists':
      return name !== undefined
    default:
      return name === undefined
  }
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  const both = [affinity?.podAffinity, affinity?.podAntiAffinity]
  const terms = both.flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ])
  return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector)
}
