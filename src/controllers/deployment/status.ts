import { formatTime } from '../../kinds/time.ts'
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from '../../kinds/types.ts'
import { boundsOf, sizeOf, sumOf } from './sizes.ts'

/** progressDeadlineSeconds that means: never. */
const noDeadline = 2_147_483_647
const defaultDeadlineSeconds = 600

export interface StatusInput {
  readonly deployment: Deployment
  readonly newSet: ReplicaSet | undefined
  readonly sets: readonly ReplicaSet[]
  /** True in the pass that makes the new set. */
  readonly newSetCreated: boolean
  readonly nowMs: number
}

/** The deployment's status (pkg/controller/deployment sync.go calculateStatus, progress.go). */
export function statusOf(input: StatusInput): DeploymentStatus {
  const counted = countsOf(input)
  const available = withCondition(counted, availability(input.deployment, counted), input.nowMs)
  const progressing = progress(input, available)
  const status = progressing
    ? withCondition(available, progressing, input.nowMs, progressing.touched)
    : available
  return withReplicaFailure(status, input)
}

/** What refuses pods of the new set, or else of an older one (progress.go getReplicaFailures). */
function withReplicaFailure(
  status: DeploymentStatus,
  { newSet, sets }: StatusInput,
): DeploymentStatus {
  const failures = (newSet ? [newSet, ...sets] : sets)
    .flatMap((set) => set.status?.conditions ?? [])
    .filter(({ type }) => type === 'ReplicaFailure')
  const others = (status.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  const [failure] = failures
  if (!failure) return { ...status, conditions: others }
  const { lastTransitionTime } = failure
  const told = { ...failure, ...(lastTransitionTime ? { lastUpdateTime: lastTransitionTime } : {}) }
  return { ...status, conditions: [...others, told] }
}

/** When the deadline of a rollout that does not progress is to be looked at again. */
export function deadlineInMs(
  deployment: Deployment,
  status: DeploymentStatus,
  nowMs: number,
): number | undefined {
  const current = conditionOf(status, 'Progressing')
  if (!current || !hasDeadline(deployment) || isComplete(deployment, status)) return undefined
  if (current.reason === 'ProgressDeadlineExceeded' || deployment.spec?.paused) return undefined
  return Math.max(0, deadlineMs(deployment, current) - nowMs) + 1_000
}

/** All replicas run the present template, all are available, none of an older one is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const replicas = deployment.spec?.replicas ?? 1
  return (
    status.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

export function sameStatus(one: DeploymentStatus, other: DeploymentStatus | undefined): boolean {
  const counts = (status: DeploymentStatus | undefined) => [
    status?.observedGeneration,
    status?.replicas ?? 0,
    status?.updatedReplicas ?? 0,
    status?.readyReplicas ?? 0,
    status?.availableReplicas ?? 0,
    status?.unavailableReplicas ?? 0,
    status?.terminatingReplicas ?? 0,
    status?.collisionCount ?? 0,
    (status?.conditions ?? []).map((one) => [
      one.type,
      one.status,
      one.reason,
      one.message,
      one.lastTransitionTime,
      one.lastUpdateTime,
    ]),
  ]
  return JSON.stringify(counts(one)) === JSON.stringify(counts(other))
}

function countsOf({ deployment, newSet, sets }: StatusInput): DeploymentStatus {
  const available = sumOf(sets, (set) => set.status?.availableReplicas)
  const { collisionCount, conditions } = deployment.status ?? {}
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sumOf(sets, (set) => set.status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sumOf(sets, (set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumOf(sets, sizeOf) - available),
    terminatingReplicas: sumOf(sets, (set) => set.status?.terminatingReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  }
}

interface Told {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  /** Progress was made: the deadline counts from now even if nothing else changed. */
  readonly touched?: boolean
}

function availability(deployment: Deployment, status: DeploymentStatus): Told {
  const { replicas, maxUnavailable } = boundsOf(deployment)
  const enough = (status.availableReplicas ?? 0) >= replicas - maxUnavailable
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

function progress(input: StatusInput, status: DeploymentStatus): Told | undefined {
  const { deployment, newSet, nowMs } = input
  if (!hasDeadline(deployment)) return undefined
  const current = conditionOf(deployment.status, 'Progressing')
  if (deployment.spec?.paused) return pauseCondition(current, true)
  const resumed = pauseCondition(current, false)
  if (resumed) return resumed
  const name = newSet?.metadata.name ?? ''
  const told = (reason: string, text: string, touched = false): Told => ({
    type: 'Progressing',
    status: reason === 'ProgressDeadlineExceeded' ? 'False' : 'True',
    reason,
    message: `ReplicaSet "${name}" ${text}`,
    touched,
  })
  if (input.newSetCreated) return told('NewReplicaSetCreated', 'is created.', true)
  const wasComplete =
    status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable'
  if (wasComplete && current?.message?.includes(`"${name}"`)) return undefined
  if (isComplete(deployment, status))
    return told('NewReplicaSetAvailable', 'has successfully progressed.', true)
  if (!current) return told('FoundNewReplicaSet', 'was found.', true)
  if (hasProgressed(deployment.status, status))
    return told('ReplicaSetUpdated', 'is progressing.', true)
  if (isTimedOut(deployment, current, nowMs))
    return told('ProgressDeadlineExceeded', 'has timed out progressing.')
  return undefined
}

/** Pausing stops the deadline, resuming starts it anew (checkPausedConditions). */
function pauseCondition(
  current: DeploymentCondition | undefined,
  paused: boolean,
): Told | undefined {
  const wasPaused = current?.reason === 'DeploymentPaused'
  if (paused === wasPaused || current?.reason === 'ProgressDeadlineExceeded') return undefined
  if (!paused && !current) return undefined
  return paused
    ? {
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentPaused',
        message: 'Deployment is paused',
      }
    : {
        type: 'Progressing',
        status: 'Unknown',
        reason: 'DeploymentResumed',
        message: 'Deployment is resumed',
      }
}

function hasProgressed(old: DeploymentStatus | undefined, now: DeploymentStatus): boolean {
  const count = (value: number | undefined) => value ?? 0
  const outdated = (status: DeploymentStatus | undefined) =>
    count(status?.replicas) - count(status?.updatedReplicas)
  return (
    count(now.updatedReplicas) > count(old?.updatedReplicas) ||
    outdated(now) < outdated(old) ||
    count(now.readyReplicas) > count(old?.readyReplicas) ||
    count(now.availableReplicas) > count(old?.availableReplicas)
  )
}

function isTimedOut(deployment: Deployment, current: DeploymentCondition, nowMs: number): boolean {
  if (current.reason === 'NewReplicaSetAvailable') return false
  if (current.reason === 'ProgressDeadlineExceeded') return true
  return nowMs > deadlineMs(deployment, current)
}

function deadlineMs(deployment: Deployment, current: DeploymentCondition): number {
  const seconds = deployment.spec?.progressDeadlineSeconds ?? defaultDeadlineSeconds
  return Date.parse(current.lastUpdateTime ?? '') + seconds * 1_000
}

function hasDeadline(deployment: Deployment): boolean {
  return (deployment.spec?.progressDeadlineSeconds ?? defaultDeadlineSeconds) !== noDeadline
}

function conditionOf(
  status: DeploymentStatus | undefined,
  type: string,
): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

/** Sets a condition; its transition time moves only when its status does. */
export function withCondition(
  status: DeploymentStatus,
  { type, status: value, reason, message }: Told,
  nowMs: number,
  touched = false,
): DeploymentStatus {
  const current = conditionOf(status, type)
  const same = current?.status === value && current.reason === reason && current.message === message
  if (same && !touched) return status
  const now = formatTime(nowMs)
  const condition: DeploymentCondition = {
    type,
    status: value,
    reason,
    message,
    lastUpdateTime: now,
    lastTransitionTime: current?.status === value ? (current.lastTransitionTime ?? now) : now,
  }
  const others = (status.conditions ?? []).filter((one) => one.type !== type)
  return { ...status, conditions: [...others, condition] }
}
