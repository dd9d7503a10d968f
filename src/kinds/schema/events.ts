/** Events of the group events.k8s.io. The form of a line is explained in ../schema.ts. */
export const eventsTable = `
definition io.k8s.api.events.v1.Event as=EventsV1Event gvk=events.k8s.io/v1/Event | Something that happened, for people to read.
  action 6 string | What was done or failed.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  deprecatedCount 15 int32 | How often it happened, in the older form.
  deprecatedFirstTimestamp 13 time | When it happened first, in the older form.
  deprecatedLastTimestamp 14 time | When it happened last, in the older form.
  deprecatedSource 12 EventSource | Who reports it, in the older form.
  eventTime 2 microTime! | When it happened first, to the microsecond.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ObjectMeta | Standard object's metadata: name, labels and what else every object has.
  note 10 string | What happened, in a sentence.
  reason 7 string | Why it happened, in one word.
  regarding 8 ObjectReference | The object that it is about.
  related 9 ObjectReference pointer | Another object that has to do with it.
  reportingController 4 string | Name of the controller that reports it.
  reportingInstance 5 string | Which instance of the controller reports it.
  series 3 EventsV1EventSeries pointer | How it went on.
  type 11 string | Normal or Warning.

definition io.k8s.api.events.v1.EventList as=EventsV1EventList gvk=events.k8s.io/v1/EventList | A page of Event objects.
  apiVersion - string | APIVersion defines group and version of the kind, such as apps/v1.
  items 2 []EventsV1Event! | The entries.
  kind - string | Name of the kind in camel case, such as Pod.
  metadata 1 ListMeta | Revision of the page, and where the next one begins.

definition io.k8s.api.events.v1.EventSeries as=EventsV1EventSeries | How an event went on.
  count 1 int32! | How often it happened.
  lastObservedTime 2 microTime! | When it happened last.
`
