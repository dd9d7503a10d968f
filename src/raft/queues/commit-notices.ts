import type { LogIndex, MemberId } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Message } from '../core/message.ts'

export interface CommitNoticesOptions {
  readonly clock: Clock
  readonly send: (messages: readonly Message[]) => void
}

/** What waits for a commit index is then late by this much, at most: watchers on a follower. */
const companyWaitMs = 1

/**
 * An append without entries tells a follower only how far the commit index is. Sent by itself it costs
 * a message, an answer, and a turn of two members for each write; the next append, heartbeat or read
 * answer brings the same index along. So it waits for company for a moment, unless the follower itself
 * sent on a command and its caller waits. Delaying a message is what any network may do.
 */
export class CommitNotices {
  readonly #options: CommitNoticesOptions
  /** The newest notice for each follower. */
  readonly #held = new Map<MemberId, Message>()
  /** Followers whose commands are in the log up to here and may not be known to be committed there. */
  readonly #awaited = new Map<MemberId, LogIndex>()
  readonly #proposing = new Set<MemberId>()
  #timer: Timer | undefined

  constructor(options: CommitNoticesOptions) {
    this.#options = options
  }

  /** A follower sent commands on, which the next turn proposes. */
  forwarded(from: MemberId): void {
    this.#proposing.add(from)
  }

  /** The turn's commands are in the log, the last one at `index`. */
  proposed(index: LogIndex): void {
    for (const from of this.#proposing) this.#awaited.set(from, index)
    this.#proposing.clear()
  }

  /** What of a turn's messages goes out now, with what waited for company. */
  select(messages: readonly Message[], isNotice: (message: Message) => boolean): Message[] {
    const outgoing: Message[] = []
    for (const message of messages) {
      if (isNotice(message) && !this.#awaited.has(message.to)) this.#hold(message)
      else {
        this.#accompany(message, outgoing)
        outgoing.push(message)
      }
    }
    return outgoing
  }

  stop(): void {
    this.#timer?.cancel()
    this.#held.clear()
  }

  #hold(message: Message): void {
    this.#held.set(message.to, message)
    this.#timer ??= this.#options.clock.after(companyWaitMs, () => {
      this.#timer = undefined
      const alone = [...this.#held.values()]
      this.#held.clear()
      if (alone.length > 0) this.#options.send(alone)
    })
  }

  /** A notice keeps its place before `message`, unless that tells the same. */
  #accompany(message: Message, outgoing: Message[]): void {
    const { type, to, commit } = message
    if (type === 'MsgApp' && commit >= (this.#awaited.get(to) ?? 0)) this.#awaited.delete(to)
    const held = this.#held.get(to)
    if (!held) return
    this.#held.delete(to)
    const repeats = type === 'MsgApp' && message.term === held.term && commit >= held.commit
    if (!repeats) outgoing.push(held)
  }
}
