import { limits } from '../../base/limits.ts'
import { isStatus, StatusError } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { pods as podsOf } from '../../client/resources.ts'
import type { Job, Pod } from '../../kinds/types.ts'
import type { ControllerContext } from '../controller.ts'
import type { Expectations } from '../expectations.ts'
import {
  adoptPatch,
  type Claims,
  claim,
  controllerOf,
  controllerReference,
  releasePatch,
} from '../ownership.ts'
import { isReady, isTerminating } from '../pod-facts.ts'
import type { PodPlan } from './decide.ts'
import { isTracked, trackingFinalizer, uidOf } from './job-facts.ts'
import { jobApiVersion, jobKind, podOf } from './pods.ts'
import type { PodsDone } from './status.ts'
import type { JobView } from './view.ts'

const mergePatch = 'application/merge-patch+json'
const strategicPatch = 'application/strategic-merge-patch+json'
/** As many as the log takes in one round; more at once would only hold the event loop longer. */
const writesAtOnceMax = limits.proposalCommandsMax

/** Takes the finalizer away and leaves what others have put there; the uid means this pod only. */
export function untrackPatch(pod: Pod): unknown {
  const { uid } = pod.metadata
  return { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } }
}

/** What the Job controller does to pods; each write is expected to show in the copy of pods. */
export class PodControl {
  readonly #context: ControllerContext
  readonly #expectations: Expectations

  constructor(context: ControllerContext, expectations: Expectations) {
    this.#context = context
    this.#expectations = expectations
  }

  /** Takes what matches and has no owner, lets go what matches no more; returns the Job's own. */
  async claim(
    key: string,
    job: Job,
    candidates: readonly Pod[],
    matches: Parameters<typeof claim>[1],
    mayAdopt: () => Promise<boolean>,
  ): Promise<readonly Pod[]> {
    const { adopt, release, owned }: Claims<Pod> = claim(job, matches, candidates)
    const adopted: Pod[] = []
    const reference = controllerReference(jobApiVersion, jobKind, job)
    if (adopt.length > 0 && (await mayAdopt()))
      for (const pod of adopt) {
        const taken = await this.#patch(key, pod, adoptPatch(pod, reference, trackingFinalizer))
        if (taken) adopted.push(taken)
      }
    const uids = new Set([job.metadata.uid ?? ''])
    for (const pod of release)
      await this.#patch(key, pod, releasePatch(pod, uids, trackingFinalizer))
    return [...owned, ...adopted]
  }

  /** Carries a plan out; what failed is told by `error`, what was done before it counts. */
  async perform(
    key: string,
    view: JobView,
    plan: PodPlan,
  ): Promise<PodsDone & { readonly error: unknown }> {
    const removed = await this.#delete(key, view.job, plan)
    const made = await this.#create(key, view, plan)
    return { ...removed, created: made.created, error: removed.error ?? made.error }
  }

  /** Takes the finalizer from pods that are noted; returns the uids of those that have it no more. */
  async untrack(
    key: string,
    pods: readonly Pod[],
  ): Promise<{ readonly released: ReadonlySet<string>; readonly error: unknown }> {
    const released = new Set<string>()
    const error = await this.#inBatches(pods, async (pod) => {
      await this.#untrack(key, pod)
      released.add(uidOf(pod))
    })
    return { released, error }
  }

  async #untrack(key: string, pod: Pod): Promise<void> {
    await this.#patch(key, pod, untrackPatch(pod), strategicPatch)
    // The write that ends a pod's life has no revision of its own to wait for.
    this.#expectations.shows(key, objectKey(pod), uidOf(pod), (one) => !isTracked(one))
  }

  /** Undefined when the pod is gone. */
  async #patch(
    key: string,
    pod: Pod,
    patch: unknown,
    type: typeof mergePatch | typeof strategicPatch = mergePatch,
  ): Promise<Pod | undefined> {
    const { namespace = '', name = '' } = pod.metadata
    try {
      const written = await podsOf(this.#context.client).patch(namespace, name, type, patch)
      this.#expectations.wrote(key, written)
      return written
    } catch (error) {
      if (isStatus(error, 'NotFound') || (await this.#isReplaced(pod, error))) return undefined
      throw error
    }
  }

  /** A patch that means one uid conflicts with another pod of the same name: this one is gone. */
  async #isReplaced(pod: Pod, error: unknown): Promise<boolean> {
    if (!isStatus(error, 'Conflict')) return false
    const { namespace = '', name = '' } = pod.metadata
    try {
      const found = await podsOf(this.#context.client).get(namespace, name)
      return found.metadata.uid !== pod.metadata.uid
    } catch (failure) {
      if (isStatus(failure, 'NotFound')) return true
      throw failure
    }
  }

  async #delete(
    key: string,
    job: Job,
    { delete: pods, forgets }: PodPlan,
  ): Promise<Pick<PodsDone, 'deleted' | 'deletedReady'> & { readonly error: unknown }> {
    const { client, recorder } = this.#context
    let deleted = 0
    let deletedReady = 0
    const error = await this.#inBatches(pods, async (pod) => {
      const { namespace = '', name = '', uid = '' } = pod.metadata
      try {
        if (forgets && isTracked(pod)) await this.#untrack(key, pod)
        await podsOf(client).delete(namespace, name, { preconditions: { uid } })
        this.#expectations.shows(
          key,
          objectKey(pod),
          uid,
          (one) => isTerminating(one) && !(forgets && isTracked(one)),
        )
        recorder.event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
      } catch (failure) {
        if (!isStatus(failure, 'NotFound')) {
          recorder.event(job, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(failure)}`)
          throw failure
        }
      }
      deleted += 1
      if (isReady(pod)) deletedReady += 1
    })
    return { deleted, deletedReady, error }
  }

  /** Makes pods in batches of 1, 2, 4, …: what is refused once is not tried hundreds of times. */
  async #create(
    key: string,
    { job, order, replaced }: JobView,
    { create }: PodPlan,
  ): Promise<Pick<PodsDone, 'created'> & { readonly error: unknown }> {
    const { client, recorder, pause } = this.#context
    const { namespace = '' } = job.metadata
    let created = 0
    let size = 1
    for (let at = 0; at < create.length; size = Math.min(size * 2, writesAtOnceMax)) {
      const batch = create.slice(at, at + size)
      at += batch.length
      const error = await this.#inBatches(batch, async (index) => {
        const successor = index === undefined ? undefined : replaced.get(index)
        const made = await podsOf(client).create(namespace, podOf(job, order, index, successor))
        this.#expectations.wrote(key, made)
        recorder.event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`)
        created += 1
      })
      if (error !== undefined) {
        // In a namespace that ends no pod can be made, and its end comes without our help.
        if (isStatus(error, 'Forbidden') && /being terminated/.test(error.message))
          return { created, error: undefined }
        recorder.event(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
        return { created, error }
      }
      await pause()
    }
    return { created, error: undefined }
  }

  /** Every item is tried; returns the first failure. */
  async #inBatches<T>(items: readonly T[], write: (item: T) => Promise<void>): Promise<unknown> {
    let error: unknown
    for (let at = 0; at < items.length; at += writesAtOnceMax) {
      const batch = items.slice(at, at + writesAtOnceMax).map(write)
      const failed = (await Promise.allSettled(batch)).find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') error ??= failed.reason
      await this.#context.pause()
    }
    return error
  }
}

/** Its own pods and the orphans of its namespace. */
export function isCandidate(pod: Pod, uid: string): boolean {
  return (controllerOf(pod)?.uid ?? uid) === uid
}

function messageOf(error: unknown): string {
  return error instanceof StatusError || error instanceof Error ? error.message : String(error)
}
