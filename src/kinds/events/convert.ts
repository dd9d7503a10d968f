import type { AnyObject } from '../kind.ts'

/** Fields that the two groups name differently (k8s.io/kubernetes pkg/apis/events/v1/conversion.go). */
const coreNames: ReadonlyMap<string, string> = new Map([
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
])
const newerNames: ReadonlyMap<string, string> = new Map(
  [...coreNames].map(([newer, core]) => [core, newer]),
)

/** An event of events.k8s.io as the core group has it, which is how it is stored. */
export function toStored(object: AnyObject): AnyObject {
  const event = renamed(object, coreNames)
  event['involvedObject'] ??= {}
  return { ...event, apiVersion: 'v1' }
}

/** An event of the core group as events.k8s.io shows it: without the empty names that only the core prints. */
export function fromStored(object: AnyObject): AnyObject {
  const { reportingController, reportingInstance, ...event } = renamed(object, newerNames)
  return {
    ...event,
    ...(reportingController ? { reportingController } : {}),
    ...(reportingInstance ? { reportingInstance } : {}),
    apiVersion: 'events.k8s.io/v1',
  } as AnyObject
}

function renamed(
  { metadata, ...fields }: AnyObject,
  names: ReadonlyMap<string, string>,
): AnyObject {
  const result: AnyObject = { metadata }
  for (const [field, value] of Object.entries(fields)) result[names.get(field) ?? field] = value
  return result
}
