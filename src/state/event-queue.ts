import { assert } from '../base/assert.ts'
import type { Revision } from '../base/brand.ts'
import type { StoreEvent } from './cluster-store.ts'

/**
 * Events in revision order, added at the end, dropped at the front. Positions are absolute: an event
 * keeps its position for as long as it is held, so a cursor is one number.
 */
export class EventQueue {
  #items: (StoreEvent | undefined)[] = []
  #head = 0
  #first = 0

  /** The position of the oldest event held; equal to `end` when empty. */
  get first(): number {
    return this.#first
  }

  /** The position that the next event will get. */
  get end(): number {
    return this.#first + this.length
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  at(position: number): StoreEvent | undefined {
    return position < this.#first ? undefined : this.#items[position - this.#first + this.#head]
  }

  push(event: StoreEvent): void {
    this.#items.push(event)
  }

  shift(): void {
    assert(this.length > 0, 'an empty queue is not shifted')
    this.#items[this.#head] = undefined
    this.#head += 1
    this.#first += 1
    // Moving the rest down once per half the array keeps a shift at constant cost on average.
    if (this.#head >= 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }

  /** Adds older events at the front; the others keep their positions. */
  prepend(events: readonly StoreEvent[]): void {
    if (events.length === 0) return
    this.#items = [...events, ...this.#items.slice(this.#head)]
    this.#head = 0
    this.#first -= events.length
  }

  /** The events with a revision above `revision`, as they are now. */
  copyAfter(revision: Revision): StoreEvent[] {
    const from = this.after(revision) - this.#first + this.#head
    return this.#items.slice(from) as StoreEvent[]
  }

  /** The position of the first event with a revision above `revision`; `end` when there is none. */
  after(revision: Revision): number {
    let low = this.#first
    let high = this.end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const event = this.at(middle)
      assert(event, 'a queue holds every position from first to end')
      if (event.revision > revision) high = middle
      else low = middle + 1
    }
    return low
  }
}
