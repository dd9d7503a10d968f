import { assert, present } from '../../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import { restore } from './conf-change.ts'
import type { RaftConfig, RaftSettings, RaftTrace } from './config.ts'
import { settle } from './config.ts'
import { RaftLog } from './log.ts'
import type { Entry, HardState, Message, MessageDraft, MessageFields } from './message.ts'
import { draftMessage, nobody, payloadBytes } from './message.ts'
import { Progress } from './progress.ts'
import { ReadOnly, type ReadState } from './read-only.ts'
import { Tracker } from './tracker.ts'

/** `pre-candidate` asks whether an election could be won; it has not raised the term. */
export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

export interface SoftState {
  readonly leader: MemberId
  readonly role: Role
}

/**
 * The state of one member. What it decides lives in functions around it (election, replication,
 * step-*), which change it through these fields; nothing outside this folder does.
 */
export class Raft {
  readonly settings: RaftSettings
  readonly id: MemberId
  readonly log: RaftLog
  readonly tracker: Tracker

  term: Term = 0
  vote: MemberId = nobody
  role: Role = 'follower'
  leader: MemberId = nobody
  isLearner = false

  /** To be sent at once. Never to this member itself. */
  messages: Message[] = []
  /** To be delivered once all that is unstable now is durable; may be for this member itself. */
  messagesAfterAppend: Message[] = []
  readStates: ReadState[] = []

  /** Where leadership is being handed to; 0 for nowhere. */
  transferee: MemberId = nobody
  /** No membership change may be proposed until this index is applied (leader only). */
  pendingConfIndex: LogIndex = 0
  /** Payload in the log that is not committed yet, estimated; leader only. */
  uncommittedBytes = 0
  readOnly: ReadOnly
  /** Reads that came before this term's first commit (raft section 8). */
  pendingReads: Message[] = []
  /** The leader that the driver has lost its connection to; see election.ts. */
  lostLeader: MemberId = nobody

  electionElapsedTicks = 0
  heartbeatElapsedTicks = 0
  randomizedElectionTicks = 0

  constructor(config: RaftConfig) {
    const settings = settle(config)
    this.settings = settings
    this.id = settings.id
    this.log = new RaftLog(settings.storage, settings.committedBytesPerReadyMax)
    this.readOnly = new ReadOnly(settings.readOnlyOption)
    this.tracker = new Tracker(settings.inflightMessagesMax, settings.inflightBytesMax)
    const { hardState, confState } = settings.storage.initialState()
    const restored = restore(this.tracker, this.log.lastIndex(), confState)
    this.tracker.switchTo(restored.config, restored.progress)
    this.isLearner = this.tracker.progress.get(this.id)?.isLearner === true
    if (hardState !== undefined) this.#load(hardState)
    if (settings.applied > 0) this.log.appliedTo(settings.applied, 0)
    this.becomeFollower(this.term, nobody)
  }

  #load(state: HardState): void {
    assert(
      state.commit >= this.log.committed && state.commit <= this.log.lastIndex(),
      `the saved commit index ${state.commit} lies within the log`,
    )
    this.log.committed = state.commit
    this.term = state.term
    this.vote = state.vote
  }

  softState(): SoftState {
    return { leader: this.leader, role: this.role }
  }

  hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed }
  }

  /** A member that may campaign: a voter that is not waiting for a snapshot to be stored. */
  promotable(): boolean {
    const progress = this.tracker.progress.get(this.id)
    return progress !== undefined && !progress.isLearner && this.log.unstable.snapshot === undefined
  }

  /** Queues a message; fills in sender and term. Votes bring their own term. */
  send(type: Message['type'], to: MemberId, fields: MessageFields = noFields): void {
    const message = Object.assign(this.draft(type, to), fields)
    if (message.from === nobody) message.from = this.id
    const isVote =
      type === 'MsgVote' ||
      type === 'MsgVoteResp' ||
      type === 'MsgPreVote' ||
      type === 'MsgPreVoteResp'
    assert(isVote === (fields.term ?? 0) > 0, 'votes and only votes choose their own term')
    this.sendMessage(message)
  }

  /** A message from this member at its term, to be filled in and given to sendMessage. */
  draft(type: Message['type'], to: MemberId): MessageDraft {
    // Proposals and reads are forwarded to whoever leads; they belong to no term.
    const isForwarded = type === 'MsgProp' || type === 'MsgReadIndex'
    return draftMessage(type, to, this.id, isForwarded ? 0 : this.term)
  }

  /**
   * Answers to votes and appends promise that something is durable: they wait for it (raft section
   * 5.2 and figure 2: "updated on stable storage before responding").
   */
  sendMessage(message: Message): void {
    const { type } = message
    if (type === 'MsgAppResp' || type === 'MsgVoteResp' || type === 'MsgPreVoteResp') {
      this.messagesAfterAppend.push(message)
      return
    }
    assert(message.to !== this.id, 'only answers are for this member itself')
    this.messages.push(message)
  }

  /**
   * Adds proposals to the leader's log, with term and index. False when that would pass the limit on
   * what is uncommitted. The leader counts its own copy only by the answer queued here, which is
   * delivered after the entries are durable.
   */
  appendEntries(proposals: readonly Entry[]): boolean {
    const bytes = payloadBytes(proposals)
    const { uncommittedBytesMax } = this.settings
    // One proposal is always let in, however big, and empty ones too: they must get through.
    if (
      this.uncommittedBytes > 0 &&
      bytes > 0 &&
      this.uncommittedBytes + bytes > uncommittedBytesMax
    )
      return false
    this.uncommittedBytes += bytes
    const first = this.log.lastIndex() + 1
    const { term } = this
    this.log.append(
      proposals.map(({ type, data }, at) => ({ term, index: first + at, type, data })),
    )
    const answer = this.draft('MsgAppResp', this.id)
    answer.index = this.log.lastIndex()
    this.sendMessage(answer)
    return true
  }

  becomeFollower(term: Term, leader: MemberId): void {
    this.#reset(term)
    this.leader = leader
    this.role = 'follower'
    this.trace('became-follower', leader)
  }

  becomePreCandidate(): void {
    assert(this.role !== 'leader', 'a leader does not campaign')
    // Neither term nor vote change: a pre-vote promises nothing.
    this.tracker.resetVotes()
    this.leader = nobody
    this.role = 'pre-candidate'
    this.trace('became-pre-candidate')
  }

  becomeCandidate(): void {
    assert(this.role !== 'leader', 'a leader does not campaign')
    this.#reset(this.term + 1)
    this.vote = this.id
    this.role = 'candidate'
    this.trace('became-candidate')
  }

  becomeLeader(): void {
    assert(this.role !== 'follower', 'only a candidate becomes leader')
    this.#reset(this.term)
    this.leader = this.id
    this.role = 'leader'
    const own = present(this.tracker.progress.get(this.id), "the leader's own progress")
    own.becomeReplicate()
    own.recentActive = true
    // A membership change may be somewhere in the tail: propose none until it is applied.
    this.pendingConfIndex = this.log.lastIndex()
    const accepted = this.appendEntries([emptyEntry])
    assert(accepted, "a new leader's empty entry is never refused")
    this.trace('became-leader')
  }

  #reset(term: Term): void {
    if (this.term !== term) {
      assert(term > this.term, 'terms only grow')
      this.term = term
      this.vote = nobody
    }
    this.leader = nobody
    this.lostLeader = nobody
    this.electionElapsedTicks = 0
    this.heartbeatElapsedTicks = 0
    const { electionTicks, random } = this.settings
    this.randomizedElectionTicks = electionTicks + random.integer(0, electionTicks)
    this.transferee = nobody
    this.tracker.resetVotes()
    const lastIndex = this.log.lastIndex()
    const fresh = new Map<MemberId, Progress>()
    for (const [id, { isLearner }] of this.tracker.progress) {
      const match = id === this.id ? lastIndex : 0
      const inflights = this.tracker.newInflights()
      const next = lastIndex + 1
      fresh.set(id, new Progress({ match, next, isLearner, recentActive: false, inflights }))
    }
    this.tracker.progress = fresh
    this.pendingConfIndex = 0
    this.uncommittedBytes = 0
    this.readOnly = new ReadOnly(this.readOnly.option)
  }

  trace(event: RaftTrace['event'], peer: MemberId = nobody, detail = ''): void {
    this.settings.trace?.({ event, id: this.id, term: this.term, peer, detail })
  }
}

const noFields: MessageFields = {}

/** Commits what earlier terms left (raft section 8): a leader's first entry. */
const emptyEntry: Entry = { term: 0, index: 0, type: 'EntryNormal', data: new Uint8Array(0) }
