import type { LogIndex } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { Message } from '../core/message.ts'

/**
 * How far the caller is with what it was given. While it is far behind, the core's answers are held
 * back, so that it hands out no more; and now and then a snapshot is due.
 */
export class ApplyQueue {
  delivered = 0 as LogIndex
  applied = 0 as LogIndex
  readonly #snapshotInterval: number
  #held: { readonly index: LogIndex; readonly responses: readonly Message[] }[] = []
  #askedAt: LogIndex | undefined
  #bytesSinceSnapshot = 0
  #isSaving = false

  constructor(snapshotInterval: number) {
    this.#snapshotInterval = snapshotInterval
  }

  /** Returns the answers that the core may have now. */
  deliveredUpTo(index: LogIndex, bytes: number, responses: readonly Message[]): readonly Message[] {
    this.delivered = index
    this.#bytesSinceSnapshot += bytes
    if (!this.#isBehind(index)) return responses
    this.#held.push({ index, responses })
    return []
  }

  /** Returns the answers that waited for this. */
  appliedUpTo(index: LogIndex): readonly Message[] {
    this.applied = index
    const released: Message[] = []
    while (this.#held[0] && !this.#isBehind(this.#held[0].index))
      released.push(...(this.#held.shift()?.responses ?? []))
    return released
  }

  /** A snapshot took the place of everything up to `index`. */
  restored(index: LogIndex): void {
    this.delivered = index
    this.applied = Math.max(this.applied, index) as LogIndex
    this.saved()
  }

  saved(): void {
    this.#bytesSinceSnapshot = 0
    this.#askedAt = undefined
    this.#isSaving = false
  }

  /** Asked again later: what failed once, as on a full disk, would fail again at once. */
  saveFailed(): void {
    this.#askedAt = this.applied
    this.#isSaving = false
  }

  /** True once each time that a snapshot is to be asked for. `last` is the index of the last one. */
  snapshotDue(last: LogIndex): boolean {
    const since = Math.max(last, this.#askedAt ?? 0)
    const isDue =
      this.applied - since >= this.#snapshotInterval ||
      (this.#askedAt === undefined && this.#bytesSinceSnapshot > limits.snapshotLogBytesInterval)
    if (!isDue) return false
    this.#askedAt = this.applied
    this.#isSaving = true
    return true
  }

  /** A new member cannot use the last snapshot, at `last`: true when another one is to be asked for. */
  snapshotTooOld(last: LogIndex): boolean {
    if (this.#isSaving || this.applied <= last) return false
    this.#askedAt = this.applied
    this.#isSaving = true
    return true
  }

  get isBehind(): boolean {
    return this.#isBehind(this.delivered)
  }

  /** The log has grown far beyond where a snapshot should have cut it. */
  get isFull(): boolean {
    return this.#bytesSinceSnapshot > limits.raftLogBytesMax
  }

  #isBehind(index: LogIndex): boolean {
    return index - this.applied > limits.raftApplyBacklogEntriesMax
  }
}
