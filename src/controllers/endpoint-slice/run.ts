import { objectKey } from '../../client/informer.ts'
import { paths } from '../../client/resources.ts'
import type { EndpointSlice, Node, Pod, Service } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { byNamespace } from '../ownership.ts'
import { isReady, isTerminating } from '../pod-facts.ts'
import { isSelecting, podsOf, watchServicePods } from '../service-pods.ts'
import { decideSlices, managedBy, managedByLabel, serviceNameLabel } from './decide.ts'
import { SliceWriter } from './slice-writer.ts'

const zoneLabel = 'topology.kubernetes.io/zone'

/** Publishes the addresses behind each Service (pkg/controller/endpointslice). */
export function endpointSliceController(context: ControllerContext): Controller {
  return new EndpointSliceController(context)
}

class EndpointSliceController implements Controller {
  readonly name = 'endpoint-slice'
  readonly workers = 8
  readonly #context: ControllerContext
  readonly #services
  readonly #slices
  readonly #pods
  readonly #nodes
  readonly #writer: SliceWriter

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers } = context
    this.#services = informers.informer<Service>(paths.services, { indexes: { byNamespace } })
    this.#slices = informers.informer<EndpointSlice>(paths.endpointSlices, {
      indexes: { byService },
    })
    this.#pods = informers.informer<Pod>(paths.pods, { indexes: { byNamespace } })
    this.#nodes = informers.informer<Node>(paths.nodes)
    this.#writer = new SliceWriter(context, this.#slices)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (service: Service) => queue.add(objectKey(service))
    const enqueueOwner = (slice: EndpointSlice) => {
      for (const key of byService(slice)) queue.add(key)
    }
    return [
      this.#services.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (service) => {
          this.#writer.forget(objectKey(service))
          enqueue(service)
        },
      }),
      watchServicePods(this.#services, this.#pods, enqueue),
      // Slices that somebody else changed are made right; and a run that waited for its own writes to
      // show goes on at once.
      this.#slices.subscribe({
        added: enqueueOwner,
        updated: enqueueOwner,
        deleted: enqueueOwner,
      }),
      this.#nodes.subscribe({
        updated: (node, previous) => {
          if (node.metadata.labels?.[zoneLabel] !== previous.metadata.labels?.[zoneLabel])
            for (const service of this.#services.list()) enqueue(service)
        },
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const service = this.#services.get(key)
    // Removing the selector hands the slices over to whoever removed it.
    if (service && (!isSelecting(service) || service.metadata.deletionTimestamp)) return undefined
    return this.#writer.write(key, () => {
      const slices = this.#slices.indexed('byService', key)
      if (!service) return { create: [], update: [], delete: slices }
      const pods = podsOf(service, this.#pods)
      const zoneOf = (node: string) => this.#nodes.get(node)?.metadata.labels?.[zoneLabel]
      const actions = decideSlices({ service, pods, slices, zoneOf })
      this.#tell(key, actions.update.length + actions.create.length, pods)
      return actions
    })
  }

  #tell(key: string, writes: number, pods: readonly Pod[]): void {
    if (writes === 0) return
    const ready = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).length
    const detail = { service: key, ready, pods: pods.length }
    this.#context.emit('controller', 'endpoints-updated', { detail })
  }
}

/** Index function: the service that a slice of ours belongs to. */
function byService(slice: EndpointSlice): readonly string[] {
  const { labels, namespace = '' } = slice.metadata
  const name = labels?.[serviceNameLabel]
  return name && labels?.[managedByLabel] === managedBy ? [`${namespace}/${name}`] : []
}
