import { present } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import type { StoreEvent, StoreWatcher, WatchOptions } from './cluster-store.ts'
import { expiredWatch } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import type { Past } from './history.ts'
import { inRange, keyEnd, prefixEnd } from './keys.ts'
import { valueBytes } from './store.ts'

export interface WindowLimits {
  readonly eventsMax: number
  readonly bytesMax: number
}

/** What an event costs beside its value and key, about. */
const eventOverheadBytes = 256
/** Events dropped per appended event while a compaction works itself off: no long pause. */
const evictionsPerAppend = 16

/** Whether a watcher is one of few of its range, or of a crowd: whoever wakes them may treat these differently. */
export type WakeClass = 'few' | 'crowd'

/** Events of one range, shared by everyone who watches that range. */
class Topic {
  readonly start: string
  readonly end: string
  readonly events = new EventQueue()
  readonly watchers = new Set<WindowWatcher>()
  /** The queue holds every event of the range in the window with a revision above this one. */
  coveredAfter: Revision

  constructor(start: string, end: string, coveredAfter: Revision) {
    this.start = start
    this.end = end
    this.coveredAfter = coveredAfter
  }

  get wakeClass(): WakeClass {
    return this.watchers.size > limits.watchersWokenPerSliceMax ? 'crowd' : 'few'
  }
}

/**
 * The recent events, and who waits for them. One bounded ring holds them all; beside it, each range
 * that somebody watches has a queue of references to its own events, found from a key by the
 * prefixes of that key. So an event costs its own watchers and nobody else, and a watcher is a
 * position in a queue.
 */
export class WatchWindow {
  readonly #limits: WindowLimits
  readonly #ring = new EventQueue()
  #ringBytes = 0
  /** Topics of ranges `prefix/` and of single keys: found by lookup. */
  readonly #prefixes = new Map<string, Topic>()
  readonly #keys = new Map<string, Topic>()
  /** Topics of other ranges: tried one by one. */
  readonly #others = new Map<string, Topic>()
  readonly #ready: Readonly<Record<WakeClass, WakeQueue>> = {
    few: new WakeQueue(),
    crowd: new WakeQueue(),
  }
  #revision: Revision
  /** Events up to here may be gone. */
  #floor: Revision

  constructor(
    revision: Revision,
    windowLimits: WindowLimits = {
      eventsMax: limits.historyEventsMax,
      bytesMax: limits.historyBytesMax,
    },
  ) {
    this.#limits = windowLimits
    this.#revision = revision
    this.#floor = revision
  }

  /** The last revision whose events are in; never ahead of what watchers can read. */
  get revision(): Revision {
    return this.#revision
  }

  /** The smallest revision to watch after or to read at. */
  get floor(): Revision {
    return this.#floor
  }

  get events(): number {
    return this.#ring.length
  }

  get bytes(): number {
    return this.#ringBytes
  }

  /** Adds all events of one revision. Wakes nobody: see `wakeNext`. */
  append(events: readonly StoreEvent[], revision: Revision): void {
    for (const event of events) {
      this.#ring.push(event)
      this.#ringBytes += eventBytes(event)
      this.#bucketTopic(event.key)
      this.#eachTopic(event.key, (topic) => this.#deliver(topic, event))
    }
    this.#revision = revision
    this.#evict(events.length)
  }

  /** Lets go of the events before `revision`; those of `revision` itself stay, tombstones too. */
  compact(revision: Revision): void {
    this.#raiseFloor((revision - 1) as Revision)
    this.#evict(1)
  }

  /**
   * The state was replaced by one at `revision`; of what led there, `past` is known. Watchers that had
   * read to the end of its first revision, or start beyond it, go on where they are; all others expire.
   */
  reset(revision: Revision, past: Past = { since: revision, events: [] }): void {
    const { since, events } = past
    const topics = [...this.#prefixes.values(), ...this.#keys.values(), ...this.#others.values()]
    const watchers = topics.flatMap((topic) => [...topic.watchers])
    const progress = new Map(watchers.map((watcher) => [watcher, watcher.progress] as const))
    while (this.#ring.length > 0) this.#evictOne()
    this.#revision = since
    this.#floor = since
    for (const topic of topics) if (topic.coveredAfter > since) topic.coveredAfter = since
    for (const [watcher, read] of progress)
      if (read < since) watcher.expire()
      else watcher.resumeAfter(read)
    this.append(events, revision)
  }

  /** Throws StatusError Expired when events after `afterRevision` are gone. */
  watch(options: WatchOptions): StoreWatcher {
    const { start, end, afterRevision } = options
    if (afterRevision < this.#floor) throw expiredWatch(afterRevision, this.#floor)
    const topic = this.#topicFor(start, end, afterRevision)
    const watcher: WindowWatcher = new WindowWatcher(options, topic, {
      window: this,
      detach: () => this.#detach(topic, watcher),
      ready: () => this.#ready[topic.wakeClass].push(watcher),
    })
    topic.watchers.add(watcher)
    return watcher
  }

  /** How many watchers have something to read and were not woken yet. */
  waiting(of: WakeClass): number {
    return this.#ready[of].length
  }

  /** Wakes one watcher that has something to read. False when none is left. */
  wakeNext(of: WakeClass): boolean {
    const watcher = this.#ready[of].shift()
    watcher?.wakeUp()
    return watcher !== undefined
  }

  /** The newest events, as many whole revisions as `most` has room for with what was before them. */
  newest(most: WindowLimits): Past {
    const ring = this.#ring
    const first = Math.max(ring.after(this.#floor), ring.end - most.eventsMax)
    let bytes = 0
    let start = ring.end
    for (; start > first; start -= 1) {
      const { key, previous } = present(ring.at(start - 1), 'an event of the window')
      bytes += key.length + (previous ? valueBytes(previous) : 0) + eventOverheadBytes
      if (bytes > most.bytesMax) break
    }
    const since = Math.max(this.#floor, ring.at(start - 1)?.revision ?? 0) as Revision
    return { since, events: ring.copyAfter(since) }
  }

  /** All events after `revision`; later ones do not show in it. */
  eventsAfter(revision: Revision): readonly StoreEvent[] {
    return this.#ring.copyAfter(revision)
  }

  /** The events of [start, end) with `after` < revision ≤ `upTo`, in order. */
  *between(
    start: string,
    end: string,
    after: Revision,
    upTo: Revision,
  ): Generator<StoreEvent, void, undefined> {
    const queue = this.#smallestQueue(start, end)
    for (let position = queue.after(after); position < queue.end; position += 1) {
      const event = queue.at(position)
      if (!event || event.revision > upTo) return
      if (inRange(event.key, start, end)) yield event
    }
  }

  #deliver(topic: Topic, event: StoreEvent): void {
    topic.events.push(event)
    for (const watcher of topic.watchers) watcher.noticed(event)
  }

  #raiseFloor(floor: Revision): void {
    if (floor > this.#floor) this.#floor = floor
  }

  /** Keeps the ring within its limits: whole revisions go, first in the floor, then in memory. */
  #evict(appended: number): void {
    while (this.#ring.length > this.#limits.eventsMax || this.#ringBytes > this.#limits.bytesMax) {
      this.#raiseFloor(this.#evictOne())
    }
    for (let left = evictionsPerAppend * appended; left > 0; left -= 1) {
      const oldest = this.#ring.at(this.#ring.first)
      if (!oldest || oldest.revision > this.#floor) return
      this.#evictOne()
    }
  }

  /** Drops the oldest event everywhere; its revision. */
  #evictOne(): Revision {
    const event = this.#ring.at(this.#ring.first)
    if (!event) return this.#floor
    this.#ring.shift()
    this.#ringBytes -= eventBytes(event)
    this.#eachTopic(event.key, (topic) => {
      if (topic.events.at(topic.events.first) === event) topic.events.shift()
    })
    const bucket = bucketOf(event.key)
    const topic = bucket === undefined ? undefined : this.#prefixes.get(bucket)
    if (topic) this.#dropIfIdle(topic)
    return event.revision
  }

  /** Calls `visit` for every topic whose range holds `key`. */
  #eachTopic(key: string, visit: (topic: Topic) => void): void {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const topic = this.#prefixes.get(key.slice(0, slash + 1))
      if (topic) visit(topic)
    }
    const own = this.#keys.get(key)
    if (own) visit(own)
    for (const topic of this.#others.values()) {
      if (inRange(key, topic.start, topic.end)) visit(topic)
    }
  }

  #topicFor(start: string, end: string, after: Revision): Topic {
    const { map, name } = this.#placeOf(start, end)
    let topic = map.get(name)
    if (!topic) {
      topic = new Topic(start, end, this.#revision)
      // A bucket has had every event of its range since it came up; with none, it covers them all.
      if (bucketOf(start) === start) topic.coveredAfter = 0 as Revision
      map.set(name, topic)
    }
    if (after < topic.coveredAfter) {
      topic.events.prepend([...this.#source(topic, after)])
      topic.coveredAfter = after
    }
    return topic
  }

  *#source(topic: Topic, after: Revision): Generator<StoreEvent, void, undefined> {
    const upTo = topic.coveredAfter
    const bucket = bucketOf(topic.start)
    const queue = bucket === undefined ? undefined : this.#prefixes.get(bucket)?.events
    if (queue === topic.events) return
    yield* this.between(topic.start, topic.end, after, upTo)
  }

  /** The queue with the fewest events that holds all of [start, end). */
  #smallestQueue(start: string, end: string): EventQueue {
    const bucket = bucketOf(start)
    if (bucket === undefined || end > prefixEnd(bucket)) return this.#ring
    return this.#prefixes.get(bucket)?.events ?? emptyQueue
  }

  #bucketTopic(key: string): void {
    const bucket = bucketOf(key)
    if (bucket === undefined || this.#prefixes.has(bucket)) return
    this.#prefixes.set(bucket, new Topic(bucket, prefixEnd(bucket), 0 as Revision))
  }

  #placeOf(start: string, end: string): { map: Map<string, Topic>; name: string } {
    if (end === keyEnd(start)) return { map: this.#keys, name: start }
    if (start.endsWith('/') && end === prefixEnd(start)) {
      return { map: this.#prefixes, name: start }
    }
    return { map: this.#others, name: `${start}\0${end}` }
  }

  #detach(topic: Topic, watcher: WindowWatcher): void {
    topic.watchers.delete(watcher)
    this.#dropIfIdle(topic)
  }

  #dropIfIdle(topic: Topic): void {
    if (topic.watchers.size > 0) return
    const isBucket = bucketOf(topic.start) === topic.start
    if (isBucket && topic.events.length > 0) return
    const { map, name } = this.#placeOf(topic.start, topic.end)
    map.delete(name)
  }
}

/** Watchers to wake, in order. */
class WakeQueue {
  #watchers: WindowWatcher[] = []
  /** Those before it were woken. */
  #head = 0

  get length(): number {
    return this.#watchers.length - this.#head
  }

  push(watcher: WindowWatcher): void {
    this.#watchers.push(watcher)
  }

  shift(): WindowWatcher | undefined {
    const watcher = this.#watchers[this.#head]
    this.#head += 1
    if (this.#head >= this.#watchers.length) {
      this.#watchers = []
      this.#head = 0
    }
    return watcher
  }
}

interface WatcherHome {
  readonly window: WatchWindow
  readonly detach: () => void
  readonly ready: () => void
}

class WindowWatcher implements StoreWatcher {
  readonly #options: WatchOptions
  readonly #topic: Topic
  readonly #home: WatcherHome
  /** Of no event up to here is there need: it was returned, or never asked for. */
  #after: Revision
  #position: number
  /** There was nothing to read when it last looked: the next event is worth a wake. */
  #waits: boolean
  #expired = false
  #closed = false

  constructor(options: WatchOptions, topic: Topic, home: WatcherHome) {
    this.#options = options
    this.#topic = topic
    this.#home = home
    this.#after = options.afterRevision
    this.#position = topic.events.after(options.afterRevision)
    this.#waits = this.#next() === undefined
  }

  get progress(): Revision {
    const next = this.#next()
    const reached = next ? next.revision - 1 : this.#home.window.revision
    return Math.max(reached, this.#after) as Revision
  }

  poll(bytesMax: number): readonly StoreEvent[] {
    if (this.#closed) return []
    const floor = this.#home.window.floor
    const next = this.#next()
    if (this.#fellOut(next, floor)) throw expiredWatch(this.#options.afterRevision, floor)
    const events: StoreEvent[] = []
    let bytes = 0
    let revision: Revision | undefined
    for (let event = next; event; event = this.#next()) {
      if (bytes >= bytesMax && event.revision !== revision) break
      events.push(event)
      bytes += valueBytes(event.current)
      revision = event.revision
      this.#position += 1
    }
    this.#waits = events.length === 0
    return events
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#home.detach()
  }

  /** An event of this range came in. */
  noticed(event: StoreEvent): void {
    if (!this.#waits) return
    if (!this.#wants(event)) {
      // Passed over now, so that its eviction is no loss.
      this.#next()
      return
    }
    this.#waits = false
    this.#home.ready()
  }

  /** What came next for this watcher is lost. */
  expire(): void {
    this.#expired = true
    if (!this.#waits) return
    this.#waits = false
    this.#home.ready()
  }

  /** Its queue was emptied, and is about to be filled again; all up to `revision` was returned. */
  resumeAfter(revision: Revision): void {
    this.#after = revision
    this.#position = this.#topic.events.end
  }

  wakeUp(): void {
    if (!this.#closed) this.#options.wake()
  }

  /** A watcher from the future does not want what comes before its revision. */
  #wants(event: StoreEvent): boolean {
    return event.revision > this.#after && !this.#options.skips?.includes(event.type)
  }

  /** The next event to return. */
  #next(): StoreEvent | undefined {
    const { events } = this.#topic
    let event = events.at(this.#position)
    while (event && !this.#wants(event)) {
      this.#position += 1
      event = events.at(this.#position)
    }
    return event
  }

  #fellOut(next: StoreEvent | undefined, floor: Revision): boolean {
    this.#expired ||= this.#position < this.#topic.events.first
    this.#expired ||= next !== undefined && next.revision <= floor
    return this.#expired
  }
}

const emptyQueue = new EventQueue()

/**
 * The prefix that all objects of one resource share, `/registry/<group>/<resource>/`: such a range
 * always has its queue, so that a new watch on a part of it need not search the whole ring.
 */
function bucketOf(key: string): string | undefined {
  let slash = -1
  for (let seen = 0; seen < 4; seen += 1) {
    slash = key.indexOf('/', slash + 1)
    if (slash < 0) return undefined
  }
  return key.slice(0, slash + 1)
}

function eventBytes(event: StoreEvent): number {
  return event.key.length + valueBytes(event.current) + eventOverheadBytes
}
