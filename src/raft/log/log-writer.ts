import type { HardState, Message, Snapshot } from '../core/message.ts'
import type { MemoryStorage } from '../core/storage.ts'
import type { VoteFile } from '../wal/vote-file.ts'
import type { Wal } from '../wal/wal.ts'

export interface LogWriterOptions {
  readonly wal: Wal
  /** The second copy of term and vote. */
  readonly votes: VoteFile
  readonly storage: MemoryStorage
  /** Puts a received snapshot in place, its file and its log record being durable. */
  readonly install: (snapshot: Snapshot) => Promise<void>
  /** What may be said now that it is true for good. */
  readonly deliver: (responses: readonly Message[]) => void
  readonly failed: (error: unknown) => void
  readonly nowMs: () => number
}

/**
 * The core's append thread: makes what MsgStorageAppend asks for durable and answers in order. Many
 * may be on their way at once. After a failure it answers nothing any more.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  #last: Promise<void> = Promise.resolve()
  #hasFailed = false
  /** When each append that is on its way was handed in. */
  readonly #sinceMs: number[] = []

  constructor(options: LogWriterOptions) {
    this.#options = options
  }

  append(message: Message): void {
    if (this.#hasFailed) return
    const { snapshot, entries } = message
    const { wal, votes } = this.#options
    const hardState = hardStateOf(message)
    const logged = wal.append({
      entries,
      hardState,
      snapshot: snapshot && { index: snapshot.metadata.index, term: snapshot.metadata.term },
    })
    const durable = both(logged, hardState && votes.remember(hardState))
    // A rejection is handled below, when its turn comes.
    durable.catch(() => {})
    this.#sinceMs.push(this.#options.nowMs())
    this.#last = this.#last.then(() => this.#finish(message, durable))
  }

  /** How long the disk has kept the oldest append waiting. */
  stalledMs(): number {
    const since = this.#sinceMs[0]
    return since === undefined ? 0 : this.#options.nowMs() - since
  }

  async #finish(message: Message, durable: Promise<void>): Promise<void> {
    if (this.#hasFailed) return
    try {
      await durable
      if (message.snapshot) await this.#options.install(message.snapshot)
    } catch (error) {
      this.#hasFailed = true
      this.#options.failed(error)
      return
    }
    this.#sinceMs.shift()
    this.#options.storage.append(message.entries)
    this.#options.deliver(message.responses)
  }
}

/** Without an array for every append: votes are rare. */
function both(logged: Promise<void>, voted: Promise<void> | undefined): Promise<void> {
  return voted ? Promise.all([logged, voted]).then(() => {}) : logged
}

/** All zero when it did not change. */
function hardStateOf({ term, vote, commit }: Message): HardState | undefined {
  return term === 0 && vote === 0 && commit === 0 ? undefined : { term, vote, commit }
}
