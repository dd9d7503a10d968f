import type { Endpoint, EndpointPort, EndpointSlice } from '../../kinds/types.ts'
import { type AddressType, type EndpointGroup, portsKey } from './endpoints.ts'

export const endpointsPerSliceMax = 100

export interface SliceActions {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly delete: readonly EndpointSlice[]
}

export interface FamilyGroups {
  readonly family: AddressType
  readonly groups: readonly EndpointGroup[]
}

/** A slice with this content, new or in place of `old`. */
export type MakeSlice = (
  family: AddressType,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
  old: EndpointSlice | undefined,
) => EndpointSlice

/**
 * The writes that make `slices` tell what is wanted. An endpoint stays in its slice, so that a
 * change of one pod changes one slice; new ones fill the fullest slice that has room.
 */
export function placeEndpoints(
  wanted: readonly FamilyGroups[],
  slices: readonly EndpointSlice[],
  make: MakeSlice,
): SliceActions {
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  const kept = new Set<EndpointSlice>()
  for (const { family, groups } of wanted) {
    const ofFamily = slices.filter(
      (slice) => slice.addressType === family && !slice.metadata.deletionTimestamp,
    )
    for (const group of groups) {
      const key = portsKey(group.ports)
      const reusable = ofFamily.filter((slice) => !kept.has(slice) && portsKey(slice.ports) === key)
      for (const { slice, endpoints } of place(group, reusable)) {
        const next = make(family, group.ports, endpoints, slice)
        if (!slice) create.push(next)
        else if (!sameSlice(slice, next)) update.push(next)
        if (slice) kept.add(slice)
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
