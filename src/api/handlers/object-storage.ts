import { limits } from '../../base/limits.ts'
import { isStatus } from '../../base/status.ts'
import { type EncodedObject, encodeObject } from '../../kinds/encode.ts'
import type { AnyObject } from '../../kinds/kind.ts'
import type { KeyValue, StoreEvent } from '../../state/cluster-store.ts'
import { bodyTooLarge } from '../errors.ts'

/**
 * Between the objects that requests are about and the records of the store. For most kinds they are
 * the same bytes; those of custom kinds may be stored in another version.
 */
export interface ObjectStorage {
  /** The same array when all records are shown as they are stored. */
  shown(records: readonly KeyValue[]): readonly KeyValue[] | Promise<readonly KeyValue[]>
  /** Throws RequestEntityTooLarge past the limit of one object. */
  encoded(object: AnyObject): EncodedObject | Promise<EncodedObject>
}

export const plainStorage: ObjectStorage = {
  shown: (records) => records,
  encoded: encodeChecked,
}

/** Encodes for the store. Throws RequestEntityTooLarge past the limit of one object. */
export function encodeChecked(object: AnyObject): EncodedObject {
  const encoded = encodeObject(object)
  if (encoded.bytes.length > limits.objectBytesMax) throw bodyTooLarge(limits.objectBytesMax)
  return encoded
}

/**
 * As `encoded`; an object that is too large with who owns its fields, which may be half of it, is stored
 * without that (apiserver pkg/endpoints/handlers/create.go and update.go, isTooLargeError).
 */
export async function encodedToFit(
  storage: ObjectStorage,
  object: AnyObject,
): Promise<EncodedObject> {
  try {
    return await storage.encoded(object)
  } catch (error) {
    const mayFit = isStatus(error, 'RequestEntityTooLarge') && object.metadata.managedFields
    if (!mayFit) throw error
  }
  object.metadata.managedFields = undefined
  return await storage.encoded(object)
}

/** One record as the request's version of its kind shows it. */
export async function shownRecord(storage: ObjectStorage, record: KeyValue): Promise<KeyValue> {
  const [shown = record] = await storage.shown([record])
  return shown
}

const eventsShown = new WeakMap<ObjectStorage, WeakMap<StoreEvent, StoreEvent>>()

/** Events as the request's version of the kind shows them: the same one for every watcher. */
export async function shownEvents(
  storage: ObjectStorage,
  events: readonly StoreEvent[],
): Promise<readonly StoreEvent[]> {
  if (storage === plainStorage || events.length === 0) return events
  const known = eventsShown.get(storage) ?? new WeakMap<StoreEvent, StoreEvent>()
  eventsShown.set(storage, known)
  const missing = events.filter((event) => !known.has(event))
  const records = missing.flatMap(({ current, previous }) =>
    previous ? [current, previous] : [current],
  )
  const shown = (await storage.shown(records))[Symbol.iterator]()
  for (const event of missing) {
    const current = shown.next().value ?? event.current
    const previous = event.previous && (shown.next().value ?? event.previous)
    known.set(event, { ...event, current, previous })
  }
  return events.map((event) => known.get(event) ?? event)
}
