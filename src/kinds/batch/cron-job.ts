import { templateWarnings } from '../core/pod/warnings.ts'
import { ageColumn, column, defineKind, nameColumn, subresource } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, ageOf, joined, nameOf, orNone, selectorText } from '../print.ts'
import type { CronJob, CronJobSpec } from '../types.ts'
import { invalid, notSupported } from '../validation/field-error.ts'
import { nonNegative } from '../validation/numbers.ts'
import { scheduleProblem } from './cron-schedule.ts'
import { validateJobSpec } from './validate-job.ts'

/** Names of its jobs have eleven characters more. */
const nameLengthMax = 52

/** k8s.io/kubernetes pkg/apis/batch/validation/validation.go: ValidateCronJobCreate */
export const cronJob = defineKind({
  group: 'batch',
  kind: 'CronJob',
  resource: 'cronjobs',
  singular: 'cronjob',
  shortNames: ['cj'],
  categories: ['all'],
  definition: 'io.k8s.api.batch.v1.CronJob',
  hasStatus: true,
  countsGeneration: true,
  subresources: [subresource('status', 'CronJob', ['get', 'patch', 'update'])],
  warnings: templateWarnings('spec.jobTemplate.spec.template', true),
  validateCreate: (object) => [
    ...nameErrors(nameOf(object)),
    ...specErrors(typed<CronJob>(object).spec),
  ],
  validateUpdate: (object) => specErrors(typed<CronJob>(object).spec),
  columns: [
    nameColumn,
    column('Schedule', 'string', 'When, in the form of cron.'),
    column('Timezone', 'string', 'Time zone of the schedule.'),
    column('Suspend', 'boolean', 'Whether it makes no jobs for now.'),
    column('Active', 'integer', 'Jobs that run now.'),
    column('Last Schedule', 'string', 'Time since the last job was made.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
    column('Selector', 'string', 'Which pods are its own.', { wide: true }),
  ],
  row,
})

function nameErrors(name: string): FieldError[] {
  if (name.length <= nameLengthMax) return []
  return [invalid('metadata.name', name, `must be no more than ${nameLengthMax} characters`)]
}

function specErrors(spec: CronJobSpec | undefined): FieldError[] {
  if (!spec) return []
  const { schedule = '', timeZone, jobTemplate } = spec
  const errors: FieldError[] = []
  if (/(^|\s)(CRON_)?TZ=/.test(schedule))
    errors.push(
      invalid(
        'spec.schedule',
        schedule,
        'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
    )
  else if (schedule !== '') {
    const problem = scheduleProblem(schedule)
    if (problem !== undefined) errors.push(invalid('spec.schedule', schedule, problem))
  }
  if (timeZone !== undefined) errors.push(...zoneErrors(timeZone, 'spec.timeZone'))
  for (const field of [
    'startingDeadlineSeconds',
    'successfulJobsHistoryLimit',
    'failedJobsHistoryLimit',
  ] as const)
    errors.push(...nonNegative(spec[field], `spec.${field}`))
  const job = jobTemplate?.spec
  if (!job) return errors
  if (job.selector)
    errors.push(
      invalid('spec.jobTemplate.spec.selector', job.selector, '`selector` will be auto-generated'),
    )
  if (job.manualSelector)
    errors.push(notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']))
  return [...errors, ...validateJobSpec(job, 'spec.jobTemplate.spec')]
}

function zoneErrors(zone: string, path: string): FieldError[] {
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')]
  if (zone.toLowerCase() === 'local')
    return [
      invalid(
        path,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ]
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return []
  } catch {
    return [invalid(path, zone, `unknown time zone ${zone}`)]
  }
}

function row(object: AnyObject, nowMs: number): (string | number)[] {
  const { spec, status } = typed<Partial<CronJob>>(object)
  const job = spec?.jobTemplate?.spec
  const containers = job?.template?.spec?.containers
  const last = status?.lastScheduleTime
  return [
    nameOf(object),
    spec?.schedule ?? '',
    orNone(spec?.timeZone),
    spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    (status?.active ?? []).length,
    last === undefined ? '<none>' : ageOf(last, nowMs),
    age(object, nowMs),
    joined(containers, 'name'),
    joined(containers, 'image'),
    selectorText(job?.selector),
  ]
}
