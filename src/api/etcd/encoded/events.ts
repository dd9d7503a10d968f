import type { StoreEvent } from '../../../state/cluster-store.ts'
import type { KeySpace } from '../key-space.ts'
import { type EventMessage, WatchResponse } from '../wire/kv-messages.ts'
import type { Draft } from '../wire/message-type.ts'

/** Watchers of an event read it within a turn or two; what is older is encoded again. */
const keptBytesMax = 4 * 1_024 * 1_024
const keptEventsMax = 1_024

/**
 * Events as an answer to a watch carries them, encoded once however many watches are told. The bytes are
 * the field `events` with one event: a message of protobuf goes on by appending another field.
 */
export class EncodedEvents {
  readonly #keys: KeySpace
  /** By event, without the previous value and with it. */
  readonly #kept = [new Map<StoreEvent, Buffer>(), new Map<StoreEvent, Buffer>()] as const
  #keptBytes = 0

  constructor(keys: KeySpace) {
    this.#keys = keys
  }

  field(event: StoreEvent, withPrevious: boolean): Buffer {
    const kept = this.#kept[withPrevious ? 1 : 0]
    const known = kept.get(event)
    if (known) return known
    const message = eventMessage(this.#keys, event, withPrevious)
    const bytes = WatchResponse.encode({ events: [message] })
    if (kept.size >= keptEventsMax || this.#keptBytes + bytes.length > keptBytesMax) this.#clear()
    kept.set(event, bytes)
    this.#keptBytes += bytes.length
    return bytes
  }

  #clear(): void {
    for (const kept of this.#kept) kept.clear()
    this.#keptBytes = 0
  }
}

function eventMessage(
  keys: KeySpace,
  event: StoreEvent,
  withPrevious: boolean,
): Draft<EventMessage> {
  const { type, current, previous, revision } = event
  const kv =
    type === 'put' ? keys.message(current) : { key: keys.outside(event.key), modRevision: revision }
  const prevKv = withPrevious && previous ? keys.message(previous) : undefined
  return { type: type === 'put' ? 0 : 1, kv, prevKv }
}
