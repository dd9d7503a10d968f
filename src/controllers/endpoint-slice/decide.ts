import type { Endpoint, EndpointPort, EndpointSlice, Pod, Service } from '../../kinds/types.ts'
import { controllerReference } from '../ownership.ts'
import {
  type AddressType,
  type EndpointGroup,
  endpointGroups,
  familiesOf,
  portsKey,
} from './endpoints.ts'

export const serviceNameLabel = 'kubernetes.io/service-name'
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
export const managedBy = 'endpointslice-controller.k8s.io'
const headlessLabel = 'service.kubernetes.io/headless'
export const endpointsPerSliceMax = 100

export interface ServiceState {
  readonly service: Service
  /** The pods that its selector matches. */
  readonly pods: readonly Pod[]
  /** The slices that this controller made for it. */
  readonly slices: readonly EndpointSlice[]
  readonly zoneOf: (node: string) => string | undefined
}

export interface SliceActions {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly delete: readonly EndpointSlice[]
}

/** True for a service whose endpoints nobody but this controller writes. */
export function isSelecting(service: Service): boolean {
  const selector = service.spec?.selector
  return (
    service.spec?.type !== 'ExternalName' &&
    selector !== undefined &&
    Object.keys(selector).length > 0
  )
}

/**
 * The writes that make the slices tell the endpoints. An endpoint stays in its slice, so that a
 * change of one pod changes one slice; new ones fill the fullest slice that has room.
 */
export function decideSlices(state: ServiceState): SliceActions {
  const { service, pods, slices, zoneOf } = state
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  const kept = new Set<EndpointSlice>()
  for (const family of familiesOf(service)) {
    const groups = endpointGroups(service, pods, family, zoneOf)
    const ofFamily = slices.filter(
      (slice) => slice.addressType === family && !slice.metadata.deletionTimestamp,
    )
    // A service without endpoints keeps one empty slice: "none" is an answer too.
    const wanted = groups.length > 0 ? groups : [{ ports: [], endpoints: [] }]
    for (const group of wanted) {
      const key = portsKey(group.ports)
      const reusable = ofFamily.filter((slice) => !kept.has(slice) && portsKey(slice.ports) === key)
      for (const { slice, endpoints } of place(group, reusable)) {
        if (slice) {
          kept.add(slice)
          const next = sliceOf(service, family, group.ports, endpoints, slice)
          if (!sameSlice(slice, next)) update.push(next)
        } else create.push(sliceOf(service, family, group.ports, endpoints, undefined))
      }
    }
  }
  const surplus = slices.filter((slice) => !kept.has(slice) && !slice.metadata.deletionTimestamp)
  return { create, update, delete: surplus }
}

interface Placement {
  readonly slice: EndpointSlice | undefined
  readonly endpoints: readonly Endpoint[]
}

/** Distributes a group's endpoints over the slices that are there and over new ones. */
function place(group: EndpointGroup, slices: readonly EndpointSlice[]): readonly Placement[] {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]))
  const filled = slices.map((slice) => {
    const endpoints: Endpoint[] = []
    for (const old of slice.endpoints ?? []) {
      const key = endpointKey(old)
      const endpoint = wanted.get(key)
      if (!endpoint || endpoints.length >= endpointsPerSliceMax) continue
      wanted.delete(key)
      endpoints.push(endpoint)
    }
    return { slice: slice as EndpointSlice | undefined, endpoints }
  })
  const fresh = [...wanted.values()]
  const byFill = [...filled].sort((one, other) => other.endpoints.length - one.endpoints.length)
  for (const { endpoints } of byFill)
    endpoints.push(...fresh.splice(0, endpointsPerSliceMax - endpoints.length))
  while (fresh.length > 0)
    filled.push({ slice: undefined, endpoints: fresh.splice(0, endpointsPerSliceMax) })
  const used = filled.filter(({ endpoints }) => endpoints.length > 0)
  if (used.length > 0) return used
  return [filled[0] ?? { slice: undefined, endpoints: [] }]
}

function endpointKey(endpoint: Endpoint): string {
  return endpoint.targetRef?.uid ?? endpoint.addresses.join()
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

function sameSlice(one: EndpointSlice, other: EndpointSlice): boolean {
  const facts = (slice: EndpointSlice) => [
    Object.entries(slice.metadata.labels ?? {}).sort(),
    (slice.endpoints ?? []).map((endpoint) => [
      endpoint.addresses,
      endpoint.conditions?.ready ?? true,
      endpoint.conditions?.serving ?? true,
      endpoint.conditions?.terminating ?? false,
      endpoint.hostname,
      endpoint.nodeName,
      endpoint.zone,
      endpoint.targetRef?.uid,
    ]),
  ]
  return JSON.stringify(facts(one)) === JSON.stringify(facts(other))
}
