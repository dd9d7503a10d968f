import type { AnyObject } from '../../kinds/kind.ts'
import { compareQuantities, parseQuantity } from '../../kinds/quantity.ts'
import type { PersistentVolumeClaim, StorageClass } from '../../kinds/types.ts'
import { forbidden } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import { isKeySegment, objectKey } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const place = { group: 'storage.k8s.io', resource: 'storageclasses', namespaced: false }
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

/**
 * A claim grows when it is bound and its storage class allows it
 * (plugin/pkg/admission/storage/persistentvolume/resize/admission.go).
 */
export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  resources: ['persistentvolumeclaims'],
  judge(context, object, old) {
    if (!object || !old || context.info.subresource !== '' || !grows(object, old)) return
    const refused = (why: string) => forbidden(context.kind, object.metadata.name ?? '', why)
    if ((old as unknown as PersistentVolumeClaim).status?.phase !== 'Bound')
      throw refused('Only bound persistent volume claims can be expanded')
    if (!allowsExpansion(context, object, old))
      throw refused(
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc ' +
          'must support resize',
      )
  },
}

function grows(object: AnyObject, old: AnyObject): boolean {
  const [now, before] = [object, old].map((one) => {
    const { spec } = one as unknown as PersistentVolumeClaim
    return parseQuantity(spec?.resources?.requests?.['storage'] ?? '0')
  })
  return now !== undefined && before !== undefined && compareQuantities(now, before) > 0
}

function allowsExpansion({ options }: ResourceContext, object: AnyObject, old: AnyObject): boolean {
  const name = classOf(object)
  if (name === '' || name !== classOf(old) || !isKeySegment(name)) return false
  const record = options.store.view.get(objectKey(place, '', name))
  const found = record && (parseObject(record.value) as unknown as StorageClass)
  return found?.allowVolumeExpansion === true
}

function classOf(claim: AnyObject): string {
  const { metadata, spec } = claim as unknown as PersistentVolumeClaim
  return metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? ''
}
