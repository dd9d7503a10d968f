import type { Job, JobCondition, JobSpec, Pod } from '../../kinds/types.ts'
import { isTerminating } from '../pod-facts.ts'

/** What the Job controller asks of Jobs and their pods (pkg/controller/job/job_controller.go). */

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
export const indexAnnotation = 'batch.kubernetes.io/job-completion-index'
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count'
export const ignoredFailureCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'
const ownName = 'kubernetes.io/job-controller'

const backoffLimitDefault = 6

/** A Job's spec with what the API fills in when the writer leaves it out. */
export interface JobOrder {
  readonly spec: JobSpec
  readonly parallelism: number
  readonly completions: number | undefined
  readonly backoffLimit: number
  readonly isIndexed: boolean
  readonly isSuspended: boolean
  readonly deleting: boolean
  /** Pods are replaced when they have ended, not while they are on their way. */
  readonly replacesFailedOnly: boolean
  /** Of an indexed Job with backoffLimitPerIndex; undefined for every other. */
  readonly limitPerIndex: number | undefined
}

export function orderOf(job: Job): JobOrder {
  const spec: JobSpec = job.spec ?? { template: {} }
  const isIndexed = spec.completionMode === 'Indexed'
  return {
    spec,
    parallelism: spec.parallelism ?? 1,
    completions: spec.completions,
    backoffLimit: spec.backoffLimit ?? backoffLimitDefault,
    isIndexed,
    isSuspended: spec.suspend === true,
    deleting: job.metadata.deletionTimestamp !== undefined,
    replacesFailedOnly:
      spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined,
    limitPerIndex: isIndexed ? spec.backoffLimitPerIndex : undefined,
  }
}

/** Some other controller looks after it. */
export function isManagedElsewhere(job: Job): boolean {
  const { managedBy } = job.spec ?? {}
  return managedBy !== undefined && managedBy !== ownName
}

export function trueCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((one) => one.type === type && one.status === 'True')
}

/** The condition with which a Job ended. */
export function finishedCondition(job: Job): JobCondition | undefined {
  return trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed')
}

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(trackingFinalizer) ?? false
}

/** The index that a pod works on; undefined when it says none. */
export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexAnnotation]
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** The index, when it is one that the Job still has. */
export function validIndex(pod: Pod, { completions = 0 }: JobOrder): number | undefined {
  const index = completionIndex(pod)
  return index !== undefined && index < completions ? index : undefined
}

/** A deleted pod counts as failed, unless the Job wants to know how it ended. */
export function hasFailed(pod: Pod, { replacesFailedOnly }: JobOrder): boolean {
  const phase = pod.status?.phase
  if (phase === 'Failed') return true
  return !replacesFailedOnly && isTerminating(pod) && phase !== 'Succeeded'
}

export function hasSucceeded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded'
}

export function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? ''
}

export function failureCounts(pod: Pod): { readonly counted: number; readonly ignored: number } {
  const read = (name: string) => {
    const value = pod.metadata.annotations?.[name]
    const number = value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : 0
    return number <= int32Max ? number : 0
  }
  return { counted: read(failureCountAnnotation), ignored: read(ignoredFailureCountAnnotation) }
}

const int32Max = 2 ** 31 - 1

/**
 * When a pod ended, as well as its object tells: by its containers, its readiness, its deletion, its
 * creation (pkg/controller/job/backoff_utils.go).
 */
export function endedAtMs(pod: Pod): number {
  const { metadata, status } = pod
  const byContainers = containersEndedAtMs(pod)
  if (byContainers !== undefined) return byContainers
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const unreadyMs = Date.parse(ready?.lastTransitionTime ?? '')
  if (ready?.status === 'False' && !Number.isNaN(unreadyMs)) return unreadyMs
  const deletedMs = Date.parse(metadata.deletionTimestamp ?? '')
  if (!Number.isNaN(deletedMs))
    return deletedMs - (metadata.deletionGracePeriodSeconds ?? 0) * 1_000
  return Date.parse(metadata.creationTimestamp ?? '') || 0
}

function containersEndedAtMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  )
  const ends = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ].map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ''))
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends)
}
