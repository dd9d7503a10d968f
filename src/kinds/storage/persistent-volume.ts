import { secretReferenceErrors, validateSource } from '../core/pod/validate-sources.ts'
import { validateNodeSelector } from '../core/validate-affinity.ts'
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
import { parseQuantity } from '../quantity.ts'
import { formatTime } from '../time.ts'
import type { PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus } from '../types.ts'
import {
  forbidden,
  immutable,
  invalid,
  invalids,
  notSupported,
  required,
  same,
} from '../validation/field-error.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { accessModesSupported, accessModesText } from './access-modes.ts'

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** k8s.io/kubernetes pkg/registry/core/persistentvolume/strategy.go */
export const persistentVolume = defineKind({
  kind: 'PersistentVolume',
  resource: 'persistentvolumes',
  singular: 'persistentvolume',
  shortNames: ['pv'],
  namespaced: false,
  definition: 'io.k8s.api.core.v1.PersistentVolume',
  subresources: [subresource('status', 'PersistentVolume', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    const { creationTimestamp } = object.metadata
    object['status'] = { phase: 'Pending', lastPhaseTransitionTime: creationTimestamp }
  },
  prepareUpdate: keepStatus,
  prepareStatusUpdate: (object, old, nowMs) => {
    keepAllButStatus(object, old)
    const status: PersistentVolumeStatus = { ...typed<PersistentVolume>(object).status }
    status.phase ||= 'Pending'
    object['status'] = status
    keepTransitionTime(status, typed<PersistentVolume>(old).status ?? {}, nowMs)
  },
  validateCreate: (object) => specErrors(specOf(object)),
  validateUpdate: (object, old) => [
    ...specErrors(specOf(object)),
    ...fixedErrors(specOf(object), specOf(old)),
  ],
  columns: [
    nameColumn,
    column('Capacity', 'string', 'How large it is.'),
    column('Access Modes', 'string', 'How many nodes may read and write.'),
    column('Reclaim Policy', 'string', 'What becomes of it without its claim.'),
    column('Status', 'string', 'How it is used.'),
    column('Claim', 'string', 'The claim that it is bound to.'),
    column('StorageClass', 'string', 'Its storage class.'),
    column('VolumeAttributesClass', 'string', 'Its volume attributes class.'),
    column('Reason', 'string', 'Why it failed.'),
    ageColumn,
    column('VolumeMode', 'string', 'Filesystem or Block.', { wide: true }),
  ],
  row,
})

/** When the phase became what it is: now, unless the writer says when (pkg/registry/core/persistentvolume/strategy.go). */
function keepTransitionTime(
  status: PersistentVolumeStatus,
  old: PersistentVolumeStatus,
  nowMs: number,
): void {
  const told = status.lastPhaseTransitionTime
  const isTold = told !== undefined && told !== old.lastPhaseTransitionTime
  if (status.phase === old.phase)
    status.lastPhaseTransitionTime = told ?? old.lastPhaseTransitionTime
  else if (!isTold) status.lastPhaseTransitionTime = formatTime(nowMs)
}

function specOf(object: AnyObject): PersistentVolumeSpec {
  return typed<PersistentVolume>(object).spec ?? {}
}

/** Fields of the spec that are no source of a volume. */
const otherFields: ReadonlySet<string> = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
])

function sourcesOf(spec: PersistentVolumeSpec): [string, unknown][] {
  return Object.entries(spec).filter(
    ([field, value]) => !otherFields.has(field) && value !== undefined,
  )
}

/** pkg/apis/core/validation/validation.go: ValidatePersistentVolumeSpec */
function specErrors(spec: PersistentVolumeSpec): FieldError[] {
  const { accessModes = [], capacity = {} } = spec
  const errors: FieldError[] = []
  if (accessModes.length === 0) errors.push(required('spec.accessModes'))
  for (const mode of accessModes)
    if (!accessModesSupported.includes(mode))
      errors.push(notSupported('spec.accessModes', mode, accessModesSupported))
  if (accessModes.includes('ReadWriteOncePod') && accessModes.length > 1)
    errors.push(
      forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'),
    )
  if (Object.keys(capacity).length === 0) errors.push(required('spec.capacity'))
  if (capacity['storage'] === undefined || Object.keys(capacity).length > 1)
    errors.push(notSupported('spec.capacity', Object.keys(capacity).join(), ['storage']))
  for (const [name, amount] of Object.entries(capacity))
    if (parseQuantity(amount).nano <= 0n)
      errors.push(invalid(`spec.capacity[${name}]`, amount, 'must be greater than zero'))
  const sources = sourcesOf(spec)
  if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'))
  for (const [source] of sources.slice(1))
    errors.push(forbidden(`spec.${source}`, 'may not specify more than 1 volume type'))
  const { hostPath, local, nodeAffinity } = spec
  if (hostPath?.path?.split('/').includes('..'))
    errors.push(invalid('spec.hostPath.path', hostPath.path, "must not contain '..'"))
  errors.push(...validateSource(spec, 'spec'), ...placeErrors(spec))
  if (local && !nodeAffinity)
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'))
  return errors
}

const secretFields = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

function placeErrors({ csi, nodeAffinity, volumeAttributesClassName }: PersistentVolumeSpec) {
  const errors = secretFields.flatMap((field) =>
    secretReferenceErrors(csi?.[field], `spec.csi.${field}`),
  )
  if (nodeAffinity && !nodeAffinity.required)
    errors.push(required('spec.nodeAffinity.required', 'must specify required node constraints'))
  if (nodeAffinity?.required)
    errors.push(
      ...validateNodeSelector(
        nodeAffinity.required.nodeSelectorTerms ?? [],
        'spec.nodeAffinity.required.nodeSelectorTerms',
      ),
    )
  if (volumeAttributesClassName === undefined) return errors
  const at = 'spec.volumeAttributesClassName'
  if (volumeAttributesClassName === '') errors.push(required(at, 'an empty string is disallowed'))
  else
    errors.push(
      ...invalids(
        at,
        volumeAttributesClassName,
        dns1123SubdomainProblems(volumeAttributesClassName),
      ),
    )
  if (!csi)
    errors.push(required('spec.csi', 'has to be specified when using volumeAttributesClassName'))
  return errors
}

/** A volume in use stays the volume that it is. */
function fixedErrors(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): FieldError[] {
  const errors: FieldError[] = []
  if (!same(Object.fromEntries(sourcesOf(spec)), Object.fromEntries(sourcesOf(old))))
    errors.push(
      forbidden(
        'spec.persistentvolumesource',
        'spec.persistentvolumesource is immutable after creation',
      ),
    )
  errors.push(...immutable('spec.volumeMode', spec.volumeMode, old.volumeMode))
  // A volume may be told where it is; that never changes (validatePvNodeAffinity, without labels of betas).
  if (old.nodeAffinity && !same(spec.nodeAffinity, old.nodeAffinity))
    errors.push(
      invalid(
        'nodeAffinity',
        spec.nodeAffinity,
        'field is immutable, except for updating from beta label to GA',
      ),
    )
  return errors
}

function row(object: AnyObject, nowMs: number): string[] {
  const spec = specOf(object)
  const { status, metadata } = typed<PersistentVolume>(object)
  const claim = spec.claimRef
  return [
    nameOf(object),
    spec.capacity?.['storage'] ?? '0',
    accessModesText(spec.accessModes),
    spec.persistentVolumeReclaimPolicy ?? '',
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
    metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? '<unset>',
    status?.reason ?? '',
    age(object, nowMs),
    spec.volumeMode ?? '<unset>',
  ]
}
