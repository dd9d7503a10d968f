import { limits } from '../../base/limits.ts'
import { isStatus, StatusError } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { paths, pods as podsOf } from '../../client/resources.ts'
import type { KubernetesObject } from '../../client/typed.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Pod, ReplicaSet } from '../../kinds/types.ts'
import type { Controller, ControllerContext, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import {
  adoptPatch,
  byController,
  byNamespace,
  controllerOf,
  controllerReference,
  releasePatch,
} from '../ownership.ts'
import { isActive, isTerminating } from '../pod-facts.ts'
import {
  decideReplicaSet,
  podOf,
  type ReplicaSetDecision,
  sameStatus,
  withReplicaFailure,
} from './decide.ts'
import { type ReplicaKind, replicaSetKind, replicationControllerKind } from './replica-kind.ts'

const mergePatch = 'application/merge-patch+json'
const slowStartFirst = 1
/** As many as the log takes in one round; more at once would only hold the event loop longer. */
const createsAtOnceMax = limits.proposalCommandsMax
/** How long a run waits for the copy to show what this controller wrote, if no event comes. */
const lagMs = 1_000

interface Failure {
  readonly reason: string
  readonly message: string
}

/** Keeps as many pods as each ReplicaSet asks for (pkg/controller/replicaset). */
export function replicaSetController(context: ControllerContext): Controller {
  return new ReplicaSetController(context, replicaSetKind)
}

/** The same for ReplicationControllers (pkg/controller/replication). */
export function replicationController(context: ControllerContext): Controller {
  return new ReplicaSetController(context, replicationControllerKind)
}

class ReplicaSetController implements Controller {
  readonly name: string
  readonly workers = 8
  readonly #kind: ReplicaKind
  readonly #context: ControllerContext
  readonly #sets
  readonly #pods
  readonly #expectations: Expectations
  /** Sets whose pods were read live in this term; see #livePods. */
  readonly #verified = new Set<string>()

  constructor(context: ControllerContext, kind: ReplicaKind) {
    this.name = kind.controllerName
    this.#kind = kind
    this.#context = context
    const { informers, clock } = context
    this.#sets = informers.informer<KubernetesObject>(kind.path, {
      indexes: { byController, byNamespace },
    })
    this.#pods = informers.informer<Pod>(paths.pods, { indexes: { byController, byNamespace } })
    this.#expectations = new Expectations(this.#pods, clock)
  }

  subscribe(queue: { add(key: string): void }): readonly (() => void)[] {
    const enqueue = (set: KubernetesObject) => queue.add(objectKey(set))
    const enqueueOwner = (pod: Pod) => {
      const reference = controllerOf(pod)
      const namespace = pod.metadata.namespace ?? ''
      if (reference?.kind === this.#kind.kind) queue.add(`${namespace}/${reference.name}`)
      else if (!reference && isActive(pod))
        // An orphan may be wanted by any set of its namespace; the decision tells which.
        for (const set of this.#sets.indexed('byNamespace', namespace))
          if (selectorOf(this.#kind.toSet(set).spec?.selector).matches(pod.metadata.labels))
            enqueue(set)
    }
    return [
      this.#sets.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (set) => {
          this.#expectations.forget(objectKey(set))
          this.#verified.delete(set.metadata.uid ?? '')
        },
      }),
      this.#pods.subscribe({
        added: enqueueOwner,
        updated: (pod, previous) => {
          enqueueOwner(pod)
          if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) enqueueOwner(previous)
        },
        deleted: enqueueOwner,
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const object = this.#sets.get(key)
    if (!object) return undefined
    const set = this.#kind.toSet(object)
    if (!this.#expectations.satisfied(key)) return { requeueAfterMs: lagMs }
    let decision = this.#decide(set, this.#candidates(set))
    const acts = decision.create > 0 || decision.delete.length > 0
    if (acts && !this.#verified.has(set.metadata.uid ?? ''))
      decision = this.#decide(set, await this.#livePods(set))
    await this.#claim(set, decision)
    const failure = await this.#scale(key, set, decision)
    await this.#writeStatus(set, decision, failure)
    if (failure) throw failure.error
    return decision.requeueAfterMs === undefined
      ? undefined
      : { requeueAfterMs: decision.requeueAfterMs }
  }

  #decide(set: ReplicaSet, pods: readonly Pod[]): ReplicaSetDecision {
    const nowMs = this.#context.clock.wallMs()
    return decideReplicaSet({
      replicaSet: set,
      pods,
      neighbours: () => this.#neighbours(set),
      nowMs,
    })
  }

  /** Its own pods, and the orphans of its namespace. */
  #candidates(set: ReplicaSet): readonly Pod[] {
    const own = this.#pods.indexed('byController', set.metadata.uid ?? '')
    const orphans = this.#pods
      .indexed('byNamespace', set.metadata.namespace ?? '')
      .filter((pod) => controllerOf(pod) === undefined)
    return [...own, ...orphans]
  }

  /**
   * The first time in a term that pods are to be made or removed, the API is asked: the copy of a
   * master that leads since a moment ago may miss what the last leader did. Until the copy has caught
   * up with that answer, no other decision is made from it.
   */
  async #livePods(set: ReplicaSet): Promise<readonly Pod[]> {
    const key = objectKey(set)
    const { namespace = '', uid = '' } = set.metadata
    const { items } = await podsOf(this.#context.client).list({ namespace })
    const live = items.filter((pod) => (controllerOf(pod)?.uid ?? uid) === uid)
    const cached = this.#pods.indexed('byController', uid)
    const known = new Set([...cached, ...live].map(uidOf))
    for (const pod of items) if (known.has(uidOf(pod))) this.#expectations.wrote(key, pod)
    const staying = new Set(items.filter((pod) => !isTerminating(pod)).map(uidOf))
    for (const pod of cached)
      if (!isTerminating(pod) && !staying.has(uidOf(pod)))
        this.#expectations.deleted(key, objectKey(pod), uidOf(pod))
    this.#verified.add(uid)
    return live
  }

  #neighbours(set: ReplicaSet): readonly Pod[] {
    const workload = controllerOf(set)?.uid
    const sets = workload ? this.#sets.indexed('byController', workload) : [set]
    return sets
      .flatMap((one) => this.#pods.indexed('byController', one.metadata.uid ?? ''))
      .filter(isActive)
  }

  async #claim(set: ReplicaSet, { adopt, release }: ReplicaSetDecision): Promise<void> {
    const pods = podsOf(this.#context.client)
    const { apiVersion = '', kind = '' } = set
    const reference = controllerReference(apiVersion, kind, set)
    const uids = new Set([set.metadata.uid ?? ''])
    for (const pod of adopt) await patchPod(pod, adoptPatch(pod, reference))
    for (const pod of release) await patchPod(pod, releasePatch(pod, uids))

    async function patchPod(pod: Pod, patch: unknown): Promise<void> {
      const { namespace = '', name = '' } = pod.metadata
      await pods.patch(namespace, name, mergePatch, patch)
    }
  }

  async #scale(
    key: string,
    set: ReplicaSet,
    decision: ReplicaSetDecision,
  ): Promise<(Failure & { error: unknown }) | undefined> {
    const { emit } = this.#context
    const detail = { replicaSet: key, create: decision.create, delete: decision.delete.length }
    if (decision.create + decision.delete.length > 0) emit('controller', 'pods-scaled', { detail })
    try {
      await this.#createPods(key, set, decision.create)
    } catch (error) {
      // In a namespace that ends no pod can be made, and its end comes without our help.
      if (isStatus(error, 'Forbidden') && /being terminated/.test(error.message)) return undefined
      return { reason: 'FailedCreate', message: messageOf(error), error }
    }
    try {
      await this.#deletePods(key, set, decision.delete)
    } catch (error) {
      return { reason: 'FailedDelete', message: messageOf(error), error }
    }
    return undefined
  }

  /** Makes pods in batches of 1, 2, 4, … 64: what is refused once is not tried hundreds of times. */
  async #createPods(key: string, set: ReplicaSet, count: number): Promise<void> {
    const { client, recorder } = this.#context
    const namespace = set.metadata.namespace ?? ''
    const pod = podOf(set)
    let size = slowStartFirst
    for (let left = count; left > 0; left -= size, size = Math.min(size * 2, createsAtOnceMax)) {
      const batch = Array.from({ length: Math.min(size, left) }, async () => {
        const made = await podsOf(client).create(namespace, pod)
        this.#expectations.wrote(key, made)
        recorder.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`)
      })
      const failed = (await Promise.allSettled(batch)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') {
        const message = `Error creating: ${messageOf(failed.reason)}`
        recorder.event(set, 'Warning', 'FailedCreate', message)
        throw failed.reason
      }
      await this.#context.pause()
    }
  }

  async #deletePods(key: string, set: ReplicaSet, pods: readonly Pod[]): Promise<void> {
    const { client, recorder } = this.#context
    const deletions = pods.map(async (pod) => {
      const { namespace = '', name = '', uid = '' } = pod.metadata
      try {
        await podsOf(client).delete(namespace, name, { preconditions: { uid } })
      } catch (error) {
        if (isStatus(error, 'NotFound')) return
        throw error
      }
      this.#expectations.deleted(key, objectKey(pod), uid)
      recorder.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    })
    const failed = (await Promise.allSettled(deletions)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  async #writeStatus(
    set: ReplicaSet,
    decision: ReplicaSetDecision,
    failure: Failure | undefined,
  ): Promise<void> {
    const told = failure && { reason: failure.reason, message: failure.message }
    const nowMs = this.#context.clock.wallMs()
    const status = withReplicaFailure(decision.status, told, nowMs)
    if (sameStatus(status, set.status)) return
    await this.#context.client
      .resource<KubernetesObject>(this.#kind.path)
      .updateStatus(this.#kind.withStatus(set, status))
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? ''
}

function messageOf(error: unknown): string {
  return error instanceof StatusError || error instanceof Error ? error.message : String(error)
}
