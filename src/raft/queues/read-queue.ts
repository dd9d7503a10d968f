import type { LogIndex } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { statusError } from '../../base/status.ts'
import type { ReadState } from '../core/read-only.ts'

interface Round {
  readonly waiters: Waiter[]
  readonly timer: Timer
}

interface Waiter {
  readonly resolve: (index: LogIndex) => void
  readonly reject: (error: Error) => void
}

/** Reads that wait for a quorum. All that come in one turn share one round, and rounds overlap. */
export class ReadQueue {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #nonce: string
  #gathering: Waiter[] = []
  readonly #rounds = new Map<string, Round>()
  #lastRound = 0

  /** `nonce` is of this start alone: an answer to an earlier start's question must find no match. */
  constructor(clock: Clock, timeoutMs: number, nonce: string) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#nonce = nonce
  }

  add(): Promise<LogIndex> {
    return new Promise((resolve, reject) => this.#gathering.push({ resolve, reject }))
  }

  /** Begins a round for what has gathered: the context to ask the core with, or undefined. */
  begin(): Uint8Array | undefined {
    if (this.#gathering.length === 0) return undefined
    this.#lastRound += 1
    const key = `${this.#nonce}/${this.#lastRound}`
    const timer = this.#clock.after(this.#timeoutMs, () => {
      this.#rounds.delete(key)
      for (const waiter of round.waiters)
        waiter.reject(statusError('ServiceUnavailable', 'no quorum confirmed the leader in time'))
    })
    const round = { waiters: this.#gathering, timer }
    this.#gathering = []
    this.#rounds.set(key, round)
    return Buffer.from(key)
  }

  confirmed(states: readonly ReadState[]): void {
    for (const { context, index } of states) {
      const key = Buffer.from(context).toString()
      const round = this.#rounds.get(key)
      if (!round) continue
      this.#rounds.delete(key)
      round.timer.cancel()
      for (const waiter of round.waiters) waiter.resolve(index)
    }
  }

  /** No answer can come any more. */
  rejectAll(why: string): void {
    const waiters = this.#gathering
    this.#gathering = []
    for (const round of this.#rounds.values()) {
      round.timer.cancel()
      waiters.push(...round.waiters)
    }
    this.#rounds.clear()
    for (const waiter of waiters) waiter.reject(statusError('ServiceUnavailable', why))
  }
}
