import type { Clock } from '../../base/clock.ts'

/**
 * What servers answered, by their name, for as long as `freshMs` says. One that is too old is asked for
 * again by the next who wants it, and all who come meanwhile wait for that one request.
 */
export class Remembered<T extends { readonly askedMs: number }> {
  readonly #clock: Clock
  readonly #freshMs: (known: T) => number
  readonly #known = new Map<string, T>()
  readonly #asking = new Map<string, Promise<T>>()

  constructor(clock: Clock, freshMs: (known: T) => number) {
    this.#clock = clock
    this.#freshMs = freshMs
  }

  /** `ask` is given what was known, and the time to put into its answer; it must not reject. */
  current(
    name: string,
    ask: (known: T | undefined, askedMs: number) => Promise<T>,
  ): T | Promise<T> {
    const known = this.#known.get(name)
    const nowMs = this.#clock.monotonicMs()
    if (known && nowMs - known.askedMs < this.#freshMs(known)) return known
    const asking = this.#asking.get(name) ?? this.#ask(name, ask(known, nowMs))
    this.#asking.set(name, asking)
    return asking
  }

  /** Forgets all others. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
  }

  async #ask(name: string, answer: Promise<T>): Promise<T> {
    try {
      const known = await answer
      this.#known.set(name, known)
      return known
    } finally {
      this.#asking.delete(name)
    }
  }
}
