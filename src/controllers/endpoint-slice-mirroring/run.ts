import { objectKey } from '../../client/informer.ts'
import { paths } from '../../client/resources.ts'
import type { EndpointSlice, Endpoints, Service } from '../../kinds/types.ts'
import type { Controller, ControllerContext } from '../controller.ts'
import { managedByLabel, serviceNameLabel } from '../endpoint-slice/decide.ts'
import { SliceWriter } from '../endpoint-slice/slice-writer.ts'
import { decideMirror, isMirrored, managedBy } from './decide.ts'

/**
 * Gives Endpoints that somebody writes for a service without selector their EndpointSlices, which is
 * what proxies read (pkg/controller/endpointslicemirroring).
 */
export function endpointSliceMirroringController(context: ControllerContext): Controller {
  const { informers } = context
  const services = informers.informer<Service>(paths.services)
  const endpoints = informers.informer<Endpoints>(paths.endpoints)
  const slices = informers.informer<EndpointSlice>(paths.endpointSlices, {
    indexes: { byMirrored },
  })
  const writer = new SliceWriter(context, slices)
  return {
    name: 'endpoint-slice-mirroring',
    workers: 2,
    subscribe: (queue) => {
      const changed = (object: Service | Endpoints) => void queue.add(objectKey(object))
      const sliceChanged = (slice: EndpointSlice) => {
        for (const key of byMirrored(slice)) queue.add(key)
      }
      return [
        endpoints.subscribe({ added: changed, updated: changed, deleted: changed }),
        services.subscribe({ added: changed, updated: changed, deleted: changed }),
        slices.subscribe({ added: sliceChanged, updated: sliceChanged, deleted: sliceChanged }),
      ]
    },
    reconcile: (key) =>
      writer.write(key, () => {
        const object = endpoints.get(key)
        const made = slices.indexed('byMirrored', key)
        return object && isMirrored(object, services.get(key))
          ? decideMirror(object, made)
          : { create: [], update: [], delete: made }
      }),
  }
}

/** Index function: the Endpoints that a slice of ours mirrors. */
function byMirrored({ metadata: { labels, namespace = '' } }: EndpointSlice): readonly string[] {
  const name = labels?.[serviceNameLabel]
  return name && labels?.[managedByLabel] === managedBy ? [`${namespace}/${name}`] : []
}
