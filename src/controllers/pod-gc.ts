import { isStatus } from '../base/status.ts'
import { objectKey } from '../client/informer.ts'
import { nodes as nodesOf, paths, pods as podsOf } from '../client/resources.ts'
import type { Node, Pod } from '../kinds/types.ts'
import type { Controller, ControllerContext } from './controller.ts'
import { byNode, disruptedConditions, isTerminal, isTerminating } from './pod-facts.ts'

/** A node that registers anew keeps its pods: its name may be missing for a moment. */
const quarantineMs = 10_000

/**
 * Removes pods that no kubelet will ever finish: those bound to a node that is no more, and those
 * that were deleted before they were bound (pkg/controller/podgc).
 */
export function podGcController(context: ControllerContext): Controller {
  const { client, informers, clock, emit } = context
  const nodes = informers.informer<Node>(paths.nodes)
  const pods = informers.informer<Pod>(paths.pods, { indexes: { byNode } })
  const missingSinceMs = new Map<string, number>()
  const nodeIsGone = async (name: string): Promise<boolean> => {
    try {
      await nodesOf(client).get('', name)
      return false
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true
      throw error
    }
  }
  /** Nobody else will ever say that it has failed: a Job waits for that. */
  const fail = async (pod: Pod, disrupted: boolean): Promise<void> => {
    if (isTerminal(pod)) return
    const { namespace = '', name = '', uid, resourceVersion } = pod.metadata
    const text = 'PodGC: node no longer exists'
    const conditions = disrupted
      ? disruptedConditions(pod, 'DeletionByPodGC', text, clock.wallMs())
      : undefined
    const status = { phase: 'Failed', ...(conditions ? { conditions } : {}) }
    const patch = { metadata: { uid, resourceVersion }, status }
    const type = 'application/merge-patch+json'
    await podsOf(client).patch(namespace, name, type, patch, { subresource: 'status' })
  }
  const remove = async (pod: Pod, why: string, disrupted: boolean): Promise<void> => {
    const { namespace = '', name = '', uid = '' } = pod.metadata
    const options = { gracePeriodSeconds: 0, preconditions: { uid } }
    try {
      await fail(pod, disrupted)
      await podsOf(client).delete(namespace, name, options)
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
    emit('controller', 'pod-collected', { detail: { pod: `${namespace}/${name}`, why } })
  }
  return {
    name: 'pod-gc',
    workers: 2,
    subscribe: (queue) => [
      nodes.subscribe({
        added: ({ metadata }) => missingSinceMs.delete(metadata.name ?? ''),
        deleted: ({ metadata }) => {
          for (const pod of pods.indexed('byNode', metadata.name ?? '')) queue.add(objectKey(pod))
        },
      }),
      pods.subscribe({
        added: (pod) => queue.add(objectKey(pod)),
        updated: (pod) => queue.add(objectKey(pod)),
      }),
    ],
    async reconcile(key) {
      const pod = pods.get(key)
      if (!pod) return undefined
      const node = pod.spec?.nodeName
      if (!node) {
        if (isTerminating(pod)) await remove(pod, 'deleted before it was bound', false)
        return undefined
      }
      if (nodes.get(node)) return undefined
      const nowMs = clock.monotonicMs()
      const sinceMs = missingSinceMs.get(node) ?? nowMs
      missingSinceMs.set(node, sinceMs)
      if (nowMs - sinceMs < quarantineMs) return { requeueAfterMs: sinceMs + quarantineMs - nowMs }
      if (await nodeIsGone(node)) await remove(pod, 'its node is gone', true)
      return undefined
    },
  }
}
