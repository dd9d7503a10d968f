import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from '../../kinds/types.ts'
import { availableInMs, isReady, isTerminating } from '../pod-facts.ts'
import { replicasOf, revisionOf } from './identity.ts'

interface Counted {
  readonly statefulSet: StatefulSet
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  readonly nowMs: number
}

/** The status as the pods are now (computeReplicaStatus). */
export function countPods(
  { statefulSet, current, update, nowMs }: Counted,
  pods: readonly Pod[],
): StatefulSetStatus {
  const { metadata, spec, status } = statefulSet
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod))
  const minReadySeconds = spec?.minReadySeconds ?? 0
  const ofRevision = ({ metadata: { name } }: ControllerRevision) =>
    pods.filter((pod) => !isTerminating(pod) && revisionOf(pod) === name).length
  return {
    ...(status?.conditions ? { conditions: status.conditions } : {}),
    collisionCount: status?.collisionCount ?? 0,
    observedGeneration: metadata.generation,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => availableInMs(pod, minReadySeconds, nowMs) === 0)
      .length,
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(update),
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
  }
}

/** Once all pods are of the update revision and ready, it is the current one (completeRollingUpdate). */
export function completed(
  statefulSet: StatefulSet,
  status: StatefulSetStatus,
  update: ControllerRevision,
): StatefulSetStatus {
  const replicas = replicasOf(statefulSet)
  const rolls = (statefulSet.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const done =
    status.updatedReplicas === replicas &&
    status.readyReplicas === replicas &&
    status.replicas === replicas
  if (!rolls || !done) return status
  return { ...status, currentReplicas: replicas, currentRevision: update.metadata.name }
}

/** Fields that are left out count as 0. */
export function sameStatus(one: StatefulSetStatus, other: StatefulSetStatus | undefined): boolean {
  return (
    one.replicas === (other?.replicas ?? 0) &&
    one.readyReplicas === (other?.readyReplicas ?? 0) &&
    one.availableReplicas === (other?.availableReplicas ?? 0) &&
    one.currentReplicas === (other?.currentReplicas ?? 0) &&
    one.updatedReplicas === (other?.updatedReplicas ?? 0) &&
    one.currentRevision === other?.currentRevision &&
    one.updateRevision === other?.updateRevision &&
    one.collisionCount === (other?.collisionCount ?? undefined) &&
    (other?.observedGeneration ?? 0) >= (one.observedGeneration ?? 0)
  )
}
