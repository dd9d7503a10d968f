import { parseSchedule, type Schedule } from '../../kinds/batch/cron-schedule.ts'
import { formatTime } from '../../kinds/time.ts'
import type { CronJob, CronJobStatus, Job, ObjectReference } from '../../kinds/types.ts'
import { finishedCondition } from '../job/job-facts.ts'
import { lastTimeMs, nextTimeMs } from './schedule-times.ts'
import { type TimeZone, timeZone } from './time-zone.ts'

export interface CronJobState {
  readonly cronJob: CronJob
  /** Those that it made. */
  readonly jobs: readonly Job[]
  /** Uids of jobs in its status that are known to be gone. */
  readonly gone: ReadonlySet<string>
  readonly nowMs: number
}

export interface Told {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export interface CronJobDecision {
  /** Finished jobs beyond what its history keeps. */
  readonly forget: readonly Job[]
  /** Jobs that run and make place for the next one. */
  readonly replace: readonly ObjectReference[]
  /** When the job that is to be made now was due. */
  readonly startMs: number | undefined
  /** The status before what `replace` and `startMs` will change. */
  readonly status: CronJobStatus
  readonly told: readonly Told[]
  /** When its next job is due; undefined when none will be without a change. */
  readonly requeueAfterMs: number | undefined
}

/** Clocks of hosts differ: a job is made a little after its time rather than before it. */
const paddingMs = 100
/** So many are more than somebody meant to be made up for. */
const missedTimesMax = 100

/** What a cron job makes and forgets now (pkg/controller/cronjob/cronjob_controllerv2.go). */
export function decideCronJob(state: CronJobState): CronJobDecision {
  const forget = beyondHistory(state)
  const told: Told[] = []
  const status = statusOf(state, new Set(forget.map(uidOf)), told)
  const idle = { forget, replace: [], startMs: undefined, status, told, requeueAfterMs: undefined }
  const { cronJob, nowMs } = state
  const { spec, metadata } = cronJob
  if (metadata.deletionTimestamp !== undefined) return idle
  const zone = timeZone(spec.timeZone ?? '')
  const tell = (type: Told['type'], reason: string, message: string) =>
    void told.push({ type, reason, message })
  if (!zone) {
    const name = JSON.stringify(spec.timeZone)
    tell(
      'Warning',
      'UnknownTimeZone',
      `invalid timeZone: ${name}: unknown time zone ${spec.timeZone}`,
    )
    return idle
  }
  if (spec.suspend) return idle
  const parsed = parseSchedule(spec.schedule)
  if ('problem' in parsed) {
    const text = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${parsed.problem}`
    tell('Warning', 'UnparseableSchedule', text)
    return idle
  }
  const { schedule } = parsed
  const due = dueTime({ cronJob, schedule, zone, nowMs }, true)
  if (due.problem !== undefined) {
    tell('Warning', 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${due.problem}`)
    return idle
  }
  const requeueAfterMs = nextDueInMs({ cronJob, schedule, zone, nowMs })
  const { atMs } = due
  if (atMs === undefined) return { ...idle, requeueAfterMs }
  if (due.missed === 'many') tell('Warning', 'TooManyMissedTimes', tooMany)
  const deadlineSeconds = spec.startingDeadlineSeconds
  if (deadlineSeconds !== undefined && atMs + deadlineSeconds * 1_000 < nowMs) {
    const text = `Missed scheduled time to start a job: ${rfc1123(atMs)}`
    tell('Warning', 'MissSchedule', text)
    return { ...idle, requeueAfterMs }
  }
  const active = status.active ?? []
  if (
    active.some(({ name }) => name === jobName(cronJob, atMs)) ||
    cronJob.status?.lastScheduleTime === formatTime(atMs)
  )
    return { ...idle, requeueAfterMs }
  if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    tell('Normal', 'JobAlreadyActive', stillRuns)
    return { ...idle, requeueAfterMs }
  }
  const replace = spec.concurrencyPolicy === 'Replace' ? active : []
  return {
    ...idle,
    replace,
    startMs: atMs,
    requeueAfterMs: afterStartMs(state, schedule, zone, atMs),
  }
}

const tooMany =
  'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
const stillRuns =
  'Not starting job because prior execution is running and concurrency policy is Forbid'

export function jobName({ metadata }: CronJob, atMs: number): string {
  return `${metadata.name}-${Math.floor(atMs / 60_000)}`
}

/** References in the status to jobs that are not among those that were found. */
export function missingReferences(
  cronJob: CronJob,
  jobs: readonly Job[],
): readonly ObjectReference[] {
  const found = new Set(jobs.map(uidOf))
  return (cronJob.status?.active ?? []).filter(({ uid = '' }) => !found.has(uid))
}

/** How long until a changed schedule asks for a job; undefined when it never does. */
export function nextDueAfterChangeMs(cronJob: CronJob, nowMs: number): number | undefined {
  const zone = timeZone(cronJob.spec.timeZone ?? '')
  const parsed = parseSchedule(cronJob.spec.schedule)
  if (!zone || 'problem' in parsed) return undefined
  return nextDueInMs({ cronJob, schedule: parsed.schedule, zone, nowMs })
}

interface Timing {
  readonly cronJob: CronJob
  readonly schedule: Schedule
  readonly zone: TimeZone
  readonly nowMs: number
}

interface Due {
  /** Since when times count. */
  readonly sinceMs: number
  /** The latest time that has passed; undefined when none has. */
  readonly atMs: number | undefined
  readonly missed: 'none' | 'few' | 'many'
  readonly problem: string | undefined
}

/** The latest of the times that have passed since the last job (cronjob/utils.go). */
function dueTime({ cronJob, schedule, zone, nowMs }: Timing, withDeadline: boolean): Due {
  const { metadata, spec, status } = cronJob
  const { startingDeadlineSeconds } = spec
  let sinceMs = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '')
  if (withDeadline && startingDeadlineSeconds !== undefined)
    sinceMs = Math.max(sinceMs, nowMs - startingDeadlineSeconds * 1_000)
  const due = { sinceMs, missed: 'none', problem: undefined } as const
  const firstMs = nextTimeMs(schedule, zone, sinceMs)
  const secondMs = firstMs === undefined ? undefined : nextTimeMs(schedule, zone, firstMs)
  if (firstMs === undefined || secondMs === undefined)
    return {
      ...due,
      atMs: undefined,
      problem: 'time difference between two schedules is less than 1 second',
    }
  if (nowMs < firstMs) return { ...due, atMs: undefined }
  if (nowMs < secondMs) return { ...due, atMs: firstMs }
  const periodMs = secondMs - firstMs
  // An estimate: how often the first distance fits into the time that has passed.
  const count = Math.floor((nowMs - firstMs) / periodMs) + 1
  const earliestMs = firstMs + (count - 2) * periodMs
  const atMs =
    'everyMs' in schedule
      ? firstMs + (count - 1) * periodMs
      : lastTimeMs(schedule, zone, nowMs, earliestMs)
  return { ...due, atMs, missed: count > missedTimesMax ? 'many' : 'few' }
}

/** Milliseconds until the next job is due. */
function nextDueInMs(timing: Timing): number | undefined {
  const { schedule, zone, nowMs } = timing
  const { atMs, missed, sinceMs, problem } = dueTime(timing, false)
  const fromMs = atMs ?? (missed === 'none' && problem === undefined ? sinceMs : nowMs)
  const nextMs = nextTimeMs(schedule, zone, fromMs)
  return nextMs === undefined ? undefined : nextMs + paddingMs - nowMs
}

function afterStartMs(
  { cronJob, nowMs }: CronJobState,
  schedule: Schedule,
  zone: TimeZone,
  atMs: number,
): number | undefined {
  const status = { ...cronJob.status, lastScheduleTime: formatTime(atMs) }
  return nextDueInMs({ cronJob: { ...cronJob, status }, schedule, zone, nowMs })
}

function statusOf(
  { cronJob, jobs, gone }: CronJobState,
  forgotten: ReadonlySet<string>,
  told: Told[],
): CronJobStatus {
  let active = cronJob.status?.active ?? []
  let lastSuccessfulTime = cronJob.status?.lastSuccessfulTime
  const normal = (reason: string, message: string) =>
    void told.push({ type: 'Normal', reason, message })
  for (const job of jobs) {
    const known = active.some(({ uid }) => uid === job.metadata.uid)
    const end = finishedCondition(job)
    const { name } = job.metadata
    if (!end) {
      if (known) continue
      const message = `Saw a job that the controller did not create or forgot: ${name}`
      told.push({ type: 'Warning', reason: 'UnexpectedJob', message })
      continue
    }
    if (known) {
      active = active.filter(({ uid }) => uid !== job.metadata.uid)
      normal('SawCompletedJob', `Saw completed job: ${name}, condition: ${end.type}`)
    }
    const endedAt = end.type === 'Complete' ? job.status?.completionTime : undefined
    if (endedAt !== undefined && !(Date.parse(endedAt) <= Date.parse(lastSuccessfulTime ?? '')))
      lastSuccessfulTime = endedAt
  }
  for (const { uid = '', name } of active.filter(({ uid = '' }) => gone.has(uid)))
    if (!forgotten.has(uid)) normal('MissingJob', `Active job went missing: ${name}`)
  active = active.filter(({ uid = '' }) => !gone.has(uid) && !forgotten.has(uid))
  const { lastScheduleTime } = cronJob.status ?? {}
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
  }
}

/** The oldest of its finished jobs, as far as they are more than it keeps. */
function beyondHistory({ cronJob, jobs }: CronJobState): readonly Job[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec
  const beyond = (type: string, limit: number | undefined): readonly Job[] => {
    const ended = jobs.filter((job) => finishedCondition(job)?.type === type)
    if (limit === undefined || ended.length <= limit) return []
    return [...ended].sort(byStart).slice(0, ended.length - limit)
  }
  return [
    ...beyond('Complete', successfulJobsHistoryLimit),
    ...beyond('Failed', failedJobsHistoryLimit),
  ]
}

/** One that never started counts as the youngest; of two that started together names decide. */
function byStart(one: Job, other: Job): number {
  const start = ({ status }: Job) => status?.startTime ?? '~'
  const keys = [one, other].map((job) => [start(job), job.metadata.name ?? ''].join(' '))
  return (keys[0] ?? '') < (keys[1] ?? '') ? -1 : 1
}

function uidOf({ metadata }: Job): string {
  return metadata.uid ?? ''
}

/** `Mon, 02 Jan 2006 15:04:05 +0000`. */
function rfc1123(atMs: number): string {
  return new Date(atMs).toUTCString().replace('GMT', '+0000')
}

/** The job that is due at a time; its name is the same however often it is tried. */
export function jobOf(cronJob: CronJob, atMs: number): Job {
  const { metadata: template, spec } = cronJob.spec.jobTemplate
  const { labels, annotations, finalizers } = template ?? {}
  const zone = timeZone(cronJob.spec.timeZone ?? '')
  const stamp = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, atMs),
      namespace: cronJob.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(finalizers ? { finalizers } : {}),
      annotations: { ...annotations, [stamp]: zone?.format(atMs) ?? formatTime(atMs) },
    },
    ...(spec ? { spec } : {}),
  }
}
