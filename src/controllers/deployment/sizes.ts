import type { Deployment, ReplicaSet } from '../../kinds/types.ts'
import { scaledValue } from '../scaled-value.ts'

export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'

/** How far a rolling update may go over and under the wanted number of pods. */
export interface Bounds {
  readonly replicas: number
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/**
 * The bounds as numbers (pkg/controller/deployment/util, ResolveFenceposts): surge rounds up,
 * unavailable rounds down, and if both come out 0 one pod may be missing, or nothing would ever move.
 */
export function boundsOf(deployment: Deployment): Bounds {
  const replicas = deployment.spec?.replicas ?? 1
  const { type = 'RollingUpdate', rollingUpdate } = deployment.spec?.strategy ?? {}
  if (type !== 'RollingUpdate') return { replicas, maxSurge: 0, maxUnavailable: 0 }
  const maxSurge = scaledValue(rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil)
  const allowed = scaledValue(rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor)
  const maxUnavailable = maxSurge === 0 && allowed === 0 ? 1 : allowed
  return { replicas, maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) }
}

export function sizeOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 0
}

export function sumOf(
  sets: readonly ReplicaSet[],
  count: (set: ReplicaSet) => number | undefined,
): number {
  return sets.reduce((sum, set) => sum + (count(set) ?? 0), 0)
}

/** No more than its size: a set that was just shrunk still reports pods that are about to go. */
export const availableOf = (set: ReplicaSet): number =>
  Math.min(set.status?.availableReplicas ?? 0, sizeOf(set))

/** How many replicas the new set gets now: as many as surge leaves room for (NewRSNewReplicas). */
export function newSetSize(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSetNow: number,
): number {
  const { replicas, maxSurge } = boundsOf(deployment)
  if ((deployment.spec?.strategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return replicas
  // A set that was just shrunk still has its pods: what is there counts as well as what is asked for.
  const total = sumOf(sets, (set) => Math.max(sizeOf(set), set.status?.replicas ?? 0))
  const room = replicas + maxSurge - total
  if (room <= 0) return newSetNow
  return newSetNow + Math.max(0, Math.min(room, replicas - newSetNow))
}

/**
 * New sizes of the old sets during a rolling update: first away with replicas that are not available
 * anyway, then as many as the minimum of available pods permits (rolling.go).
 */
export function shrunkOldSets(
  deployment: Deployment,
  newSet: ReplicaSet,
  oldSetsOldestFirst: readonly ReplicaSet[],
): ReadonlyMap<ReplicaSet, number> {
  const sizes = new Map<ReplicaSet, number>()
  const { replicas, maxUnavailable } = boundsOf(deployment)
  const minAvailable = replicas - maxUnavailable
  const all = [newSet, ...oldSetsOldestFirst]
  const newUnavailable = sizeOf(newSet) - availableOf(newSet)
  let removable = sumOf(all, sizeOf) - minAvailable - newUnavailable
  if (removable <= 0) return sizes
  const sizeNow = (set: ReplicaSet) => sizes.get(set) ?? sizeOf(set)
  for (const set of oldSetsOldestFirst) {
    const remove = Math.min(removable, Math.max(0, sizeOf(set) - availableOf(set)))
    if (remove > 0) sizes.set(set, sizeOf(set) - remove)
    removable -= remove
  }
  let spare = sumOf(all, availableOf) - minAvailable
  for (const set of oldSetsOldestFirst) {
    const remove = Math.min(spare, sizeNow(set))
    if (remove <= 0) continue
    sizes.set(set, sizeNow(set) - remove)
    spare -= remove
  }
  return sizes
}

/**
 * New sizes after the wanted number itself changed in the middle of a rollout: every set gets its
 * share, rounding left-overs go to the first (sync.go, scale). What the first is too small to give, the next
 * ones give: upstream keeps a pod too many then.
 */
export function proportionalSizes(
  deployment: Deployment,
  activeSets: readonly ReplicaSet[],
): ReadonlyMap<ReplicaSet, number> {
  const { replicas, maxSurge } = boundsOf(deployment)
  const allowed = replicas > 0 ? replicas + maxSurge : 0
  const toAdd = allowed - sumOf(activeSets, sizeOf)
  const sorted = bySize(activeSets, toAdd > 0)
  const sizes = new Map<ReplicaSet, number>()
  let added = 0
  for (const set of sorted) {
    const share = toAdd === 0 ? 0 : shareOf(set, deployment, toAdd, added)
    sizes.set(set, sizeOf(set) + share)
    added += share
  }
  let left = toAdd - added
  for (const set of sorted) {
    const size = sizes.get(set) ?? 0
    const change = Math.max(left, -size)
    sizes.set(set, size + change)
    left -= change
  }
  return sizes
}

function shareOf(set: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  const size = sizeOf(set)
  const left = toAdd - added
  if (size === 0 || left === 0) return 0
  const { replicas, maxSurge } = boundsOf(deployment)
  const before =
    Number(set.metadata.annotations?.[maxAnnotation]) || deployment.status?.replicas || size
  const wanted = replicas === 0 ? 0 : Math.round((size * (replicas + maxSurge)) / before)
  return toAdd > 0 ? Math.min(wanted - size, left) : Math.max(wanted - size, left)
}

/** Biggest first; of equal ones the newest when growing, the oldest when shrinking. */
function bySize(sets: readonly ReplicaSet[], growing: boolean): readonly ReplicaSet[] {
  const created = (set: ReplicaSet) => set.metadata.creationTimestamp ?? ''
  return [...sets].sort((one, other) => {
    if (sizeOf(one) !== sizeOf(other)) return sizeOf(other) - sizeOf(one)
    if (created(one) === created(other)) return 0
    return created(one) < created(other) === growing ? 1 : -1
  })
}
