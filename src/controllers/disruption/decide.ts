import { formatTime } from '../../kinds/time.ts'
import type {
  Condition,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '../../kinds/types.ts'
import { isReady, isTerminal, isTerminating } from '../pod-facts.ts'
import { scaledValue } from '../scaled-value.ts'

/** An eviction that the pod does not show after this time did not happen. */
const disruptionMsMax = 2 * 60_000

export interface BudgetDecision {
  readonly status: PodDisruptionBudgetStatus
  /** When the status would be another one though nothing changes. */
  readonly againInMs: number | undefined
}

/**
 * How many of its pods a budget lets go (pkg/controller/disruption/disruption.go). `scale` is how many
 * pods there should be: what the controllers of the pods ask for.
 */
export function decideBudget(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: number,
  nowMs: number,
): BudgetDecision {
  const expectedPods = typeof budget.spec?.minAvailable === 'number' ? pods.length : scale
  const desiredHealthy = desired(budget, expectedPods)
  const { pending, againInMs } = pendingEvictions(budget, pods, nowMs)
  const currentHealthy = pods.filter(
    (pod) =>
      isReady(pod) &&
      !isTerminal(pod) &&
      !isTerminating(pod) &&
      !pending.has(pod.metadata.name ?? ''),
  ).length
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  return {
    againInMs,
    status: {
      observedGeneration: budget.metadata.generation ?? 0,
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      ...(pending.size > 0 ? { disruptedPods: Object.fromEntries(pending) } : {}),
      conditions: conditions(budget, disruptionsAllowed, nowMs),
    },
  }
}

function desired({ spec }: PodDisruptionBudget, expectedPods: number): number {
  if (spec?.maxUnavailable !== undefined)
    return Math.max(0, expectedPods - scaledValue(spec.maxUnavailable, expectedPods, Math.ceil))
  return scaledValue(spec?.minAvailable ?? 0, expectedPods, Math.ceil)
}

/** Evictions that were let through and that the pods do not show yet. */
function pendingEvictions(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  nowMs: number,
): { pending: Map<string, string>; againInMs: number | undefined } {
  const pending = new Map<string, string>()
  let againInMs: number | undefined
  const waiting = new Set(
    pods.filter((pod) => !isTerminating(pod)).map(({ metadata }) => metadata.name ?? ''),
  )
  for (const [name, time] of Object.entries(status?.disruptedPods ?? {})) {
    const leftMs = Date.parse(time) + disruptionMsMax - nowMs
    if (!waiting.has(name) || !(leftMs > 0)) continue
    pending.set(name, time)
    againInMs = Math.min(againInMs ?? leftMs, leftMs)
  }
  return { pending, againInMs }
}

function conditions(
  { metadata, status }: PodDisruptionBudget,
  allowed: number,
  nowMs: number,
): Condition[] {
  const known = status?.conditions ?? []
  const before = known.find(({ type }) => type === 'DisruptionAllowed')
  const value = allowed > 0 ? 'True' : 'False'
  const same = before?.status === value
  return [
    ...known.filter(({ type }) => type !== 'DisruptionAllowed'),
    {
      type: 'DisruptionAllowed',
      status: value,
      reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: metadata.generation ?? 0,
      lastTransitionTime: same ? (before?.lastTransitionTime ?? '') : formatTime(nowMs),
    },
  ]
}
