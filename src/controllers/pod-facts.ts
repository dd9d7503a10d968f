import { formatTime } from '../kinds/time.ts'
import type { Pod, PodCondition } from '../kinds/types.ts'

/** What controllers ask of a pod (pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go). */

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Milliseconds until a ready pod counts as available: 0 when it does, undefined when not ready. */
export function availableInMs(
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 0
  const sinceMs = Date.parse(ready.lastTransitionTime ?? '')
  if (Number.isNaN(sinceMs)) return undefined
  return Math.max(0, sinceMs + minReadySeconds * 1_000 - nowMs)
}

/** Ended for good: nothing in it runs or will run. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

/** Counts for its replica set. */
export function isActive(pod: Pod): boolean {
  return !isTerminal(pod) && !isTerminating(pod)
}

/** Index function: the node a pod is bound to. */
export function byNode(pod: Pod): readonly string[] {
  return pod.spec?.nodeName ? [pod.spec.nodeName] : []
}

/**
 * The conditions of a pod that something other than itself ends, for a Job that does not count such
 * failures; undefined when it says so already.
 */
export function disruptedConditions(
  pod: Pod,
  reason: string,
  message: string,
  nowMs: number,
): readonly PodCondition[] | undefined {
  const type = 'DisruptionTarget'
  const said = podCondition(pod, type)
  if (said?.status === 'True' && said.reason === reason && said.message === message)
    return undefined
  const others = (pod.status?.conditions ?? []).filter((condition) => condition !== said)
  const lastTransitionTime = formatTime(nowMs)
  return [...others, { type, status: 'True', reason, message, lastTransitionTime }]
}
