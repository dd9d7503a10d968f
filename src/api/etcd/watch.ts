import type { Revision } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { StoreEvent, StoreWatcher, WatchOptions } from '../../state/cluster-store.ts'
import { StoreError } from '../../state/errors.ts'
import { clusterHeader, type EtcdContext, headerAt } from './context.ts'
import { EncodedEvents } from './encoded/events.ts'
import { refusals } from './errors.ts'
import type { Answers, Rpc } from './rpc.ts'
import { type WatchCreate, WatchResponse } from './wire/kv-messages.ts'
import type { Draft } from './wire/message-type.ts'
import { watchService } from './wire/services.ts'

/** A progress answer belongs to the stream, not to one of its watches. */
const noWatchId = -1
/** By the number of etcd's filter. */
const skippedBy: readonly StoreEvent['type'][] = ['put', 'delete']

/** etcd's Watch service: many watches share a stream, each a cursor into the store's events. */
export function serveWatch(rpc: Rpc, context: EtcdContext): void {
  const encoded = new EncodedEvents(context.keys)
  rpc.stream(watchService.watch, (requests, answers) => {
    const stream = new WatchStream(context, answers, encoded)
    requests.received((request) => {
      if (request.create) stream.create(request.create)
      else if (request.cancel) stream.cancel(request.cancel.watchId)
      else if (request.progress) stream.wantProgress()
    })
    // A client that sends no more goes on listening: JSON's clients send one request and no more.
    answers.drained(() => stream.resume())
    const notify = context.clock.every(limits.etcdProgressNotifyMs, () => stream.notifyProgress())
    answers.signal.addEventListener('abort', () => {
      notify.cancel()
      stream.close()
    })
  })
}

interface Watch {
  readonly id: number
  /** Of its request, which would keep all that came with it. */
  readonly wants: Pick<WatchCreate, 'prevKv' | 'fragment' | 'progressNotify'>
  readonly cursor: StoreWatcher
  /** The last poll found nothing: the cursor wakes us when there is something. */
  idle: boolean
  /** Something was sent since the last round of progress notes. */
  heard: boolean
}

/**
 * One stream. What a slow client does not take stays in the store's ring, as a position: nothing is
 * buffered here beyond one answer, and a client that is too slow is told from where to go on.
 */
class WatchStream {
  readonly #context: EtcdContext
  readonly #answers: Answers<WatchResponse>
  readonly #encoded: EncodedEvents
  readonly #watches = new Map<number, Watch>()
  #nextId = 0
  /** The client takes no more for now. */
  #blocked = false
  #progressWanted = false

  constructor(context: EtcdContext, answers: Answers<WatchResponse>, encoded: EncodedEvents) {
    this.#context = context
    this.#answers = answers
    this.#encoded = encoded
  }

  create(request: WatchCreate): void {
    const { keys, store } = this.#context
    const { start, end } = keys.watched(request.key, request.rangeEnd)
    const id = this.#idFor(request)
    // Before every history (etcd server/etcdserver/api/v3rpc/watch.go: recvLoop, since 3.5).
    if (request.startRevision < 0) this.#refuse(refusals.compacted().details)
    else if (id === undefined) this.#refuse('mvcc: duplicate watch ID provided on the WatchStream')
    else if (start >= end) this.#refuse('mvcc: watcher range is empty')
    else if (!this.#context.watches.take()) this.#refuse('kijabi: this member has too many watches')
    else {
      const { startRevision } = request
      // The first write makes revision 2: before it nothing can have been missed.
      const after = startRevision > 0 ? Math.max(startRevision - 1, 1) : store.view.revision
      this.#send({ header: headerAt(this.#context), watchId: id, created: true })
      this.#open(id, request, { start, end, afterRevision: after as Revision })
    }
  }

  cancel(id: number): void {
    const watch = this.#watches.get(id)
    if (!watch) return
    this.#remove(watch)
    this.#send({ header: headerAt(this.#context), watchId: id, canceled: true })
  }

  /** Answered once every watch of the stream was sent all that there is. */
  wantProgress(): void {
    this.#progressWanted = true
    this.#answerProgress()
  }

  notifyProgress(): void {
    for (const watch of this.#watches.values()) {
      const wanted = watch.wants.progressNotify && this.#hasAll(watch) && !watch.heard
      watch.heard = false
      if (wanted) this.#send({ header: headerAt(this.#context), watchId: watch.id })
    }
  }

  /** The client takes more. */
  resume(): void {
    this.#blocked = false
    for (const watch of this.#watches.values()) {
      if (this.#blocked) return
      if (!watch.idle) this.#drain(watch)
    }
    this.#answerProgress()
  }

  close(): void {
    for (const watch of this.#watches.values()) this.#remove(watch)
  }

  /** Undefined when the client's choice is taken. Our own ids begin at 0. */
  #idFor({ watchId }: WatchCreate): number | undefined {
    if (watchId !== 0) return this.#watches.has(watchId) ? undefined : watchId
    while (this.#watches.has(this.#nextId)) this.#nextId += 1
    this.#nextId += 1
    return this.#nextId - 1
  }

  #open(id: number, request: WatchCreate, range: Omit<WatchOptions, 'wake'>): void {
    try {
      const cursor = this.#context.store.watch({
        ...{ ...range, skips: skipsOf(request) },
        wake: () => this.#wake(watch),
      })
      const { prevKv, fragment, progressNotify } = request
      const wants = { prevKv, fragment, progressNotify }
      const watch: Watch = { id, wants, cursor, idle: false, heard: false }
      this.#watches.set(id, watch)
      this.#drain(watch)
    } catch (error) {
      this.#context.watches.give()
      this.#sendCompacted(id, error)
    }
  }

  #wake(watch: Watch): void {
    watch.idle = false
    if (!this.#blocked) this.#drain(watch)
    this.#answerProgress()
  }

  /**
   * Whether the client was sent all that there is for this watch. A cursor is woken some time after what it
   * waits for was applied: what the view shows already must not be promised before it was sent.
   */
  #hasAll(watch: Watch): boolean {
    if (watch.idle) this.#drain(watch)
    return watch.idle && !this.#blocked
  }

  /** Sends what the cursor has until there is no more, or the client takes no more. */
  #drain(watch: Watch): void {
    while (!this.#blocked && this.#watches.has(watch.id)) {
      const events = this.#poll(watch)
      if (events === undefined) return
      if (events.length === 0) {
        watch.idle = true
        return
      }
      this.#sendEvents(watch, events)
    }
  }

  /** Undefined when the watch is over: what it would have to send is gone. */
  #poll(watch: Watch): readonly StoreEvent[] | undefined {
    try {
      return watch.cursor.poll(limits.etcdWatchAnswerBytesMax / 2)
    } catch (error) {
      this.#remove(watch)
      this.#sendCompacted(watch.id, error)
      return undefined
    }
  }

  #sendEvents(watch: Watch, events: readonly StoreEvent[]): void {
    const { id, wants } = watch
    const last = events.at(-1)
    if (!last) return
    watch.heard = true
    const header = headerAt(this.#context, last.revision)
    const parts = wants.fragment ? fragments(events) : [events]
    parts.forEach((part, at) => {
      const start = { header, watchId: id, fragment: at < parts.length - 1 }
      const fields = part.map((event) => this.#encoded.field(event, wants.prevKv))
      if (!this.#answers.sendParts([WatchResponse.encode(start), ...fields])) this.#blocked = true
    })
  }

  #answerProgress(): void {
    if (!this.#progressWanted || this.#blocked) return
    for (const watch of this.#watches.values()) if (!this.#hasAll(watch)) return
    this.#progressWanted = false
    this.#send({ header: headerAt(this.#context), watchId: noWatchId })
  }

  #refuse(cancelReason: string): void {
    const header = headerAt(this.#context)
    this.#send({ header, watchId: noWatchId, created: true, canceled: true, cancelReason })
  }

  /** The watch is over; the client is told with which revision it can begin again. */
  #sendCompacted(watchId: number, error: unknown): void {
    if (!(error instanceof StoreError) || error.refusal !== 'compacted') throw error
    const compactRevision = error.resumeRevision ?? this.#context.store.view.compactedRevision
    // As etcd has it: no revision, for a client may take it for progress.
    this.#send({ header: clusterHeader(this.#context), watchId, canceled: true, compactRevision })
  }

  #send(response: Draft<WatchResponse>): void {
    if (!this.#answers.send(response)) this.#blocked = true
  }

  #remove(watch: Watch): void {
    watch.cursor.close()
    if (this.#watches.delete(watch.id)) this.#context.watches.give()
  }
}

/** The types of events that a watch is not to hear of. */
function skipsOf({ filters }: WatchCreate): StoreEvent['type'][] {
  return filters.flatMap((filter) => skippedBy[filter] ?? [])
}

/** Parts that each stay within what one answer should hold; at least one event in each. */
function fragments(events: readonly StoreEvent[]): StoreEvent[][] {
  const parts: StoreEvent[][] = []
  let part: StoreEvent[] = []
  let bytes = 0
  for (const event of events) {
    const size = event.current.value.length + (event.previous?.value.length ?? 0)
    if (part.length > 0 && bytes + size > limits.etcdWatchAnswerBytesMax) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(event)
    bytes += size
  }
  return [...parts, part]
}
