import { isStatus } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { jobs as jobsOf, paths, pods as podsOf } from '../../client/resources.ts'
import { selectorOf } from '../../kinds/selector.ts'
import type { Job, JobStatus, Pod } from '../../kinds/types.ts'
import { same } from '../../kinds/validation/field-error.ts'
import type { Controller, ControllerContext, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { byController, byNamespace, controllerOf } from '../ownership.ts'
import { isTerminating } from '../pod-facts.ts'
import { type FailureRun, noFailures } from './backoff.ts'
import { decidePods, type JobEnd } from './decide.ts'
import { finishedCondition, isManagedElsewhere, uidOf } from './job-facts.ts'
import { isCandidate, PodControl } from './pod-control.ts'
import { jobApiVersion, jobKind } from './pods.ts'
import { countPods, settle } from './status.ts'
import { type JobView, viewOf } from './view.ts'

/** How long a run waits for the copies to show what this controller wrote, if no event comes. */
const lagMs = 1_000

/** Runs Jobs to their end (pkg/controller/job/job_controller.go). */
export function jobController(context: ControllerContext): Controller {
  return new JobController(context)
}

class JobController implements Controller {
  readonly name = 'job'
  readonly workers = 8
  readonly #context: ControllerContext
  readonly #jobs
  readonly #pods
  readonly #control: PodControl
  readonly #podWrites: Expectations
  readonly #jobWrites: Expectations
  /** By uid: what a back-off needs to know. */
  readonly #runs = new Map<string, FailureRun>()
  /** Uids of Jobs whose copies are known to be as new as all that this controller wrote; see #live. */
  readonly #verified = new Set<string>()

  constructor(context: ControllerContext) {
    const { informers, clock } = context
    this.#context = context
    const indexes = { byController, byNamespace }
    this.#jobs = informers.informer<Job>(paths.jobs, { indexes: { byNamespace } })
    this.#pods = informers.informer<Pod>(paths.pods, { indexes })
    this.#podWrites = new Expectations(this.#pods, clock)
    this.#jobWrites = new Expectations(this.#jobs, clock)
    this.#control = new PodControl(context, this.#podWrites)
  }

  subscribe(queue: { add(key: string): void }): readonly (() => void)[] {
    const enqueue = (job: Job) => queue.add(objectKey(job))
    const enqueueOwner = (pod: Pod) => {
      const reference = controllerOf(pod)
      const { namespace = '', labels } = pod.metadata
      if (reference?.kind === jobKind) queue.add(`${namespace}/${reference.name}`)
      else if (!reference && !isTerminating(pod))
        // An orphan may be wanted by any Job of its namespace; the decision tells which.
        for (const job of this.#jobs.indexed('byNamespace', namespace))
          if (selectorOf(job.spec?.selector).matches(labels)) enqueue(job)
    }
    return [
      this.#jobs.subscribe({
        added: enqueue,
        updated: enqueue,
        deleted: (job) => this.#forget(job),
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
    const cached = this.#jobs.get(key)
    if (!cached || isManagedElsewhere(cached)) return undefined
    if (finishedCondition(cached)) {
      this.#forget(cached)
      return undefined
    }
    if (!this.#podWrites.satisfied(key) || !this.#jobWrites.satisfied(key))
      return { requeueAfterMs: lagMs }
    const uid = cached.metadata.uid ?? ''
    const state = this.#verified.has(uid)
      ? { job: cached, pods: this.#candidates(cached) }
      : await this.#live(key, cached)
    if (!state) return undefined
    const job: Job = { ...state.job, apiVersion: jobApiVersion, kind: jobKind }
    const selector = selectorOf(job.spec?.selector)
    const pods = await this.#control.claim(
      key,
      job,
      state.pods,
      (labels) => selector.matches(labels),
      () => this.#mayAdopt(job),
    )
    const run = this.#runs.get(uid) ?? noFailures
    const nowMs = this.#context.clock.wallMs()
    try {
      return await this.#pass(key, viewOf({ job, pods, run, nowMs }))
    } catch (error) {
      // A write whose answer was lost may have been done: look at what is there.
      this.#verified.delete(uid)
      throw error
    }
  }

  /** One pass: pods first, then the notes of those that ended, their finalizers, and the counts. */
  async #pass(key: string, view: JobView): Promise<RequeueAfter | undefined> {
    const { job, nowMs } = view
    const plan = decidePods(view)
    const done = await this.#control.perform(key, view, plan)
    const count = countPods(view, plan, done)
    const noted = await this.#write(key, job, count.status)
    this.#runs.set(job.metadata.uid ?? '', view.run)
    const { recorder } = this.#context
    if (count.told) recorder.event(job, 'Normal', count.told, `Job ${count.told.toLowerCase()}`)
    const { released, error } = await this.#control.untrack(key, count.release)
    const { status, finished } = settle(count, noted.status ?? {}, released, nowMs)
    await this.#write(key, noted, status)
    const failure = done.error ?? error
    if (failure !== undefined) throw failure
    if (finished && count.end) this.#tellEnd(job, status, count.end)
    const { requeueAfterMs } = plan
    return requeueAfterMs === undefined || finished ? undefined : { requeueAfterMs }
  }

  async #write(key: string, job: Job, status: JobStatus): Promise<Job> {
    if (same(job.status ?? {}, status)) return job
    const written = await jobsOf(this.#context.client).updateStatus({ ...job, status })
    this.#jobWrites.wrote(key, written)
    return { ...written, apiVersion: jobApiVersion, kind: jobKind }
  }

  #tellEnd(job: Job, status: JobStatus, { how, reason, message }: JobEnd): void {
    const { recorder, emit } = this.#context
    const { completions } = job.spec ?? {}
    emit('controller', 'job-finished', { detail: { job: objectKey(job), how, reason } })
    if (how === 'Failed') {
      recorder.event(job, 'Warning', reason, message)
      return
    }
    if (completions !== undefined && (status.succeeded ?? 0) > completions)
      recorder.event(
        job,
        'Warning',
        'TooManySucceededPods',
        'Too many succeeded pods running after completion count reached',
      )
    recorder.event(job, 'Normal', 'Completed', 'Job completed')
  }

  #candidates(job: Job): readonly Pod[] {
    const { namespace = '', uid = '' } = job.metadata
    const orphans = this.#pods
      .indexed('byNamespace', namespace)
      .filter((pod) => controllerOf(pod) === undefined)
    return [...this.#pods.indexed('byController', uid), ...orphans]
  }

  /**
   * The first pass of a term over a Job, and one after a failure, reads from the API, the Job before its
   * pods: copies of a master that leads since a moment ago may miss what the last leader noted, counted
   * or let go, and a pod would be counted twice. Until the copies have caught up, no other pass is made.
   */
  async #live(
    key: string,
    cached: Job,
  ): Promise<{ readonly job: Job; readonly pods: readonly Pod[] } | undefined> {
    const { namespace = '', name = '', uid = '' } = cached.metadata
    const { client } = this.#context
    const job = await jobsOf(client)
      .get(namespace, name)
      .catch((error: unknown) => {
        if (isStatus(error, 'NotFound')) return undefined
        throw error
      })
    if (job?.metadata.uid !== uid || finishedCondition(job)) return undefined
    const { items } = await podsOf(client).list({ namespace })
    const live = items.filter((pod) => isCandidate(pod, uid))
    this.#jobWrites.wrote(key, job)
    const own = live.filter((pod) => controllerOf(pod)?.uid === uid)
    for (const pod of own) this.#podWrites.wrote(key, pod)
    const there = new Set(live.map(uidOf))
    for (const pod of this.#pods.indexed('byController', uid))
      if (!there.has(uidOf(pod)))
        this.#podWrites.shows(key, objectKey(pod), uidOf(pod), () => false)
    this.#verified.add(uid)
    return { job, pods: live }
  }

  /** A Job that was deleted a moment ago must not take a pod along. */
  async #mayAdopt({ metadata }: Job): Promise<boolean> {
    const { namespace = '', name = '', uid } = metadata
    const live = await jobsOf(this.#context.client).get(namespace, name)
    return live.metadata.uid === uid && live.metadata.deletionTimestamp === undefined
  }

  #forget(job: Job): void {
    const key = objectKey(job)
    this.#podWrites.forget(key)
    this.#jobWrites.forget(key)
    this.#runs.delete(job.metadata.uid ?? '')
    this.#verified.delete(job.metadata.uid ?? '')
  }
}
