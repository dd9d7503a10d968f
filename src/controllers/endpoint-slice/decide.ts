import type { Endpoint, EndpointPort, EndpointSlice, Pod, Service } from '../../kinds/types.ts'
import { controllerReference } from '../ownership.ts'
import { type AddressType, endpointGroups, familiesOf } from './endpoints.ts'
import { placeEndpoints, type SliceActions } from './placement.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'

export interface ServiceState {
  readonly service: Service
  /** The pods that its selector matches. */
  readonly pods: readonly Pod[]
  /** The slices that this controller made for it. */
  readonly slices: readonly EndpointSlice[]
  readonly zoneOf: (node: string) => string | undefined
}

/** The writes that make the slices tell the endpoints. */
export function decideSlices(state: ServiceState): SliceActions {
  const { service, pods, slices, zoneOf } = state
  const wanted = familiesOf(service).map((family) => {
    const groups = endpointGroups(service, pods, family, zoneOf)
    // A service without endpoints keeps one empty slice: "none" is an answer too.
    return { family, groups: groups.length > 0 ? groups : [{ ports: [], endpoints: [] }] }
  })
  return placeEndpoints(wanted, slices, (...content) => sliceOf(service, ...content))
}

function sliceOf(
  service: Service,
  family: AddressType,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
  old: EndpointSlice | undefined,
): EndpointSlice {
  const { name = '', namespace } = service.metadata
  const labels = labelsOf(service)
  const metadata = old
    ? { ...old.metadata, labels }
    : {
        generateName: `${name}-`,
        namespace,
        labels,
        ownerReferences: [controllerReference('v1', 'Service', service)],
      }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: family,
    endpoints: [...endpoints],
    ports: [...ports],
  }
}

/** A service's own labels, and those by which readers find the slices. */
function labelsOf(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [serviceNameLabel]: service.metadata.name ?? '',
    [managedByLabel]: managedBy,
    ...(service.spec?.clusterIP === 'None' ? { [headlessLabel]: '' } : {}),
  }
}
