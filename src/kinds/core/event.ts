import { column, defineKind } from '../define-kind.ts'
import type { AnyObject, FieldError } from '../kind.ts'
import { ageOf, nameOf } from '../print.ts'
import type { Event } from '../types.ts'
import { invalid, required } from '../validation/field-error.ts'

const objectFields = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
] as const

/** k8s.io/kubernetes pkg/registry/core/event/strategy.go, pkg/apis/core/validation/events.go */
export const event = defineKind({
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  definition: 'io.k8s.api.core.v1.Event',
  createOnUpdate: true,
  expires: true,
  validateCreate: (object) => validateEvent(eventOf(object)),
  validateUpdate: (object) => validateEvent(eventOf(object)),
  selectableFields,
  selectableFieldNames: [
    ...objectFields.map((field) => `involvedObject.${field}`),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  columns: [
    column('Last Seen', 'string', 'Time since it happened last.'),
    column('Type', 'string', 'Normal or Warning.'),
    column('Reason', 'string', 'The cause in one word.'),
    column('Object', 'string', 'What it happened to.'),
    column('Subobject', 'string', 'Which part of the object.', { wide: true }),
    column('Source', 'string', 'Who reports it.', { wide: true }),
    column('Message', 'string', 'The cause in a sentence.'),
    column('First Seen', 'string', 'Time since it happened first.', { wide: true }),
    column('Count', 'string', 'How often it happened.', { wide: true }),
    column('Name', 'string', 'Name of the event.', { format: 'name', wide: true }),
  ],
  row,
})

function eventOf(object: AnyObject): Event {
  return object as unknown as Event
}

function validateEvent(event: Event): FieldError[] {
  const errors: FieldError[] = []
  const involved = event.involvedObject ?? {}
  const clusterWide = (involved.namespace ?? '') === ''
  const expected = clusterWide ? 'default' : (involved.namespace ?? '')
  if (event.metadata.namespace !== expected && event.metadata.namespace !== 'kube-system')
    errors.push(
      invalid(
        'involvedObject.namespace',
        involved.namespace ?? '',
        'does not match event.namespace',
      ),
    )
  if (event.eventTime === undefined) return errors
  if (!event.reportingComponent) errors.push(required('reportingController'))
  if (!event.reportingInstance) errors.push(required('reportingInstance'))
  if (!event.action) errors.push(required('action'))
  if (!event.reason) errors.push(required('reason'))
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid('type', event.type ?? '', 'has invalid value: '))
  return errors
}

function selectableFields(object: AnyObject): ReadonlyMap<string, string> {
  const { involvedObject = {}, reason, type, source, reportingComponent } = eventOf(object)
  return new Map([
    ...objectFields.map(
      (field) => [`involvedObject.${field}`, involvedObject[field] ?? ''] as const,
    ),
    ['reason', reason ?? ''],
    ['reportingComponent', reportingComponent ?? ''],
    ['source', source?.component || reportingComponent || ''],
    ['type', type ?? ''],
  ])
}

function row(object: AnyObject, nowMs: number): (string | number)[] {
  const event = eventOf(object)
  const { involvedObject = {}, series } = event
  const first = event.firstTimestamp ?? event.eventTime
  const last = series?.lastObservedTime ?? event.lastTimestamp ?? first
  const kind = (involvedObject.kind ?? '').toLowerCase()
  return [
    ageOf(last, nowMs),
    event.type ?? '',
    event.reason ?? '',
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? '',
    sourceOf(event),
    (event.message ?? '').trim(),
    ageOf(first, nowMs),
    series?.count ?? (event.count || 1),
    nameOf(object),
  ]
}

function sourceOf({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || ''
  const host = source?.host || reportingInstance || ''
  return host === '' ? component : `${component}, ${host}`
}
