import type { LogIndex, MemberId } from '../../base/brand.ts'

/** Voters that decide by majority: distinct ids in ascending order, never changed in place. */
export type Majority = readonly MemberId[]

/**
 * Joint consensus (raft section 6): a decision needs a majority of both. `outgoing` is empty outside
 * a transition, and an empty majority agrees with everything.
 */
export interface JointVoters {
  readonly incoming: Majority
  readonly outgoing: Majority
}

export type VoteResult = 'pending' | 'lost' | 'won'

/** How far a voter has acknowledged; undefined when nothing is known of it. */
export type AckedIndex = (voter: MemberId) => LogIndex | undefined

/**
 * The highest index that a majority has acknowledged. Infinity for no voters, so that the empty half
 * of a joint configuration does not hold the other back.
 */
export function majorityCommittedIndex(voters: Majority, acked: AckedIndex): LogIndex {
  const count = voters.length
  if (count === 0) return Number.POSITIVE_INFINITY
  const indexes: number[] = []
  for (const voter of voters) {
    const index = acked(voter) ?? 0
    // Insertion sort: voters are few and mostly in order, and this runs for every acknowledgement.
    let at = indexes.length
    while (at > 0 && (indexes[at - 1] as number) > index) at -= 1
    indexes.splice(at, 0, index)
  }
  return indexes[count - (Math.floor(count / 2) + 1)] as number
}

export function jointCommittedIndex(voters: JointVoters, acked: AckedIndex): LogIndex {
  return Math.min(
    majorityCommittedIndex(voters.incoming, acked),
    majorityCommittedIndex(voters.outgoing, acked),
  )
}

/** Pending while the votes still missing could decide. No voters: won, by convention. */
export function majorityVoteResult(
  voters: Majority,
  votes: ReadonlyMap<MemberId, boolean>,
): VoteResult {
  if (voters.length === 0) return 'won'
  let granted = 0
  let missing = 0
  for (const voter of voters) {
    const vote = votes.get(voter)
    if (vote === undefined) missing += 1
    else if (vote) granted += 1
  }
  const quorum = Math.floor(voters.length / 2) + 1
  if (granted >= quorum) return 'won'
  return granted + missing >= quorum ? 'pending' : 'lost'
}

/** Lost as soon as one half lost; won when both won. */
export function jointVoteResult(
  voters: JointVoters,
  votes: ReadonlyMap<MemberId, boolean>,
): VoteResult {
  const incoming = majorityVoteResult(voters.incoming, votes)
  const outgoing = majorityVoteResult(voters.outgoing, votes)
  if (incoming === outgoing) return incoming
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending'
}

/** Everybody with a vote in either half, ascending. */
export function jointIds(voters: JointVoters): Majority {
  if (voters.outgoing.length === 0) return voters.incoming
  return ascending([...voters.incoming, ...voters.outgoing])
}

/** Distinct ids in ascending order. */
export function ascending(ids: Iterable<MemberId>): Majority {
  return [...new Set(ids)].sort((a, b) => a - b)
}
