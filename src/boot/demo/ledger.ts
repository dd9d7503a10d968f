/**
 * What a writer was promised and what a watcher saw, as plain bookkeeping: the judge of the failover
 * demo and benchmark. Numbers are written from 1 on; each is one object of its own.
 */
export class WriteLedger {
  /** When each write began and was acknowledged, by number. */
  readonly #acknowledged = new Map<number, { beganMs: number; ackedMs: number }>()
  readonly #seen = new Map<number, number>()
  #lastRevision = 0
  #backwards = 0
  #lastEventMs: number | undefined
  #gapMsMax = 0

  acknowledged(number: number, beganMs: number, ackedMs: number): void {
    this.#acknowledged.set(number, { beganMs, ackedMs })
  }

  /** A creation arrived at the watcher. */
  watched(number: number, revision: number, atMs: number): void {
    this.#seen.set(number, (this.#seen.get(number) ?? 0) + 1)
    if (revision <= this.#lastRevision) this.#backwards += 1
    this.#lastRevision = Math.max(this.#lastRevision, revision)
    if (this.#lastEventMs !== undefined)
      this.#gapMsMax = Math.max(this.#gapMsMax, atMs - this.#lastEventMs)
    this.#lastEventMs = atMs
  }

  /** Forgets the longest gap so far: call it at a kill. */
  resetGap(): void {
    this.#gapMsMax = 0
  }

  /** The longest time between two watch events since resetGap. */
  get gapMsMax(): number {
    return this.#gapMsMax
  }

  get writesAcknowledged(): number {
    return this.#acknowledged.size
  }

  /** Time from `sinceMs` to the first acknowledgement of a write that began after it. */
  firstWriteAfter(sinceMs: number): number | undefined {
    let first: number | undefined
    for (const { beganMs, ackedMs } of this.#acknowledged.values())
      if (beganMs >= sinceMs && (first === undefined || ackedMs < first)) first = ackedMs
    return first === undefined ? undefined : first - sinceMs
  }

  /** Compares with the numbers that the store holds at the end. */
  verdict(present: ReadonlySet<number>): LedgerVerdict {
    const lost = [...this.#acknowledged.keys()].filter((number) => !present.has(number))
    const unseen = [...present].filter((number) => !this.#seen.has(number)).length
    const invented = [...this.#seen.keys()].filter((number) => !present.has(number)).length
    const repeated = [...this.#seen.values()].reduce((sum, times) => sum + times - 1, 0)
    return {
      writesAcknowledged: this.#acknowledged.size,
      writesPresent: present.size,
      writesLost: lost.length,
      duplicateOrLostWatchEvents: unseen + invented + repeated + this.#backwards,
    }
  }

  /** True when the watcher has seen every one of these. */
  sawAll(present: ReadonlySet<number>): boolean {
    return [...present].every((number) => this.#seen.has(number))
  }
}

export interface LedgerVerdict {
  readonly writesAcknowledged: number
  readonly writesPresent: number
  readonly writesLost: number
  readonly duplicateOrLostWatchEvents: number
}
