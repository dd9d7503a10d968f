import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'

/**
 * Lets the event loop breathe: thousands of keys whose decisions need no answer from anywhere would
 * otherwise run as one long chain of promises, and sockets and timers would wait for all of them.
 */
export class EventLoopSlice {
  readonly #clock: Clock
  #startedMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async pause(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#startedMs < limits.eventLoopSliceMsMax) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#startedMs = this.#clock.monotonicMs()
  }
}
