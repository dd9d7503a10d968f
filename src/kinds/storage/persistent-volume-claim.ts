import {
  ageColumn,
  column,
  defineKind,
  keepAllButStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { compareQuantities, parseQuantity } from '../quantity.ts'
import { claimStatusErrors } from '../status/quantities.ts'
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
} from '../types.ts'
import { forbidden, same } from '../validation/field-error.ts'
import { accessModesText } from './access-modes.ts'
import { validateClaimSpec } from './validate-claim-spec.ts'

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
    pairSources(specOf(object))
  },
  prepareUpdate: keepStatus,
  prepareStatusUpdate: (object, old) => {
    keepAllButStatus(object, old)
    const status = { ...typed<PersistentVolumeClaim>(object).status }
    // core/v1/defaults.go SetDefaults_PersistentVolumeClaim.
    status.phase ||= 'Pending'
    object['status'] = status
  },
  validateCreate: (object) => validateClaimSpec(specOf(object), 'spec'),
  validateUpdate: (object, old) => [
    ...validateClaimSpec(specOf(object), 'spec'),
    ...fixedErrors(specOf(object), typed<PersistentVolumeClaim>(old)),
  ],
  validateStatusUpdate: (object) => claimStatusErrors(typed<PersistentVolumeClaim>(object)),
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

/**
 * What a volume is filled from stands in two fields, and the older one takes claims and snapshots only
 * (pkg/api/persistentvolumeclaim/util.go).
 */
function pairSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) {
    if (isClaimOrSnapshot(dataSource)) spec.dataSourceRef = { ...dataSource }
    else delete spec.dataSource
  } else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef
    spec.dataSource = apiGroup === undefined ? { kind, name } : { apiGroup, kind, name }
  }
}

function isClaimOrSnapshot({ apiGroup = '', kind }: TypedLocalObjectReference): boolean {
  if (apiGroup === '') return kind === 'PersistentVolumeClaim'
  return apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot'
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
