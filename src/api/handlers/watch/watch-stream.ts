import type { Revision } from '../../../base/brand.ts'
import type { Timer } from '../../../base/clock.ts'
import type { KeyValue, StoreEvent, StoreWatcher } from '../../../state/cluster-store.ts'
import type { EventType } from '../../encoding/event-frame.ts'
import type { Representation } from '../../representation.ts'
import { expectedFailure, internalError } from '../../responses.ts'
import { Slices } from '../../slices.ts'
import { plainStorage, shownEvents } from '../object-storage.ts'
import type { ResourceContext } from '../resource-context.ts'
import type { Selection } from '../selection.ts'
import { DefinitionWatch } from './definition-watch.ts'

/** From where a watch runs, how long, and what comes first. */
export interface WatchPlan {
  readonly after: Revision
  /** Sent as ADDED before anything else: the state at `after`. Let go of once sent. */
  initial: readonly KeyValue[]
  /** Send the bookmark that tells the end of the initial events. */
  readonly markInitialEnd: boolean
  readonly bookmarks: boolean
  readonly timeoutMs: number
}

export interface WatchParts {
  readonly context: ResourceContext
  readonly representation: Representation
  readonly selection: Selection
  readonly plan: WatchPlan
}

type ChangeType = Exclude<EventType, 'BOOKMARK' | 'ERROR'>

/** About every minute, and shortly before the end (cacher.go, cache_watcher.go). */
const bookmarkPeriodMs = 60_000
const lastBookmarkLeadMs = 2_000
/** Of initial events that go out in one piece. */
const pieceBytes = 256 * 1024
/** Of events that are read, and made ready, without a look at the time. */
const pollBytes = 64 * 1024

const noBytes = new Uint8Array(0)

/**
 * The body of a watch. Opens its cursor when first read and lets go of it however reading ends. One
 * generator, as `yield*` would cost every event of every watcher some more turns of microtasks.
 */
export async function* watchStream(parts: WatchParts): AsyncGenerator<Uint8Array, void, void> {
  const { context, plan } = parts
  const { storage } = context.shared
  const leave = context.shared.watches.enter()
  const wait = new WatchWait(parts)
  let watcher: StoreWatcher | undefined
  let definition: DefinitionWatch | undefined
  try {
    const { start, end } = parts.selection
    // Before the initial events: history cannot be lost while they are sent without being told.
    watcher = context.options.store.watch({
      start,
      end,
      afterRevision: plan.after,
      wake: () => wait.wake(),
    })
    if (context.kind.custom) definition = new DefinitionWatch(context, () => wait.wake())
    const writer = new EventWriter(parts)
    yield* initialEvents(parts, writer)
    plan.initial = []
    const slices = new Slices(context.options.clock)
    while (!wait.ended) {
      const polled = watcher.poll(pollBytes)
      const events = storage === plainStorage ? polled : await shownEvents(storage, polled)
      const bytes = writer.seesAll ? writer.joined(events) : await selected(events, writer, slices)
      if (bytes.length > 0) yield bytes
      if (wait.takeBookmark() && plan.bookmarks) yield writer.bookmark(watcher.progress, false)
      if (events.length === 0) {
        if (definition?.isOver) return
        await wait.next()
        slices.begin()
      } else if (slices.over) await slices.pause()
    }
  } catch (error) {
    const failure = expectedFailure(error)
    if (!failure) context.options.logger.error({ error, path: context.info.path }, 'watch failed')
    const { status } = failure ?? internalError()
    yield parts.representation.frame('ERROR', parts.representation.status(status))
  } finally {
    watcher?.close()
    definition?.close()
    wait.close()
    leave()
  }
}

async function* initialEvents(
  { context, plan, selection }: WatchParts,
  writer: EventWriter,
): AsyncGenerator<Uint8Array, void, void> {
  const slices = new Slices(context.options.clock)
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const record of await context.shared.storage.shown(plan.initial)) {
    if (slices.over) await slices.pause()
    if (!selection.everything && !selection.matches(context.shared.parsed.get(record))) continue
    const event = writer.frame('ADDED', record)
    batch.push(event)
    bytes += event.length
    if (bytes < pieceBytes) continue
    yield Buffer.concat(batch)
    batch = []
    bytes = 0
  }
  if (plan.markInitialEnd && plan.bookmarks) batch.push(writer.bookmark(plan.after, true))
  if (batch.length > 0) yield Buffer.concat(batch)
}

/** What a selector lets through. */
async function selected(
  events: readonly StoreEvent[],
  writer: EventWriter,
  slices: Slices,
): Promise<Uint8Array> {
  if (events.length === 0) return noBytes
  const batch: Uint8Array[] = []
  for (const event of events) {
    const bytes = writer.event(event)
    if (bytes) batch.push(bytes)
    if (slices.over) await slices.pause()
  }
  return concat(batch)
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 0) return noBytes
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/** Turns store events into what this watcher sees of them. */
class EventWriter {
  readonly #parts: WatchParts
  /** How frames that others may have made are called; undefined where nobody else's will do. */
  readonly #forms: Readonly<Record<ChangeType, string>> | undefined
  #first = true

  constructor(parts: WatchParts) {
    this.#parts = parts
    const { form } = parts.representation
    const named = (type: ChangeType) => `${type} ${form}`
    this.#forms = form === undefined ? undefined : eventNames(named)
  }

  /** True for a watcher to whom an event says the same as to every other one of its form. */
  get seesAll(): boolean {
    return this.#forms !== undefined && this.#parts.selection.everything
  }

  /** Of who sees all, the bytes of several events. */
  joined(events: readonly StoreEvent[]): Uint8Array {
    const join = () => concat(events.flatMap((event) => this.event(event) ?? []))
    const form = this.#parts.representation.form ?? ''
    return events.length > 1 ? this.#parts.context.shared.frames.joined(events, form, join) : join()
  }

  /** The bytes of an event, or undefined when it is none of this watcher's business. */
  event(event: StoreEvent): Uint8Array | undefined {
    const type = this.#type(event)
    if (type === undefined) return undefined
    const make = () =>
      // What leaves a watch is shown as it last was in it, at the revision at which it left.
      type === 'DELETED'
        ? this.frame(type, event.previous ?? event.current, event.revision)
        : this.frame(type, event.current)
    if (!this.#forms) return make()
    return this.#parts.context.shared.frames.get(event, this.#forms[type], make)
  }

  frame(type: ChangeType, record: KeyValue, at?: Revision): Uint8Array {
    const { representation } = this.#parts
    const object = representation.eventObject(record, at, this.#first)
    this.#first = false
    return representation.frame(type, object)
  }

  bookmark(revision: Revision, initialEventsEnd: boolean): Uint8Array {
    const { representation } = this.#parts
    return representation.frame('BOOKMARK', representation.bookmark(revision, initialEventsEnd))
  }

  /** What an event is to a selector: entering it is ADDED, leaving it DELETED. */
  #type(event: StoreEvent): ChangeType | undefined {
    const { selection, context } = this.#parts
    const { parsed } = context.shared
    const matches = (record: KeyValue) =>
      selection.everything || selection.matches(parsed.get(record))
    const before = event.previous !== undefined && matches(event.previous)
    const after = event.type === 'put' && matches(event.current)
    if (after) return before ? 'MODIFIED' : 'ADDED'
    return before ? 'DELETED' : undefined
  }
}

function eventNames(named: (type: ChangeType) => string): Readonly<Record<ChangeType, string>> {
  return { ADDED: named('ADDED'), MODIFIED: named('MODIFIED'), DELETED: named('DELETED') }
}

/** Why a watch that has nothing to send may go on: an event, a bookmark, the timeout, a hang-up. */
class WatchWait {
  readonly #timers: Timer[]
  readonly #signal: AbortSignal | undefined
  #resume: (() => void) | undefined
  #woken = false
  #bookmarkDue = false
  ended = false

  constructor({ context, plan }: WatchParts) {
    const { clock } = context.options
    this.#timers = [
      clock.after(plan.timeoutMs, this.#end),
      clock.every(bookmarkPeriodMs, this.#bookmark),
    ]
    if (plan.timeoutMs > lastBookmarkLeadMs)
      this.#timers.push(clock.after(plan.timeoutMs - lastBookmarkLeadMs, this.#bookmark))
    this.#signal = context.request.signal
    if (this.#signal?.aborted) this.ended = true
    this.#signal?.addEventListener('abort', this.#end, { once: true })
  }

  wake(): void {
    this.#woken = true
    this.#resume?.()
  }

  takeBookmark(): boolean {
    const due = this.#bookmarkDue
    this.#bookmarkDue = false
    return due
  }

  /** Resolves when something has happened since the last call. */
  async next(): Promise<void> {
    if (!this.#woken && !this.ended) await new Promise<void>((go) => (this.#resume = go))
    this.#woken = false
    this.#resume = undefined
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#signal?.removeEventListener('abort', this.#end)
  }

  readonly #end = (): void => {
    this.ended = true
    this.wake()
  }

  readonly #bookmark = (): void => {
    this.#bookmarkDue = true
    this.wake()
  }
}
