import { tolerates } from '../../kinds/node-selection.ts'
import { formatTime } from '../../kinds/time.ts'
import type {
  Node,
  NodeCondition,
  Pod,
  PodCondition,
  Taint,
  Toleration,
} from '../../kinds/types.ts'
import { isTerminating } from '../pod-facts.ts'

export const notReadyTaint = 'node.kubernetes.io/not-ready'
export const unreachableTaint = 'node.kubernetes.io/unreachable'

/** Conditions that only a kubelet can know, and that nobody knows once it is silent. */
const kubeletConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

/** Taints that follow from conditions, and the status that calls for them. */
const pressureTaints: readonly { type: string; key: string }[] = [
  { type: 'MemoryPressure', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', key: 'node.kubernetes.io/network-unavailable' },
]
const unschedulableTaint = 'node.kubernetes.io/unschedulable'
const managedTaints: ReadonlySet<string> = new Set([
  notReadyTaint,
  unreachableTaint,
  unschedulableTaint,
  ...pressureTaints.map(({ key }) => key),
])

/** The conditions of a node whose kubelet is silent; undefined when they say so already. */
export function lostConditions(node: Node, nowMs: number): readonly NodeCondition[] | undefined {
  const conditions = [...(node.status?.conditions ?? [])]
  const now = formatTime(nowMs)
  let changed = false
  for (const type of kubeletConditions) {
    const index = conditions.findIndex((condition) => condition.type === type)
    const known = conditions[index]
    if (known?.status === 'Unknown') continue
    changed = true
    const told: NodeCondition = {
      ...known,
      type,
      status: 'Unknown',
      reason: known ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: known ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastTransitionTime: now,
    }
    if (known) conditions[index] = told
    else conditions.push(told)
  }
  return changed ? conditions : undefined
}

/**
 * The taints that a node should have, given its conditions (node_lifecycle_controller.go, the maps
 * from conditions to taints); undefined when it has them. Taints of others are kept.
 */
export function wantedTaints(
  node: Node,
  conditions: readonly NodeCondition[],
  nowMs: number,
): readonly Taint[] | undefined {
  const have = node.spec?.taints ?? []
  const wanted: Taint[] = have.filter(({ key }) => !managedTaints.has(key))
  const want = (key: string, effect: string) => {
    const known = have.find((taint) => taint.key === key && taint.effect === effect)
    wanted.push(known ?? { key, effect, timeAdded: formatTime(nowMs) })
  }
  const statusOf = (type: string) => conditions.find((one) => one.type === type)?.status
  const ready = statusOf('Ready')
  const key = ready === 'Unknown' ? unreachableTaint : notReadyTaint
  if (ready !== 'True') want(key, 'NoSchedule')
  // A node that has not reported yet runs nothing that could be driven away.
  if (ready !== 'True' && ready !== undefined) want(key, 'NoExecute')
  for (const { type, key: pressure } of pressureTaints)
    if (statusOf(type) === 'True') want(pressure, 'NoSchedule')
  if (node.spec?.unschedulable) want(unschedulableTaint, 'NoSchedule')
  const same = wanted.length === have.length && have.every((taint) => wanted.includes(taint))
  return same ? undefined : wanted
}

/** The conditions of a pod whose node is lost: nobody can vouch for it; undefined when they say so. */
export function unreadyConditions(pod: Pod, nowMs: number): readonly PodCondition[] | undefined {
  const conditions = pod.status?.conditions ?? []
  if (!conditions.some(({ type, status }) => type === 'Ready' && status === 'True'))
    return undefined
  return conditions.map((condition) =>
    condition.type === 'Ready'
      ? {
          ...condition,
          status: 'False',
          reason: 'NodeNotReady',
          lastTransitionTime: formatTime(nowMs),
        }
      : condition,
  )
}

export interface Eviction {
  readonly evict: readonly Pod[]
  /** Milliseconds until the next pod's toleration ends. */
  readonly nextInMs: number | undefined
}

/** The pods that a node's NoExecute taints drive away now (pkg/controller/tainteviction). */
export function evictions(node: Node, pods: readonly Pod[], nowMs: number): Eviction {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  const evict: Pod[] = []
  let nextInMs: number | undefined
  if (taints.length === 0) return { evict, nextInMs }
  for (const pod of pods) {
    if (isTerminating(pod)) continue
    const inMs = evictionInMs(taints, pod.spec?.tolerations ?? [], nowMs)
    if (inMs === undefined) continue
    if (inMs <= 0) evict.push(pod)
    else nextInMs = Math.min(nextInMs ?? inMs, inMs)
  }
  return { evict, nextInMs }
}

/** undefined when a pod tolerates all the taints for ever. */
function evictionInMs(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  nowMs: number,
): number | undefined {
  let earliest: number | undefined
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint))
    if (matching.length === 0) return 0
    const limited = matching
      .map(({ tolerationSeconds }) => tolerationSeconds)
      .filter((seconds) => seconds !== undefined)
    if (limited.length === 0) continue
    const sinceMs = Date.parse(taint.timeAdded ?? '')
    const fromMs = Number.isNaN(sinceMs) ? nowMs : sinceMs
    const inMs = fromMs + Math.max(0, Math.min(...limited)) * 1_000 - nowMs
    earliest = Math.min(earliest ?? inMs, inMs)
  }
  return earliest
}

/** Monotonic time at which a silent node counts as lost. A new leader gives everyone time to speak. */
export function lostAtMs(
  lastHeardMs: number,
  leadingSinceMs: number,
  config: { readonly monitorGraceSeconds: number; readonly leaseRenewSeconds: number },
): number {
  const graceMs = config.monitorGraceSeconds * 1_000
  const firstChanceMs = Math.min(graceMs, 2 * config.leaseRenewSeconds * 1_000)
  return Math.max(lastHeardMs + graceMs, leadingSinceMs + firstChanceMs)
}
