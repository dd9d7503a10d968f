import { isStatus } from '../../base/status.ts'
import { nodes as nodesOf, paths, pods as podsOf } from '../../client/resources.ts'
import type { Node, NodeCondition, Pod } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { byNode, disruptedConditions, isTerminal } from '../pod-facts.ts'
import { evictions, lostAtMs, lostConditions, unreadyConditions, wantedTaints } from './decide.ts'
import type { Heartbeats } from './heartbeats.ts'

const mergePatch = 'application/merge-patch+json'
const writesAtOnce = 16
/** How often evictions are looked at again while no node is ready to take the pods. */
const standstillMs = 1_000

/**
 * Notices nodes that fell silent, tells their state, drives pods away (pkg/controller/nodelifecycle,
 * pkg/controller/tainteviction). While not one node is ready nothing is evicted: then more likely we
 * are cut off than they, and there is no better place.
 */
export function nodeLifecycleController(
  context: ControllerContext,
  heartbeats: Heartbeats,
): Controller {
  return new NodeLifecycle(context, heartbeats)
}

class NodeLifecycle implements Controller {
  readonly name = 'node-lifecycle'
  readonly workers = 4
  readonly #context: ControllerContext
  readonly #heartbeats: Heartbeats
  readonly #nodes
  readonly #pods
  readonly #leadingSinceMs: number
  readonly #lost = new Set<string>()

  constructor(context: ControllerContext, heartbeats: Heartbeats) {
    this.#context = context
    this.#heartbeats = heartbeats
    this.#nodes = context.informers.informer<Node>(paths.nodes)
    this.#pods = context.informers.informer<Pod>(paths.pods, { indexes: { byNode } })
    this.#leadingSinceMs = context.clock.monotonicMs()
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (node: Node) => queue.add(node.metadata.name ?? '')
    // A pod may be bound to a node at the moment when that one is lost.
    const enqueueTainted = (pod: Pod) => {
      const name = pod.spec?.nodeName
      if (name && this.#nodes.get(name)?.spec?.taints?.length) queue.add(name)
    }
    return [
      this.#nodes.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: ({ metadata }) => void this.#lost.delete(metadata.name ?? ''),
      }),
      this.#pods.subscribe({ added: enqueueTainted, updated: enqueueTainted }),
      this.#heartbeats.subscribe((name) => {
        if (this.#lost.has(name)) queue.add(name)
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const node = this.#nodes.get(key)
    if (!node) return undefined
    const { clock, config } = this.#context
    const heardMs = this.#heartbeats.lastHeardMs(key) ?? this.#leadingSinceMs
    const deadlineMs = lostAtMs(heardMs, this.#leadingSinceMs, config)
    const lost = clock.monotonicMs() >= deadlineMs
    await this.#tellState(node, lost, clock.monotonicMs() - heardMs)
    const pods = this.#pods.indexed('byNode', key).filter((pod) => !isTerminal(pod))
    if (lost) await this.#markUnready(pods)
    const nextEvictionMs = await this.#evict(node, pods)
    const nextLookMs = lost ? undefined : deadlineMs - clock.monotonicMs()
    const waits = [nextEvictionMs, nextLookMs].filter((ms) => ms !== undefined)
    return waits.length > 0 ? { requeueAfterMs: Math.max(1, Math.min(...waits)) } : undefined
  }

  /** Conditions first, then the taints that follow from them. */
  async #tellState(node: Node, lost: boolean, silentMs: number): Promise<void> {
    const { client, clock, emit, recorder } = this.#context
    const { name = '', resourceVersion } = node.metadata
    let version = resourceVersion
    let conditions: readonly NodeCondition[] = node.status?.conditions ?? []
    const unknown = lost ? lostConditions(node, clock.wallMs()) : undefined
    if (unknown) {
      const patch = { metadata: { resourceVersion: version }, status: { conditions: unknown } }
      const written = await nodesOf(client).patch('', name, mergePatch, patch, {
        subresource: 'status',
      })
      version = written.metadata.resourceVersion
      conditions = unknown
    }
    const taints = wantedTaints(node, conditions, clock.wallMs())
    if (taints) {
      const patch = { metadata: { resourceVersion: version }, spec: { taints } }
      await nodesOf(client).patch('', name, mergePatch, patch)
    }
    const known = this.#lost.has(name)
    if (lost && !known) {
      this.#lost.add(name)
      emit('controller', 'node-lost', { detail: { node: name, silentMs: Math.round(silentMs) } })
      const object = { ...node, apiVersion: 'v1', kind: 'Node' }
      const text = `Node ${name} status is now: NodeNotReady`
      if (unknown) recorder.event(object, 'Normal', 'NodeNotReady', text)
    }
    if (!lost && this.#lost.delete(name))
      emit('controller', 'node-recovered', { detail: { node: name } })
  }

  /** Endpoints drop pods that are not ready: their traffic goes elsewhere long before they are moved. */
  async #markUnready(pods: readonly Pod[]): Promise<void> {
    const { clock } = this.#context
    await inBatches(pods, async (pod) => {
      const conditions = unreadyConditions(pod, clock.wallMs())
      if (conditions) await this.#patchStatus(pod, { conditions })
    })
  }

  async #patchStatus({ metadata }: Pod, status: unknown): Promise<void> {
    const { namespace = '', name = '', uid, resourceVersion } = metadata
    const patch = { metadata: { uid, resourceVersion }, status }
    const options = { subresource: 'status' }
    await podsOf(this.#context.client).patch(namespace, name, mergePatch, patch, options)
  }

  /** Returns when to look again. */
  async #evict(node: Node, pods: readonly Pod[]): Promise<number | undefined> {
    const { client, clock, emit, recorder } = this.#context
    const { evict, nextInMs } = evictions(node, pods, clock.wallMs())
    if (evict.length === 0) return nextInMs
    if (!this.#nodes.list().some(isReadyNode)) return standstillMs
    await inBatches(evict, async (pod) => {
      const { namespace = '', name = '', uid = '' } = pod.metadata
      const text = 'Taint manager: deleting due to NoExecute taint'
      const conditions = disruptedConditions(pod, 'DeletionByTaintManager', text, clock.wallMs())
      if (conditions) await this.#patchStatus(pod, { conditions })
      await podsOf(client).delete(namespace, name, { preconditions: { uid } })
      const detail = { pod: `${namespace}/${name}`, node: node.metadata.name ?? '' }
      emit('controller', 'pod-evicted', { detail })
      const object = { ...pod, apiVersion: 'v1', kind: 'Pod' }
      const event = `Marking for deletion Pod ${namespace}/${name}`
      recorder.event(object, 'Normal', 'TaintManagerEviction', event)
    })
    return nextInMs
  }
}

function isReadyNode(node: Node): boolean {
  return (
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
    false
  )
}

/** All of them, some at a time. What changed or went in between is fine: its event brings it again. */
async function inBatches(pods: readonly Pod[], run: (pod: Pod) => Promise<void>): Promise<void> {
  for (let at = 0; at < pods.length; at += writesAtOnce)
    await Promise.all(
      pods.slice(at, at + writesAtOnce).map(async (pod) => {
        try {
          await run(pod)
        } catch (error) {
          if (!isStatus(error, 'NotFound', 'Conflict')) throw error
        }
      }),
    )
}
