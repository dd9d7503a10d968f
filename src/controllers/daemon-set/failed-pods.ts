const firstMs = 1_000
const longestMs = 15 * 60_000
const entriesMax = 10_000

interface Entry {
  readonly waitMs: number
  readonly sinceMs: number
}

/**
 * How long a failed daemon pod stays before it is replaced: a kubelet that refuses a pod refuses the
 * next one, too. Doubles, and is forgotten after a long time of peace (client-go flowcontrol.Backoff).
 */
export class FailedPods {
  readonly #entries = new Map<string, Entry>()

  /** Milliseconds until the next one may be replaced. */
  waitMs(key: string, nowMs: number): number {
    const entry = this.#entries.get(key)
    if (!entry || isOver(entry, nowMs)) return 0
    return Math.max(0, entry.sinceMs + entry.waitMs - nowMs)
  }

  replaced(key: string, nowMs: number): void {
    const entry = this.#entries.get(key)
    const waitMs = !entry || isOver(entry, nowMs) ? firstMs : Math.min(entry.waitMs * 2, longestMs)
    // The latest at the end, so that the first ones are those to forget.
    this.#entries.delete(key)
    this.#entries.set(key, { waitMs, sinceMs: nowMs })
    for (const [known, one] of this.#entries) {
      if (this.#entries.size <= entriesMax && !isOver(one, nowMs)) break
      this.#entries.delete(known)
    }
  }
}

function isOver({ sinceMs }: Entry, nowMs: number): boolean {
  return nowMs - sinceMs > longestMs * 2
}
