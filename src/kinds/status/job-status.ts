import type { FieldError } from '../kind.ts'
import type { Job, JobStatus } from '../types.ts'
import { duplicate, invalid, required, same } from '../validation/field-error.ts'
import { nonNegativeFields } from './quantities.ts'

/**
 * Writes to /status of a Job (k8s.io/kubernetes pkg/apis/batch/validation/validation.go: ValidateJobStatusUpdate;
 * which rules look at what changed: pkg/registry/batch/job/strategy.go: getStatusValidationOptions).
 */
export function jobStatusErrors(job: Job, old: Job): FieldError[] {
  const now = pictureOf(job)
  const before = pictureOf(old)
  return [
    ...nonNegativeFields(now.status, ['active', 'succeeded', 'failed', 'ready', 'terminating']),
    ...uncountedErrors(now.status),
    ...endErrors(now, before),
    ...timeErrors(now, before),
    ...finishedErrors(job, now, before),
    ...((now.status.ready ?? 0) > now.active &&
    (now.status.ready !== before.status.ready || now.active !== before.active)
      ? [invalid('status.ready', now.status.ready, 'cannot set more ready pods than active')]
      : []),
    ...fittingErrors(job, now),
    ...stepErrors(job, now, before),
  ]
}

type Ending = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet'

interface Picture {
  readonly status: JobStatus
  readonly active: number
  readonly finished: boolean
  is(ending: Ending | 'Suspended', value?: 'True' | 'False'): boolean
}

function pictureOf({ status = {} }: Pick<Job, 'status'>): Picture {
  const is: Picture['is'] = (ending, value = 'True') =>
    (status.conditions ?? []).some((one) => one.type === ending && one.status === value)
  return { status, active: status.active ?? 0, finished: is('Complete') || is('Failed'), is }
}

/** An error at the conditions as a whole, which shows no value. */
function wrongConditions(detail: string): FieldError {
  return {
    type: 'FieldValueInvalid',
    field: 'status.conditions',
    message: `Invalid value: ${detail}`,
  }
}

function uncountedErrors({ uncountedTerminatedPods }: JobStatus): FieldError[] {
  const seen = new Set<string>()
  const { succeeded = [], failed = [] } = uncountedTerminatedPods ?? {}
  return Object.entries({ succeeded, failed }).flatMap(([name, uids]) =>
    uids.flatMap((uid, index) => {
      const path = `status.uncountedTerminatedPods.${name}[${index}]`
      if (uid === '') return [invalid(path, uid, 'must not be empty')]
      if (seen.has(uid)) return [duplicate(path, uid)]
      seen.add(uid)
      return []
    }),
  )
}

function endErrors(now: Picture, before: Picture): FieldError[] {
  const changed = (ending: Ending) => now.is(ending) !== before.is(ending)
  const errors: FieldError[] = []
  const both = (left: Ending, right: Ending, text: string) => {
    if (now.is(left) && now.is(right) && (changed(left) || changed(right)))
      errors.push(wrongConditions(text))
  }
  both('Complete', 'Failed', 'cannot set Complete=True and Failed=true conditions')
  both('Complete', 'FailureTarget', 'cannot set Complete=True and FailureTarget=true conditions')
  return errors
}

function timeErrors(now: Picture, before: Picture): FieldError[] {
  const { completionTime, startTime } = now.status
  const complete = now.is('Complete')
  const errors: FieldError[] = []
  const path = 'status.completionTime'
  const isNew = completionTime !== before.status.completionTime
  if (complete !== before.is('Complete') || isNew) {
    if (completionTime !== undefined && !complete)
      errors.push(
        invalid(
          path,
          completionTime,
          'cannot set completionTime when there is no Complete=True condition',
        ),
      )
    if (completionTime === undefined && complete)
      errors.push(required(path, 'completionTime is required for Complete jobs'))
  }
  const moved = isNew || startTime !== before.status.startTime
  if (moved && startTime && completionTime && completionTime < startTime)
    errors.push(invalid(path, completionTime, 'must be equal to or after `startTime`'))
  return errors
}

function finishedErrors({ spec }: Job, now: Picture, before: Picture): FieldError[] {
  const { status, active, finished } = now
  const changed = finished !== before.finished
  const errors: FieldError[] = []
  if (now.is('Failed') && !now.is('FailureTarget') && !before.is('Failed'))
    errors.push(
      wrongConditions('cannot set Failed=True condition without the FailureTarget=true condition'),
    )
  const met = now.is('SuccessCriteriaMet')
  const metChanged = met !== before.is('SuccessCriteriaMet')
  if (now.is('Complete') && !met && (metChanged || !before.is('Complete')))
    errors.push(
      wrongConditions(
        'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      ),
    )
  if (!finished) return errors
  if (active > 0 && (changed || active !== before.active))
    errors.push(invalid('status.active', active, 'active>0 is invalid for finished job'))
  const isEmpty = spec?.suspend === true && spec.completions === 0
  const started = status.startTime !== undefined
  if (!started && !isEmpty && (changed || before.status.startTime !== undefined))
    errors.push(required('status.startTime', 'startTime is required for finished job'))
  const { uncountedTerminatedPods: pods } = status
  const moved = changed || !same(pods, before.status.uncountedTerminatedPods)
  if (moved && (pods?.failed ?? []).length + (pods?.succeeded ?? []).length > 0)
    errors.push(invalid('status.uncountedTerminatedPods', pods, 'must be empty for finished job'))
  if (
    (status.terminating ?? 0) > 0 &&
    (changed || status.terminating !== before.status.terminating)
  )
    errors.push(
      invalid(
        'status.terminating',
        status.terminating,
        'terminating>0 is invalid for finished job',
      ),
    )
  return errors
}

/** Conditions that cannot be together, whatever was before. */
function fittingErrors({ spec }: Job, now: Picture): FieldError[] {
  const errors: FieldError[] = []
  const met = now.is('SuccessCriteriaMet')
  if (met && now.is('Failed'))
    errors.push(wrongConditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'))
  if (met && now.is('FailureTarget'))
    errors.push(
      wrongConditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'),
    )
  if (spec?.successPolicy && !met && now.is('Complete'))
    errors.push(
      wrongConditions(
        'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
      ),
    )
  return errors
}

/** What may not be undone. */
function stepErrors({ spec }: Job, now: Picture, before: Picture): FieldError[] {
  const errors: FieldError[] = []
  for (const ending of ['Failed', 'Complete', 'FailureTarget'] as const)
    if (before.is(ending) && !now.is(ending))
      errors.push(wrongConditions(`cannot disable the terminal ${ending}=True condition`))
  const { failed = 0, succeeded = 0, completionTime, startTime } = now.status
  if (failed < (before.status.failed ?? 0))
    errors.push(invalid('status.failed', failed, 'cannot decrease the failed counter'))
  const mayShrink =
    spec?.completionMode === 'Indexed' &&
    spec.completions === (spec.parallelism ?? spec.completions)
  if (!mayShrink && succeeded < (before.status.succeeded ?? 0))
    errors.push(invalid('status.succeeded', succeeded, 'cannot decrease the succeeded counter'))
  const ended = before.status.completionTime
  if (completionTime && ended && completionTime !== ended)
    errors.push(invalid('status.completionTime', completionTime, 'field is immutable'))
  const begun = before.status.startTime
  const resumes = before.is('Suspended') && now.is('Suspended', 'False')
  if (begun !== undefined && begun !== startTime && !resumes && spec?.suspend !== true)
    errors.push(
      invalid('status.startTime', startTime, 'field is immutable for unsuspended job once set'),
    )
  if (before.is('SuccessCriteriaMet') && !now.is('SuccessCriteriaMet'))
    errors.push(wrongConditions('cannot disable the SuccessCriteriaMet=True condition'))
  const late = before.is('Complete') && !before.is('SuccessCriteriaMet')
  if (late && now.is('SuccessCriteriaMet'))
    errors.push(
      wrongConditions(
        'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
      ),
    )
  return errors
}
