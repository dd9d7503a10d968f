import { present } from '../../base/assert.ts'
import { parseStored } from '../../kinds/encode.ts'
import { kindOfResource } from '../../kinds/scheme.ts'
import type { Service } from '../../kinds/types.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { serviceEndpoint } from '../extension/service-endpoint.ts'
import { objectKey } from '../storage-keys.ts'
import type { RemoteService } from './api-services.ts'

/** The condition Available of an APIService. */
export interface Availability {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/**
 * Looks for the Service, its port, an endpoint, and asks for the discovery of the group and version; the
 * first that is missing is the reason (kube-aggregator
 * pkg/controllers/status/remote/remote_available_controller.go). `ask` rejects when there is no good answer.
 */
export async function availabilityOf(
  store: ClusterStore,
  remote: RemoteService,
  ask: (path: string) => Promise<void>,
): Promise<Availability> {
  const problem = serviceProblem(store, remote)
  if (problem) return problem
  const path = `/apis/${remote.group}/${remote.version}`
  try {
    await ask(path)
    return { status: 'True', reason: 'Passed', message: 'all checks passed' }
  } catch (error) {
    const url = `https://${remote.name}.${remote.namespace}.svc:${remote.port}${path}`
    const why = error instanceof Error ? error.message : String(error)
    return failed('FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`)
  }
}

function serviceProblem(
  store: ClusterStore,
  { namespace, name, port }: RemoteService,
): Availability | undefined {
  const kind = present(kindOfResource('', 'v1', 'services'), 'kind Service')
  const record = store.view.get(objectKey(kind, namespace, name))
  const where = `service/${name} in ${JSON.stringify(namespace)}`
  if (!record) return failed('ServiceNotFound', `${where} is not present`)
  const { spec } = parseStored(record.value) as unknown as Service
  if (spec?.type === 'ExternalName') return undefined
  if (!spec?.ports?.some((one) => one.port === port))
    return failed('ServicePortError', `${where} is not listening on port ${port}`)
  const endpoint = serviceEndpoint(store, namespace, name, port)
  return typeof endpoint === 'string'
    ? failed('MissingEndpoints', `endpoints for ${where} have no addresses with port ${port}`)
    : undefined
}

function failed(reason: string, message: string): Availability {
  return { status: 'False', reason, message }
}
