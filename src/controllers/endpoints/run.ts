import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { endpoints, paths } from '../../client/resources.ts'
import type { Endpoints, Pod, Service } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { byNamespace } from '../ownership.ts'
import { isSelecting, podsOf, watchServicePods } from '../service-pods.ts'
import { decideEndpoints, sameEndpoints } from './decide.ts'

/** One object holds all addresses, so changes that come together are written together. */
const gatherMs = 250

/**
 * Keeps the older form of what EndpointSlices say, for clients that have not learned of them
 * (pkg/controller/endpoint). Proxies do not read it.
 */
export function endpointsController(context: ControllerContext): Controller {
  const { informers } = context
  const client = endpoints(context.client)
  const services = informers.informer<Service>(paths.services, { indexes: { byNamespace } })
  const pods = informers.informer<Pod>(paths.pods, { indexes: { byNamespace } })
  const written = informers.informer<Endpoints>(paths.endpoints)
  return {
    name: 'endpoints',
    workers: 4,
    subscribe: (queue) => {
      const changed = (object: Service | Endpoints) => queue.addAfter(objectKey(object), gatherMs)
      return [
        services.subscribe({ added: changed, updated: changed, deleted: changed }),
        watchServicePods(services, pods, changed),
        written.subscribe({ updated: changed, deleted: changed }),
      ]
    },
    async reconcile(key) {
      const service = services.get(key)
      const old = written.get(key)
      const [namespace = '', name = ''] = key.split('/')
      if (!service) {
        if (old) await deleteThese(old)
        return undefined
      }
      // Without a selector they are somebody else's, and mirrored.
      if (!isSelecting(service) || service.metadata.deletionTimestamp) return undefined
      const next = decideEndpoints(service, podsOf(service, pods), old)
      if (!old) await client.create(namespace, { ...next, metadata: { ...next.metadata, name } })
      else if (!sameEndpoints(old, next)) await client.update(next)
      return undefined
    },
  }

  async function deleteThese({ metadata: { namespace = '', name = '', uid = '' } }: Endpoints) {
    try {
      await client.delete(namespace, name, { preconditions: { uid } })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }
}
