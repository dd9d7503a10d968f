import type { Pod } from '../../kinds/types.ts'
import { isTerminal, isTerminating } from '../pod-facts.ts'
import { rankForDeletion } from '../replica-set/ranking.ts'
import { backoffLeftMs, indexBackoffLeftMs } from './backoff.ts'
import { countOf, firstMissing, toIndexes, union } from './indexes.ts'
import { completionIndex, hasFailed, trueCondition, validIndex } from './job-facts.ts'
import { judgeFailure, judgeSuccess } from './policies.ts'
import type { JobView } from './view.ts'

/** How a Job is going to end, or has begun to. */
export interface JobEnd {
  readonly how: 'Complete' | 'Failed'
  readonly reason: string
  readonly message: string
}

/** What to do with pods. */
export interface PodPlan {
  readonly end: JobEnd | undefined
  readonly delete: readonly Pod[]
  /** Pods that are deleted count for nothing: they lose the Job's finalizer first. */
  readonly forgets: boolean
  /** An index for each pod to make; undefined for one of a Job without indexes. */
  readonly create: readonly (number | undefined)[]
  /** The number of pods was looked at: the Job neither ends nor is deleted. */
  readonly scales: boolean
  /** When time alone asks for another pass. */
  readonly requeueAfterMs: number | undefined
}

/** At most so many pods are made or removed in one pass. */
export const podsPerPassMax = 500

/** Which pods a Job makes and removes now (pkg/controller/job/job_controller.go, syncJob). */
export function decidePods(view: JobView): PodPlan {
  const end = endOf(view)
  const deadlineMs = end ? undefined : deadlineLeftMs(view)
  const idle = { end, delete: [], forgets: false, create: [], scales: false }
  // An end takes all active pods at once: it is only told when none is left.
  if (end) return { ...idle, delete: view.active, requeueAfterMs: undefined }
  if (view.order.deleting) return { ...idle, requeueAfterMs: deadlineMs }
  const scaling = scale(view)
  const waits = [deadlineMs, scaling.waitMs].filter((ms) => ms !== undefined)
  return {
    ...idle,
    delete: scaling.delete ?? [],
    forgets: true,
    create: scaling.create ?? [],
    scales: true,
    requeueAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
  }
}

/** The order is part of the rule: what was decided once stays, a failure goes before a success. */
function endOf(view: JobView): JobEnd | undefined {
  const { job, order, pods } = view
  const met = trueCondition(job, 'SuccessCriteriaMet')
  if (met) return { how: 'Complete', reason: met.reason ?? '', message: met.message ?? '' }
  const target = trueCondition(job, 'FailureTarget')
  if (target) return failed(target.reason ?? '', target.message ?? '')
  const { podFailurePolicy } = order.spec
  for (const pod of podFailurePolicy ? pods : []) {
    if (!hasFailed(pod, order)) continue
    const { failsJob } = judgeFailure(podFailurePolicy, pod)
    if (failsJob !== undefined) return failed('PodFailurePolicy', failsJob)
  }
  if (view.failed > order.backoffLimit || restartsExceedLimit(view))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  if (deadlineLeftMs(view) === 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline')
  return order.isIndexed ? endOfIndexes(view) : undefined
}

function endOfIndexes(view: JobView): JobEnd | undefined {
  const { order, failedIndexes, succeededIndexes } = view
  const { completions = 0, spec } = order
  const failures = countOf(failedIndexes ?? [])
  if (failedIndexes && spec.maxFailedIndexes !== undefined && failures > spec.maxFailedIndexes)
    return failed(
      'MaxFailedIndexesExceeded',
      'Job has exceeded the specified maximal number of failed indexes',
    )
  if (failures > 0 && failures + countOf(succeededIndexes) >= completions)
    return failed('FailedIndexes', 'Job has failed indexes')
  const message = judgeSuccess(spec.successPolicy, completions, succeededIndexes)
  return message === undefined ? undefined : { how: 'Complete', reason: 'SuccessPolicy', message }
}

function failed(reason: string, message: string): JobEnd {
  return { how: 'Failed', reason, message }
}

/** Of pods whose containers are restarted in place, restarts count as failures. */
function restartsExceedLimit({ order, pods }: JobView): boolean {
  if (order.spec.template.spec?.restartPolicy !== 'OnFailure') return false
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ])
    .reduce((sum, { restartCount = 0 }) => sum + restartCount, 0)
  return order.backoffLimit === 0 ? restarts > 0 : restarts >= order.backoffLimit
}

/** What is left of the time that a Job may be active; undefined when no time is set or runs. */
function deadlineLeftMs({ job, order, nowMs }: JobView): number | undefined {
  const { activeDeadlineSeconds } = order.spec
  if (activeDeadlineSeconds === undefined || order.isSuspended) return undefined
  const startedMs = Date.parse(job.status?.startTime ?? '')
  const sinceMs = Number.isNaN(startedMs) ? nowMs : startedMs
  return Math.max(0, sinceMs + activeDeadlineSeconds * 1_000 - nowMs)
}

interface Scaling {
  readonly delete?: readonly Pod[]
  readonly create?: readonly (number | undefined)[]
  readonly waitMs?: number
}

/** Either removes pods or makes some: never both in one pass. */
function scale(view: JobView): Scaling {
  const { order, active, nowMs } = view
  if (order.isSuspended) return { delete: active }
  const wanted = wantedActive(view)
  const surplus = surplusPods(view, Math.max(0, active.length - wanted))
  if (surplus.length > 0) return { delete: surplus.slice(0, podsPerPassMax) }
  const missing = wanted - active.length - (order.replacesFailedOnly ? view.terminating : 0)
  if (missing <= 0) return {}
  if (order.limitPerIndex === undefined) {
    const waitMs = backoffLeftMs(view.run, nowMs)
    if (waitMs > 0) return { waitMs }
  }
  const count = Math.min(missing, podsPerPassMax)
  if (!order.isIndexed) return { create: Array.from({ length: count }, () => undefined) }
  return scaleIndexes(view, pendingIndexes(view, count))
}

/** Each index with a limit of its own has a back-off of its own, too. */
function scaleIndexes({ order, replaced, nowMs }: JobView, pending: readonly number[]): Scaling {
  if (order.limitPerIndex === undefined) return { create: pending }
  const waits = new Map(
    pending.map((index) => [index, indexBackoffLeftMs(replaced.get(index), nowMs)]),
  )
  const create = pending.filter((index) => waits.get(index) === 0)
  const later = [...waits.values()].filter((ms) => ms > 0)
  return { create, ...(later.length > 0 ? { waitMs: Math.min(...later) } : {}) }
}

function wantedActive({ order, active, succeeded }: JobView): number {
  const { completions, parallelism } = order
  // Without completions the first success says that the work is done: what runs may end.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism
  return Math.max(0, Math.min(parallelism, completions - succeeded))
}

function pendingIndexes(view: JobView, count: number): readonly number[] {
  const { order, active, pods, succeededIndexes, failedIndexes = [] } = view
  const busy = order.replacesFailedOnly
    ? [...active, ...pods.filter((pod) => isTerminating(pod) && !isTerminal(pod))]
    : active
  const taken = union(
    union(succeededIndexes, failedIndexes),
    toIndexes(busy.flatMap((pod) => completionIndex(pod) ?? [])),
  )
  return firstMissing(taken, count, order.completions ?? 0)
}

/** Pods that are too many: of an indexed Job first those without a place, or with one that is taken. */
function surplusPods({ order, active, nowMs }: JobView, atLeast: number): readonly Pod[] {
  const ranked = rankForDeletion(active, [], nowMs)
  if (!order.isIndexed) return ranked.slice(0, atLeast)
  const keepers = new Map<number, Pod>()
  // The last of an index, which is worth most, is the one that stays.
  for (const pod of ranked) {
    const index = validIndex(pod, order)
    if (index !== undefined) keepers.set(index, pod)
  }
  const kept = new Set(keepers.values())
  const misplaced = ranked.filter((pod) => !kept.has(pod))
  const more = ranked
    .filter((pod) => kept.has(pod))
    .slice(0, Math.max(0, atLeast - misplaced.length))
  return [...misplaced, ...more]
}

/** A Job without an end is complete when enough pods have succeeded and none is left. */
export function completionOf(view: JobView, activeNow: number): JobEnd | undefined {
  const { completions } = view.order
  const enough = completions === undefined ? view.succeeded > 0 : view.succeeded >= completions
  if (!enough || activeNow > 0) return undefined
  return {
    how: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  }
}
