import { event as coreEvent } from '../core/event.ts'
import { defineKind } from '../define-kind.ts'
import { type AnyObject, type FieldError, typed } from '../kind.ts'
import type { EventsV1Event } from '../types.ts'
import { invalid, required, same, tooLong } from '../validation/field-error.ts'
import { qualifiedNameProblems } from '../validation/names.ts'
import { fromStored, toStored } from './convert.ts'

const shortTextBytesMax = 128
const noteBytesMax = 1024

/** Fields of the object that an event is about, by which events are selected. */
const regardingFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'fieldPath'] as const

/**
 * Events as events.k8s.io shows them: the same objects as the core group's, in newer words
 * (k8s.io/kubernetes pkg/apis/core/validation/events.go: ValidateEventCreate).
 */
export const event = defineKind({
  group: 'events.k8s.io',
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  definition: 'io.k8s.api.events.v1.Event',
  createOnUpdate: true,
  expires: true,
  storedAs: { group: '', version: 'v1', toStored, fromStored },
  validateCreate: (object) => [...namespaceErrors(object), ...newEventErrors(object)],
  validateUpdate: (object, old) => [...namespaceErrors(object), ...changedErrors(object, old)],
  selectableFields: (object) => {
    const { regarding = {}, reason, reportingController, type } = typed<EventsV1Event>(object)
    return new Map([
      ...regardingFields.map((field) => [`regarding.${field}`, regarding[field] ?? ''] as const),
      ['reason', reason ?? ''],
      ['reportingController', reportingController ?? ''],
      ['type', type ?? ''],
    ])
  },
  selectableFieldNames: [
    'reason',
    ...regardingFields.map((field) => `regarding.${field}`),
    'reportingController',
    'type',
  ],
  columns: coreEvent.columns,
  row: (object, nowMs) => coreEvent.row(toStored(object), nowMs),
})

/** What happened to an object is told in its namespace; what happened to the cluster, in default. */
function namespaceErrors(object: AnyObject): FieldError[] {
  const { regarding, metadata } = typed<EventsV1Event>(object)
  const { namespace } = regarding ?? {}
  const own = metadata.namespace
  if (own === (namespace || 'default') || (!namespace && own === 'kube-system')) return []
  return [invalid('regarding.namespace', namespace ?? '', 'does not match event.namespace')]
}

function newEventErrors(object: AnyObject): FieldError[] {
  const found = typed<Partial<EventsV1Event>>(object)
  const { eventTime, reportingController = '', note = '', type = '', series } = found
  const errors: FieldError[] = []
  if (!eventTime) errors.push(required('eventTime'))
  if (reportingController === '') errors.push(required('reportingController'))
  else if (qualifiedNameProblems(reportingController).length > 0)
    errors.push(
      ...qualifiedNameProblems(reportingController).map((problem) =>
        invalid('reportingController', reportingController, problem),
      ),
    )
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const text = found[field] ?? ''
    if (text === '') errors.push(required(field))
    else if (Buffer.byteLength(text) > shortTextBytesMax)
      errors.push(invalid(field, '', `can have at most ${shortTextBytesMax} characters`))
  }
  if (Buffer.byteLength(note) > noteBytesMax) errors.push(tooLong('note', noteBytesMax))
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalid('type', '', `has invalid value: ${type}`))
  if (series) {
    if ((series.count ?? 0) < 2)
      errors.push(invalid('series.count', series.count ?? 0, 'should be at least 2'))
    if (!series.lastObservedTime) errors.push(required('series.lastObservedTime'))
  }
  return errors
}

const fixed = [
  'regarding',
  'related',
  'reason',
  'note',
  'type',
  'eventTime',
  'action',
  'reportingController',
  'reportingInstance',
  'deprecatedSource',
  'deprecatedFirstTimestamp',
  'deprecatedLastTimestamp',
  'deprecatedCount',
] as const

/** Only how it went on may be added later. */
function changedErrors(object: AnyObject, old: AnyObject): FieldError[] {
  return fixed
    .filter((field) => !same(object[field], old[field]))
    .map((field) => invalid(field, object[field], 'field is immutable'))
}
