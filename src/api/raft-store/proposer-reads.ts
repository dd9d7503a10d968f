import type { LogIndex } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { isStatus, statusError } from '../../base/status.ts'
import type { Replica } from '../../raft/replica.ts'

/** After a refused round, the next begins this much later, or with the next leader. */
const retryMs = 50

export interface ReadsOptions {
  readonly replica: Replica
  readonly clock: Clock
  readonly timeoutMs: number
  /** As in OutboxOptions. */
  readonly defer: (task: () => void) => void
}

interface Reader {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Readers that one ReadIndex round serves: all came before it began. */
interface Group {
  readers: Reader[]
  /** Counted from the first reader on. */
  readonly deadline: Timer
  /** Set once the round is over: what must be applied. */
  index: LogIndex | undefined
}

/**
 * Linearizable reads in rounds: while one round is under way, new readers gather for the next, so
 * any number of readers costs one round at a time. A round that no quorum answers is tried again
 * until its readers' time is over.
 */
export class ProposerReads {
  readonly #options: ReadsOptions
  #gathering: Group | undefined
  #asking: Group | undefined
  #retry: Timer | undefined
  /** Their rounds are over; their entries are not applied yet. */
  readonly #applying = new Set<Group>()
  #applied = 0 as LogIndex
  #closed: Error | undefined

  constructor(options: ReadsOptions) {
    this.#options = options
  }

  /** Resolves when the local state reflects all that was acknowledged before the call. */
  barrier(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      if (!this.#gathering) {
        const group: Group = {
          readers: [],
          deadline: this.#options.clock.after(this.#options.timeoutMs, () => this.#expire(group)),
          index: undefined,
        }
        this.#gathering = group
        // At its end, so that all readers of this turn share the round.
        if (!this.#asking) this.#options.defer(() => this.#ask())
      }
      this.#gathering.readers.push({ resolve, reject })
    })
  }

  applied(index: LogIndex): void {
    this.#applied = index
    for (const group of this.#applying) {
      if (group.index !== undefined && group.index <= index) this.#resolve(group)
    }
  }

  /** A leader is known: no need to wait for the retry. */
  leaderKnown(): void {
    if (this.#retry) this.#ask()
  }

  close(error: Error): void {
    this.#closed = error
    this.#retry?.cancel()
    this.#retry = undefined
    for (const group of [this.#asking, this.#gathering, ...this.#applying]) {
      if (group) this.#reject(group, error)
    }
    this.#gathering = undefined
  }

  #ask(): void {
    this.#retry?.cancel()
    this.#retry = undefined
    const group = this.#gathering
    if (this.#asking || !group) return
    this.#gathering = undefined
    this.#asking = group
    this.#options.replica.readIndex().then(
      (index) => this.#answered(group, index),
      (error: unknown) => this.#refused(group, error),
    )
  }

  #answered(group: Group, index: LogIndex): void {
    this.#asking = undefined
    group.index = index
    if (index <= this.#applied) this.#resolve(group)
    else if (group.readers.length > 0) this.#applying.add(group)
    this.#ask()
  }

  #refused(group: Group, error: unknown): void {
    this.#asking = undefined
    if (!isStatus(error, 'ServiceUnavailable', 'Timeout')) {
      this.#reject(group, error as Error)
      this.#ask()
      return
    }
    if (this.#closed) return
    // Those who waited first set the time limit for who joined since.
    const joined = this.#gathering
    if (joined && group.readers.length > 0) {
      joined.deadline.cancel()
      group.readers.push(...joined.readers)
    }
    if (group.readers.length > 0) this.#gathering = group
    if (!this.#gathering) return
    this.#retry = this.#options.clock.after(retryMs, () => this.#ask())
  }

  #expire(group: Group): void {
    const seconds = this.#options.timeoutMs / 1000
    this.#reject(
      group,
      statusError(
        'ServiceUnavailable',
        `no quorum of masters confirmed the read within ${seconds} s: try again`,
        { retryAfterSeconds: 1 },
      ),
    )
    if (this.#gathering === group) this.#gathering = undefined
    if (!this.#gathering) {
      this.#retry?.cancel()
      this.#retry = undefined
    }
  }

  #resolve(group: Group): void {
    for (const { resolve } of this.#end(group)) resolve()
  }

  #reject(group: Group, error: Error): void {
    for (const { reject } of this.#end(group)) reject(error)
  }

  #end(group: Group): Reader[] {
    group.deadline.cancel()
    this.#applying.delete(group)
    const { readers } = group
    group.readers = []
    return readers
  }
}
