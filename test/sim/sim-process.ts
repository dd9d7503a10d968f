import type { Clock, Timer } from '../../src/base/clock.ts'
import type { SimEvent, SimTime } from './sim-time.ts'

/**
 * One life of a simulated process. Everything that reaches it from outside (timers, packets, the
 * disk's answers) goes through `deliver`: a paused process gets it later, all at once and in order; a
 * dead one never. So a crash needs no cooperation of the code that it hits.
 */
export class SimProcess {
  readonly clock: Clock
  readonly #time: SimTime
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: (() => void)[] = []
  /** Called once when it dies. */
  readonly #onDeath = new Set<() => void>()

  /** `rate`: how many of its milliseconds pass in one of the world's. */
  constructor(time: SimTime, rate: number, startWallMs: number) {
    this.#time = time
    this.clock = new SimProcessClock(this, time, rate, startWallMs)
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  get isPaused(): boolean {
    return this.#state === 'paused'
  }

  deliver(fire: () => void): void {
    if (this.#state === 'running') fire()
    else if (this.#state === 'paused') this.#held.push(fire)
  }

  /** After `delayMs` of the world's time, if it lives then. */
  later(delayMs: number, fire: () => void): SimEvent {
    return this.#time.after(delayMs, () => this.deliver(fire))
  }

  onDeath(fire: () => void): void {
    this.#onDeath.add(fire)
  }

  forgetDeath(fire: () => void): void {
    this.#onDeath.delete(fire)
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    // Each in an event of its own, as an event loop that catches up does it.
    for (const fire of held) this.#time.after(0, () => this.deliver(fire))
  }

  die(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#held = []
    for (const fire of [...this.#onDeath]) fire()
  }
}

class SimProcessClock implements Clock {
  readonly #process: SimProcess
  readonly #time: SimTime
  readonly #rate: number
  readonly #startMs: number
  #wallOffsetMs: number

  constructor(process: SimProcess, time: SimTime, rate: number, startWallMs: number) {
    this.#process = process
    this.#time = time
    this.#rate = rate
    this.#startMs = time.nowMs
    this.#wallOffsetMs = startWallMs
  }

  /** Wall time may be set by anybody at any moment: `jump`. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.monotonicMs()
  }

  monotonicMs(): number {
    return (this.#time.nowMs - this.#startMs) * this.#rate
  }

  after(delayMs: number, fire: () => void): Timer {
    const event = this.#process.later(delayMs / this.#rate, () => {
      if (!cancelled) fire()
    })
    let cancelled = false
    return {
      cancel: () => {
        cancelled = true
        this.#time.cancel(event)
      },
    }
  }

  every(periodMs: number, fire: () => void): Timer {
    const period = Math.max(0.01, periodMs) / this.#rate
    let cancelled = false
    let event: SimEvent
    const again = () => {
      event = this.#process.later(period, () => {
        if (cancelled) return
        again()
        fire()
      })
    }
    again()
    return {
      cancel: () => {
        cancelled = true
        this.#time.cancel(event)
      },
    }
  }
}

/** Sets the wall clock of a process forward or back. */
export function jumpWallClock(process: SimProcess, ms: number): void {
  ;(process.clock as SimProcessClock).jump(ms)
}
