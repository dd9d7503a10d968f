import type { LogIndex, MemberId } from '../base/brand.ts'

/** What a member says its state was, once it had applied an entry. */
export interface HashVote {
  readonly member: MemberId
  readonly index: LogIndex
  /** Hashes of different versions say nothing of each other. */
  readonly version: number
  /** Of everything applied up to the entry: 16 hexadecimal digits. */
  readonly hash: string
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
 * Compares what the members' states hash to. At certain entries each member puts its hash into the log,
 * so that all of them see the same votes, and each judges itself. Votes are no part of the state:
 * whoever starts from a snapshot begins without them, and judges what comes later.
 */
export class HashVotes {
  /** Own hashes at the entries that are voted on. */
  readonly #own = new Map<LogIndex, string>()
  readonly #votes = new Map<LogIndex, Map<MemberId, string>>()
  readonly #judged = new Set<LogIndex>()
  #unjudged: LogIndex | undefined
  #uncast: LogIndex[] = []

  /** This member's own hash after an entry that is voted on. */
  passed(index: LogIndex, hash: string): void {
    this.#own.set(index, hash)
    this.#uncast.push(index)
    if (this.#uncast.length > indexesMax) this.#uncast.shift()
    trim(this.#own)
  }

  /** Whether there is anything to cast or to judge. */
  get hasNews(): boolean {
    return this.#uncast.length > 0 || this.#unjudged !== undefined
  }

  /** The votes that this member has to cast for the entries since the last call. */
  due(member: MemberId): HashVote[] {
    const due = this.#uncast.flatMap((index) => {
      const hash = this.#own.get(index)
      return hash === undefined ? [] : [{ member, index, version: stateHashVersion, hash }]
    })
    this.#uncast = []
    return due
  }

  /** A vote came out of the log. */
  add({ member, index, version, hash }: HashVote): void {
    if (version !== stateHashVersion) return
    const votes = this.#votes.get(index) ?? new Map<MemberId, string>()
    this.#votes.set(index, votes.set(member, hash))
    trim(this.#votes)
    this.#unjudged = index
  }

  /** What the last vote has shown; each verdict is given once. */
  verdict(voters: readonly MemberId[]): HashVerdict | undefined {
    const index = this.#unjudged
    this.#unjudged = undefined
    if (index === undefined) return undefined
    const verdict = this.#judge(index, voters)
    if (!verdict || this.#judged.has(index)) return undefined
    this.#judged.add(index)
    trim(this.#judged)
    return verdict
  }

  #judge(index: LogIndex, voters: readonly MemberId[]): HashVerdict | undefined {
    const own = this.#own.get(index)
    const votes = [...(this.#votes.get(index) ?? [])].filter(([member]) => voters.includes(member))
    if (own === undefined || voters.length < 2) return undefined
    const majority = votes
      .map(([, hash]) => hash)
      .find((hash) => 2 * votes.filter(([, other]) => other === hash).length > voters.length)
    if (majority === undefined) {
      return votes.length < voters.length ? undefined : { kind: 'no majority', index }
    }
    if (majority !== own) return { kind: 'diverged', index, own, majority }
    const members = votes.filter(([, hash]) => hash !== own).map(([member]) => member)
    return members.length === 0 ? undefined : { kind: 'others diverged', index, members }
  }
}

/** Maps and sets keep the order in which things came: the oldest go. */
function trim(entries: Map<LogIndex, unknown> | Set<LogIndex>): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= indexesMax) return
    entries.delete(oldest)
  }
}
