import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { RoleBinding, RoleRef, Subject } from '../types.ts'
import { invalid, invalids, notSupported, required, same } from '../validation/field-error.ts'
import { dns1123SubdomainProblems, pathSegmentProblems } from '../validation/names.ts'

const group = 'rbac.authorization.k8s.io'
const shared = {
  group,
  nameRule: pathSegmentProblems,
  createOnUpdate: true,
  columns: [
    nameColumn,
    column('Role', 'string', 'What is granted.'),
    ageColumn,
    column('Users', 'string', 'Users that get it.', { wide: true }),
    column('Groups', 'string', 'Groups that get it.', { wide: true }),
    column('ServiceAccounts', 'string', 'Service accounts that get it.', { wide: true }),
  ],
  row,
}

/** k8s.io/kubernetes pkg/apis/rbac/validation/validation.go: ValidateRoleBinding */
export const roleBinding = defineKind({
  ...shared,
  kind: 'RoleBinding',
  resource: 'rolebindings',
  singular: 'rolebinding',
  definition: 'io.k8s.api.rbac.v1.RoleBinding',
  validateCreate: (object) => bindingErrors(object, true),
  validateUpdate: (object, old) => [
    ...bindingErrors(object, true),
    ...changedRoleErrors(object, old),
  ],
})

export const clusterRoleBinding = defineKind({
  ...shared,
  kind: 'ClusterRoleBinding',
  resource: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  definition: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  validateCreate: (object) => bindingErrors(object, false),
  validateUpdate: (object, old) => [
    ...bindingErrors(object, false),
    ...changedRoleErrors(object, old),
  ],
})

/** Both kinds of binding look alike. */
function bindingOf(object: AnyObject): RoleBinding {
  return typed<RoleBinding>(object)
}

function bindingErrors(object: AnyObject, namespaced: boolean): FieldError[] {
  const { roleRef, subjects = [] } = bindingOf(object)
  return [
    ...roleErrors(roleRef ?? {}, namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']),
    ...subjects.flatMap((subject, index) =>
      subjectErrors(subject, namespaced, `subjects[${index}]`),
    ),
  ]
}

function roleErrors(role: Partial<RoleRef>, kinds: readonly string[]): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = role
  const errors: FieldError[] = []
  if (apiGroup !== group) errors.push(notSupported('roleRef.apiGroup', apiGroup, [group]))
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds))
  if (name === '') errors.push(required('roleRef.name'))
  else errors.push(...invalids('roleRef.name', name, pathSegmentProblems(name)))
  return errors
}

function subjectErrors(subject: Subject, namespaced: boolean, path: string): FieldError[] {
  const { kind, name = '', apiGroup = '', namespace = '' } = subject
  const errors: FieldError[] = name === '' ? [required(`${path}.name`)] : []
  if (kind === 'ServiceAccount') {
    if (name !== '') errors.push(...invalids(`${path}.name`, name, dns1123SubdomainProblems(name)))
    if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']))
    if (!namespaced && namespace === '') errors.push(required(`${path}.namespace`))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [group]))
  } else errors.push(notSupported(`${path}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group']))
  return errors
}

/** Who may change the subjects must not thereby be able to grant another role. */
function changedRoleErrors(object: AnyObject, old: AnyObject): FieldError[] {
  const { roleRef } = bindingOf(object)
  if (same(roleRef, bindingOf(old).roleRef)) return []
  return [invalid('roleRef', roleRef, 'cannot change roleRef')]
}

function row(object: AnyObject, nowMs: number): string[] {
  const { roleRef, subjects = [] } = bindingOf(object)
  const named = (kind: string) => subjects.filter((subject) => subject.kind === kind)
  return [
    nameOf(object),
    `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
    age(object, nowMs),
    namesOf(named('User')),
    namesOf(named('Group')),
    named('ServiceAccount')
      .map(({ name, namespace }) => (namespace ? `${namespace}/${name}` : name))
      .join(', '),
  ]
}

function namesOf(subjects: readonly Subject[]): string {
  return subjects.map(({ name }) => name).join(', ')
}
