import type { Pod } from '../../kinds/types.ts'
import { isReady, podCondition } from '../pod-facts.ts'

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'

/**
 * Pods in the order in which a replica set gives them up (pkg/controller/controller_utils.go,
 * ActivePodsWithRanks): first what is worth least. `neighbours` are the active pods of the same
 * workload: where many of them share a node, that node gives first.
 */
export function rankForDeletion(
  pods: readonly Pod[],
  neighbours: readonly Pod[],
  nowMs: number,
): readonly Pod[] {
  const perNode = new Map<string, number>()
  for (const pod of neighbours) {
    const node = pod.spec?.nodeName ?? ''
    perNode.set(node, (perNode.get(node) ?? 0) + 1)
  }
  const worth = new Map(pods.map((pod) => [pod, worthOf(pod, perNode, nowMs)]))
  return [...pods].sort((one, other) => compare(worth.get(one) ?? [], worth.get(other) ?? []))
}

/** Compared from left to right; the smaller goes first. */
function worthOf(
  pod: Pod,
  perNode: ReadonlyMap<string, number>,
  nowMs: number,
): readonly (number | string)[] {
  const node = pod.spec?.nodeName ?? ''
  const ready = isReady(pod)
  return [
    node === '' ? 0 : 1,
    phaseWorth.get(pod.status?.phase ?? '') ?? 0,
    ready ? 1 : 0,
    Number(pod.metadata.annotations?.[deletionCostAnnotation] ?? 0) || 0,
    -(perNode.get(node) ?? 0),
    ready ? ageWorth(podCondition(pod, 'Ready')?.lastTransitionTime, nowMs) : 0,
    -mostRestarts(pod),
    ageWorth(pod.metadata.creationTimestamp, nowMs),
    pod.metadata.uid ?? '',
  ]
}

const phaseWorth: ReadonlyMap<string, number> = new Map([
  ['Pending', 0],
  ['Unknown', 1],
  ['Running', 2],
])

/** Ages are compared by their order of magnitude only, so that equally old pods go at random. */
function ageWorth(since: string | undefined, nowMs: number): number {
  const sinceMs = Date.parse(since ?? '')
  if (Number.isNaN(sinceMs)) return -1
  return Math.floor(Math.log2(Math.max(1, (nowMs - sinceMs) / 1_000)))
}

function mostRestarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((one) => one.restartCount ?? 0))
}

function compare(one: readonly (number | string)[], other: readonly (number | string)[]): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? 0
    if (value !== against) return value < against ? -1 : 1
  }
  return 0
}
