import type { Labels } from '../../kinds/selector.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetStatus,
} from '../../kinds/types.ts'
import { templateOf } from '../controller-history/revision-data.ts'
import { claim } from '../ownership.ts'
import { availableInMs, isReady, isTerminal, isTerminating } from '../pod-facts.ts'
import { blocksCreation, isManagedElsewhere, wantedOwners } from './claim-owners.ts'
import {
  claimsOf,
  hasIdentity,
  isInRange,
  ordinalOf,
  podOf,
  replicasOf,
  revisionOf,
  startOf,
  withIdentity,
} from './identity.ts'
import { completed, countPods } from './status.ts'

export interface StatefulSetState {
  readonly statefulSet: StatefulSet
  /** Pods that it owns or that might match. */
  readonly pods: readonly Pod[]
  /** The revision that its pods had before an update, and the one of its template. */
  readonly current: ControllerRevision
  readonly update: ControllerRevision
  readonly claim: (name: string) => PersistentVolumeClaim | undefined
  readonly nowMs: number
}

/** What is wrong with the claims of a pod, and how they should be. */
export interface ClaimWork {
  readonly create: readonly PersistentVolumeClaim[]
  readonly update: readonly PersistentVolumeClaim[]
  /** Names of those that somebody else manages. */
  readonly conflicts: readonly string[]
  /** Names of those that are being deleted: nothing can be made with them. */
  readonly going: readonly string[]
}

/** One thing to do for a pod; its claims come first. */
export interface Step {
  readonly verb: 'create' | 'update' | 'delete' | 'claims'
  readonly pod: Pod
  readonly claims?: ClaimWork | undefined
}

export interface StatefulSetDecision {
  readonly adopt: readonly Pod[]
  readonly release: readonly Pod[]
  /** One after the other; the steps of a phase are independent of each other. */
  readonly phases: readonly (readonly Step[])[]
  readonly status: StatefulSetStatus
  readonly requeueAfterMs: number | undefined
}

/** What to do so that a set has its pods, in their order (stateful_set_control.go). */
export function decideStatefulSet(state: StatefulSetState): StatefulSetDecision {
  const { statefulSet, update, nowMs } = state
  const selector = selectorOf(statefulSet.spec?.selector)
  const matches = (labels: Labels, pod: Pod) =>
    selector.matches(labels) && ordinalOf(statefulSet, pod) !== undefined
  const claims = claim(statefulSet, matches, state.pods)
  const own = [...claims.owned, ...claims.adopt]
  const plan = new Plan(state, own)
  if (statefulSet.metadata.deletionTimestamp === undefined) plan.make()
  const status = countPods(state, own)
  const currentReplicas = Math.max(0, (status.currentReplicas ?? 0) - plan.deletedForUpdate)
  return {
    ...{ adopt: claims.adopt, release: claims.release },
    phases: plan.phases.filter((steps) => steps.length > 0),
    status: completed(statefulSet, { ...status, currentReplicas }, update),
    requeueAfterMs: nextAvailableMs(statefulSet, own, nowMs),
  }
}

/** The pod of an ordinal; `made` tells whether it is there. */
interface Replica {
  readonly ordinal: number
  readonly pod: Pod
  readonly made: boolean
}

class Plan {
  readonly phases: Step[][] = []
  deletedForUpdate = 0
  readonly #state: StatefulSetState
  readonly #inOrder: boolean
  readonly #replicas: readonly Replica[]
  /** Those beyond the range, the highest first. */
  readonly #condemned: readonly Replica[]
  readonly #firstUnavailable: Replica | undefined

  constructor(state: StatefulSetState, own: readonly Pod[]) {
    const { statefulSet: set } = state
    this.#state = state
    this.#inOrder = set.spec?.podManagementPolicy !== 'Parallel'
    const there = new Map(own.map((pod) => [ordinalOf(set, pod) ?? -1, pod]))
    this.#replicas = Array.from({ length: replicasOf(set) }, (_, index) => {
      const ordinal = startOf(set) + index
      const pod = there.get(ordinal)
      return { ordinal, pod: pod ?? newPod(state, ordinal), made: pod !== undefined }
    })
    this.#condemned = [...there]
      .filter(([ordinal]) => !isInRange(set, ordinal))
      .map(([ordinal, pod]) => ({ ordinal, pod, made: true }))
      .sort((one, other) => other.ordinal - one.ordinal)
    this.#firstUnavailable = [...this.#replicas, ...[...this.#condemned].reverse()].find((one) =>
      this.#isUnavailable(one),
    )
  }

  /** Living replicas first; then surplus ones; an update of the others only where nothing else waits. */
  make(): void {
    if (this.#keepReplicas() === 'wait') return
    this.phases.push(this.#condemned.flatMap(({ pod, ordinal }) => this.#claimStep(pod, ordinal)))
    if (this.#removeCondemned() === 'wait') return
    if (this.#state.statefulSet.spec?.updateStrategy?.type !== 'OnDelete') this.#replaceOld()
  }

  #keepReplicas(): 'wait' | undefined {
    const steps: Step[] = []
    this.phases.push(steps)
    for (const replica of this.#replicas)
      if (this.#keepReplica(replica, steps) === 'wait' && this.#inOrder) return 'wait'
    return undefined
  }

  /** 'wait' when pods of higher ordinals have to (processReplica). */
  #keepReplica(replica: Replica, steps: Step[]): 'wait' | undefined {
    const { pod, ordinal, made } = replica
    const { statefulSet: set } = this.#state
    if (!made) return this.#createPod(pod, ordinal, steps)
    // Whatever its exit code: a pod that was evicted may have ended well.
    if (isTerminal(pod)) {
      if (!isTerminating(pod)) steps.push({ verb: 'delete', pod })
      return 'wait'
    }
    const phase = pod.status?.phase ?? 'Pending'
    if (phase === 'Pending') steps.push(...this.#claimStep(pod, ordinal))
    if (this.#inOrder && (phase !== 'Running' || this.#isUnavailable(replica))) return 'wait'
    if (!hasIdentity(set, pod, ordinal)) {
      const claims = this.#claimWork(pod, ordinal)
      steps.push({ verb: 'update', pod: withIdentity(set, pod, ordinal), claims })
    } else if (phase !== 'Pending') {
      const step = this.#claimStep(pod, ordinal).filter(({ claims }) => claims?.update.length)
      steps.push(...step)
    }
    return undefined
  }

  #createPod(pod: Pod, ordinal: number, steps: Step[]): 'wait' {
    const { statefulSet: set, claim: claimNamed } = this.#state
    const stale = claimsOf(set, ordinal).some(({ metadata }) => {
      const there = claimNamed(metadata.name ?? '')
      return there !== undefined && blocksCreation(set, pod, there)
    })
    if (!stale) steps.push({ verb: 'create', pod, claims: this.#claimWork(pod, ordinal) })
    return 'wait'
  }

  #removeCondemned(): 'wait' | undefined {
    const steps: Step[] = []
    this.phases.push(steps)
    for (const replica of this.#condemned) {
      const { pod } = replica
      if (isTerminating(pod)) {
        if (this.#inOrder) return 'wait'
        continue
      }
      const isFirst = replica === this.#firstUnavailable
      if (this.#inOrder && this.#isUnavailable(replica) && !isFirst) return 'wait'
      steps.push({ verb: 'delete', pod })
      if (this.#inOrder) return 'wait'
    }
    return undefined
  }

  /** One pod at a time, the highest ordinal first, down to the partition. */
  #replaceOld(): void {
    const { statefulSet: set, update } = this.#state
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0
    for (const replica of this.#replicas.slice(partition).reverse()) {
      const { pod, made } = replica
      if (made && revisionOf(pod) !== update.metadata.name && !isTerminating(pod)) {
        this.phases.push([{ verb: 'delete', pod }])
        this.deletedForUpdate = 1
        return
      }
      if (this.#isUnavailable(replica)) return
    }
  }

  #isUnavailable({ pod, made }: Replica): boolean {
    const { statefulSet, nowMs } = this.#state
    const minReadySeconds = statefulSet.spec?.minReadySeconds ?? 0
    return !made || isTerminating(pod) || availableInMs(pod, minReadySeconds, nowMs) !== 0
  }

  #claimStep(pod: Pod, ordinal: number): Step[] {
    const claims = this.#claimWork(pod, ordinal)
    const idle = claims.create.length + claims.update.length + claims.going.length === 0
    return idle ? [] : [{ verb: 'claims', pod, claims }]
  }

  #claimWork(pod: Pod, ordinal: number): ClaimWork {
    const { statefulSet: set, claim: claimNamed } = this.#state
    const isSurplus = !isInRange(set, ordinal)
    const work = { create: [], update: [], conflicts: [], going: [] } as {
      create: PersistentVolumeClaim[]
      update: PersistentVolumeClaim[]
      conflicts: string[]
      going: string[]
    }
    for (const wanted of claimsOf(set, ordinal)) {
      const { name = '' } = wanted.metadata
      const there = claimNamed(name)
      if (there?.metadata.deletionTimestamp !== undefined && !isSurplus) work.going.push(name)
      const ownerReferences = wantedOwners(set, pod, there ?? wanted, isSurplus)
      const claim = there ?? wanted
      const owned = ownerReferences
        ? { ...claim, metadata: { ...claim.metadata, ownerReferences } }
        : claim
      if (!there && !isSurplus) work.create.push(owned)
      else if (there && ownerReferences) {
        work.update.push(owned)
        if (isManagedElsewhere(set, pod, there)) work.conflicts.push(name)
      }
    }
    return work
  }
}

/** A new pod is of the update revision, but below the partition of the current one. */
function newPod({ statefulSet: set, current, update }: StatefulSetState, ordinal: number): Pod {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec?.updateStrategy ?? {}
  const kept = rollingUpdate
    ? (rollingUpdate.partition ?? 0)
    : type === 'RollingUpdate'
      ? (set.status?.currentReplicas ?? 0)
      : 0
  const revision = ordinal < startOf(set) + kept ? current : update
  const template = templateOf(revision) ?? (set.spec?.template as PodTemplateSpec)
  return podOf(set, template, revision.metadata.name ?? '', ordinal)
}

function nextAvailableMs(
  { spec }: StatefulSet,
  own: readonly Pod[],
  nowMs: number,
): number | undefined {
  const minReadySeconds = spec?.minReadySeconds ?? 0
  if (minReadySeconds === 0) return undefined
  const waits = own
    .filter(isReady)
    .map((pod) => availableInMs(pod, minReadySeconds, nowMs) ?? 0)
    .filter((ms) => ms > 0)
  return waits.length > 0 ? Math.min(...waits) : undefined
}
