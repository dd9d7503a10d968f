import type { Revision } from '../../src/base/brand.ts'
import type { Random } from '../../src/base/random.ts'
import { isStatus } from '../../src/base/status.ts'
import type { StoreEvent, StoreWatcher } from '../../src/state/cluster-store.ts'
import { type Ledger, violated } from './ledger.ts'
import type { MemberLife, SimMember } from './sim-member.ts'
import type { SimTime } from './sim-time.ts'

export interface WatcherWorld {
  readonly time: SimTime
  readonly random: Random
  readonly members: readonly SimMember[]
  readonly ledger: Ledger
  readonly violated: (error: unknown) => void
  readonly note: (...values: number[]) => void
}

/**
 * Watches a range through whatever member lives, goes on from the last revision elsewhere, and holds
 * every event against the nine properties of etcd's watches.
 */
export class SimWatcher {
  readonly #world: WatcherWorld
  readonly #start: string
  readonly #end: string
  /** Looks for itself, and seldom: it falls out of the history of members that keep little. */
  readonly #isSlow: boolean
  /** Every event up to here was received, or skipped by a new list. */
  #seen = 1 as Revision
  #cursor: StoreWatcher | undefined
  #life: MemberLife | undefined
  /** Where in the ledger's events the next one of ours is to be looked for. */
  #at = 0
  /** Nothing came since it went on at another member. */
  #hasResumed = false
  received = 0
  expired = 0

  constructor(world: WatcherWorld, start: string, end: string, isSlow = false) {
    this.#world = world
    this.#start = start
    this.#end = end
    this.#isSlow = isSlow
  }

  get seen(): Revision {
    return this.#seen
  }

  /** Now and then, moves to another member, as a client that reconnects. */
  start(): void {
    const { time, random } = this.#world
    const again = () => {
      if (!this.#life?.process.isAlive || random.fraction() < 0.2) this.reconnect()
      else if (random.fraction() < 0.5) this.#life.process.deliver(() => this.#poll())
      time.after((20 + random.fraction() * 300) * (this.#isSlow ? 10 : 1), again)
    }
    again()
  }

  reconnect(): void {
    const { members, random } = this.#world
    const { life } = members[random.integer(0, members.length)] as SimMember
    if (!life?.isReady || life.failure || life.process.isPaused) return
    this.#cursor?.close()
    this.#cursor = undefined
    this.#life = life
    // A watch from the future is allowed, too: it waits.
    try {
      this.#hasResumed = true
      this.#cursor = life.proposer.watch({
        start: this.#start,
        end: this.#end,
        afterRevision: this.#seen,
        wake: () => {
          if (!this.#isSlow) this.#poll()
        },
      })
      this.#poll()
    } catch (error) {
      this.#fell(error)
    }
  }

  #poll(): void {
    const cursor = this.#cursor
    if (!cursor) return
    try {
      const bytesMax = this.#world.random.integer(1, 200)
      for (;;) {
        const events = cursor.poll(bytesMax)
        if (events.length === 0) break
        this.#take(events)
      }
      this.#bookmark(cursor.progress)
    } catch (error) {
      this.#fell(error)
    }
  }

  /** Too old: as a client does, list and go on from there. */
  #fell(error: unknown): void {
    if (!isStatus(error, 'Expired')) {
      this.#world.violated(error)
      return
    }
    this.#cursor?.close()
    this.#cursor = undefined
    this.expired += 1
    const { view } = this.#life?.proposer ?? {}
    if (!view || view.revision < this.#seen) return
    this.#seen = view.revision
    this.#skip()
  }

  /** Whole revisions only (atomic), exactly those that the ledger has next in this range. */
  #take(events: readonly StoreEvent[]): void {
    for (const event of events) {
      const isFirst = this.#hasResumed
      this.#hasResumed = false
      const { revision, key } = event
      if (key < this.#start || key >= this.#end) violated('watch filter', `${key} is outside`)
      if (revision <= this.#seen)
        violated('watch ordered', `revision ${revision} came after ${this.#seen}`)
      const expected = this.#nextExpected()
      if (!expected) violated('watch reliable', `nobody made revision ${revision} of ${key}`)
      if (expected.revision !== revision || expected.key !== key) {
        const how = expected.revision > revision ? 'unique' : isFirst ? 'resumable' : 'reliable'
        violated(
          `watch ${how}`,
          `${key} at ${revision} came, not ${expected.key} at ${expected.revision}`,
        )
      }
      compare(event, expected)
      this.#at += 1
      this.received += 1
      this.#world.note(revision)
    }
    const last = events.at(-1) as StoreEvent
    this.#seen = last.revision
    if (this.#nextExpected()?.revision === last.revision)
      violated('watch atomic', `revision ${last.revision} came in parts`)
  }

  /** A bookmark promises that nothing up to it is still to come. */
  #bookmark(progress: Revision): void {
    if (progress < this.#seen)
      violated('watch bookmarkable', `progress ${progress} is behind ${this.#seen}`)
    const missed = this.#nextExpected()
    if (missed && missed.revision <= progress)
      violated('watch bookmarkable', `progress ${progress}, but ${missed.revision} did not come`)
    this.#seen = progress
  }

  #nextExpected(): StoreEvent | undefined {
    const { events } = this.#world.ledger
    for (; ; this.#at += 1) {
      const event = events[this.#at]
      if (!event) return undefined
      if (event.key >= this.#start && event.key < this.#end) return event
    }
  }

  #skip(): void {
    const { events } = this.#world.ledger
    while ((events[this.#at]?.revision ?? Number.POSITIVE_INFINITY) <= this.#seen) this.#at += 1
  }
}

function compare(event: StoreEvent, expected: StoreEvent): void {
  const { revision, type, current, previous } = event
  if (type !== expected.type) violated('watch reliable', `revision ${revision} is a ${type}`)
  const isCreate = type === 'put' && previous === undefined
  if (isCreate !== (type === 'put' && expected.previous === undefined))
    violated('watch is-create', `revision ${revision}: ${isCreate}`)
  if (isCreate && (current.version !== 1 || current.createRevision !== revision))
    violated('watch is-create', `revision ${revision} has version ${current.version}`)
  if (
    previous?.modRevision !== expected.previous?.modRevision ||
    text(previous?.value) !== text(expected.previous?.value)
  )
    violated(
      'watch prev value',
      `revision ${revision}: ${previous?.modRevision}, not ${expected.previous?.modRevision}`,
    )
  if (text(current.value) !== text(expected.current.value))
    violated('watch reliable', `revision ${revision} has another value`)
}

function text(value: Uint8Array | undefined): string {
  return value ? Buffer.from(value).toString() : ''
}
