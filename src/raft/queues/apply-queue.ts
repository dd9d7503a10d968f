import type { LogIndex } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { Message } from '../core/message.ts'

/**
 * A snapshot costs what the state is large, the log that it cuts what it is long: a large state is saved
 * when the log has grown to this share of it, lest a member do little else.
 */
const logShareOfState = 1 / 4

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
  #bytesDelivered = 0
  /** Of `#bytesDelivered`, what the last snapshot covers. */
  #bytesSaved = 0
  #snapshotBytes = 0
  /** Where snapshots were asked for, and what had been delivered then. */
  #asked: { readonly index: LogIndex; readonly bytes: number }[] = []
  #isSaving = false

  constructor(snapshotInterval: number) {
    this.#snapshotInterval = snapshotInterval
  }

  /** Returns the answers that the core may have now. */
  deliveredUpTo(index: LogIndex, bytes: number, responses: readonly Message[]): readonly Message[] {
    this.delivered = index
    this.#bytesDelivered += bytes
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

  /** A snapshot of so many bytes took the place of everything up to `index`. */
  restored(index: LogIndex, snapshotBytes: number): void {
    this.delivered = index
    this.applied = Math.max(this.applied, index) as LogIndex
    this.#bytesSaved = this.#bytesDelivered
    this.#asked = []
    this.#savedAs(snapshotBytes)
  }

  /** What came after `index`, while it was being saved, is still in the log. */
  saved(index: LogIndex, snapshotBytes: number): void {
    const asked = this.#asked.findLast((one) => one.index <= index)
    this.#bytesSaved = Math.max(this.#bytesSaved, asked?.bytes ?? 0)
    this.#asked = this.#asked.filter((one) => one.index > index)
    this.#savedAs(snapshotBytes)
  }

  /** Asked again later: what failed once, as on a full disk, would fail again at once. */
  saveFailed(): void {
    this.#askedAt = this.applied
    this.#isSaving = false
  }

  /** True once each time that a snapshot is to be asked for. `last` is the index of the last one. */
  snapshotDue(last: LogIndex): boolean {
    const { snapshotLogBytesInterval } = limits
    const wanted = Math.min(limits.raftLogBytesMax / 4, this.#snapshotBytes * logShareOfState)
    const scale = Math.max(1, wanted / snapshotLogBytesInterval)
    const since = Math.max(last, this.#askedAt ?? 0)
    const isDue =
      this.applied - since >= this.#snapshotInterval * scale ||
      (this.#askedAt === undefined && this.#logBytes > snapshotLogBytesInterval * scale)
    if (isDue) this.#ask()
    return isDue
  }

  /** A new member cannot use the last snapshot, at `last`: true when another one is to be asked for. */
  snapshotTooOld(last: LogIndex): boolean {
    if (this.#isSaving || this.applied <= last) return false
    this.#ask()
    return true
  }

  get isBehind(): boolean {
    return this.#isBehind(this.delivered)
  }

  /** The log has grown far beyond where a snapshot should have cut it. */
  get isFull(): boolean {
    return this.#logBytes > limits.raftLogBytesMax
  }

  get #logBytes(): number {
    return this.#bytesDelivered - this.#bytesSaved
  }

  #ask(): void {
    this.#askedAt = this.applied
    this.#isSaving = true
    this.#asked.push({ index: this.applied, bytes: this.#bytesDelivered })
  }

  #savedAs(snapshotBytes: number): void {
    this.#snapshotBytes = snapshotBytes
    this.#askedAt = undefined
    this.#isSaving = false
  }

  #isBehind(index: LogIndex): boolean {
    return index - this.applied > limits.raftApplyBacklogEntriesMax
  }
}
