import { templateWarnings } from '../core/pod/warnings.ts'
import {
  ageColumn,
  column,
  defineKind,
  dropStatus,
  keepStatus,
  nameColumn,
  subresource,
} from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import { age, humanDuration, joined, nameOf, selectorText } from '../print.ts'
import { jobStatusErrors } from '../status/job-status.ts'
import type { Job, PodTemplateSpec } from '../types.ts'
import {
  mayChangeTemplate,
  validateJobSelector,
  validateJobSpec,
  validateJobUpdate,
} from './validate-job.ts'

/** k8s.io/kubernetes pkg/registry/batch/job/strategy.go */
export const job = defineKind({
  group: 'batch',
  kind: 'Job',
  resource: 'jobs',
  singular: 'job',
  categories: ['all'],
  definition: 'io.k8s.api.batch.v1.Job',
  countsGeneration: true,
  defaultPropagation: 'Orphan',
  subresources: [subresource('status', 'Job', ['get', 'patch', 'update'])],
  prepareCreate: (object) => {
    dropStatus(object)
    selectOwnPods(object)
  },
  prepareUpdate: keepStatus,
  warnings: templateWarnings('spec.template', true),
  validateCreate: jobErrors,
  validateUpdate: (object, old) => {
    const { spec } = typed<Job>(object)
    const { spec: before } = typed<Job>(old)
    if (!spec || !before) return []
    const open = mayChangeTemplate(typed<Job>(old))
    return [...jobErrors(object), ...validateJobUpdate(spec, before, open)]
  },
  validateStatusUpdate: (object, old) => jobStatusErrors(typed<Job>(object), typed<Job>(old)),
  selectableFields: (object) =>
    new Map([['status.successful', String(typed<Job>(object).status?.succeeded ?? 0)]]),
  selectableFieldNames: ['status.successful'],
  columns: [
    nameColumn,
    column('Status', 'string', 'How it goes.'),
    column('Completions', 'string', 'Pods that finished well, of those wanted.'),
    column('Duration', 'string', 'How long it has run, or ran.'),
    ageColumn,
    column('Containers', 'string', 'Names of its containers.', { wide: true }),
    column('Images', 'string', 'Images of its containers.', { wide: true }),
    column('Selector', 'string', 'Which pods are its own.', { wide: true }),
  ],
  row,
})

function jobErrors(object: AnyObject): FieldError[] {
  const { spec } = typed<Job>(object)
  return spec ? [...validateJobSpec(spec, 'spec'), ...validateJobSelector(spec)] : []
}

const uidLabel = 'batch.kubernetes.io/controller-uid'

/** Labels that no other job's pods have, and a selector for them, unless the writer chose both. */
function selectOwnPods(object: AnyObject): void {
  const { metadata, spec } = typed<Job>(object)
  if (!spec || spec.manualSelector) return
  const { name = '', uid = '' } = metadata
  const template: PodTemplateSpec = spec.template ?? {}
  const labels: Record<string, string> = Object.create(null)
  Object.assign(labels, template.metadata?.labels)
  labels[uidLabel] = uid
  labels['batch.kubernetes.io/job-name'] = name
  labels['controller-uid'] = uid
  labels['job-name'] = name
  template.metadata = { ...template.metadata, labels }
  spec.template = template
  const matchLabels: Record<string, string> = Object.create(null)
  Object.assign(matchLabels, spec.selector?.matchLabels)
  matchLabels[uidLabel] = uid
  spec.selector = { ...spec.selector, matchLabels }
}

function row(object: AnyObject, nowMs: number): string[] {
  const { spec } = typed<Partial<Job>>(object)
  const containers = spec?.template?.spec?.containers
  return [
    nameOf(object),
    statusCell(object),
    completionsCell(object),
    durationCell(object, nowMs),
    age(object, nowMs),
    joined(containers, 'name'),
    joined(containers, 'image'),
    selectorText(spec?.selector),
  ]
}

const ends = ['Complete', 'Failed'] as const
const midways = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'] as const

function statusCell(object: AnyObject): string {
  const { conditions = [] } = typed<Job>(object).status ?? {}
  const holds = (wanted: string) =>
    conditions.some(({ type, status }) => type === wanted && status === 'True')
  const ended = ends.find(holds)
  if (ended !== undefined) return ended
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return midways.find(holds) ?? 'Running'
}

function completionsCell(object: AnyObject): string {
  const { spec, status } = typed<Job>(object)
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationCell(object: AnyObject, nowMs: number): string {
  const { startTime, completionTime } = typed<Job>(object).status ?? {}
  if (startTime === undefined) return ''
  const endMs = completionTime === undefined ? nowMs : Date.parse(completionTime)
  return humanDuration(endMs - Date.parse(startTime))
}
