import type { Clock, Timer } from '../base/clock.ts'
import { limits } from '../base/limits.ts'

export interface WorkQueueOptions {
  readonly clock: Clock
  /** First and longest wait of one key's rate-limited adds; 5 ms and 1000 s unless told. */
  readonly retryFirstMs?: number
  readonly retryMaxMs?: number
  /** Rate-limited adds of all keys together: so many a second, so many at once; 10 and 100. */
  readonly retriesPerSecond?: number
  readonly retryBurst?: number
  /** At most so many waiting keys; limits.workQueueItemsMax unless told. */
  readonly itemsMax?: number
  /**
   * Adds were refused because the queue was full, and now it is half empty: the owner adds all keys
   * anew, so nothing is lost.
   */
  readonly onDrained?: () => void
}

/**
 * Keys that wait for a worker, with client-go's contract (util/workqueue): a key waits once however
 * often it is added; one worker at a time has it; a key added while a worker has it waits again only
 * after `done`; retries wait longer and longer, each key for itself and all of them by a common rate.
 */
export interface WorkQueue {
  /** Returns false when the queue is full (see onDrained) or shut down. */
  add(key: string): boolean
  /** Adds after a time; of several waits for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void
  /** Adds after the wait that the key's number of failures asks for. */
  addRateLimited(key: string): void
  /** Clears the key's failures. */
  forget(key: string): void
  failures(key: string): number
  /** The next key; waits for one. undefined once shut down. */
  get(): Promise<string | undefined>
  /** The worker is through with the key that `get` gave it. */
  done(key: string): void
  /** Waiting keys, without those a worker has. */
  readonly length: number
  /** Ends every `get`, cancels every wait. */
  shutDown(): void
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyQueue(options)
}

class KeyQueue implements WorkQueue {
  readonly #clock: Clock
  readonly #options: WorkQueueOptions
  readonly #itemsMax: number
  /** Waiting keys, oldest first: a Set keeps the order of insertion. */
  readonly #waiting = new Set<string>()
  readonly #processing = new Set<string>()
  /** Added while a worker had them. */
  readonly #again = new Set<string>()
  readonly #delayed = new Map<string, { dueMs: number; timer: Timer }>()
  readonly #failures = new Map<string, number>()
  readonly #getters: ((key: string | undefined) => void)[] = []
  readonly #bucket: TokenBucket
  #overflowed = false
  #shutDown = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#itemsMax = options.itemsMax ?? limits.workQueueItemsMax
    const { retriesPerSecond = 10, retryBurst = 100 } = options
    this.#bucket = new TokenBucket(options.clock, retriesPerSecond, retryBurst)
  }

  get length(): number {
    return this.#waiting.size
  }

  add(key: string): boolean {
    if (this.#shutDown) return false
    if (this.#waiting.has(key) || this.#again.has(key)) return true
    if (this.#waiting.size + this.#again.size >= this.#itemsMax) {
      this.#overflowed = true
      return false
    }
    if (this.#processing.has(key)) {
      this.#again.add(key)
      return true
    }
    const getter = this.#getters.shift()
    if (getter) {
      this.#processing.add(key)
      getter(key)
    } else this.#waiting.add(key)
    return true
  }

  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return
    if (delayMs <= 0) return void this.add(key)
    const dueMs = this.#clock.monotonicMs() + delayMs
    const known = this.#delayed.get(key)
    if (known && known.dueMs <= dueMs) return
    if (!known && this.#delayed.size >= this.#itemsMax) {
      this.#overflowed = true
      return
    }
    known?.timer.cancel()
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { dueMs, timer })
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const { retryFirstMs = 5, retryMaxMs = 1_000_000 } = this.#options
    const ownMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures, 40))
    this.addAfter(key, Math.max(ownMs, this.#bucket.reserveMs()))
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  get(): Promise<string | undefined> {
    if (this.#shutDown) return Promise.resolve(undefined)
    const [key] = this.#waiting
    if (key === undefined) return new Promise((resolve) => this.#getters.push(resolve))
    this.#waiting.delete(key)
    this.#processing.add(key)
    return Promise.resolve(key)
  }

  done(key: string): void {
    this.#processing.delete(key)
    if (this.#again.delete(key)) this.add(key)
    if (this.#overflowed && this.#waiting.size <= this.#itemsMax / 2) {
      this.#overflowed = false
      this.#options.onDrained?.()
    }
  }

  shutDown(): void {
    this.#shutDown = true
    for (const { timer } of this.#delayed.values()) timer.cancel()
    this.#delayed.clear()
    this.#waiting.clear()
    this.#again.clear()
    for (const getter of this.#getters.splice(0)) getter(undefined)
  }
}

/** A bucket that refills with time and may be overdrawn: who overdraws waits until it is refilled. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = clock.monotonicMs()
  }

  /** Takes a token; returns how long its user has to wait for it. */
  reserveMs(): number {
    this.#refill()
    this.#tokens -= 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1_000
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs()
    const gained = ((nowMs - this.#atMs) / 1_000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + gained)
    this.#atMs = nowMs
  }
}
