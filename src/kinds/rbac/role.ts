import { column, defineKind, nameColumn } from '../define-kind.ts'
import type { FieldError } from '../kind.ts'
import { nameOf } from '../print.ts'
import type { ClusterRole, LabelSelector, PolicyRule, Role } from '../types.ts'
import { invalid, required } from '../validation/field-error.ts'
import { pathSegmentProblems } from '../validation/names.ts'
import { isEmptySelector, validateLabelSelector } from '../validation/validate-selector.ts'

const columns = [nameColumn, column('Created At', 'date', 'When it was created.')]
const shared = {
  group: 'rbac.authorization.k8s.io',
  nameRule: pathSegmentProblems,
  createOnUpdate: true,
  columns,
  row: ({ metadata }: { metadata: Role['metadata'] }) => [
    nameOf({ metadata }),
    metadata.creationTimestamp ?? '',
  ],
} as const

/** k8s.io/kubernetes pkg/apis/rbac/validation/validation.go: ValidateRole */
export const role = defineKind({
  ...shared,
  kind: 'Role',
  resource: 'roles',
  singular: 'role',
  definition: 'io.k8s.api.rbac.v1.Role',
  validateCreate: (object) => rulesErrors((object as Role).rules, true),
  validateUpdate: (object) => rulesErrors((object as Role).rules, true),
})

export const clusterRole = defineKind({
  ...shared,
  kind: 'ClusterRole',
  resource: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  definition: 'io.k8s.api.rbac.v1.ClusterRole',
  validateCreate: (object) => clusterRoleErrors(object as ClusterRole),
  validateUpdate: (object) => clusterRoleErrors(object as ClusterRole),
})

function clusterRoleErrors({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = rulesErrors(rules, false)
  if (!aggregationRule) return errors
  const at = 'aggregationRule.clusterRoleSelectors'
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length === 0)
    errors.push(
      required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
    )
  for (const [index, selector] of selectors.entries())
    errors.push(...selectorErrors(selector, `${at}[${index}]`))
  return errors
}

function selectorErrors(selector: LabelSelector, path: string): FieldError[] {
  if (!isEmptySelector(selector)) return validateLabelSelector(selector, path)
  return [invalid(path, selector, 'an empty selector is not allowed')]
}

function rulesErrors(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => ruleErrors(rule, namespaced, `rules[${index}]`))
}

function ruleErrors(rule: PolicyRule, namespaced: boolean, path: string): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  const urls = rule.nonResourceURLs ?? []
  const errors: FieldError[] = []
  if (verbs.length === 0)
    errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  if (urls.length > 0) {
    const at = `${path}.nonResourceURLs`
    if (namespaced)
      errors.push(invalid(at, urls, 'namespaced rules cannot apply to non-resource URLs'))
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      errors.push(
        invalid(at, urls, 'rules cannot apply to both regular resources and non-resource URLs'),
      )
    return errors
  }
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}
