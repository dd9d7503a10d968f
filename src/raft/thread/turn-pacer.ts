import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'

export interface TurnPacerOptions<T> {
  readonly handle: (message: T) => void
  readonly clock: Clock
  /** Runs a task in the next turn of the event loop, when sockets and timers had theirs. */
  readonly defer: (task: () => void) => void
}

/**
 * Hands messages on in order, for `limits.eventLoopSliceMsMax` in one turn of the event loop. A port calls
 * for every message that comes while another one is handled, in the same turn: callers that write again as
 * soon as they are answered would keep sockets and timers waiting for as long as they go on.
 */
export class TurnPacer<T> {
  readonly #options: TurnPacerOptions<T>
  readonly #held: T[] = []
  /** Of the turn that is under way. */
  #endMs: number | undefined

  constructor(options: TurnPacerOptions<T>) {
    this.#options = options
  }

  take(message: T): void {
    this.#held.push(message)
    this.#work()
  }

  /** Hands everything on: nothing comes any more. */
  finish(): void {
    for (const message of this.#held.splice(0)) this.#options.handle(message)
  }

  #work(): void {
    const { clock, defer, handle } = this.#options
    if (this.#endMs === undefined) {
      this.#endMs = clock.monotonicMs() + limits.eventLoopSliceMsMax
      defer(() => {
        this.#endMs = undefined
        if (this.#held.length > 0) this.#work()
      })
    }
    while (this.#held.length > 0 && clock.monotonicMs() < this.#endMs)
      handle(this.#held.shift() as T)
  }
}
