import type { AnyObject } from '../../kinds/kind.ts'
import type { IngressSpec, PersistentVolumeClaimSpec } from '../../kinds/types.ts'
import type { StoreView } from '../../state/cluster-store.ts'
import { prefixEnd, resourcePrefix } from '../storage-keys.ts'
import { parseObject } from '../stored-object.ts'
import type { AdmissionPlugin } from './plugin.ts'

const storageClasses = { group: 'storage.k8s.io', resource: 'storageclasses', namespaced: false }
const ingressClasses = { group: 'networking.k8s.io', resource: 'ingressclasses', namespaced: false }
const oldStorageAnnotation = 'volume.beta.kubernetes.io/storage-class'
const oldIngressAnnotation = 'kubernetes.io/ingress.class'

/** A claim that names no class gets the default one (plugin/pkg/admission/storage/storageclass). */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  resources: ['persistentvolumeclaims'],
  complete({ options }, object) {
    const spec = object['spec'] as PersistentVolumeClaimSpec | undefined
    // An empty name says: none, not even the default.
    if (!spec || spec.storageClassName !== undefined) return
    if (object.metadata.annotations?.[oldStorageAnnotation] !== undefined) return
    const found = newestDefault(
      options.store.view,
      storageClasses,
      'storageclass.kubernetes.io/is-default-class',
    )
    if (found) spec.storageClassName = found.metadata.name
  },
}

/** As with claims (plugin/pkg/admission/network/defaultingressclass). */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  resources: ['networking.k8s.io/ingresses'],
  complete({ options }, object) {
    const spec = object['spec'] as IngressSpec | undefined
    if (!spec || spec.ingressClassName !== undefined) return
    if (object.metadata.annotations?.[oldIngressAnnotation] !== undefined) return
    const found = newestDefault(
      options.store.view,
      ingressClasses,
      'ingressclass.kubernetes.io/is-default-class',
    )
    if (found) spec.ingressClassName = found.metadata.name
  },
}

/** Of several defaults the newest; of equally new ones the first by name. */
function newestDefault(
  view: StoreView,
  place: Parameters<typeof resourcePrefix>[0],
  annotation: string,
): AnyObject | undefined {
  const prefix = resourcePrefix(place, '')
  const born = ({ metadata }: AnyObject) => Date.parse(metadata.creationTimestamp ?? '') || 0
  return view
    .range(prefix, prefixEnd(prefix))
    .items.map(({ value }) => parseObject(value))
    .filter(({ metadata }) => metadata.annotations?.[annotation] === 'true')
    .sort((left, right) => born(right) - born(left))[0]
}
