import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, nameOf } from '../print.ts'
import { statusOf } from '../status/counts.ts'
import { attachmentStatusErrors } from '../status/quantities.ts'
import type { VolumeAttachment } from '../types.ts'
import { forbidden, immutable, required } from '../validation/field-error.ts'

/** k8s.io/kubernetes pkg/apis/storage/validation/validation.go: ValidateVolumeAttachment */
export const volumeAttachment = defineKind({
  group: 'storage.k8s.io',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  definition: 'io.k8s.api.storage.v1.VolumeAttachment',
  hasStatus: true,
  statusKeeps: 'all',
  unconditionalUpdate: false,
  subresources: [subresource('status', 'VolumeAttachment', ['get', 'patch', 'update'])],
  validateCreate: sourceErrors,
  validateUpdate: (object, old) => immutable('spec', object['spec'], old['spec']),
  validateStatusUpdate: (object) => attachmentStatusErrors(statusOf(object)),
  columns: [
    nameColumn,
    column('Attacher', 'string', 'Its driver.', { format: 'name' }),
    column('PV', 'string', 'The volume.'),
    column('Node', 'string', 'The node.'),
    column('Attached', 'boolean', 'Whether it is attached.'),
    ageColumn,
  ],
  row: (object, nowMs) => {
    const { spec, status } = typed<Partial<VolumeAttachment>>(object)
    return [
      nameOf(object),
      spec?.attacher ?? '',
      spec?.source?.persistentVolumeName ?? '',
      spec?.nodeName ?? '',
      status?.attached ?? false,
      age(object, nowMs),
    ]
  },
})

function sourceErrors(object: AnyObject): FieldError[] {
  const source = typed<Partial<VolumeAttachment>>(object).spec?.source ?? {}
  const { persistentVolumeName, inlineVolumeSpec } = source
  if (persistentVolumeName === undefined && !inlineVolumeSpec)
    return [
      required(
        'spec.source',
        'must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      ),
    ]
  if (persistentVolumeName !== undefined && inlineVolumeSpec)
    return [
      forbidden(
        'spec.source',
        'must specify exactly one of inlineVolumeSpec and persistentVolumeName',
      ),
    ]
  return persistentVolumeName === ''
    ? [required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName')]
    : []
}
