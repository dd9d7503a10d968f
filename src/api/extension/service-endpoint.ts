import { present } from '../../base/assert.ts'
import { parseStored } from '../../kinds/encode.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { EndpointSlice, Service } from '../../kinds/types.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { objectKey, prefixEnd, resourcePrefix } from '../storage-keys.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * Where a Service is to be reached from a master, or why it is not. Its ready endpoints come first, as
 * a master need not be where ClusterIPs lead anywhere; without any, the ClusterIP is tried.
 */
export function serviceEndpoint(
  { view }: Pick<ClusterStore, 'view'>,
  namespace: string,
  name: string,
  port: number,
): Endpoint | string {
  const services = present(kindOfResource('', 'v1', 'services'), 'kind Service')
  const record = view.get(objectKey(services, namespace, name))
  if (!record) return `service ${JSON.stringify(name)} not found`
  const { spec } = parseStored(record.value) as unknown as Service
  const wanted = spec?.ports?.find((one) => one.port === port)
  if (!wanted) return `no service port ${port} found for service ${JSON.stringify(name)}`
  const ready = readyEndpoint(view, namespace, name, wanted.name ?? '')
  if (ready) return ready
  const address = spec?.clusterIP ?? ''
  if (address === '' || address === 'None')
    return `no endpoints available for service ${JSON.stringify(name)}`
  return { host: address, port }
}

function readyEndpoint(
  view: ClusterStore['view'],
  namespace: string,
  service: string,
  portName: string,
): Endpoint | undefined {
  const slices = present(
    kindOfResource('discovery.k8s.io', 'v1', 'endpointslices'),
    'kind EndpointSlice',
  )
  const prefix = resourcePrefix(slices, namespace)
  for (const record of view.range(prefix, prefixEnd(prefix)).items) {
    const slice = parseStored(record.value) as unknown as EndpointSlice
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== service) continue
    const port = (slice.ports ?? []).find((one) => (one.name ?? '') === portName)?.port
    const ready = (slice.endpoints ?? []).find(({ conditions }) => conditions?.ready !== false)
    const host = ready?.addresses?.[0]
    if (port !== undefined && host !== undefined) return { host, port }
  }
  return undefined
}
