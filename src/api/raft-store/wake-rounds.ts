import type { Clock, Timer } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { WakeClass } from '../../state/watch-window.ts'

/** Watchers that have something to read. */
export interface Wakeable {
  /** How many wait to be woken. */
  waiting(of: WakeClass): number
  /** Wakes one; false when none is left. */
  wakeNext(of: WakeClass): boolean
}

export interface WakeRoundsOptions {
  readonly source: Wakeable
  readonly clock: Clock
  /** Runs a task in a turn of the event loop that is yet to come. */
  readonly defer: (task: () => void) => void
}

/**
 * When watchers are woken: the few of a range at once, the many of one in rounds. A round wakes those who had
 * something to read when it began; the next one comes after a moment, so that each finds several events and
 * writes them at once. Rounds take at most half of the time, however large the crowd, and nobody
 * waits for a crowd that he is not part of.
 */
export class WakeRounds {
  readonly #source: Wakeable
  readonly #clock: Clock
  readonly #defer: (task: () => void) => void
  #isDeferred = false
  #timer: Timer | undefined
  #leftInRound = 0
  #roundBeganMs = Number.NEGATIVE_INFINITY
  #roundTookMs = 0

  constructor({ source, clock, defer }: WakeRoundsOptions) {
    this.#source = source
    this.#clock = clock
    this.#defer = defer
  }

  /** There may be something to read. */
  advanced(): void {
    if (!this.#isDeferred) this.#slice()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** A watcher's own work comes after its wake, as microtasks: their number is bounded, too. */
  #slice(): void {
    const endMs = this.#clock.monotonicMs() + limits.eventLoopSliceMsMax / 4
    for (let woken = 1; this.#wakeNext(); woken += 1) {
      if (woken < limits.watchersWokenPerSliceMax && this.#clock.monotonicMs() < endMs) continue
      this.#isDeferred = true
      this.#defer(() => {
        this.#isDeferred = false
        this.#slice()
      })
      return
    }
    if (this.#source.waiting('crowd') > 0) this.#laterRound()
  }

  #wakeNext(): boolean {
    if (this.#source.wakeNext('few')) return true
    if (this.#leftInRound === 0 && !this.#beginsRound()) return false
    this.#leftInRound -= 1
    const wasWoken = this.#source.wakeNext('crowd')
    // Measured when the last one but one has written.
    if (this.#leftInRound === 0) this.#roundTookMs = this.#clock.monotonicMs() - this.#roundBeganMs
    return wasWoken
  }

  #beginsRound(): boolean {
    const waiting = this.#source.waiting('crowd')
    if (waiting === 0 || this.#dueInMs() > 0) return false
    this.#leftInRound = waiting
    this.#roundBeganMs = this.#clock.monotonicMs()
    return true
  }

  #dueInMs(): number {
    const { crowdedWakeMsMin, crowdedWakeMsMax } = limits
    const periodMs = Math.max(crowdedWakeMsMin, Math.min(2 * this.#roundTookMs, crowdedWakeMsMax))
    return this.#roundBeganMs + periodMs - this.#clock.monotonicMs()
  }

  #laterRound(): void {
    this.#timer ??= this.#clock.after(Math.max(0, this.#dueInMs()), () => {
      this.#timer = undefined
      this.advanced()
    })
  }
}
