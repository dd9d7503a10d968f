import type { DaemonSet, Pod } from '../../kinds/types.ts'
import { availableInMs, isTerminating } from '../pod-facts.ts'
import { scaledValue } from '../scaled-value.ts'
import { isUpdated, type NodePods } from './placement.ts'

export interface Bounds {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** How far an update may go at once on so many nodes; both round up (update.go). */
export function boundsOf({ spec }: DaemonSet, wantedNodes: number): Bounds {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {}
  if (type !== 'RollingUpdate') return { maxSurge: 0, maxUnavailable: 0 }
  const maxSurge = scaledValue(rollingUpdate?.maxSurge ?? 0, wantedNodes, Math.ceil)
  const allowed = scaledValue(rollingUpdate?.maxUnavailable ?? 1, wantedNodes, Math.ceil)
  const stuck = wantedNodes > 0 && allowed === 0 && maxSurge === 0
  return { maxSurge, maxUnavailable: stuck ? 1 : allowed }
}

/** True when a node may run two pods of the set for a while. */
export function allowsSurge(daemonSet: DaemonSet): boolean {
  return boundsOf(daemonSet, 1).maxSurge > 0
}

export interface UpdateStep {
  readonly create: readonly string[]
  readonly delete: readonly Pod[]
}

/** The next step from old pods to those of the present template (pkg/controller/daemon/update.go). */
export function decideRollingUpdate(
  daemonSet: DaemonSet,
  places: readonly NodePods[],
  hash: string,
  nowMs: number,
): UpdateStep {
  const involved = places.filter(({ pods, placement }) => pods.length > 0 || placement.shouldRun)
  const wanted = places.filter(({ placement }) => placement.shouldRun).length
  const bounds = boundsOf(daemonSet, wanted)
  const minReadySeconds = daemonSet.spec?.minReadySeconds ?? 0
  const isAvailable = (pod: Pod) => availableInMs(pod, minReadySeconds, nowMs) === 0
  const sights = involved.map((place) => sightOf(daemonSet, place, hash, isAvailable))
  if (bounds.maxSurge === 0) return { create: [], delete: makeRoom(sights, bounds.maxUnavailable) }
  return surge(sights, bounds.maxSurge, wanted)
}

interface Pair {
  readonly pod: Pod
  readonly available: boolean
}

interface Sight {
  readonly place: NodePods
  readonly newPod: Pair | undefined
  readonly oldPod: Pair | undefined
  /** Two new or two old ones: the next pass removes what is too much. */
  readonly crowded: boolean
}

function sightOf(
  daemonSet: DaemonSet,
  place: NodePods,
  hash: string,
  isAvailable: (pod: Pod) => boolean,
): Sight {
  const staying = place.pods.filter((pod) => !isTerminating(pod))
  const newPods = staying.filter((pod) => isUpdated(daemonSet, pod, hash))
  const oldPods = staying.filter((pod) => !newPods.includes(pod))
  const first = ([pod]: readonly Pod[]) => pod && { pod, available: isAvailable(pod) }
  return {
    place,
    newPod: first(newPods),
    oldPod: first(oldPods),
    crowded: newPods.length > 1 || oldPods.length > 1,
  }
}

/** Deletes as many old pods as may be missing; old ones that are not available go in any case. */
function makeRoom(sights: readonly Sight[], maxUnavailable: number): readonly Pod[] {
  const broken: Pod[] = []
  const candidates: Pod[] = []
  let unavailable = 0
  for (const { newPod, oldPod, crowded } of sights) {
    if (crowded || !newPod === !oldPod) unavailable += 1
    else if (newPod) unavailable += newPod.available ? 0 : 1
    else if (oldPod && !oldPod.available) {
      broken.push(oldPod.pod)
      unavailable += 1
    } else if (oldPod) candidates.push(oldPod.pod)
  }
  return [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))]
}

/** Makes new pods beside old ones, and deletes each old one once its successor is available. */
function surge(sights: readonly Sight[], maxSurge: number, wanted: number): UpdateStep {
  const unwanted: Pod[] = []
  const elsewhere: Pod[] = []
  const broken: string[] = []
  const candidates: string[] = []
  let surging = 0
  let available = 0
  for (const { place, newPod, oldPod, crowded } of sights) {
    if (crowded) {
      surging += 1
      continue
    }
    if ((oldPod ?? newPod)?.available) available += 1
    if (!oldPod) continue
    if (newPod && !newPod.available) surging += 1
    else if (newPod) unwanted.push(oldPod.pod)
    else if (!place.placement.shouldRun) (oldPod.available ? elsewhere : unwanted).push(oldPod.pod)
    else if (oldPod.available) candidates.push(place.nodeName)
    else broken.push(place.nodeName)
  }
  // Where the set moves to other nodes, an available pod stays until one of those nodes has one.
  unwanted.push(...elsewhere.slice(0, Math.max(0, available - wanted)))
  const room = Math.max(0, maxSurge - surging)
  return { create: [...broken, ...candidates.slice(0, room)], delete: unwanted }
}
