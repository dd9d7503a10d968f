import { isStatus, StatusError } from '../../base/status.ts'
import { objectKey } from '../../client/informer.ts'
import { cronJobs as cronJobsOf, jobs as jobsOf, paths } from '../../client/resources.ts'
import type { CronJob, CronJobStatus, Job, ObjectReference } from '../../kinds/types.ts'
import { same } from '../../kinds/validation/field-error.ts'
import type { Controller, ControllerContext, ReconcileQueue, RequeueAfter } from '../controller.ts'
import { Expectations } from '../expectations.ts'
import { byController, controllerOf, controllerReference } from '../ownership.ts'
import {
  type CronJobDecision,
  type CronJobState,
  decideCronJob,
  jobOf,
  missingReferences,
  nextDueAfterChangeMs,
} from './decide.ts'

const cronJobVersion = 'batch/v1'
const cronJobKind = 'CronJob'
/** How long a run waits for the copies to show what this controller wrote, if no event comes. */
const lagMs = 1_000

/** Makes Jobs at their times (pkg/controller/cronjob). */
export function cronJobController(context: ControllerContext): Controller {
  return new CronJobController(context)
}

class CronJobController implements Controller {
  readonly name = 'cron-job'
  readonly workers = 4
  readonly #context: ControllerContext
  readonly #cronJobs
  readonly #jobs
  readonly #jobWrites: Expectations
  readonly #ownWrites: Expectations
  /** Uids of those whose live state this term has read once. */
  readonly #verified = new Set<string>()

  constructor(context: ControllerContext) {
    const { informers, clock } = context
    this.#context = context
    this.#cronJobs = informers.informer<CronJob>(paths.cronJobs)
    this.#jobs = informers.informer<Job>(paths.jobs, { indexes: { byController } })
    this.#jobWrites = new Expectations(this.#jobs, clock)
    this.#ownWrites = new Expectations(this.#cronJobs, clock)
  }

  subscribe(queue: ReconcileQueue): readonly (() => void)[] {
    const { clock } = this.#context
    const enqueueOwner = (job: Job) => {
      const reference = controllerOf(job)
      if (reference?.kind === cronJobKind) queue.add(`${job.metadata.namespace}/${reference.name}`)
    }
    return [
      this.#cronJobs.subscribe({
        added: (cronJob) => queue.add(objectKey(cronJob)),
        updated: (cronJob, previous) => {
          const key = objectKey(cronJob)
          // With another schedule the times that have passed are not made up for.
          const waitMs = timesChanged(cronJob, previous)
            ? nextDueAfterChangeMs(cronJob, clock.wallMs())
            : undefined
          if (waitMs === undefined) queue.add(key)
          else queue.addAfter(key, waitMs)
        },
        deleted: (cronJob) => {
          this.#jobWrites.forget(objectKey(cronJob))
          this.#ownWrites.forget(objectKey(cronJob))
          this.#verified.delete(cronJob.metadata.uid ?? '')
        },
      }),
      this.#jobs.subscribe({
        added: enqueueOwner,
        updated: (job, previous) => {
          enqueueOwner(job)
          if (controllerOf(previous)?.uid !== controllerOf(job)?.uid) enqueueOwner(previous)
        },
        deleted: enqueueOwner,
      }),
    ]
  }

  async reconcile(key: string): Promise<RequeueAfter | undefined> {
    const cached = this.#cronJobs.get(key)
    if (!cached) return undefined
    if (!this.#jobWrites.satisfied(key) || !this.#ownWrites.satisfied(key))
      return { requeueAfterMs: lagMs }
    const uid = cached.metadata.uid ?? ''
    let state = await this.#state(cached, this.#jobs.indexed('byController', uid))
    let decision = decideCronJob(state)
    if (decision.startMs !== undefined && !this.#verified.has(uid)) {
      const live = await this.#live(key, cached)
      if (!live) return undefined
      state = live
      decision = decideCronJob(live)
    }
    return await this.#perform(key, state.cronJob, decision)
  }

  async #perform(
    key: string,
    cronJob: CronJob,
    decision: CronJobDecision,
  ): Promise<RequeueAfter | undefined> {
    const { recorder } = this.#context
    for (const { type, reason, message } of decision.told)
      recorder.event(cronJob, type, reason, message)
    for (const job of decision.forget) await this.#delete(key, cronJob, job)
    let { status } = decision
    try {
      if (decision.startMs !== undefined)
        status = await this.#start(key, cronJob, decision, decision.startMs)
    } finally {
      await this.#writeStatus(key, cronJob, status)
    }
    const { requeueAfterMs } = decision
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
  }

  /** Makes the job that is due; the status with it, and without those that it replaces. */
  async #start(
    key: string,
    cronJob: CronJob,
    { replace, status }: CronJobDecision,
    atMs: number,
  ): Promise<CronJobStatus> {
    for (const { namespace = '', name = '' } of replace)
      await this.#delete(key, cronJob, await jobsOf(this.#context.client).get(namespace, name))
    const replaced = new Set(replace.map(({ uid }) => uid))
    const active = (status.active ?? []).filter(({ uid }) => !replaced.has(uid))
    const made = await this.#create(key, cronJob, atMs)
    if (!made) return { ...status, active }
    const reference: ObjectReference = {
      ...{ apiVersion: 'batch/v1', kind: 'Job' },
      name: made.metadata.name,
      namespace: made.metadata.namespace,
      uid: made.metadata.uid,
      resourceVersion: made.metadata.resourceVersion,
    }
    const lastScheduleTime = new Date(atMs).toISOString().replace('.000', '')
    return { ...status, active: [...active, reference], lastScheduleTime }
  }

  /** Undefined when somebody else has made a job of that name, or the namespace ends. */
  async #create(key: string, cronJob: CronJob, atMs: number): Promise<Job | undefined> {
    const { client, recorder, emit } = this.#context
    const { namespace = '', uid } = cronJob.metadata
    const job = jobOf(cronJob, atMs)
    job.metadata.ownerReferences = [controllerReference(cronJobVersion, cronJobKind, cronJob)]
    try {
      const made = await jobsOf(client).create(namespace, job)
      this.#jobWrites.wrote(key, made)
      recorder.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${made.metadata.name}`)
      emit('controller', 'cron-job-started', { detail: { job: objectKey(made) } })
      return made
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) {
        // Made before a crash came in the way of the status, or by somebody else.
        const found = await jobsOf(client).get(namespace, job.metadata.name ?? '')
        return controllerOf(found)?.uid === uid ? found : undefined
      }
      if (isStatus(error, 'Forbidden') && /being terminated/.test(error.message)) return undefined
      const message = `Error creating job: ${messageOf(error)}`
      recorder.event(cronJob, 'Warning', 'FailedCreate', message)
      throw error
    }
  }

  async #delete(key: string, cronJob: CronJob, job: Job): Promise<void> {
    const { client, recorder } = this.#context
    const { namespace = '', name = '', uid = '' } = job.metadata
    try {
      const options = { propagationPolicy: 'Background', preconditions: { uid } } as const
      await jobsOf(client).delete(namespace, name, options)
      this.#jobWrites.deleted(key, objectKey(job), uid)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return
      recorder.event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`)
      throw error
    }
    recorder.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
  }

  async #writeStatus(key: string, cronJob: CronJob, status: CronJobStatus): Promise<void> {
    if (same(cronJob.status ?? {}, status)) return
    const written = await cronJobsOf(this.#context.client).updateStatus({ ...cronJob, status })
    this.#ownWrites.wrote(key, written)
  }

  /** Asks the API for jobs of the status that the copy does not have. */
  async #state(cronJob: CronJob, jobs: readonly Job[]): Promise<CronJobState> {
    const gone = new Set<string>()
    for (const { namespace = '', name = '', uid = '' } of missingReferences(cronJob, jobs)) {
      try {
        const found = await jobsOf(this.#context.client).get(namespace, name)
        if (found.metadata.uid !== uid) gone.add(uid)
      } catch (error) {
        if (!isStatus(error, 'NotFound')) throw error
        gone.add(uid)
      }
    }
    const typed: CronJob = { ...cronJob, apiVersion: cronJobVersion, kind: cronJobKind }
    return { cronJob: typed, jobs, gone, nowMs: this.#context.clock.wallMs() }
  }

  /**
   * The first job of a term is made of what the API says: by a copy that lags behind the last leader's
   * writes, one might run although another one does.
   */
  async #live(key: string, { metadata }: CronJob): Promise<CronJobState | undefined> {
    const { namespace = '', name = '', uid = '' } = metadata
    const { client } = this.#context
    try {
      const cronJob = await cronJobsOf(client).get(namespace, name)
      if (cronJob.metadata.uid !== uid) return undefined
      const { items } = await jobsOf(client).list({ namespace })
      const jobs = items.filter((job) => controllerOf(job)?.uid === uid)
      this.#ownWrites.wrote(key, cronJob)
      for (const job of jobs) this.#jobWrites.wrote(key, job)
      this.#verified.add(uid)
      return await this.#state(cronJob, jobs)
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined
      throw error
    }
  }
}

function timesChanged({ spec }: CronJob, { spec: before }: CronJob): boolean {
  return spec.schedule !== before.schedule || spec.timeZone !== before.timeZone
}

function messageOf(error: unknown): string {
  return error instanceof StatusError || error instanceof Error ? error.message : String(error)
}
