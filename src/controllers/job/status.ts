import { formatTime } from '../../kinds/time.ts'
import type { JobCondition, JobStatus, Pod } from '../../kinds/types.ts'
import { completionOf, type JobEnd, type PodPlan } from './decide.ts'
import { countOf, formatIndexes } from './indexes.ts'
import {
  completionIndex,
  hasFailed,
  hasSucceeded,
  isTracked,
  type JobOrder,
  uidOf,
  validIndex,
} from './job-facts.ts'
import { judgeFailure } from './policies.ts'
import type { JobView } from './view.ts'

/**
 * How pods are counted exactly once (pkg/controller/job/job_controller.go, trackJobStatusAndRemove-
 * Finalizers): a pod that ended is first noted in status.uncountedTerminatedPods (or its index in
 * completedIndexes), then it loses the finalizer that kept it, then its note becomes a count. Whatever
 * write is the last one before a crash, the next pass finds a note, a finalizer, or both, and goes on.
 */
export interface Count {
  /** To be written before any finalizer is removed. */
  readonly status: JobStatus
  readonly release: readonly Pod[]
  /** Uids of pods that have the finalizer. */
  readonly tracked: ReadonlySet<string>
  readonly end: JobEnd | undefined
  /** More pods have ended than one status takes; the others come in the next pass. */
  readonly capped: boolean
  readonly told: 'Suspended' | 'Resumed' | undefined
}

/** What came of the plan. */
export interface PodsDone {
  readonly deleted: number
  readonly deletedReady: number
  readonly created: number
}

/** Uids in a status at the same time: about 20 kB. */
const uncountedMax = 500

export function countPods(view: JobView, plan: PodPlan, done: PodsDone): Count {
  const { job, nowMs, order } = view
  const active = view.active.length - done.deleted + done.created
  // An end waits until the last active pod is on its way.
  const allGone = done.deleted === view.active.length
  const end = plan.end ? (allGone ? plan.end : undefined) : completionOf(view, active)
  const tracked = new Set(view.pods.filter(isTracked).map(uidOf))
  const noted = noteEnded(view, end)
  const counted = settleNotes(job.status ?? {}, noted, tracked)
  const suspension = suspensionOf(view, plan, end)
  const conditions = withTarget(suspension.conditions, end, nowMs)
  const status: JobStatus = {
    ...counted,
    active,
    ready: view.ready - done.deletedReady,
    terminating: view.terminating + done.deleted,
    startTime: suspension.startTime,
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(order.isIndexed
      ? {
          succeeded: countOf(view.succeededIndexes),
          completedIndexes: formatIndexes(view.succeededIndexes),
          failedIndexes: view.failedIndexes && formatIndexes(view.failedIndexes),
        }
      : {}),
  }
  return {
    status: withoutZeros(status),
    release: noted.release,
    tracked,
    end,
    capped: noted.capped,
    told: suspension.told,
  }
}

/** The status when these pods have lost the finalizer, and whether the Job has ended with that. */
export function settle(
  count: Count,
  written: JobStatus,
  released: ReadonlySet<string>,
  nowMs: number,
): { readonly status: JobStatus; readonly finished: boolean } {
  const tracked = new Set([...count.tracked].filter((uid) => !released.has(uid)))
  const { succeeded = [], failed = [] } = written.uncountedTerminatedPods ?? {}
  const status = withoutZeros(settleNotes(written, { succeeded, failed }, tracked))
  const left = status.uncountedTerminatedPods
  const pending = (left?.succeeded?.length ?? 0) + (left?.failed?.length ?? 0) > 0
  const { end } = count
  if (!end || count.capped || pending || (status.terminating ?? 0) > 0)
    return { status, finished: false }
  const conditions = withCondition(status.conditions ?? [], end.how, 'True', end, nowMs).conditions
  return {
    status: {
      ...status,
      conditions,
      ...(end.how === 'Complete' ? { completionTime: formatTime(nowMs) } : {}),
    },
    finished: true,
  }
}

interface Noted {
  readonly succeeded: readonly string[]
  readonly failed: readonly string[]
}

/** Notes of pods that have lost their finalizer become counts. */
function settleNotes(status: JobStatus, noted: Noted, tracked: ReadonlySet<string>): JobStatus {
  const succeeded = noted.succeeded.filter((uid) => tracked.has(uid))
  const failed = noted.failed.filter((uid) => tracked.has(uid))
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + noted.succeeded.length - succeeded.length,
    failed: (status.failed ?? 0) + noted.failed.length - failed.length,
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    },
  }
}

function noteEnded(
  view: JobView,
  end: JobEnd | undefined,
): Noted & { readonly release: readonly Pod[]; readonly capped: boolean } {
  const { job, order, pods, uncounted } = view
  const old = job.status?.uncountedTerminatedPods
  const succeeded = [...(old?.succeeded ?? [])]
  const failed = [...(old?.failed ?? [])]
  // What was noted and has lost its finalizer makes room in this very write.
  const tracked = new Set(pods.filter(isTracked).map(uidOf))
  const settled = [...succeeded, ...failed].filter((uid) => !tracked.has(uid)).length
  let newIndexes = 0
  const release: Pod[] = []
  for (const pod of byIndex(pods, order)) {
    if (!isTracked(pod) || !mayRelease(pod, view, end)) continue
    release.push(pod)
    const uid = uidOf(pod)
    if (uncounted.failed.has(uid) || uncounted.succeeded.has(uid)) continue
    const hasPlace = !order.isIndexed || validIndex(pod, order) !== undefined
    // An index is its own note: completedIndexes has it.
    if (hasSucceeded(pod) && order.isIndexed) newIndexes += 1
    else if (hasSucceeded(pod)) succeeded.push(uid)
    else if (hasPlace && countsAsFailed(pod, order, end)) failed.push(uid)
    if (succeeded.length + failed.length - settled + newIndexes >= uncountedMax)
      return { succeeded, failed, release, capped: true }
  }
  return { succeeded, failed, release, capped: false }
}

function byIndex(pods: readonly Pod[], { isIndexed }: JobOrder): readonly Pod[] {
  if (!isIndexed) return pods
  const index = (pod: Pod) => completionIndex(pod) ?? -1
  return [...pods].sort((one, other) => index(one) - index(other))
}

function mayRelease(pod: Pod, view: JobView, end: JobEnd | undefined): boolean {
  const { order, replaced } = view
  if (order.deleting || end || hasSucceeded(pod)) return true
  if (!hasFailed(pod, order)) return false
  const index = validIndex(pod, order)
  return index === undefined || replaced.get(index) !== pod
}

/** When a Job has failed, every pod of it that did not end has failed, too. */
function countsAsFailed(pod: Pod, order: JobOrder, end: JobEnd | undefined): boolean {
  if (!hasFailed(pod, order) && end?.how !== 'Failed') return false
  return judgeFailure(order.spec.podFailurePolicy, pod).isCounted
}

/** Suspended and resumed: the condition, when the time of a Job runs, and what is told of it. */
function suspensionOf(
  view: JobView,
  plan: PodPlan,
  end: JobEnd | undefined,
): Pick<Count, 'told'> & {
  readonly conditions: readonly JobCondition[]
  readonly startTime: string | undefined
} {
  const { job, order, nowMs } = view
  const { conditions = [], startTime } = job.status ?? {}
  const now = formatTime(nowMs)
  const begun = startTime ?? (order.isSuspended ? undefined : now)
  if (!plan.scales || end) return { conditions, startTime: begun, told: undefined }
  const changed = order.isSuspended
    ? withCondition(conditions, 'Suspended', 'True', suspended, nowMs)
    : withCondition(conditions, 'Suspended', 'False', resumed, nowMs)
  if (!changed.isNew) return { conditions, startTime: begun, told: undefined }
  return order.isSuspended
    ? { conditions: changed.conditions, startTime: undefined, told: 'Suspended' }
    : { conditions: changed.conditions, startTime: now, told: 'Resumed' }
}

const suspended = { reason: 'JobSuspended', message: 'Job suspended' }
const resumed = { reason: 'JobResumed', message: 'Job resumed' }

/** What a Job is going to end with is said before its pods are let go. */
function withTarget(
  conditions: readonly JobCondition[],
  end: JobEnd | undefined,
  nowMs: number,
): JobCondition[] {
  const type = end?.how === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet'
  const isSaid = conditions.some((one) => one.type === type && one.status === 'True')
  if (!end || isSaid) return [...conditions]
  return [...withCondition(conditions, type, 'True', end, nowMs).conditions]
}

/** A condition that does not hold and was never there is not worth a word. */
function withCondition(
  conditions: readonly JobCondition[],
  type: string,
  status: 'True' | 'False',
  { reason, message }: { readonly reason: string; readonly message: string },
  nowMs: number,
): { readonly conditions: JobCondition[]; readonly isNew: boolean } {
  const now = formatTime(nowMs)
  const next = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message }
  const at = conditions.findIndex((one) => one.type === type)
  const known = conditions[at]
  const same = known?.status === status && known.reason === reason && known.message === message
  if (same || (!known && status === 'False')) return { conditions: [...conditions], isNew: false }
  return {
    conditions: known ? conditions.with(at, next) : [...conditions, next],
    isNew: true,
  }
}

/** Counts of nothing and fields without a value are left out, as the API writes them. */
function withoutZeros(status: JobStatus): JobStatus {
  return Object.fromEntries(
    Object.entries(status).filter(
      ([field, value]) => value !== undefined && empties.get(field) !== value,
    ),
  )
}

const empties: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['active', 0],
  ['succeeded', 0],
  ['failed', 0],
  ['completedIndexes', ''],
])
