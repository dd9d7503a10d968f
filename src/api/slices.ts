import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'

/**
 * Cuts long work into slices of a quarter of `limits.eventLoopSliceMsMax`: in the same turn of the event
 * loop entries may be applied, and watchers woken, for the rest of it. When `over`, `await pause()`
 * lets everybody else run.
 */
export class Slices {
  readonly #clock: Clock
  #startMs: number
  #pausing: Promise<void> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
  }

  /** The work begins only now, or again: the time until now was others'. */
  begin(): void {
    this.#startMs = this.#clock.monotonicMs()
  }

  /** True when it is time to `await pause()`: cheap enough to ask for every item. */
  get over(): boolean {
    return this.#clock.monotonicMs() - this.#startMs >= limits.eventLoopSliceMsMax / 4
  }

  /** All that pause meanwhile go on together: they share the next slice, too. */
  pause(): Promise<void> {
    this.#pausing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#pausing = undefined
      this.#startMs = this.#clock.monotonicMs()
    })
    return this.#pausing
  }
}
