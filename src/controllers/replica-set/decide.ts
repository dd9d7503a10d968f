import type { Labels } from '../../kinds/selector.ts'
import { selectorOf, selectorOfMap } from '../../kinds/selector.ts'
import { formatTime } from '../../kinds/time.ts'
import type { Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../kinds/types.ts'
import { claim, controllerReference } from '../ownership.ts'
import { availableInMs, isActive, isReady, isTerminating } from '../pod-facts.ts'
import { rankForDeletion } from './ranking.ts'

export interface ReplicaSetState {
  readonly replicaSet: ReplicaSet
  /** Pods that it owns or that might match: at least all of both in its namespace. */
  readonly pods: readonly Pod[]
  /** Active pods of the workload that this set belongs to, its own among them; asked for if needed. */
  readonly neighbours: () => readonly Pod[]
  readonly nowMs: number
}

export interface ReplicaSetDecision {
  readonly adopt: readonly Pod[]
  readonly release: readonly Pod[]
  readonly create: number
  readonly delete: readonly Pod[]
  /** The status as it is now, before what `create` and `delete` will change. */
  readonly status: ReplicaSetStatus
  /** When time alone will change the status. */
  readonly requeueAfterMs: number | undefined
}

/** At most so many pods are made or removed in one pass. */
export const burstReplicas = 500

/** What to do so that as many pods run as the replica set asks for. */
export function decideReplicaSet(state: ReplicaSetState): ReplicaSetDecision {
  const { replicaSet, pods, nowMs } = state
  const selector = selectorOf(replicaSet.spec?.selector)
  const matches = (labels: Labels) => selector.matches(labels)
  const claims = claim(
    replicaSet,
    matches,
    pods.filter((pod) => !isEnded(pod)),
  )
  const own = [...claims.owned, ...claims.adopt]
  const active = own.filter(isActive)
  const deleting = replicaSet.metadata.deletionTimestamp !== undefined
  const surplus = deleting ? 0 : active.length - (replicaSet.spec?.replicas ?? 1)
  const count = Math.min(Math.abs(surplus), burstReplicas)
  const status = statusOf(replicaSet, own, nowMs)
  return {
    adopt: claims.adopt,
    release: claims.release,
    create: surplus < 0 ? count : 0,
    delete: surplus > 0 ? rankForDeletion(active, state.neighbours(), nowMs).slice(0, count) : [],
    status,
    requeueAfterMs: nextAvailableMs(active, replicaSet.spec?.minReadySeconds ?? 0, nowMs),
  }
}

/** The pod that a replica set makes from its template; the server adds the end of its name. */
export function podOf(replicaSet: ReplicaSet): Pod {
  const { apiVersion = '', kind = '' } = replicaSet
  const template = replicaSet.spec?.template
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${replicaSet.metadata.name ?? ''}-`,
      namespace: replicaSet.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(apiVersion, kind, replicaSet)],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  }
}

/** Adds, changes or (with undefined) removes the condition that tells of refused pods. */
export function withReplicaFailure(
  status: ReplicaSetStatus,
  failure: { readonly reason: string; readonly message: string } | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const type = 'ReplicaFailure'
  const old = status.conditions?.find((condition) => condition.type === type)
  if (old?.reason === failure?.reason && old?.message === failure?.message) return status
  const others = (status.conditions ?? []).filter((condition) => condition.type !== type)
  const conditions: ReplicaSetCondition[] = failure
    ? [...others, { type, status: 'True', lastTransitionTime: formatTime(nowMs), ...failure }]
    : others
  return { ...status, conditions }
}

export function sameStatus(one: ReplicaSetStatus, other: ReplicaSetStatus | undefined): boolean {
  return (
    one.replicas === (other?.replicas ?? 0) &&
    one.fullyLabeledReplicas === (other?.fullyLabeledReplicas ?? 0) &&
    one.readyReplicas === (other?.readyReplicas ?? 0) &&
    one.availableReplicas === (other?.availableReplicas ?? 0) &&
    one.terminatingReplicas === (other?.terminatingReplicas ?? 0) &&
    one.observedGeneration === other?.observedGeneration &&
    JSON.stringify(one.conditions ?? []) === JSON.stringify(other?.conditions ?? [])
  )
}

function statusOf(replicaSet: ReplicaSet, own: readonly Pod[], nowMs: number): ReplicaSetStatus {
  const { spec, status, metadata } = replicaSet
  const active = own.filter(isActive)
  const template = selectorOfMap(spec?.template?.metadata?.labels)
  const minReadySeconds = spec?.minReadySeconds ?? 0
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => template.matches(pod.metadata.labels)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: active.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0)
      .length,
    terminatingReplicas: own.filter(isTerminating).length,
    observedGeneration: metadata.generation,
    ...(status?.conditions ? { conditions: status.conditions } : {}),
  }
}

function nextAvailableMs(
  active: readonly Pod[],
  minReadySeconds: number,
  nowMs: number,
): number | undefined {
  const waits = active
    .map((pod) => availableInMs(pod, minReadySeconds, nowMs))
    .filter((ms) => ms !== undefined && ms > 0) as number[]
  return waits.length > 0 ? Math.min(...waits) : undefined
}

/** Ended pods are of no interest; one that ended while terminating still is one that goes. */
function isEnded(pod: Pod): boolean {
  return (
    (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') && !isTerminating(pod)
  )
}
