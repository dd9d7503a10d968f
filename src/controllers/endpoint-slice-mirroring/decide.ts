import type {
  Endpoint,
  EndpointAddress,
  EndpointPort,
  EndpointSlice,
  Endpoints,
  Service,
} from '../../kinds/types.ts'
import { managedByLabel, serviceNameLabel } from '../endpoint-slice/decide.ts'
import type { AddressType, EndpointGroup } from '../endpoint-slice/endpoints.ts'
import { placeEndpoints, type SliceActions } from '../endpoint-slice/placement.ts'
import { controllerReference } from '../ownership.ts'

export const managedBy = 'endpointslicemirroring-controller.k8s.io'
export const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
/** Of what kubectl applied only the Endpoints themselves know. */
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'
/** Addresses past these of a subset are not mirrored. */
const addressesPerSubsetMax = 1_000

/**
 * True for Endpoints that somebody writes by hand for a service without selector
 * (pkg/controller/endpointslicemirroring/utils.go: skipMirror).
 */
export function isMirrored(endpoints: Endpoints, service: Service | undefined): boolean {
  const { labels, annotations, deletionTimestamp } = endpoints.metadata
  return (
    service !== undefined &&
    service.spec?.selector === undefined &&
    deletionTimestamp === undefined &&
    labels?.[skipMirrorLabel] !== 'true' &&
    annotations?.[leaderAnnotation] === undefined
  )
}

/** The writes that make `slices`, which mirror `endpoints`, say what they say. */
export function decideMirror(endpoints: Endpoints, slices: readonly EndpointSlice[]): SliceActions {
  const wanted = (['IPv4', 'IPv6'] as const).map((family) => ({
    family,
    groups: groupsOf(endpoints, family),
  }))
  return placeEndpoints(wanted, slices, (...content) => sliceOf(endpoints, ...content))
}

function groupsOf({ subsets = [] }: Endpoints, family: AddressType): EndpointGroup[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const found = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ]
      .slice(0, addressesPerSubsetMax)
      .filter((one) => one.addresses[0]?.includes(':') === (family === 'IPv6'))
    const named = ports.map((port) => ({ name: '', ...port }))
    return found.length > 0 ? [{ ports: named, endpoints: found }] : []
  })
}

function endpointOf(
  { ip, hostname, nodeName, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  }
}

function sliceOf(
  endpoints: Endpoints,
  addressType: AddressType,
  ports: readonly EndpointPort[],
  found: readonly Endpoint[],
  old: EndpointSlice | undefined,
): EndpointSlice {
  const { name = '', namespace } = endpoints.metadata
  const { [lastAppliedAnnotation]: _, ...annotations } = endpoints.metadata.annotations ?? {}
  const labels = {
    ...endpoints.metadata.labels,
    [serviceNameLabel]: name,
    [managedByLabel]: managedBy,
  }
  const fresh = {
    generateName: `${name}-`,
    namespace,
    ownerReferences: [controllerReference('v1', 'Endpoints', endpoints)],
  }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...(old?.metadata ?? fresh),
      labels,
      annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
    },
    addressType,
    endpoints: [...found],
    ports: [...ports],
  }
}
