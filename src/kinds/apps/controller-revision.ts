import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { ControllerRevision } from '../types.ts'
import { immutable, required } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'

/** k8s.io/kubernetes pkg/apis/apps/validation/validation.go: ValidateControllerRevision */
export const controllerRevision = defineKind({
  group: 'apps',
  kind: 'ControllerRevision',
  resource: 'controllerrevisions',
  singular: 'controllerrevision',
  definition: 'io.k8s.api.apps.v1.ControllerRevision',
  validateCreate: revisionErrors,
  validateUpdate: (object, old) => [
    ...revisionErrors(object),
    ...immutable('data', object['data'], old['data']),
  ],
  columns: [
    nameColumn,
    column('Controller', 'string', 'Whose state it is.'),
    column('Revision', 'string', 'Its number.'),
    ageColumn,
  ],
  row: (object, nowMs) => [
    nameOf(object),
    controllerOf(object),
    typed<ControllerRevision>(object).revision ?? 0,
    age(object, nowMs),
  ],
})

function revisionErrors(object: AnyObject): FieldError[] {
  const { data, revision } = typed<ControllerRevision>(object)
  return [
    ...(data === undefined ? [required('data', 'data is mandatory')] : []),
    ...nonNegative(revision, 'revision'),
  ]
}

/** `statefulset.apps/web` */
function controllerOf({ metadata }: AnyObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  if (!owner) return '<none>'
  const { apiVersion = '', kind = '', name = '' } = owner
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : ''
  return `${kind.toLowerCase()}${group}/${name}`
}
