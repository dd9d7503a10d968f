import type { Clock } from '../../../base/clock.ts'
import { ConnectionError, errorCode } from './frames.ts'

/** A client of many calls cancels some and pings now and then; it stays far below. */
const framesPerSecond = 1_000
const framesMax = 20_000

/**
 * How many frames a client may send that cost the server something and carry no work: pings, settings,
 * resets of streams just opened. Without it they are a way to keep a server busy.
 */
export class FrameBudget {
  readonly #clock: Clock
  #left = framesMax
  #refilledMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#refilledMs = clock.monotonicMs()
  }

  take(): void {
    this.#left -= 1
    if (this.#left >= 0) return
    const nowMs = this.#clock.monotonicMs()
    const earned = Math.floor(((nowMs - this.#refilledMs) * framesPerSecond) / 1_000)
    this.#refilledMs = nowMs
    this.#left = Math.min(earned, framesMax) - 1
    if (this.#left < 0)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'too many frames without work')
  }
}
