import { assert } from '../../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type { Random } from '../../base/random.ts'
import { isStorageThread, nobody } from './message.ts'
import type { ReadOnlyOption } from './read-only.ts'
import type { Storage } from './storage.ts'
import type { TrackerConfig } from './tracker.ts'

/** A step of the protocol worth a line in the flight record. */
export interface RaftTrace {
  readonly event:
    | 'became-follower'
    | 'became-pre-candidate'
    | 'became-candidate'
    | 'became-leader'
    | 'campaign-refused'
    | 'lease-refused-vote'
    | 'vote-granted'
    | 'vote-rejected'
    | 'commit-learned'
    | 'leader-lost-hint'
    | 'quorum-inactive'
    | 'proposal-refused'
    | 'transfer-started'
    | 'snapshot-sent'
    | 'snapshot-too-old'
    | 'snapshot-restored'
    | 'config-switched'
    | 'leader-forgotten'
  readonly id: MemberId
  readonly term: Term
  /** The other member involved; 0 for none. */
  readonly peer: MemberId
  readonly detail: string
}

export interface RaftConfig {
  readonly id: MemberId
  /** Ticks without a word from the leader before an election; drawn anew from [n, 2n - 1]. */
  readonly electionTicks: number
  /** Ticks between heartbeats; far below electionTicks. */
  readonly heartbeatTicks: number
  readonly storage: Storage
  /** The last index that the state machine holds already; only at a restart. */
  readonly applied?: LogIndex
  /** Storage work travels as messages, so that turns need not wait for it; else use advance(). */
  readonly asyncStorageWrites?: boolean
  /** Of one append, in bytes; 0 for one entry per message. Default: no limit. */
  readonly messageBytesMax?: number
  /** Of entries handed out and not yet reported as applied. Default: messageBytesMax. */
  readonly committedBytesPerReadyMax?: number
  /** Of proposals in the leader's log not yet committed; past it, proposals are dropped. */
  readonly uncommittedBytesMax?: number
  /** Appends on the way to one follower. */
  readonly inflightMessagesMax: number
  readonly inflightBytesMax?: number
  /** A leader that hears from no quorum steps down; followers protect a leader that they hear. */
  readonly checkQuorum?: boolean
  /** Ask whether an election could be won before raising the term (thesis section 9.6). */
  readonly preVote?: boolean
  /** Votes, asked for and answered, say what their sender knows to be committed (ours; election.ts). */
  readonly votesTellCommit?: boolean
  readonly readOnlyOption?: ReadOnlyOption
  readonly disableProposalForwarding?: boolean
  /** Only for callers that check membership changes themselves. */
  readonly disableConfChangeValidation?: boolean
  /** A leader that was removed or made a learner becomes a follower at once. */
  readonly stepDownOnRemoval?: boolean
  readonly random: Random
  /** Why a leader must not propose a change that leads to `next`; undefined when it may. */
  readonly refuseConfig?: (next: TrackerConfig, now: TrackerConfig) => string | undefined
  readonly trace?: (event: RaftTrace) => void
}

/** The configuration with its defaults. A wrong one is a bug of the caller. */
export interface RaftSettings extends Required<Omit<RaftConfig, 'trace'>> {
  readonly trace: ((event: RaftTrace) => void) | undefined
}

export function settle(config: RaftConfig): RaftSettings {
  assert(config.id !== nobody && !isStorageThread(config.id), 'a member has a real id')
  assert(config.heartbeatTicks > 0, 'heartbeatTicks is positive')
  assert(config.electionTicks > config.heartbeatTicks, 'electionTicks exceeds heartbeatTicks')
  assert(config.inflightMessagesMax > 0, 'inflightMessagesMax is positive')
  const messageBytesMax = config.messageBytesMax ?? Number.POSITIVE_INFINITY
  const inflightBytesMax = config.inflightBytesMax ?? Number.POSITIVE_INFINITY
  assert(
    config.inflightBytesMax === undefined || inflightBytesMax >= messageBytesMax,
    'inflightBytesMax holds at least one message',
  )
  const checkQuorum = config.checkQuorum ?? false
  const readOnlyOption = config.readOnlyOption ?? 'safe'
  assert(checkQuorum || readOnlyOption === 'safe', 'lease-based reads need checkQuorum')
  const committedBytesPerReadyMax = config.committedBytesPerReadyMax ?? messageBytesMax
  return {
    id: config.id,
    electionTicks: config.electionTicks,
    heartbeatTicks: config.heartbeatTicks,
    storage: config.storage,
    applied: config.applied ?? 0,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    messageBytesMax,
    // A batch of nothing would never end.
    committedBytesPerReadyMax: Math.max(1, committedBytesPerReadyMax),
    uncommittedBytesMax: config.uncommittedBytesMax ?? Number.POSITIVE_INFINITY,
    inflightMessagesMax: config.inflightMessagesMax,
    inflightBytesMax,
    checkQuorum,
    preVote: config.preVote ?? false,
    votesTellCommit: config.votesTellCommit ?? false,
    readOnlyOption,
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
    random: config.random,
    refuseConfig: config.refuseConfig ?? (() => undefined),
    trace: config.trace,
  }
}
