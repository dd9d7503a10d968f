import type { Job, Pod } from '../../kinds/types.ts'
import { isActive, isReady, isTerminal, isTerminating } from '../pod-facts.ts'
import { type FailureRun, withEnded } from './backoff.ts'
import { holds, type Indexes, parseIndexes, toIndexes, union } from './indexes.ts'
import {
  endedAtMs,
  failureCounts,
  hasFailed,
  hasSucceeded,
  isTracked,
  type JobOrder,
  orderOf,
  uidOf,
  validIndex,
} from './job-facts.ts'
import { judgeFailure } from './policies.ts'

export interface JobState {
  readonly job: Job
  /** Its own pods, those it has just adopted among them. */
  readonly pods: readonly Pod[]
  /** Failures before those that the pods show now. */
  readonly run: FailureRun
  readonly nowMs: number
}

/** A Job and its pods as one pass of the controller sees them. */
export interface JobView extends JobState {
  readonly order: JobOrder
  readonly active: readonly Pod[]
  readonly ready: number
  /** On their way out, and not ended yet. */
  readonly terminating: number
  readonly uncounted: {
    readonly succeeded: ReadonlySet<string>
    readonly failed: ReadonlySet<string>
  }
  /** All that succeeded, counted in the status or not yet; of an indexed Job its indexes. */
  readonly succeeded: number
  readonly failed: number
  /** Indexes that the status has, and with those that pods add to them. */
  readonly countedIndexes: Indexes
  readonly succeededIndexes: Indexes
  /** Undefined without backoffLimitPerIndex. */
  readonly failedIndexes: Indexes | undefined
  /** By index: the failed pod that stays until its successor, which takes over its count, is there. */
  readonly replaced: ReadonlyMap<number, Pod>
}

export function viewOf(state: JobState): JobView {
  const { job, pods } = state
  const { status } = job
  const order = orderOf(job)
  const active = pods.filter(isActive)
  const uncounted = {
    succeeded: new Set(status?.uncountedTerminatedPods?.succeeded),
    failed: new Set(status?.uncountedTerminatedPods?.failed),
  }
  const counts = pods.filter(
    (pod) => isTracked(pod) && (!order.isIndexed || validIndex(pod, order) !== undefined),
  )
  const succeeded = counts.filter(
    (pod) => hasSucceeded(pod) && !uncounted.succeeded.has(uidOf(pod)),
  )
  const failed = counts.filter((pod) => hasFailed(pod, order) && !uncounted.failed.has(uidOf(pod)))
  const { podFailurePolicy } = order.spec
  const newFailures = failed.filter((pod) => judgeFailure(podFailurePolicy, pod).isCounted).length
  const seen = {
    ...state,
    order,
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => isTerminating(pod) && !isTerminal(pod)).length,
    uncounted,
    run: withEnded(state.run, succeeded, failed),
    failed: (status?.failed ?? 0) + newFailures + uncounted.failed.size,
  }
  if (!order.isIndexed)
    return {
      ...seen,
      succeeded: (status?.succeeded ?? 0) + succeeded.length + uncounted.succeeded.size,
      countedIndexes: [],
      succeededIndexes: [],
      failedIndexes: undefined,
      replaced: new Map(),
    }
  return { ...seen, ...indexesOf(job, counts, active, order) }
}

/** What an indexed Job's pods say of its indexes (pkg/controller/job/indexed_job_utils.go). */
function indexesOf(
  job: Job,
  counts: readonly Pod[],
  active: readonly Pod[],
  order: JobOrder,
): Pick<
  JobView,
  'succeeded' | 'countedIndexes' | 'succeededIndexes' | 'failedIndexes' | 'replaced'
> {
  const { completions = 0, limitPerIndex } = order
  const indexes = (pods: readonly Pod[]) =>
    toIndexes(pods.map((pod) => validIndex(pod, order) ?? 0))
  const countedIndexes = parseIndexes(job.status?.completedIndexes, completions)
  const succeededIndexes = union(countedIndexes, indexes(counts.filter(hasSucceeded)))
  const succeeded = succeededIndexes.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  const shared = { succeeded, countedIndexes, succeededIndexes }
  if (limitPerIndex === undefined)
    return { ...shared, failedIndexes: undefined, replaced: new Map() }
  const failedIndexes = union(
    parseIndexes(job.status?.failedIndexes, completions),
    indexes(counts.filter((pod) => failsItsIndex(pod, order, limitPerIndex))),
  )
  const busy = toIndexes(active.flatMap((pod) => validIndex(pod, order) ?? []))
  const replaced = new Map<number, Pod>()
  for (const pod of counts) {
    const index = validIndex(pod, order)
    if (index === undefined || !hasFailed(pod, order)) continue
    if ([succeededIndexes, failedIndexes, busy].some((taken) => holds(taken, index))) continue
    const known = replaced.get(index)
    if (!known || isLater(pod, known)) replaced.set(index, pod)
  }
  return { ...shared, failedIndexes, replaced }
}

function isLater(pod: Pod, than: Pod): boolean {
  const total = (one: Pod) => failureCounts(one).counted + failureCounts(one).ignored
  return total(pod) >= total(than) && endedAtMs(pod) >= endedAtMs(than)
}

function failsItsIndex(pod: Pod, order: JobOrder, limitPerIndex: number): boolean {
  if (!hasFailed(pod, order)) return false
  const { action, isCounted } = judgeFailure(order.spec.podFailurePolicy, pod)
  return action === 'FailIndex' || (isCounted && failureCounts(pod).counted >= limitPerIndex)
}
