import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { endpointSlices, paths } from '../../client/resources.ts'
import { type LabelSelector, selectorOfMap } from '../../kinds/selector.ts'
import type { EndpointSlice, Node, Pod, Service } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { byNamespace } from '../ownership.ts'
import { isReady, isTerminal, isTerminating } from '../pod-facts.ts'
import { decideSlices, isSelecting, managedBy, managedByLabel, serviceNameLabel } from './decide.ts'

const lagMs = 1_000
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
  readonly #expectations: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers, clock } = context
    this.#services = informers.informer<Service>(paths.services, { indexes: { byNamespace } })
    this.#slices = informers.informer<EndpointSlice>(paths.endpointSlices, {
      indexes: { byService },
    })
    this.#pods = informers.informer<Pod>(paths.pods, { indexes: { byNamespace } })
    this.#nodes = informers.informer<Node>(paths.nodes)
    this.#expectations = new Expectations(this.#slices, clock)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (service: Service) => queue.add(objectKey(service))
    const enqueueSelecting = (pod: Pod) => {
      for (const service of this.#services.indexed('byNamespace', pod.metadata.namespace ?? ''))
        if (isSelecting(service) && selects(service, pod)) enqueue(service)
    }
    const enqueueOwner = (slice: EndpointSlice) => {
      for (const key of byService(slice)) queue.add(key)
    }
    return [
      this.#services.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (service) => {
          this.#expectations.forget(objectKey(service))
          enqueue(service)
        },
      }),
      this.#pods.subscribe({
        added: enqueueSelecting,
        updated: (pod, previous) => {
          if (!concerns(pod, previous)) return
          enqueueSelecting(pod)
          if (relabelled(pod, previous)) enqueueSelecting(previous)
        },
        deleted: enqueueSelecting,
      }),
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
    const slices = this.#slices.indexed('byService', key)
    if (!service) {
      for (const slice of slices) await this.#delete(key, slice)
      return undefined
    }
    // Removing the selector hands the slices over to whoever removed it.
    if (!isSelecting(service) || service.metadata.deletionTimestamp) return undefined
    if (!this.#expectations.satisfied(key)) return { requeueAfterMs: lagMs }
    const pods = this.#pods
      .indexed('byNamespace', service.metadata.namespace ?? '')
      .filter((pod) => selects(service, pod))
    const zoneOf = (node: string) => this.#nodes.get(node)?.metadata.labels?.[zoneLabel]
    const actions = decideSlices({ service, pods, slices, zoneOf })
    const client = endpointSlices(this.#context.client)
    const namespace = service.metadata.namespace ?? ''
    for (const slice of actions.update) this.#expectations.wrote(key, await client.update(slice))
    for (const slice of actions.create)
      this.#expectations.wrote(key, await client.create(namespace, slice))
    for (const slice of actions.delete) await this.#delete(key, slice)
    this.#tell(key, actions.update.length + actions.create.length, pods)
    return undefined
  }

  async #delete(key: string, slice: EndpointSlice): Promise<void> {
    const { namespace = '', name = '', uid = '' } = slice.metadata
    try {
      await endpointSlices(this.#context.client).delete(namespace, name, { preconditions: { uid } })
    } catch (error) {
      if (isStatus(error, 'NotFound')) return
      throw error
    }
    this.#expectations.deleted(key, objectKey(slice), uid)
  }

  #tell(key: string, writes: number, pods: readonly Pod[]): void {
    if (writes === 0) return
    const ready = pods.filter((pod) => isReady(pod) && !isTerminating(pod)).length
    const detail = { service: key, ready, pods: pods.length }
    this.#context.emit('controller', 'endpoints-updated', { detail })
  }
}

/** Services from a copy are frozen, so that what their selector compiles to stays true. */
const selectors = new WeakMap<Service, LabelSelector>()

function selects(service: Service, pod: Pod): boolean {
  let selector = selectors.get(service)
  if (!selector) {
    selector = selectorOfMap(service.spec?.selector)
    selectors.set(service, selector)
  }
  return selector.matches(pod.metadata.labels)
}

/** True when a change of a pod can change an endpoint. */
function concerns(pod: Pod, previous: Pod): boolean {
  return (
    relabelled(pod, previous) ||
    isReady(pod) !== isReady(previous) ||
    isTerminal(pod) !== isTerminal(previous) ||
    isTerminating(pod) !== isTerminating(previous) ||
    pod.spec?.nodeName !== previous.spec?.nodeName ||
    JSON.stringify(pod.status?.podIPs) !== JSON.stringify(previous.status?.podIPs) ||
    pod.status?.podIP !== previous.status?.podIP
  )
}

function relabelled(pod: Pod, previous: Pod): boolean {
  return JSON.stringify(pod.metadata.labels) !== JSON.stringify(previous.metadata.labels)
}

/** Index function: the service that a slice of ours belongs to. */
function byService(slice: EndpointSlice): readonly string[] {
  const { labels, namespace = '' } = slice.metadata
  const name = labels?.[serviceNameLabel]
  return name && labels?.[managedByLabel] === managedBy ? [`${namespace}/${name}`] : []
}
