import { timestamp } from '../client/recorder.ts'
import type { Binding, Node, Pod } from '../kinds/types.ts'
import type { ClusterEvent } from './plugin.ts'

export const schedulerName = 'default-scheduler'

/** Whether a pod waits for this scheduler. Other schedulers' pods and those on their way out do not. */
export function isOurs(pod: Pod): boolean {
  const phase = pod.status?.phase
  return (
    !pod.spec?.nodeName &&
    (pod.spec?.schedulerName || schedulerName) === schedulerName &&
    pod.metadata.deletionTimestamp === undefined &&
    phase !== 'Succeeded' &&
    phase !== 'Failed'
  )
}

/** What a new or changed node may mean for waiting pods; nothing for a mere heartbeat. */
export function nodeEvents(node: Node, previous: Node | undefined): ClusterEvent[] {
  if (!previous) return ['node-added']
  const events: ClusterEvent[] = []
  if (differ(node.status?.allocatable, previous.status?.allocatable))
    events.push('node-allocatable')
  if (differ(node.metadata.labels, previous.metadata.labels)) events.push('node-labels')
  if (
    differ(node.spec?.taints, previous.spec?.taints) ||
    node.spec?.unschedulable !== previous.spec?.unschedulable
  )
    events.push('node-taints')
  return events
}

export function bindingOf(pod: Pod, nodeName: string): Binding {
  const { namespace, name, uid } = pod.metadata
  return {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  }
}

/** Whether the pod's status says already that it was refused, and why. */
export function saysAlready(pod: Pod, message: string): boolean {
  const condition = pod.status?.conditions?.find((one) => one.type === 'PodScheduled')
  return condition?.status === 'False' && condition.message === message
}

/** The strategic merge patch of a pod's status that says why it has no node. */
export function conditionPatch(pod: Pod, message: string, wallMs: number): object {
  const before = pod.status?.conditions?.find((one) => one.type === 'PodScheduled')
  const since =
    before?.status === 'False' && before.lastTransitionTime
      ? before.lastTransitionTime
      : timestamp(wallMs)
  return {
    status: {
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message,
          lastTransitionTime: since,
        },
      ],
    },
  }
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
