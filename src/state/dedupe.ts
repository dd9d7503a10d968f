import { limits } from '../base/limits.ts'

/** A session as a snapshot has it: [session, floor, finished sequences from the floor on]. */
export type PackedSession = readonly [number, number, readonly number[]]

interface Session {
  floor: number
  /** Finished sequences that the floor has not reached. */
  readonly finished: Set<number>
}

/**
 * Which commands were applied already, so that a command that is in the log twice takes effect once.
 * Part of the replicated state: its size and its expiry depend on the log alone.
 *
 * Bounded in two ways. A proposer reports its floor, below which everything counts as finished; what
 * lies too far above the floor is refused. The session that was silent for longest is forgotten when
 * there are too many: by then more than 200 other incarnations of members have written since.
 */
export class DedupeTable {
  // In order of last use, because each use moves a session to the end.
  readonly #sessions = new Map<number, Session>()

  /** Raises the floor of `session`, and marks the session as used. */
  touch(session: number, floor: number): void {
    const known = this.#sessions.get(session)
    const entry: Session = known ?? { floor: 1, finished: new Set() }
    this.#sessions.delete(session)
    this.#sessions.set(session, entry)
    if (floor > entry.floor) {
      entry.floor = floor
      for (const sequence of entry.finished) {
        if (sequence < floor) entry.finished.delete(sequence)
      }
    }
    if (this.#sessions.size > limits.dedupeSessionsMax) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest)
        break
      }
    }
  }

  /** After `touch`: whether a command is new, was seen, or is too far ahead of its floor. */
  judge(session: number, sequence: number): 'new' | 'finished' | 'too far' {
    const entry = this.#sessions.get(session)
    if (!entry) return 'new'
    if (sequence < entry.floor || entry.finished.has(sequence)) return 'finished'
    return sequence - entry.floor >= limits.dedupeCommandsPerSessionMax ? 'too far' : 'new'
  }

  finish(session: number, sequence: number): void {
    this.#sessions.get(session)?.finished.add(sequence)
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** In order of last use, sequences in order: the same on every member. */
  pack(): PackedSession[] {
    return [...this.#sessions].map(([session, { floor, finished }]) => [
      session,
      floor,
      [...finished].sort((left, right) => left - right),
    ])
  }

  static unpack(sessions: readonly PackedSession[]): DedupeTable {
    const table = new DedupeTable()
    for (const [session, floor, finished] of sessions) {
      table.#sessions.set(session, { floor, finished: new Set(finished) })
    }
    return table
  }
}
