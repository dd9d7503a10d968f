import {
  ageColumn,
  column,
  defineKind,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../types.ts'
import {
  forbidden,
  invalid,
  invalids,
  notSupported,
  required,
  same,
} from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { validateLabelSelector } from '../validation/validate-selector.ts'
import { accessModesSupported, accessModesText } from './access-modes.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** k8s.io/kubernetes pkg/registry/core/persistentvolumeclaim/strategy.go */
export const persistentVolumeClaim = defineKind({
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  singular: 'persistentvolumeclaim',
  shortNames: ['pvc'],
  definition: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  subresources: [subresource('status', 'PersistentVolumeClaim', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    object['status'] = { phase: 'Pending' }
  },
  prepareUpdate: keepStatus,
  validateCreate: (object) => validateClaimSpec(specOf(object), 'spec'),
  validateUpdate: (object, old) => [
    ...validateClaimSpec(specOf(object), 'spec'),
    ...fixedErrors(specOf(object), typed<PersistentVolumeClaim>(old)),
  ],
  columns: [
    nameColumn,
    column('Status', 'string', 'Whether it has a volume.'),
    column('Volume', 'string', 'The volume that it has.'),
    column('Capacity', 'string', 'How large the volume is.'),
    column('Access Modes', 'string', 'How many nodes may read and write.'),
    column('StorageClass', 'string', 'Its storage class.'),
    column('VolumeAttributesClass', 'string', 'Its volume attributes class.'),
    ageColumn,
    column('VolumeMode', 'string', 'Filesystem or Block.', { wide: true }),
  ],
  row,
})

function specOf(object: AnyObject): PersistentVolumeClaimSpec {
  return typed<PersistentVolumeClaim>(object).spec ?? {}
}

/** pkg/apis/core/validation/validation.go: ValidatePersistentVolumeClaimSpec */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { accessModes = [], selector, resources, storageClassName, dataSource } = spec
  const errors: FieldError[] = []
  if (accessModes.length === 0)
    errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'))
  errors.push(...validateLabelSelector(selector, `${path}.selector`))
  for (const mode of accessModes)
    if (!accessModesSupported.includes(mode))
      errors.push(notSupported(`${path}.accessModes`, mode, accessModesSupported))
  if (accessModes.includes('ReadWriteOncePod') && accessModes.length > 1)
    errors.push(
      forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'),
    )
  const storage = resources?.requests?.['storage']
  const at = `${path}.resources[storage]`
  if (storage === undefined) errors.push(required(at))
  else if (parseQuantity(storage).nano <= 0n)
    errors.push(invalid(at, storage, 'must be greater than zero'))
  if (storageClassName)
    errors.push(
      ...invalids(
        `${path}.storageClassName`,
        storageClassName,
        dns1123SubdomainProblems(storageClassName),
      ),
    )
  if (dataSource && !dataSource.apiGroup && dataSource.kind !== 'PersistentVolumeClaim')
    errors.push(
      invalid(
        `${path}.dataSource`,
        dataSource.kind,
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      ),
    )
  return errors
}

/** A bound claim may grow and change its attributes class; an unbound one may get its volume. */
function fixedErrors(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaim): FieldError[] {
  const before = { ...old.spec }
  const now = { ...spec }
  if (!before.volumeName) before.volumeName = now.volumeName
  const bound = old.status?.phase === 'Bound'
  const asked = now.resources?.requests?.['storage']
  const had = before.resources?.requests?.['storage']
  if (bound) {
    now.resources = { ...now.resources, requests: before.resources?.requests }
    now.volumeAttributesClassName = before.volumeAttributesClassName
  }
  const errors: FieldError[] = []
  if (!same(defined(now), defined(before)))
    errors.push(
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and ' +
          'volumeAttributesClassName for bound claims',
      ),
    )
  const given = old.status?.capacity?.['storage']
  if (bound && asked !== undefined && had !== undefined && isLess(asked, had))
    if (given === undefined || !isLess(given, asked))
      errors.push(
        forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'),
      )
  return errors
}

function isLess(amount: string, than: string): boolean {
  return compareQuantities(parseQuantity(amount), parseQuantity(than)) < 0
}

function defined(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>
}

function row(object: AnyObject, nowMs: number): string[] {
  const spec = specOf(object)
  const { status, metadata } = typed<PersistentVolumeClaim>(object)
  const bound = (spec.volumeName ?? '') !== ''
  return [
    nameOf(object),
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec.volumeName ?? '',
    bound ? (status?.capacity?.['storage'] ?? '0') : '',
    bound ? accessModesText(status?.accessModes) : '',
    metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? '<unset>',
    age(object, nowMs),
    spec.volumeMode ?? '<unset>',
  ]
}
