import { objectKey } from '../../client/informer.ts'
import { daemonSets as daemonSetsOf, paths } from '../../client/resources.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { ControllerRevision, DaemonSet, Node, Pod } from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { hashLabel, surplusRevisions } from '../controller-history/decide.ts'
import { ControllerHistory, type History } from '../controller-history/history.ts'
import { BeginAnewError, isEndOfNamespace, OwnedPods } from '../owned-pods.ts'
import { byNamespace, controllerOf } from '../ownership.ts'
import { byNode } from '../pod-facts.ts'
import { type DaemonSetDecision, decideDaemonSet, sameStatus } from './decide.ts'
import { FailedPods } from './failed-pods.ts'
import { placementOf, podOf } from './placement.ts'

const kind = { kind: 'DaemonSet', path: paths.daemonSets, hashLabels: [hashLabel] }
/** How long a run waits for the copy to show what this controller wrote, if no event comes. */
const lagMs = 1_000

/** Keeps one pod of each DaemonSet on every node that fits (pkg/controller/daemon). */
export function daemonSetController(context: ControllerContext): Controller {
  return new DaemonSetController(context)
}

class DaemonSetController implements Controller {
  readonly name = 'daemon-set'
  readonly workers = 2
  readonly #context: ControllerContext
  readonly #sets
  readonly #nodes
  readonly #podsOfNodes
  readonly #pods: OwnedPods
  readonly #history: ControllerHistory
  readonly #failed = new FailedPods()

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers } = context
    this.#sets = informers.informer<DaemonSet>(paths.daemonSets, { indexes: { byNamespace } })
    this.#nodes = informers.informer<Node>(paths.nodes)
    this.#podsOfNodes = informers.informer<Pod>(paths.pods, { indexes: { byNode } })
    this.#pods = new OwnedPods(context, kind)
    this.#history = new ControllerHistory(context, kind)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (set: DaemonSet) => queue.add(objectKey(set))
    const inNamespace = (namespace: string) => this.#sets.indexed('byNamespace', namespace)
    const nodeChanged = (node: Node) => {
      for (const set of this.#concerned(node)) enqueue(set)
    }
    return [
      this.#sets.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (set) => {
          this.#pods.forget(set)
          this.#history.forget(set)
        },
      }),
      this.#pods.subscribe(queue, (namespace, labels) =>
        inNamespace(namespace)
          .filter((set) => selectorOf(set.spec?.selector).matches(labels))
          .map(objectKey),
      ),
      this.#history.subscribe(queue, inNamespace),
      this.#nodes.subscribe({
        added: nodeChanged,
        updated: (node, previous) => {
          if (!samePlace(node, previous)) nodeChanged(node)
        },
        // Pods that waited for it can go, and every count has changed.
        deleted: () => {
          for (const set of this.#sets.list()) enqueue(set)
        },
      }),
    ]
  }

  /** Sets whose pods on a node, or whose lack of them, are not as they should be (syncNodeUpdate). */
  #concerned(node: Node): readonly DaemonSet[] {
    const there = this.#podsOfNodes.indexed('byNode', node.metadata.name ?? '')
    const uids = new Set(there.map((pod) => controllerOf(pod)?.uid))
    return this.#sets.list().filter((set) => {
      const { shouldRun, shouldStay } = placementOf(set)(node)
      if (!uids.has(set.metadata.uid)) return shouldRun
      return !shouldStay || (set.status?.numberMisscheduled ?? 0) > 0
    })
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const found = this.#sets.get(key)
    // What it has while it is being deleted is for the garbage collector.
    if (!found || found.metadata.deletionTimestamp !== undefined) return undefined
    const set: DaemonSet = { ...found, apiVersion: 'apps/v1', kind: 'DaemonSet' }
    if (!this.#pods.satisfied(key) || !this.#history.satisfied(key))
      return { requeueAfterMs: lagMs }
    if (selectorOf(set.spec?.selector).empty) return this.#refuse(set)
    const history = await this.#history.construct(set)
    const hash = history.current.metadata.labels?.[hashLabel] ?? history.current.metadata.name ?? ''
    await this.#merge(set, history, hash)
    let pods = this.#pods.candidates(set)
    let decision = this.#decide(set, pods, hash)
    if (decision.create.length + decision.delete.length > 0 && !this.#pods.isVerified(set)) {
      pods = await this.#pods.live(set)
      decision = this.#decide(set, pods, hash)
    }
    await this.#pods.claim(set, decision)
    let failure: { error: unknown } | undefined
    try {
      await this.#apply(set, decision, hash)
      await this.#forgetOld(set, history.old, pods)
    } catch (error) {
      if (!isEndOfNamespace(error)) failure = { error }
    }
    await this.#writeStatus(set, decision, history.collisionCount)
    if (failure) throw failure.error
    const { requeueAfterMs } = decision
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
  }

  #decide(daemonSet: DaemonSet, pods: readonly Pod[], hash: string): DaemonSetDecision {
    const nowMs = this.#context.clock.wallMs()
    return decideDaemonSet({
      ...{ daemonSet, pods, hash, nowMs },
      nodes: this.#nodes.list(),
      backOffMs: (nodeName) => this.#failed.waitMs(backOffKey(daemonSet, nodeName), nowMs),
    })
  }

  #refuse(set: DaemonSet): undefined {
    const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
    this.#context.recorder.event(set, 'Warning', 'SelectingAll', message)
    return undefined
  }

  /** Of several revisions of one template the newest stays, and the pods become its own. */
  async #merge(set: DaemonSet, { duplicates }: History, hash: string): Promise<void> {
    if (duplicates.length === 0) return
    const hashes = new Set(duplicates.map(({ metadata }) => metadata.labels?.[hashLabel]))
    for (const pod of this.#pods.ownedBy(set.metadata.uid ?? '')) {
      const label = pod.metadata.labels?.[hashLabel]
      if (label === hash || !hashes.has(label)) continue
      const { uid } = pod.metadata
      await this.#pods.patch(set, pod, { metadata: { uid, labels: { [hashLabel]: hash } } })
    }
    await this.#history.delete(set, duplicates)
    throw new BeginAnewError('revisions of one template were merged')
  }

  async #apply(set: DaemonSet, decision: DaemonSetDecision, hash: string): Promise<void> {
    const { emit, recorder, clock } = this.#context
    const { create, ended } = decision
    const detail = {
      daemonSet: objectKey(set),
      create: create.length,
      delete: decision.delete.length,
    }
    if (detail.create + detail.delete > 0) emit('controller', 'pods-scaled', { detail })
    for (const { pod, nodeName } of ended) {
      const failed = pod.status?.phase === 'Failed'
      if (failed) this.#failed.replaced(backOffKey(set, nodeName), clock.wallMs())
      const what = `${failed ? 'failed' : 'succeeded'} daemon pod ${objectKey(pod)}`
      const message = `Found ${what} on node ${nodeName}, will try to ${failed ? 'kill' : 'delete'} it`
      const reason = failed ? 'FailedDaemonPod' : 'SucceededDaemonPod'
      recorder.event(set, failed ? 'Warning' : 'Normal', reason, message)
    }
    await this.#pods.createAll(set, create.map(podOf(set, hash)))
    await this.#pods.deleteAll(set, decision.delete)
  }

  async #forgetOld(
    set: DaemonSet,
    old: readonly ControllerRevision[],
    pods: readonly Pod[],
  ): Promise<void> {
    const limit = set.spec?.revisionHistoryLimit ?? 10
    if (old.length <= limit) return
    const own = pods.filter((pod) => controllerOf(pod)?.uid === set.metadata.uid)
    const alive = new Set(own.map(({ metadata }) => metadata.labels?.[hashLabel]))
    const lives = ({ metadata }: ControllerRevision) => alive.has(metadata.labels?.[hashLabel])
    await this.#history.delete(set, surplusRevisions(old, limit, lives))
  }

  async #writeStatus(
    set: DaemonSet,
    decision: DaemonSetDecision,
    collisionCount: number | undefined,
  ): Promise<void> {
    const status = {
      ...decision.status,
      ...(collisionCount === undefined ? {} : { collisionCount }),
    }
    if (sameStatus(status, set.status)) return
    await daemonSetsOf(this.#context.client).updateStatus({ ...set, status })
  }
}

/** A new generation is tried at once. */
function backOffKey({ metadata, status }: DaemonSet, nodeName: string): string {
  return `${metadata.uid}/${status?.observedGeneration ?? 0}/${nodeName}`
}

/** True when nothing changed that decides which pods a node runs. */
function samePlace(node: Node, previous: Node): boolean {
  return (
    JSON.stringify(node.metadata.labels ?? {}) === JSON.stringify(previous.metadata.labels ?? {}) &&
    JSON.stringify(node.spec?.taints ?? []) === JSON.stringify(previous.spec?.taints ?? [])
  )
}
