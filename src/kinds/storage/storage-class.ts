import { ageColumn, column, defineKind, nameColumn } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import type { StorageClass, VolumeAttributesClass } from '../types.ts'
import { forbidden, immutable, invalids, required, same } from '../validation/field-error.ts'
import { dns1123SubdomainProblems, qualifiedNameProblems } from '../validation/names.ts'

/** Marks the class of claims that name none. */
export const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class'

/** k8s.io/kubernetes pkg/apis/storage/validation/validation.go: ValidateStorageClass */
export const storageClass = defineKind({
  group: 'storage.k8s.io',
  kind: 'StorageClass',
  resource: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  definition: 'io.k8s.api.storage.v1.StorageClass',
  validateCreate: classErrors,
  validateUpdate: (object, old) => [...classErrors(object), ...fixedErrors(object, old)],
  columns: [
    nameColumn,
    column('Provisioner', 'string', 'Who makes its volumes.'),
    column('ReclaimPolicy', 'string', 'What becomes of volumes without their claim.'),
    column('VolumeBindingMode', 'string', 'When volumes are bound.'),
    column('AllowVolumeExpansion', 'string', 'Whether volumes may grow.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion, metadata } =
      typed<StorageClass>(object)
    const isDefault = metadata.annotations?.[defaultClassAnnotation] === 'true'
    return [
      `${nameOf(object)}${isDefault ? ' (default)' : ''}`,
      provisioner ?? '',
      reclaimPolicy ?? 'Delete',
      volumeBindingMode ?? 'Immediate',
      allowVolumeExpansion ?? false,
      age(object, nowMs),
    ]
  },
})

function classErrors(object: AnyObject): FieldError[] {
  const { provisioner = '', parameters = {} } = typed<StorageClass>(object)
  const errors: FieldError[] =
    provisioner === ''
      ? []
      : invalids('provisioner', provisioner, qualifiedNameProblems(provisioner.toLowerCase()))
  if (Object.keys(parameters).includes(''))
    errors.push(required('parameters', 'field can not be empty.'))
  return errors
}

/** Volumes of a class are alike, so a class never changes what they are like. */
function fixedErrors(object: AnyObject, old: AnyObject): FieldError[] {
  return ['parameters', 'provisioner', 'reclaimPolicy']
    .filter((field) => !same(object[field], old[field]))
    .map((field) => forbidden(field, `updates to ${field} are forbidden.`))
}

export const volumeAttributesClass = defineKind({
  group: 'storage.k8s.io',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  shortNames: ['vac'],
  namespaced: false,
  definition: 'io.k8s.api.storage.v1.VolumeAttributesClass',
  validateCreate: (object) => {
    const { driverName = '', parameters = {} } = typed<VolumeAttributesClass>(object)
    const errors =
      driverName === ''
        ? []
        : invalids('driverName', driverName, dns1123SubdomainProblems(driverName))
    if (Object.keys(parameters).length === 0)
      errors.push(required('parameters', 'must contain at least one key/value pair'))
    return errors
  },
  validateUpdate: (object, old) =>
    ['driverName', 'parameters'].flatMap((field) => immutable(field, object[field], old[field])),
  columns: [nameColumn, column('DriverName', 'string', 'Its CSI driver.'), ageColumn],
  row: (object, nowMs) => [
    nameOf(object),
    typed<VolumeAttributesClass>(object).driverName ?? '',
    age(object, nowMs),
  ],
})
