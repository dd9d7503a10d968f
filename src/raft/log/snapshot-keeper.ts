import type { LogIndex, Term } from '../../base/brand.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Message, Snapshot } from '../core/message.ts'
import { entryBytes } from '../core/message.ts'
import type { MemoryStorage } from '../core/storage.ts'
import type { MembershipBook } from '../membership/book.ts'
import { LogCorruptError } from '../wal/corrupt.ts'
import type { OpenSnapshot, SnapshotFiles, SnapshotHeader } from '../wal/snapshot-files.ts'
import type { Wal } from '../wal/wal.ts'
import type { Transport } from '../wire/transport.ts'

export interface SnapshotKeeperOptions {
  readonly files: SnapshotFiles
  readonly wal: Wal
  readonly storage: MemoryStorage
  readonly book: MembershipBook
  readonly transport: Transport
  readonly logger: Logger
  readonly trailingEntries: number
  /** The newest snapshot cannot be read any more: the state is there to make another one. */
  readonly unreadable: () => void
  readonly restored: (index: LogIndex, term: Term, snapshot: OpenSnapshot) => Promise<void>
}

const noBytes = new Uint8Array(0)

/** Snapshots from and to everywhere: saved here, received, put in place, sent. */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions
  /** Written to disk, not yet accepted by the core. */
  readonly #received = new Map<LogIndex, SnapshotHeader>()

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options
  }

  get index(): LogIndex {
    return this.#options.storage.snapshot()?.metadata.index ?? (0 as LogIndex)
  }

  /**
   * Makes our own state at `index` durable and cuts the log before it, but for a trail. Resolves with how
   * large it is; with undefined when there is a newer one already.
   */
  async save(
    index: LogIndex,
    term: Term,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<number | undefined> {
    const { files, wal, storage, book } = this.#options
    if (index <= this.index) return undefined
    const { confState, members } = book.at(index)
    const bytes = await files.write({ index, term, confState, members }, blocks)
    // The leader's snapshot may have come in between; then ours is of no use any more.
    if (index > this.index) await wal.append({ entries: [], snapshot: { index, term } })
    if (index > this.index) {
      storage.createSnapshot(index, confState, noBytes)
      await this.#cut(this.#trailStart(index))
    }
    await files.removeBefore(this.index)
    return bytes
  }

  /** Stores what a leader streams. The core is asked only when the file is durable. */
  async receive(header: SnapshotHeader, blocks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#options.files.write(header, blocks)
    this.#received.set(header.index, header)
  }

  /** Replaces log and state by a received snapshot, whose log record is durable by now. */
  async install(snapshot: Snapshot): Promise<void> {
    const { files, wal, storage, book, transport, restored } = this.#options
    const { index, term, confState } = snapshot.metadata
    const opened = await files.read(index, term)
    const { header } = opened
    storage.applySnapshot(snapshot)
    book.replace(index, confState, header.members)
    transport.setMembers(header.members)
    for (const held of this.#received.keys()) if (held <= index) this.#received.delete(held)
    await wal.release(index)
    await files.removeBefore(index)
    await restored(index, term, opened)
  }

  /** Streams the newest snapshot to a member that lags. Resolves with whether it has it. */
  async send(message: Message): Promise<boolean> {
    const { files, transport, logger } = this.#options
    const metadata = message.snapshot?.metadata
    if (!metadata || metadata.index === 0) return false
    try {
      const { header, blocks } = await files.read(metadata.index, metadata.term)
      await transport.sendSnapshot(message, header, blocks)
      return true
    } catch (error) {
      logger.warn({ error, to: message.to, index: metadata.index }, 'a snapshot was not sent')
      if (error instanceof LogCorruptError) this.#options.unreadable()
      return false
    }
  }

  /** Members that lag a little catch up from the log; one that lags more gets the snapshot. */
  #trailStart(index: LogIndex): LogIndex {
    const { storage, trailingEntries } = this.#options
    const first = Math.max(storage.firstIndex(), index - trailingEntries + 1)
    let bytes = 0
    let start = index
    const entries =
      first <= index ? storage.entries(first, index + 1, Number.POSITIVE_INFINITY) : undefined
    for (const entry of entries?.toReversed() ?? []) {
      bytes += entryBytes(entry)
      if (bytes > limits.snapshotTrailingBytes) break
      start = entry.index - 1
    }
    return start
  }

  async #cut(index: LogIndex): Promise<void> {
    this.#options.storage.compact(index)
    await this.#options.wal.release(index)
  }
}
