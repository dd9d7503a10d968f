import { drainMicrotasks } from './microtasks.ts'

/** Something that will happen at a simulated instant. */
export interface SimEvent {
  atMs: number
  order: number
  fire: (() => void) | undefined
}

/** A healthy cluster makes some hundred in this time. */
const windowMs = 10
const eventsPerWindowMax = 50_000

/**
 * Simulated time: a queue of events, each with all its promise callbacks done before the next. Events
 * of the same instant happen in the order in which they were made.
 */
export class SimTime {
  nowMs = 0
  fired = 0
  #order = 0
  #windowEndMs = 0
  #firedBefore = 0
  readonly #heap: SimEvent[] = []

  after(delayMs: number, fire: () => void): SimEvent {
    return this.at(this.nowMs + Math.max(0, delayMs), fire)
  }

  /** At an instant that is not over yet. */
  at(atMs: number, fire: () => void): SimEvent {
    const event: SimEvent = { atMs: Math.max(this.nowMs, atMs), order: this.#order, fire }
    this.#order += 1
    this.#push(event)
    return event
  }

  cancel(event: SimEvent): void {
    event.fire = undefined
  }

  /** Lets time pass up to `endMs`, or until `until` says so after an event. */
  run(endMs: number, until: () => boolean = never): void {
    drainMicrotasks()
    for (let next = this.#heap[0]; next && next.atMs <= endMs; next = this.#heap[0]) {
      this.#pop()
      const { fire } = next
      if (!fire) continue
      this.#advance(next.atMs)
      fire()
      drainMicrotasks()
      if (until()) return
    }
    this.nowMs = Math.max(this.nowMs, endMs)
  }

  #advance(toMs: number): void {
    this.nowMs = toMs
    this.fired += 1
    if (toMs < this.#windowEndMs) {
      if (this.fired - this.#firedBefore > eventsPerWindowMax)
        throw new Error(`${eventsPerWindowMax} events within ${windowMs} ms: they go in circles`)
      return
    }
    this.#windowEndMs = toMs + windowMs
    this.#firedBefore = this.fired
  }

  #push(event: SimEvent): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as SimEvent
      if (!isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as SimEvent
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as SimEvent)) child += 1
      const smaller = heap[child] as SimEvent
      if (!isBefore(smaller, last)) break
      heap[at] = smaller
      at = child
    }
    heap[at] = last
  }
}

function never(): boolean {
  return false
}

function isBefore(one: SimEvent, other: SimEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
