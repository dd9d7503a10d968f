import type { Labels } from '../../kinds/selector.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../kinds/types.ts'
import { claim } from '../ownership.ts'
import {
  newReplicaSet,
  newSetAnnotations,
  revisionAnnotation,
  revisionOf,
  sameAnnotations,
  sizeAnnotations,
} from './revision.ts'
import {
  availableOf,
  boundsOf,
  desiredAnnotation,
  newSetSize,
  proportionalSizes,
  shrunkOldSets,
  sizeOf,
  sumOf,
} from './sizes.ts'
import { deadlineInMs, isComplete, statusOf } from './status.ts'
import { findNewReplicaSet, oldestFirst } from './template.ts'

export interface DeploymentState {
  readonly deployment: Deployment
  /** Replica sets that it owns or that might match. */
  readonly replicaSets: readonly ReplicaSet[]
  /** Pods of a replica set, by its uid, that have not ended; Recreate waits for those of old sets. */
  readonly podsOf: (uid: string) => number
  readonly nowMs: number
}

export interface Resize {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
  /** All annotations as they should be. */
  readonly annotations: Readonly<Record<string, string>>
  readonly minReadySeconds?: number | undefined
}

export interface DeploymentDecision {
  readonly adopt: readonly ReplicaSet[]
  readonly release: readonly ReplicaSet[]
  readonly create: ReplicaSet | undefined
  readonly resize: readonly Resize[]
  readonly delete: readonly ReplicaSet[]
  /** The revision that the deployment's own annotation should say; undefined when it does. */
  readonly revision: string | undefined
  readonly status: DeploymentStatus
  readonly requeueAfterMs: number | undefined
}

/** One step of a deployment towards its template and its size (pkg/controller/deployment). */
export function decideDeployment(state: DeploymentState): DeploymentDecision {
  const { deployment, nowMs } = state
  const selector = selectorOf(deployment.spec?.selector)
  const matches = (labels: Labels) => !selector.empty && selector.matches(labels)
  const { owned, adopt, release } = claim(deployment, matches, state.replicaSets)
  const sets = [...owned, ...adopt]
  const newSet = findNewReplicaSet(deployment, sets)
  const oldSets = oldestFirst(sets.filter((set) => set !== newSet))
  const plan: Plan = { create: undefined, sizes: new Map(), delete: [] }
  const deleting = deployment.metadata.deletionTimestamp !== undefined
  if (!deleting) planSizes(state, plan, newSet, oldSets)
  const status = statusOf({
    deployment,
    newSet: newSet ?? plan.create,
    sets,
    newSetCreated: plan.create !== undefined,
    nowMs,
  })
  if (!deleting && (deployment.spec?.paused || isComplete(deployment, status)))
    plan.delete = expiredHistory(deployment, oldSets)
  const target = newSet ?? plan.create
  return {
    adopt,
    release,
    create: plan.create,
    resize: deleting ? [] : resizes(deployment, newSet, oldSets, plan),
    delete: plan.delete,
    revision: deleting ? undefined : revisionToTell(deployment, target, newSet, oldSets),
    status,
    requeueAfterMs: deadlineInMs(deployment, status, nowMs),
  }
}

interface Plan {
  create: ReplicaSet | undefined
  sizes: ReadonlyMap<ReplicaSet, number>
  delete: readonly ReplicaSet[]
}

function planSizes(
  state: DeploymentState,
  plan: Plan,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): void {
  const { deployment } = state
  const all = newSet ? [...oldSets, newSet] : oldSets
  if (deployment.spec?.paused || isResized(deployment, all))
    plan.sizes = scaledSizes(deployment, newSet, oldSets)
  else if (deployment.spec?.strategy?.type === 'Recreate')
    planRecreate(state, plan, newSet, oldSets)
  else planRollingUpdate(deployment, plan, newSet, oldSets)
}

function planRollingUpdate(
  deployment: Deployment,
  plan: Plan,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): void {
  if (!newSet) {
    const size = newSetSize(deployment, oldSets, 0)
    plan.create = newReplicaSet(deployment, oldSets, size)
    return
  }
  const { replicas } = boundsOf(deployment)
  const now = sizeOf(newSet)
  const wanted = now > replicas ? replicas : newSetSize(deployment, [...oldSets, newSet], now)
  // Growth first, and its result is waited for: what shrinks is decided from what then runs.
  if (wanted !== now) plan.sizes = new Map([[newSet, wanted]])
  else plan.sizes = shrunkOldSets(deployment, newSet, oldSets)
}

/** Recreate: nothing new before the last old pod has ended. */
function planRecreate(
  { deployment, podsOf }: DeploymentState,
  plan: Plan,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): void {
  const active = oldSets.filter((set) => sizeOf(set) > 0)
  if (active.length > 0) {
    plan.sizes = new Map(active.map((set) => [set, 0]))
    return
  }
  if (oldSets.some((set) => podsOf(set.metadata.uid ?? '') > 0)) return
  const { replicas } = boundsOf(deployment)
  if (!newSet) plan.create = newReplicaSet(deployment, oldSets, replicas)
  else if (sizeOf(newSet) !== replicas) plan.sizes = new Map([[newSet, replicas]])
}

/** True when the wanted number changed since the active sets were sized (isScalingEvent). */
function isResized(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[desiredAnnotation]
    if (sizeOf(set) === 0 || desired === undefined) return false
    return Number(desired) !== (deployment.spec?.replicas ?? 1)
  })
}

/** Sizes for a changed number without a step of the rollout (sync.go, scale). */
function scaledSizes(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): ReadonlyMap<ReplicaSet, number> {
  const replicas = deployment.spec?.replicas ?? 1
  const all = newSet ? [...oldSets, newSet] : oldSets
  const active = all.filter((set) => sizeOf(set) > 0)
  if (active.length <= 1) {
    const only = active[0] ?? newSet ?? all.at(-1)
    return only ? new Map([[only, replicas]]) : new Map()
  }
  if (newSet && isSaturated(deployment, newSet))
    return new Map(oldSets.filter((set) => sizeOf(set) > 0).map((set) => [set, 0]))
  // Their sizes stay, but the annotations have to say that this number was seen.
  if (deployment.spec?.strategy?.type === 'Recreate')
    return new Map(active.map((set) => [set, sizeOf(set)]))
  return proportionalSizes(deployment, active)
}

function isSaturated(deployment: Deployment, newSet: ReplicaSet): boolean {
  const replicas = deployment.spec?.replicas ?? 1
  const desired = Number(newSet.metadata.annotations?.[desiredAnnotation])
  return sizeOf(newSet) === replicas && desired === replicas && availableOf(newSet) === replicas
}

/** Turns sizes into writes: also for annotations that are out of date, also of sets that keep theirs. */
function resizes(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  plan: Plan,
): readonly Resize[] {
  const wanted: Resize[] = []
  const sized = sizeAnnotations(deployment)
  const all = newSet ? [newSet, ...oldSets] : oldSets
  for (const set of all) {
    const planned = plan.sizes.get(set)
    const replicas = planned ?? sizeOf(set)
    const base =
      set === newSet ? newSetAnnotations(deployment, set, oldSets) : { ...set.metadata.annotations }
    const annotations = planned !== undefined || set === newSet ? { ...base, ...sized } : base
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0
    const readyChanged = set === newSet && (set.spec?.minReadySeconds ?? 0) !== minReadySeconds
    if (
      replicas === sizeOf(set) &&
      !readyChanged &&
      sameAnnotations(set.metadata.annotations, annotations)
    )
      continue
    wanted.push({
      replicaSet: set,
      replicas,
      annotations,
      ...(readyChanged ? { minReadySeconds } : {}),
    })
  }
  return wanted
}

function revisionToTell(
  deployment: Deployment,
  target: ReplicaSet | undefined,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): string | undefined {
  if (!target) return undefined
  const annotations = newSet ? newSetAnnotations(deployment, newSet, oldSets) : undefined
  const revision = (annotations ?? target.metadata.annotations)?.[revisionAnnotation]
  return deployment.metadata.annotations?.[revisionAnnotation] === revision ? undefined : revision
}

/** Old sets beyond revisionHistoryLimit, lowest revision first, that hold no pods any more. */
function expiredHistory(
  deployment: Deployment,
  oldSets: readonly ReplicaSet[],
): readonly ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10
  const alive = oldSets.filter((set) => set.metadata.deletionTimestamp === undefined)
  const surplus = alive.length - limit
  if (surplus <= 0) return []
  return [...alive]
    .sort((one, other) => Number(revisionOf(one) - revisionOf(other)))
    .slice(0, surplus)
    .filter(
      (set) =>
        sumOf([set], sizeOf) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    )
}
