import { assert } from '../../base/assert.ts'
import type { LogIndex } from '../../base/brand.ts'

/**
 * Appends under way to one follower, oldest first: the last index of each message and its bytes.
 * Bounded in messages and in bytes; when full, replication to that follower pauses.
 */
export class Inflights {
  readonly #messagesMax: number
  readonly #bytesMax: number
  #messages: { readonly index: LogIndex; readonly bytes: number }[] = []
  #start = 0
  #bytes = 0

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#messages.length - this.#start
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The byte limit may be passed by the last message only: a full window takes no more. */
  full(): boolean {
    return this.count >= this.#messagesMax || this.#bytes >= this.#bytesMax
  }

  add(index: LogIndex, bytes: number): void {
    assert(!this.full(), 'a full inflight window takes no message')
    this.#messages.push({ index, bytes })
    this.#bytes += bytes
  }

  /** An acknowledgement of `index` frees every message that ends at or before it. */
  freeUpTo(index: LogIndex): void {
    let oldest = this.#messages[this.#start]
    while (oldest !== undefined && oldest.index <= index) {
      this.#bytes -= oldest.bytes
      this.#start += 1
      oldest = this.#messages[this.#start]
    }
    // Drop the freed front in one go, once it is as long as the window: constant cost per message.
    if (this.#start === this.#messages.length) this.reset()
    else if (this.#start >= this.#messagesMax) {
      this.#messages = this.#messages.slice(this.#start)
      this.#start = 0
    }
  }

  reset(): void {
    this.#messages = []
    this.#start = 0
    this.#bytes = 0
  }
}

/**
 * `probe`: where the follower's log matches is not known; at most one append per heartbeat.
 * `replicate`: it is known; appends are sent ahead of acknowledgements, within the window.
 * `snapshot`: the log it needs is gone; no appends until the snapshot is reported or acknowledged.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

/** The leader's view of one member. Invariant: match < next. */
export class Progress {
  state: ProgressState = 'probe'
  /** Everything up to here is known to be durable on the member. */
  match: LogIndex
  /** The first entry to send next. */
  next: LogIndex
  /** The highest commit index sent; spares messages that would only repeat it. */
  sentCommit: LogIndex = 0
  /** Index of the snapshot on its way, in state `snapshot`. */
  pendingSnapshot: LogIndex = 0
  /** Heard from since the last check of the quorum. */
  recentActive: boolean
  /** No append until a heartbeat answer or an acknowledgement lifts it. */
  paused = false
  isLearner: boolean
  inflights: Inflights

  constructor(fields: {
    readonly match: LogIndex
    readonly next: LogIndex
    readonly isLearner: boolean
    readonly recentActive: boolean
    readonly inflights: Inflights
  }) {
    this.match = fields.match
    this.next = fields.next
    this.isLearner = fields.isLearner
    this.recentActive = fields.recentActive
    this.inflights = fields.inflights
  }

  /** A copy that a configuration change may alter; the window stays shared, as it stays valid. */
  clone(): Progress {
    const copy = new Progress(this)
    copy.state = this.state
    copy.sentCommit = this.sentCommit
    copy.pendingSnapshot = this.pendingSnapshot
    copy.paused = this.paused
    return copy
  }

  becomeProbe(): void {
    // After a snapshot, probing starts behind it: the member may well have it by now.
    const sentSnapshot = this.state === 'snapshot' ? this.pendingSnapshot : 0
    this.#enter('probe')
    this.next = Math.max(this.match, sentSnapshot) + 1
    this.sentCommit = Math.min(this.sentCommit, this.next - 1)
  }

  becomeReplicate(): void {
    this.#enter('replicate')
    this.next = this.match + 1
  }

  becomeSnapshot(index: LogIndex): void {
    this.#enter('snapshot')
    this.pendingSnapshot = index
    this.next = index + 1
    this.sentCommit = index
  }

  #enter(state: ProgressState): void {
    this.paused = false
    this.pendingSnapshot = 0
    this.state = state
    this.inflights.reset()
  }

  /** An append with `count` entries of `bytes` payload went out. */
  sentEntries(count: number, bytes: number): void {
    assert(this.state !== 'snapshot', 'no append is sent while a snapshot is pending')
    if (this.state === 'replicate') {
      if (count > 0) {
        this.next += count
        this.inflights.add(this.next - 1, bytes)
      }
      // A full window lets empty appends through, one per heartbeat, so that it can recover.
      this.paused = this.inflights.full()
    } else if (count > 0) this.paused = true
  }

  /** Whether a message carrying `commit` would tell the member anything new that it can use. */
  canBumpCommit(commit: LogIndex): boolean {
    return commit > this.sentCommit && this.sentCommit < this.next - 1
  }

  /** An acknowledgement of `index` arrived; false when it told nothing new. */
  maybeUpdate(index: LogIndex): boolean {
    if (index <= this.match) return false
    this.match = index
    this.next = Math.max(this.next, index + 1)
    this.paused = false
    return true
  }

  /**
   * The append after `rejected` was refused; `matchHint` is where the logs may agree. False for a
   * stale answer, which must not move anything.
   */
  maybeDecreaseTo(rejected: LogIndex, matchHint: LogIndex): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false
      this.next = this.match + 1
    } else {
      // While probing one append is under way, so only an answer to exactly that one counts.
      if (this.next - 1 !== rejected) return false
      this.next = Math.max(Math.min(rejected, matchHint + 1), this.match + 1)
      this.paused = false
    }
    this.sentCommit = Math.min(this.sentCommit, this.next - 1)
    return true
  }

  isPaused(): boolean {
    return this.state === 'snapshot' || this.paused
  }
}
