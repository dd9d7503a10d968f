import type { FieldError } from '../../kind.ts'
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  ISCSIVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
  Volume,
} from '../../types.ts'
import { invalid, invalids, notSupported, required } from '../../validation/field-error.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../validation/names.ts'

/**
 * Rules of sources that volumes of pods and persistent volumes have alike, beyond those of single fields
 * (k8s.io/kubernetes pkg/apis/core/validation/validation.go: validateVolumeSource, ValidatePersistentVolumeSpec).
 */
export function validateSource(volume: Volume | PersistentVolumeSpec, path: string): FieldError[] {
  const { azureDisk, fc, flocker, iscsi } = volume
  return [
    ...(iscsi ? iscsiErrors(iscsi, `${path}.iscsi`) : []),
    ...(flocker ? flockerErrors(flocker, `${path}.flocker`) : []),
    ...(fc ? fibreChannelErrors(fc, `${path}.fc`) : []),
    ...(azureDisk ? azureDiskErrors(azureDisk, `${path}.azureDisk`) : []),
  ]
}

const initiatorForms: readonly (readonly [prefix: string, form: RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9-.]+)(:([^,;*&$|\s]+))$/],
  ['eui', /^eui.[0-9A-Fa-f]{16}$/],
  ['naa', /^naa.[0-9A-Fa-f]{32}$/],
]

function iscsiErrors(source: ISCSIVolumeSource, path: string): FieldError[] {
  const { iqn, initiatorName, chapAuthDiscovery, chapAuthSession, secretRef } = source
  const errors = iqn ? nameErrors(iqn, `${path}.iqn`) : []
  if ((chapAuthDiscovery || chapAuthSession) && !secretRef)
    errors.push(required(`${path}.secretRef`))
  if (initiatorName !== undefined)
    errors.push(...nameErrors(initiatorName, `${path}.initiatorname`))
  return errors
}

function nameErrors(name: string, path: string): FieldError[] {
  const known = initiatorForms.find(([prefix]) => name.startsWith(prefix))
  if (known?.[1].test(name)) return []
  // Of persistent volumes Kubernetes does not say how a name begins.
  const inPod = path.includes('.volumes[')
  const detail = known || !inPod ? 'must be valid format' : initiatorDetail
  return [invalid(path, name, detail)]
}

const initiatorDetail = 'must be valid format starting with iqn, eui, or naa'

function flockerErrors(
  { datasetName, datasetUUID }: FlockerVolumeSource,
  path: string,
): FieldError[] {
  if (!datasetName && !datasetUUID)
    return [required(path, 'one of datasetName and datasetUUID is required')]
  const errors: FieldError[] = []
  if (datasetName && datasetUUID)
    errors.push(
      invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'),
    )
  if (datasetName?.includes('/'))
    errors.push(invalid(`${path}.datasetName`, datasetName, "must not contain '/'"))
  return errors
}

const lunMax = 255

function fibreChannelErrors(source: FCVolumeSource, path: string): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = source
  const errors: FieldError[] = []
  if (targetWWNs.length + wwids.length === 0)
    errors.push(
      required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'),
    )
  if (targetWWNs.length === 0) return errors
  if (wwids.length > 0)
    errors.push(
      invalid(
        `${path}.targetWWNs`,
        targetWWNs,
        'targetWWNs and wwids can not be specified simultaneously',
      ),
    )
  if (lun === undefined)
    errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'))
  else if (lun < 0 || lun > lunMax)
    errors.push(invalid(`${path}.lun`, lun, `must be between 0 and ${lunMax}, inclusive`))
  return errors
}

const managedDisk =
  '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

function azureDiskErrors({ kind, diskURI }: AzureDiskVolumeSource, path: string): FieldError[] {
  if (kind === undefined || !diskURI) return []
  const [start, form] =
    kind === 'Managed' ? ['/subscriptions/', managedDisk] : ['https://', blobDisk]
  return diskURI.startsWith(start) ? [] : [notSupported(`${path}.diskURI`, diskURI, [form])]
}

/** A Secret in some namespace, both of which must be named. */
export function secretReferenceErrors(
  reference: SecretReference | undefined,
  path: string,
): FieldError[] {
  if (!reference) return []
  const { name = '', namespace = '' } = reference
  return [
    ...(name === ''
      ? [required(`${path}.name`)]
      : invalids(`${path}.name`, name, dns1123SubdomainProblems(name))),
    ...(namespace === ''
      ? [required(`${path}.namespace`)]
      : invalids(`${path}.namespace`, namespace, dns1123LabelProblems(namespace))),
  ]
}
