import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'

/**
 * Cuts long work into slices: `await slices.pause()` returns at once until a slice of
 * `limits.eventLoopSliceMsMax` is used up, then lets everybody else run.
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
    return this.#clock.monotonicMs() - this.#startMs >= limits.eventLoopSliceMsMax / 2
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
