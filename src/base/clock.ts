/** Time comes in as an argument, so that a test can own it. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall time in milliseconds since 1970. May jump; use it only for what people read. */
  wallMs(): number
  /** Milliseconds since some fixed moment. Never goes back; use it for every duration. */
  monotonicMs(): number
  /** Calls `fire` once, `delayMs` from now, unless cancelled. */
  after(delayMs: number, fire: () => void): Timer
  /** Calls `fire` every `periodMs` until cancelled. */
  every(periodMs: number, fire: () => void): Timer
}

/** Node fires a timer at once that is to wait longer: 24.8 days. */
const timeoutMsMax = 2 ** 31 - 1

/** The clock of this machine. Its timers keep the process alive until cancelled. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    let handle = setTimeout(wait, Math.min(delayMs, timeoutMsMax), delayMs - timeoutMsMax)
    function wait(leftMs: number): void {
      if (leftMs <= 0) fire()
      else handle = setTimeout(wait, Math.min(leftMs, timeoutMsMax), leftMs - timeoutMsMax)
    }
    return { cancel: () => clearTimeout(handle) }
  },
  every(periodMs, fire) {
    const handle = setInterval(fire, periodMs)
    return { cancel: () => clearInterval(handle) }
  },
}

interface Pending {
  dueMs: number
  order: number
  periodMs: number
  fire: () => void
}

/** A clock that moves only when told to. Timers due at the same instant fire in order of creation. */
export class ManualClock implements Clock {
  #nowMs: number
  #order = 0
  readonly #startWallMs: number
  readonly #pending = new Set<Pending>()

  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs
    this.#nowMs = 0
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, fire: () => void): Timer {
    return this.#add(delayMs, 0, fire)
  }

  every(periodMs: number, fire: () => void): Timer {
    return this.#add(periodMs, periodMs, fire)
  }

  /** The number of timers that wait: a test asserts 0 at its end. */
  get pendingTimers(): number {
    return this.#pending.size
  }

  /** Moves time forward and fires what falls due, in order, each at its own instant. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#earliest(); next && next.dueMs <= endMs; next = this.#earliest()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      if (next.periodMs > 0) next.dueMs += next.periodMs
      else this.#pending.delete(next)
      next.fire()
    }
    this.#nowMs = endMs
  }

  /** Like advance, but lets promise callbacks run after every timer. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    for (let next = this.#earliest(); next && next.dueMs <= endMs; next = this.#earliest()) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      if (next.periodMs > 0) next.dueMs += next.periodMs
      else this.#pending.delete(next)
      next.fire()
      await settle()
    }
    this.#nowMs = endMs
  }

  #add(delayMs: number, periodMs: number, fire: () => void): Timer {
    this.#order += 1
    const pending = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order,
      periodMs,
      fire,
    }
    this.#pending.add(pending)
    return { cancel: () => void this.#pending.delete(pending) }
  }

  #earliest(): Pending | undefined {
    let first: Pending | undefined
    for (const one of this.#pending) {
      if (
        !first ||
        one.dueMs < first.dueMs ||
        (one.dueMs === first.dueMs && one.order < first.order)
      )
        first = one
    }
    return first
  }
}

/** Lets every promise callback that is ready run, to a depth that chains of awaits need. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Resolves after `delayMs` on `clock`, or rejects with the signal's reason when it aborts first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
