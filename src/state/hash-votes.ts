import type { LogIndex, MemberId } from '../base/brand.ts'
import { limits } from '../base/limits.ts'
import { hashText } from './hash.ts'

/** What a member says its state was, once it had applied an entry. */
export interface HashVote {
  readonly member: MemberId
  readonly index: LogIndex
  /** Hashes of different versions say nothing of each other. */
  readonly version: number
  /** Of everything applied up to the entry: 16 hexadecimal digits. */
  readonly hash: string
  /** The others are to vote on this entry, too. */
  readonly asks: boolean
}

export type HashVerdict =
  /** A majority has another state than this member: this one computed something else. */
  | {
      readonly kind: 'diverged'
      readonly index: LogIndex
      readonly own: string
      readonly majority: string
    }
  /** A majority has this member's state, `members` have another. */
  | {
      readonly kind: 'others diverged'
      readonly index: LogIndex
      readonly members: readonly MemberId[]
    }
  /** All have voted, and no state has a majority. */
  | { readonly kind: 'no majority'; readonly index: LogIndex }

/** Raised with whatever changes how the state hash comes about. */
export const stateHashVersion = 1

/** Later votes come long after the last word about an index. */
const indexesMax = 8

/**
 * Compares what the members' states hash to. A member puts its hash after some entry into the log, the
 * others answer there with theirs: all see the same votes, and each judges itself. Votes are no part of
 * the state: whoever starts from a snapshot begins without them, and judges what comes later.
 */
export class HashVotes {
  /** Own hashes after the last entries, two lanes each. */
  readonly #lanes = new Int32Array(2 * limits.stateHashesKept)
  #first = 0
  #last = 0
  readonly #votes = new Map<LogIndex, Map<MemberId, string>>()
  readonly #judged = new Set<LogIndex>()
  #unjudged: LogIndex | undefined
  #uncast: LogIndex[] = []

  /** This member's own hash after an entry. */
  passed(index: LogIndex, [first, second]: readonly [number, number]): void {
    if (index !== this.#last + 1) this.#first = index
    this.#last = index
    const at = 2 * (index % limits.stateHashesKept)
    this.#lanes[at] = first
    this.#lanes[at + 1] = second
  }

  /** Has this member vote on an entry that it has just passed. */
  castAt(index: LogIndex): void {
    this.#uncast.push(index)
    if (this.#uncast.length > indexesMax) this.#uncast.shift()
  }

  /** A vote came out of the log. */
  add({ member, index, version, hash, asks }: HashVote): void {
    if (version !== stateHashVersion) return
    const votes = this.#votes.get(index) ?? new Map<MemberId, string>()
    this.#votes.set(index, votes.set(member, hash))
    trim(this.#votes)
    this.#unjudged = index
    if (asks) this.castAt(index)
  }

  /** Whether there is anything to cast or to judge. */
  get hasNews(): boolean {
    return this.#uncast.length > 0 || this.#unjudged !== undefined
  }

  /** The votes that this member has to cast since the last call. */
  due(member: MemberId): HashVote[] {
    const due = this.#uncast
      .filter((index) => !this.#votes.get(index)?.has(member))
      .flatMap((index) => this.voteOn(index, member) ?? [])
    this.#uncast = []
    return due
  }

  /** Undefined when the own hash after the entry is not known, or not any more. */
  voteOn(index: LogIndex, member: MemberId): HashVote | undefined {
    const hash = this.#own(index)
    if (hash === undefined) return undefined
    return { member, index, version: stateHashVersion, hash, asks: false }
  }

  /** Whether a majority of `voters` had the state that this member had after an entry. */
  isAgreed(index: LogIndex, voters: readonly MemberId[]): boolean {
    const own = this.#own(index)
    return own !== undefined && this.#majority(index, voters) === own
  }

  /** What the last vote has shown; each verdict is given once. */
  verdict(voters: readonly MemberId[]): HashVerdict | undefined {
    const index = this.#unjudged
    this.#unjudged = undefined
    if (index === undefined || voters.length < 2) return undefined
    const verdict = this.#judge(index, voters)
    if (!verdict || this.#judged.has(index)) return undefined
    this.#judged.add(index)
    trim(this.#judged)
    return verdict
  }

  #judge(index: LogIndex, voters: readonly MemberId[]): HashVerdict | undefined {
    const own = this.#own(index)
    if (own === undefined) return undefined
    const votes = this.#votesOf(index, voters)
    const majority = this.#majority(index, voters)
    if (majority === undefined) {
      return votes.length < voters.length ? undefined : { kind: 'no majority', index }
    }
    if (majority !== own) return { kind: 'diverged', index, own, majority }
    const members = votes.filter(([, hash]) => hash !== own).map(([member]) => member)
    return members.length === 0 ? undefined : { kind: 'others diverged', index, members }
  }

  #majority(index: LogIndex, voters: readonly MemberId[]): string | undefined {
    const hashes = this.#votesOf(index, voters).map(([, hash]) => hash)
    return hashes.find(
      (hash) => 2 * hashes.filter((other) => other === hash).length > voters.length,
    )
  }

  #votesOf(index: LogIndex, voters: readonly MemberId[]): [MemberId, string][] {
    return [...(this.#votes.get(index) ?? [])].filter(([member]) => voters.includes(member))
  }

  #own(index: LogIndex): string | undefined {
    const kept = this.#last - limits.stateHashesKept
    if (index < this.#first || index <= kept || index > this.#last) return undefined
    const at = 2 * (index % limits.stateHashesKept)
    return hashText(this.#lanes[at] ?? 0, this.#lanes[at + 1] ?? 0)
  }
}

/** Maps and sets keep the order in which things came: the oldest go. */
function trim(entries: Map<LogIndex, unknown> | Set<LogIndex>): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= indexesMax) return
    entries.delete(oldest)
  }
}
