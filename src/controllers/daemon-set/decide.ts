import type { Labels } from '../../kinds/selector.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { DaemonSet, DaemonSetStatus, Node, Pod } from '../../kinds/types.ts'
import { hashLabel } from '../controller-history/decide.ts'
import { claim } from '../ownership.ts'
import { availableInMs, isReady, isTerminal, isTerminating } from '../pod-facts.ts'
import { isUpdated, type NodePods, placementOf, targetNode } from './placement.ts'
import { allowsSurge, decideRollingUpdate } from './rolling-update.ts'

export interface DaemonSetState {
  readonly daemonSet: DaemonSet
  readonly nodes: readonly Node[]
  /** Pods that it owns or that might match. */
  readonly pods: readonly Pod[]
  /** Of the present revision, as pods carry it. */
  readonly hash: string
  /** Milliseconds until a failed pod of the node may be replaced: 0 when now. */
  readonly backOffMs: (nodeName: string) => number
  readonly nowMs: number
}

export interface DaemonSetDecision {
  readonly adopt: readonly Pod[]
  readonly release: readonly Pod[]
  /** Names of nodes. */
  readonly create: readonly string[]
  readonly delete: readonly Pod[]
  /** Of those that are deleted: pods that ended by themselves, and their nodes. */
  readonly ended: readonly { readonly pod: Pod; readonly nodeName: string }[]
  /** The status as it is now, before what is made and deleted. */
  readonly status: DaemonSetStatus
  readonly requeueAfterMs: number | undefined
}

/** At most so many pods are made, and as many deleted, in one pass. */
export const burstReplicas = 250

/** What to do so that each fitting node runs one pod of the template (pkg/controller/daemon). */
export function decideDaemonSet(state: DaemonSetState): DaemonSetDecision {
  const { daemonSet, hash, nowMs } = state
  const selector = selectorOf(daemonSet.spec?.selector)
  const matches = (labels: Labels) => !selector.empty && selector.matches(labels)
  const claims = claim(daemonSet, matches, state.pods)
  const places = podsByNode(state, [...claims.owned, ...claims.adopt])
  let plan = keepOnePodEach(state, places)
  const rolls = daemonSet.spec?.updateStrategy?.type === 'RollingUpdate'
  if (rolls && plan.create.length + plan.delete.length === 0)
    plan = { ...plan, ...decideRollingUpdate(daemonSet, places, hash, nowMs) }
  if (daemonSet.metadata.deletionTimestamp !== undefined) plan = nothing
  return {
    ...{ adopt: claims.adopt, release: claims.release },
    create: plan.create.slice(0, burstReplicas),
    delete: plan.delete.slice(0, burstReplicas),
    ended: plan.ended,
    status: statusOf(daemonSet, places, hash, nowMs),
    requeueAfterMs: earliest([plan.waitMs, nextAvailableMs(daemonSet, places, nowMs)]),
  }
}

interface Plan {
  readonly create: readonly string[]
  readonly delete: readonly Pod[]
  readonly ended: readonly { readonly pod: Pod; readonly nodeName: string }[]
  readonly waitMs: number | undefined
}

const nothing: Plan = { create: [], delete: [], ended: [], waitMs: undefined }

function podsByNode({ daemonSet, nodes }: DaemonSetState, own: readonly Pod[]): NodePods[] {
  const pods = new Map<string, Pod[]>()
  for (const pod of own) {
    // It waits for a finalizer or for its kubelet's last word: nothing is left to do with it.
    if (isTerminal(pod) && isTerminating(pod)) continue
    const nodeName = targetNode(pod)
    if (nodeName === undefined) continue
    const there = pods.get(nodeName)
    if (there) there.push(pod)
    else pods.set(nodeName, [pod])
  }
  const placement = placementOf(daemonSet)
  const places: NodePods[] = nodes.map((node) => {
    const nodeName = node.metadata.name ?? ''
    const there = firstThatCounts(pods.get(nodeName) ?? [])
    pods.delete(nodeName)
    return { nodeName, node, placement: placement(node), pods: there }
  })
  const nowhere = { shouldRun: false, shouldStay: false }
  for (const [nodeName, there] of pods)
    places.push({ nodeName, node: undefined, placement: nowhere, pods: firstThatCounts(there) })
  return places
}

/** Pods on their node come before waiting ones, elder ones before younger ones. */
function firstThatCounts(pods: readonly Pod[]): readonly Pod[] {
  if (pods.length < 2) return pods
  const orderOf = ({ spec, metadata }: Pod) =>
    [spec?.nodeName ? 0 : 1, metadata.creationTimestamp ?? '', metadata.name ?? ''] as const
  return [...pods].sort((one, other) => {
    const [left, right] = [orderOf(one), orderOf(other)]
    const at = left.findIndex((value, index) => value !== right[index])
    if (at < 0) return 0
    return (left[at] ?? 0) < (right[at] ?? 0) ? -1 : 1
  })
}

/** Pods where there are none and should be, and none too many (podsShouldBeOnNode). */
function keepOnePodEach(state: DaemonSetState, places: readonly NodePods[]): Plan {
  const create: string[] = []
  const unwanted: Pod[] = []
  const ended: { pod: Pod; nodeName: string }[] = []
  let waitMs: number | undefined
  for (const place of places) {
    const { nodeName, node, placement, pods } = place
    // The garbage collector of pods takes those that were bound to a node that is no more.
    if (!node) unwanted.push(...pods.filter((pod) => !pod.spec?.nodeName))
    else if (placement.shouldRun && pods.length === 0) create.push(nodeName)
    else if (!placement.shouldStay) unwanted.push(...pods.filter((pod) => !isTerminating(pod)))
    else {
      const backOffMs = state.backOffMs(nodeName)
      let failed = false
      const running: Pod[] = []
      for (const pod of pods) {
        if (isTerminating(pod)) continue
        if (!isTerminal(pod)) running.push(pod)
        else if (pod.status?.phase === 'Failed' && (backOffMs > 0 || failed))
          waitMs = earliest([waitMs, Math.max(1, backOffMs)])
        else {
          failed ||= pod.status?.phase === 'Failed'
          unwanted.push(pod)
          ended.push({ pod, nodeName })
        }
      }
      const surging = allowsSurge(state.daemonSet)
      if (surging && running.length === 0 && placement.shouldRun) create.push(nodeName)
      unwanted.push(...(surging ? surplusOfSurge(state, running) : running.slice(1)))
    }
  }
  return { create, delete: unwanted, ended, waitMs }
}

/**
 * A node may run two pods while it waits for the new one to be available and the old one is ready. Old
 * and new are told apart by the hash alone.
 */
function surplusOfSurge(
  { daemonSet, hash, nowMs }: DaemonSetState,
  running: readonly Pod[],
): Pod[] {
  if (running.length < 2) return []
  const isNew = (pod: Pod) => pod.metadata.labels?.[hashLabel] === hash
  const newPod = running.find(isNew)
  const oldPod = running.find((pod) => !isNew(pod))
  const surplus = running.filter((pod) => pod !== newPod && pod !== oldPod)
  if (!newPod || !oldPod) return surplus
  const available = availableInMs(newPod, daemonSet.spec?.minReadySeconds ?? 0, nowMs) === 0
  return !isReady(oldPod) || available ? [...surplus, oldPod] : surplus
}

function statusOf(
  daemonSet: DaemonSet,
  places: readonly NodePods[],
  hash: string,
  nowMs: number,
): DaemonSetStatus {
  const { metadata, spec, status } = daemonSet
  const nodes = places.filter(({ node }) => node !== undefined)
  const wanted = nodes.filter(({ placement }) => placement.shouldRun)
  const first = wanted.flatMap(({ pods }) => pods.slice(0, 1))
  const minReadySeconds = spec?.minReadySeconds ?? 0
  const available = first.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0).length
  return {
    ...(status?.collisionCount === undefined ? {} : { collisionCount: status.collisionCount }),
    ...(status?.conditions ? { conditions: status.conditions } : {}),
    observedGeneration: metadata.generation,
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: first.length,
    numberMisscheduled: nodes.filter(
      ({ placement, pods }) => !placement.shouldRun && pods.length > 0,
    ).length,
    numberReady: first.filter(isReady).length,
    updatedNumberScheduled: first.filter((pod) => isUpdated(daemonSet, pod, hash)).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
  }
}

/** Fields that are left out count as 0. */
export function sameStatus(one: DaemonSetStatus, other: DaemonSetStatus | undefined): boolean {
  return (
    one.desiredNumberScheduled === (other?.desiredNumberScheduled ?? 0) &&
    one.currentNumberScheduled === (other?.currentNumberScheduled ?? 0) &&
    one.numberMisscheduled === (other?.numberMisscheduled ?? 0) &&
    one.numberReady === (other?.numberReady ?? 0) &&
    one.updatedNumberScheduled === (other?.updatedNumberScheduled ?? 0) &&
    one.numberAvailable === (other?.numberAvailable ?? 0) &&
    one.numberUnavailable === (other?.numberUnavailable ?? 0) &&
    one.collisionCount === other?.collisionCount &&
    (other?.observedGeneration ?? 0) >= (one.observedGeneration ?? 0)
  )
}

function nextAvailableMs(
  { spec }: DaemonSet,
  places: readonly NodePods[],
  nowMs: number,
): number | undefined {
  const minReadySeconds = spec?.minReadySeconds ?? 0
  if (minReadySeconds === 0) return undefined
  return earliest(
    places
      .flatMap(({ pods }) => pods)
      .map((pod) => availableInMs(pod, minReadySeconds, nowMs))
      .map((ms) => (ms === 0 ? undefined : ms)),
  )
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  return times.reduce(
    (least, ms) => (ms === undefined || (least !== undefined && least < ms) ? least : ms),
    undefined,
  )
}
