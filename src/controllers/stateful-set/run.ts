import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import {
  persistentVolumeClaims as claimsOf,
  paths,
  statefulSets as statefulSetsOf,
} from '../../client/resources.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  StatefulSetStatus,
} from '../../kinds/types.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { ControllerHistory, type History } from '../controller-history/history.ts'
import { Expectations } from '../expectations.ts'
import { isEndOfNamespace, messageOf, OwnedPods, slowStart } from '../owned-pods.ts'
import { byNamespace } from '../ownership.ts'
import { type ClaimWork, decideStatefulSet, type StatefulSetDecision, type Step } from './decide.ts'
import { revisionOf } from './identity.ts'
import { sameStatus } from './status.ts'

const kind = {
  kind: 'StatefulSet',
  path: paths.statefulSets,
  hashLabels: ['controller.kubernetes.io/hash'],
  fillsDefaults: true,
}
/** How long a run waits for the copy to show what this controller wrote, if no event comes. */
const lagMs = 1_000

/** Keeps the numbered pods and claims of each StatefulSet (pkg/controller/statefulset). */
export function statefulSetController(context: ControllerContext): Controller {
  return new StatefulSetController(context)
}

class StatefulSetController implements Controller {
  readonly name = 'stateful-set'
  readonly workers = 4
  readonly #context: ControllerContext
  readonly #sets
  readonly #claims
  readonly #pods: OwnedPods
  readonly #history: ControllerHistory
  readonly #expectedClaims: Expectations

  constructor(context: ControllerContext) {
    this.#context = context
    const { informers, clock } = context
    this.#sets = informers.informer<StatefulSet>(paths.statefulSets, { indexes: { byNamespace } })
    this.#claims = informers.informer<PersistentVolumeClaim>(paths.persistentVolumeClaims)
    this.#pods = new OwnedPods(context, kind)
    this.#history = new ControllerHistory(context, kind)
    this.#expectedClaims = new Expectations(this.#claims, clock)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const enqueue = (set: StatefulSet) => queue.add(objectKey(set))
    const inNamespace = (namespace: string) => this.#sets.indexed('byNamespace', namespace)
    return [
      this.#sets.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (set) => {
          this.#pods.forget(set)
          this.#history.forget(set)
          this.#expectedClaims.forget(objectKey(set))
        },
      }),
      this.#pods.subscribe(queue, (namespace, labels) =>
        inNamespace(namespace)
          .filter((set) => selectorOf(set.spec?.selector).matches(labels))
          .map(objectKey),
      ),
      this.#history.subscribe(queue, inNamespace),
      // A pod may wait for the end of its predecessor's claim.
      this.#claims.subscribe({
        deleted: ({ metadata }) => {
          for (const set of inNamespace(metadata.namespace ?? ''))
            if (mayHave(set, metadata.name ?? '')) enqueue(set)
        },
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const found = this.#sets.get(key)
    if (!found) return undefined
    const set: StatefulSet = { ...found, apiVersion: 'apps/v1', kind: 'StatefulSet' }
    const seen = [this.#pods, this.#history, this.#expectedClaims]
    if (!seen.every((one) => one.satisfied(key))) return { requeueAfterMs: lagMs }
    const history = await this.#history.construct(set)
    let pods = this.#pods.candidates(set)
    let decision = this.#decide(set, pods, history)
    if (decision.phases.length > 0 && !this.#pods.isVerified(set)) {
      pods = await this.#pods.live(set)
      decision = this.#decide(set, pods, history)
    }
    await this.#pods.claim(set, decision)
    let failure: { error: unknown } | undefined
    try {
      for (const steps of decision.phases)
        await slowStart(steps, (step) => this.#take(set, step), this.#context.pause)
      await this.#forgetOld(set, history, pods, decision.status)
    } catch (error) {
      if (!isEndOfNamespace(error)) failure = { error }
    }
    await this.#writeStatus(set, decision.status, history.collisionCount)
    if (failure) throw failure.error
    const { requeueAfterMs } = decision
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
  }

  #decide(statefulSet: StatefulSet, pods: readonly Pod[], history: History): StatefulSetDecision {
    const { current: update, old, duplicates } = history
    const name = statefulSet.status?.currentRevision
    const named = [update, ...old, ...duplicates].find(({ metadata }) => metadata.name === name)
    return decideStatefulSet({
      ...{ statefulSet, pods, update, current: named ?? update },
      claim: (claim) => this.#claims.get(`${statefulSet.metadata.namespace}/${claim}`),
      nowMs: this.#context.clock.wallMs(),
    })
  }

  async #take(set: StatefulSet, { verb, pod, claims }: Step): Promise<void> {
    const { emit } = this.#context
    const named = verb === 'claims' ? 'update' : verb
    try {
      if (claims) await this.#settleClaims(set, pod, claims)
      if (verb === 'create') await this.#pods.create(set, pod)
      else if (verb === 'update') await this.#pods.update(set, pod)
      else if (verb === 'delete') await this.#pods.delete(set, pod)
    } catch (error) {
      // A pod of this name is there that the copy does not show, or that is somebody else's.
      if (verb === 'create' && isStatus(error, 'AlreadyExists')) throw error
      this.#tell(set, named, `Pod ${pod.metadata.name}`, error)
      throw error
    }
    if (verb === 'claims') return
    emit('controller', 'stateful-pod', { detail: { pod: objectKey(pod), verb } })
    this.#tell(set, verb, `Pod ${pod.metadata.name}`)
  }

  async #settleClaims(set: StatefulSet, pod: Pod, work: ClaimWork): Promise<void> {
    const { client, recorder } = this.#context
    const key = objectKey(set)
    for (const claim of work.create) {
      const { name, namespace = '' } = claim.metadata
      const what = `Claim ${name} Pod ${pod.metadata.name}`
      try {
        this.#expectedClaims.wrote(key, await claimsOf(client).create(namespace, claim))
      } catch (error) {
        if (!isStatus(error, 'AlreadyExists')) this.#tell(set, 'create', what, error)
        throw error
      }
      this.#tell(set, 'create', what)
    }
    for (const name of work.conflicts) {
      const message = `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a managing controller, the retention policy is ignored for this claim`
      recorder.event(set, 'Warning', 'ConflictingController', message)
    }
    for (const claim of work.update)
      this.#expectedClaims.wrote(key, await claimsOf(client).update(claim))
    const [going] = work.going
    if (going !== undefined) throw new Error(`pvc ${going} is being deleted`)
  }

  /** As kubectl describe shows it: `Create Pod web-0 in StatefulSet web successful`. */
  #tell(set: StatefulSet, verb: 'create' | 'update' | 'delete', what: string, error?: unknown) {
    const Verb = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`
    const text = `${Verb} ${what} in StatefulSet ${set.metadata.name}`
    const { recorder } = this.#context
    if (error === undefined) {
      const end = what.startsWith('Claim') ? 'success' : 'successful'
      recorder.event(set, 'Normal', `Successful${Verb}`, `${text} ${end}`)
    } else
      recorder.event(set, 'Warning', `Failed${Verb}`, `${text} failed error: ${messageOf(error)}`)
  }

  /** Revisions that neither the status nor a pod speaks of, beyond the limit, the oldest first. */
  async #forgetOld(
    set: StatefulSet,
    { current, old, duplicates }: History,
    pods: readonly Pod[],
    status: StatefulSetStatus,
  ): Promise<void> {
    const alive = new Set([
      ...[current.metadata.name, set.status?.currentRevision, status.currentRevision],
      ...pods.map(revisionOf),
    ])
    const idle = (revision: ControllerRevision) => !alive.has(revision.metadata.name)
    const unused = [...old, ...duplicates].filter(idle)
    const surplus = unused.length - (set.spec?.revisionHistoryLimit ?? 10)
    if (surplus > 0) await this.#history.delete(set, unused.slice(0, surplus))
  }

  async #writeStatus(
    set: StatefulSet,
    counted: StatefulSetStatus,
    collisionCount: number | undefined,
  ): Promise<void> {
    const status = { ...counted, collisionCount: collisionCount ?? 0 }
    if (sameStatus(status, set.status)) return
    await statefulSetsOf(this.#context.client).updateStatus({ ...set, status })
  }
}

/** True when a claim of this name may be one of the set's. */
function mayHave({ metadata, spec }: StatefulSet, claim: string): boolean {
  return (spec?.volumeClaimTemplates ?? []).some((template) =>
    claim.startsWith(`${template.metadata.name}-${metadata.name}-`),
  )
}
