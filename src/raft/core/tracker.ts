import type { LogIndex, MemberId } from '../../base/brand.ts'
import type { ConfState } from './message.ts'
import { Inflights, type Progress } from './progress.ts'
import type { JointVoters, Majority, VoteResult } from './quorum.ts'
import { jointCommittedIndex, jointVoteResult } from './quorum.ts'

/** Who takes part, and how. Immutable: a change makes a new one. */
export interface TrackerConfig {
  readonly voters: JointVoters
  /** Leave the joint configuration as soon as it is applied. */
  readonly autoLeave: boolean
  /** Receive the log, count for no quorum; disjoint from both halves of the voters. */
  readonly learners: Majority
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: Majority
}

export type ProgressMap = ReadonlyMap<MemberId, Progress>

export const emptyTrackerConfig: TrackerConfig = {
  voters: { incoming: [], outgoing: [] },
  autoLeave: false,
  learners: [],
  learnersNext: [],
}

/** Membership, every member's progress, and the votes of the running election. */
export class Tracker {
  readonly inflightMessagesMax: number
  readonly inflightBytesMax: number
  config: TrackerConfig = emptyTrackerConfig
  /** In ascending order of ids, so that messages always go out in the same order. */
  progress: ProgressMap = new Map()
  readonly votes = new Map<MemberId, boolean>()

  constructor(inflightMessagesMax: number, inflightBytesMax: number) {
    this.inflightMessagesMax = inflightMessagesMax
    this.inflightBytesMax = inflightBytesMax
  }

  newInflights(): Inflights {
    return new Inflights(this.inflightMessagesMax, this.inflightBytesMax)
  }

  switchTo(config: TrackerConfig, progress: ProgressMap): void {
    this.config = config
    this.progress = new Map([...progress].sort(([a], [b]) => a - b))
  }

  confState(): ConfState {
    const { voters, autoLeave, learners, learnersNext } = this.config
    return {
      voters: voters.incoming,
      votersOutgoing: voters.outgoing,
      learners,
      learnersNext,
      autoLeave,
    }
  }

  isSingleton(): boolean {
    return this.config.voters.incoming.length === 1 && this.config.voters.outgoing.length === 0
  }

  /** The highest index that the quorum has made durable. */
  committed(): LogIndex {
    return jointCommittedIndex(this.config.voters, (id) => this.progress.get(id)?.match)
  }

  /** Whether a quorum was heard from since the last check. */
  quorumActive(): boolean {
    const active = new Map<MemberId, boolean>()
    for (const [id, { recentActive }] of this.progress) active.set(id, recentActive)
    return jointVoteResult(this.config.voters, active) === 'won'
  }

  resetVotes(): void {
    this.votes.clear()
  }

  /** The first answer of a member counts; repeats change nothing. */
  recordVote(id: MemberId, granted: boolean): void {
    if (!this.votes.has(id)) this.votes.set(id, granted)
  }

  voteResult(): VoteResult {
    return jointVoteResult(this.config.voters, this.votes)
  }
}
