import { objectKey } from '../../client/informer.ts'
import type { KubernetesObject } from '../../client/typed.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Pod, ReplicaSet } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { isEndOfNamespace, messageOf, OwnedPods } from '../owned-pods.ts'
import { byController, byNamespace, controllerOf } from '../ownership.ts'
import { isActive } from '../pod-facts.ts'
import {
  decideReplicaSet,
  podOf,
  type ReplicaSetDecision,
  sameStatus,
  withReplicaFailure,
} from './decide.ts'
import { type ReplicaKind, replicaSetKind, replicationControllerKind } from './replica-kind.ts'

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
  readonly #pods: OwnedPods

  constructor(context: ControllerContext, kind: ReplicaKind) {
    this.name = kind.controllerName
    this.#kind = kind
    this.#context = context
    this.#sets = context.informers.informer<KubernetesObject>(kind.path, {
      indexes: { byController, byNamespace },
    })
    this.#pods = new OwnedPods(context, kind)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (set: KubernetesObject) => queue.add(objectKey(set))
    return [
      this.#sets.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (set) => this.#pods.forget(set),
      }),
      this.#pods.subscribe(queue, (namespace, labels) =>
        this.#sets
          .indexed('byNamespace', namespace)
          .filter((set) => selectorOf(this.#kind.toSet(set).spec?.selector).matches(labels))
          .map(objectKey),
      ),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const object = this.#sets.get(key)
    if (!object) return undefined
    const set = this.#kind.toSet(object)
    if (!this.#pods.satisfied(key)) return { requeueAfterMs: lagMs }
    let decision = this.#decide(set, this.#pods.candidates(set))
    const acts = decision.create > 0 || decision.delete.length > 0
    if (acts && !this.#pods.isVerified(set))
      decision = this.#decide(set, await this.#pods.live(set))
    await this.#pods.claim(set, decision)
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

  #neighbours(set: ReplicaSet): readonly Pod[] {
    const workload = controllerOf(set)?.uid
    const sets = workload ? this.#sets.indexed('byController', workload) : [set]
    return sets.flatMap((one) => this.#pods.ownedBy(one.metadata.uid ?? '')).filter(isActive)
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
      await this.#pods.createAll(set, Array(decision.create).fill(podOf(set)))
    } catch (error) {
      if (isEndOfNamespace(error)) return undefined
      return { reason: 'FailedCreate', message: messageOf(error), error }
    }
    try {
      await this.#pods.deleteAll(set, decision.delete)
    } catch (error) {
      return { reason: 'FailedDelete', message: messageOf(error), error }
    }
    return undefined
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
