import { assert } from '../../base/assert.ts'
import type { LogIndex, MemberId } from '../../base/brand.ts'
import { asV2, encodeConfChange } from './conf-change-codec.ts'
import type { RaftConfig } from './config.ts'
import { hintLeaderLost } from './election.ts'
import { applyConfChange } from './membership.ts'
import type {
  ConfChange,
  ConfState,
  Entry,
  HardState,
  Message,
  MessageFields,
  MessageType,
  Snapshot,
} from './message.ts'
import {
  appendThreadId,
  applyThreadId,
  draftMessage,
  entriesBytes,
  isEmptySnapshot,
  isLocalMessage,
  isResponseMessage,
  isStorageThread,
  makeMessage,
  nobody,
} from './message.ts'
import type { ProgressState } from './progress.ts'
import { Raft, type SoftState } from './raft.ts'
import type { ReadState } from './read-only.ts'
import { step, tick } from './step.ts'
import { confChangeRefusal, type StepResult } from './step-leader.ts'
import type { TrackerConfig } from './tracker.ts'

export type { RaftConfig } from './config.ts'
export type { Role, SoftState } from './raft.ts'
export type { ReadState } from './read-only.ts'

/**
 * One turn's work for the driver. Without asyncStorageWrites: make snapshot, entries and hard state
 * durable, in this order, send `messages`, apply `committedEntries`, call advance(). With it, all
 * storage work is in `messages` to the storage threads; the other fields are for information.
 */
export interface Ready {
  /** Present when leader or role changed. Need not be stored. */
  readonly softState: SoftState | undefined
  /** Present when it changed. */
  readonly hardState: HardState | undefined
  readonly readStates: readonly ReadState[]
  readonly entries: readonly Entry[]
  /** Replaces log and state machine; before anything else of this turn. */
  readonly snapshot: Snapshot | undefined
  readonly committedEntries: readonly Entry[]
  readonly messages: readonly Message[]
  /** Whether storing must end in a sync: not when only the commit index moved. */
  readonly mustSync: boolean
}

export interface RaftStatus extends HardState, SoftState {
  readonly id: MemberId
  readonly applied: LogIndex
  readonly lastIndex: LogIndex
  readonly isLearner: boolean
  readonly transferee: MemberId
  readonly config: TrackerConfig
  /** On a leader, ascending by id; else empty. */
  readonly progress: readonly MemberStatus[]
}

export interface MemberStatus {
  readonly id: MemberId
  readonly match: LogIndex
  readonly next: LogIndex
  readonly state: ProgressState
  readonly isLearner: boolean
  readonly paused: boolean
  readonly pendingSnapshot: LogIndex
  readonly recentActive: boolean
  readonly inflightMessages: number
  readonly inflightFull: boolean
}

/**
 * `local`: a peer sent what only this member may tell itself. `unknown-peer`: an answer from somebody
 * who is not a member. Both were ignored.
 */
export type NodeStepResult = StepResult | 'local' | 'unknown-peer'

/** The Raft core behind one door: steps and ticks in, Ready out. Synchronous and deterministic. */
export class RawNode {
  /** For this folder and its tests; drivers have no need of it. */
  readonly raft: Raft
  readonly #async: boolean
  #softState: SoftState
  #hardState: HardState
  #stepsOnAdvance: Message[] = []

  constructor(config: RaftConfig) {
    this.raft = new Raft(config)
    this.#async = this.raft.settings.asyncStorageWrites
    this.#softState = this.raft.softState()
    this.#hardState = this.raft.hardState()
  }

  tick(): void {
    tick(this.raft)
  }

  /** Campaigns now, by pre-vote if that is configured. */
  campaign(): void {
    this.#local('MsgHup')
  }

  /** Proposes one command. `dropped`: no leader known, transfer under way, or the limit is reached. */
  propose(data: Uint8Array): StepResult {
    return this.proposeAll([data])
  }

  /** Proposes several commands, which get consecutive indexes: all of them or none. */
  proposeAll(commands: readonly Uint8Array[]): StepResult {
    const entries = commands.map(
      (data): Entry => ({ term: 0, index: 0, type: 'EntryNormal', data }),
    )
    return this.#local('MsgProp', { from: this.raft.id, entries })
  }

  /**
   * Proposes a membership change. One that comes while another is under way, or that does not fit a
   * joint configuration, ends up as an empty entry instead.
   */
  proposeConfChange(change: ConfChange): StepResult {
    const entry: Entry = { term: 0, index: 0, ...encodeConfChange(change) }
    return this.#local('MsgProp', { entries: [entry] })
  }

  /** On the leader: why this membership change would be refused now; undefined when it would not. */
  confChangeRefusal(change: ConfChange): string | undefined {
    return this.raft.role === 'leader' ? confChangeRefusal(this.raft, asV2(change)) : undefined
  }

  /**
   * A member says that it lost what it acknowledged: on a leader, that counts no more (ours, not
   * etcd's). Returns whether it had acknowledged anything.
   */
  forgetMatch(id: MemberId): boolean {
    const { role, tracker, log } = this.raft
    const progress = tracker.progress.get(id)
    if (role !== 'leader' || !progress || progress.match === 0) return false
    progress.match = 0
    progress.pendingSnapshot = 0
    progress.becomeProbe()
    // What it kept is found from its answer to this, instead of sending everything from the start.
    progress.next = log.lastIndex() + 1
    return true
  }

  /**
   * To be called for every committed membership entry, in order, before the entries are reported as
   * applied; decode it with decodeConfChange. Returns what to save with the next snapshot. Best
   * called as soon as the entry is handed out: once a snapshot was received, changes from before it
   * are ignored, and what is returned belongs to that snapshot.
   */
  applyConfChange(change: ConfChange): ConfState {
    return applyConfChange(this.raft, asV2(change))
  }

  /** A message from a peer or a storage thread. */
  step(message: Message): NodeStepResult {
    const fromStorage = isStorageThread(message.from)
    if (isLocalMessage(message.type) && !fromStorage) return 'local'
    if (
      isResponseMessage(message.type) &&
      !fromStorage &&
      !this.raft.tracker.progress.has(message.from)
    )
      return 'unknown-peer'
    return step(this.raft, message)
  }

  hasReady(): boolean {
    const { raft } = this
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      raft.log.unstable.hasNext() ||
      raft.log.hasNextCommittedEntries(!this.#async) ||
      raft.log.unstable.nextSnapshot() !== undefined ||
      raft.readStates.length > 0 ||
      !sameSoftState(raft.softState(), this.#softState) ||
      !sameHardState(raft.hardState(), this.#hardState)
    )
  }

  /** Takes the work that has come together. Without async storage, call advance() before the next. */
  ready(): Ready {
    const { raft } = this
    const { log } = raft
    assert(this.#stepsOnAdvance.length === 0, 'advance() comes between two calls of ready()')
    const softState = raft.softState()
    const hardState = raft.hardState()
    const entries = log.unstable.next()
    const snapshot = log.unstable.nextSnapshot()
    const ready = {
      softState: sameSoftState(softState, this.#softState) ? undefined : softState,
      hardState: sameHardState(hardState, this.#hardState) ? undefined : hardState,
      readStates: raft.readStates,
      entries,
      snapshot: isEmptySnapshot(snapshot) ? undefined : snapshot,
      committedEntries: log.nextCommittedEntries(!this.#async),
      messages: raft.messages,
      mustSync:
        entries.length > 0 ||
        hardState.vote !== this.#hardState.vote ||
        hardState.term !== this.#hardState.term,
    }
    if (this.#async) this.#addStorageMessages(ready)
    else this.#keepForAdvance(ready)
    this.#accept(ready)
    return ready
  }

  #addStorageMessages(ready: Ready & { readonly messages: Message[] }): void {
    const { raft } = this
    const { entries, hardState, snapshot, committedEntries } = ready
    const { messagesAfterAppend } = raft
    if (
      entries.length > 0 ||
      hardState !== undefined ||
      snapshot !== undefined ||
      messagesAfterAppend.length > 0
    ) {
      const answer = this.#appendAnswer(snapshot)
      if (answer !== undefined) messagesAfterAppend.push(answer)
      const message = draftMessage(
        'MsgStorageAppend',
        appendThreadId,
        raft.id,
        hardState?.term ?? 0,
      )
      message.entries = entries
      message.vote = hardState?.vote ?? nobody
      message.commit = hardState?.commit ?? 0
      message.snapshot = snapshot
      message.responses = messagesAfterAppend
      ready.messages.push(message)
    }
    if (committedEntries.length === 0) return
    const message = draftMessage('MsgStorageApply', applyThreadId, raft.id, 0)
    message.entries = committedEntries
    message.responses = [this.#applyAnswer(committedEntries)]
    ready.messages.push(message)
  }

  /** Without storage threads, what they would answer is kept until advance(). */
  #keepForAdvance(ready: Ready & { readonly messages: Message[] }): void {
    for (const message of this.raft.messagesAfterAppend) {
      if (message.to === this.raft.id) this.#stepsOnAdvance.push(message)
      else ready.messages.push(message)
    }
    const answer = this.#appendAnswer(ready.snapshot)
    if (answer !== undefined) this.#stepsOnAdvance.push(answer)
    if (ready.committedEntries.length > 0)
      this.#stepsOnAdvance.push(this.#applyAnswer(ready.committedEntries))
  }

  /**
   * Says that all that is unstable now is durable. It carries our term: when the term moves on before
   * the answer is back, entries may have been replaced, and the answer must not count for them.
   */
  #appendAnswer(snapshot: Snapshot | undefined): Message | undefined {
    const { raft } = this
    const hasEntries = raft.log.unstable.count > 0
    if (!hasEntries && snapshot === undefined) return undefined
    const answer = draftMessage('MsgStorageAppendResp', raft.id, appendThreadId, raft.term)
    if (hasEntries) {
      const last = raft.log.lastEntryId()
      answer.index = last.index
      answer.logTerm = last.term
    }
    answer.snapshot = snapshot
    return answer
  }

  #applyAnswer(entries: readonly Entry[]): Message {
    const answer = draftMessage('MsgStorageApplyResp', this.raft.id, applyThreadId, 0)
    answer.entries = entries
    return answer
  }

  #accept(ready: Ready): void {
    const { raft } = this
    this.#softState = ready.softState ?? this.#softState
    this.#hardState = ready.hardState ?? this.#hardState
    raft.readStates = []
    raft.messages = []
    raft.messagesAfterAppend = []
    raft.log.unstable.acceptInProgress()
    const last = ready.committedEntries.at(-1)
    if (last === undefined) return
    raft.log.acceptApplying(last.index, entriesBytes(ready.committedEntries), !this.#async)
  }

  /** The last Ready is durable, sent and applied. Not with asyncStorageWrites. */
  advance(): void {
    assert(!this.#async, 'with async storage, answers are stepped in one by one')
    const steps = this.#stepsOnAdvance
    this.#stepsOnAdvance = []
    for (const message of steps) step(this.raft, message)
  }

  /**
   * Asks for an index at which a read is linearizable; it comes back with `context` in readStates, or
   * never (no leader, leader changed, message lost): the caller asks again with a new context.
   */
  readIndex(context: Uint8Array): void {
    const entries: Entry[] = [{ term: 0, index: 0, type: 'EntryNormal', data: context }]
    this.#local('MsgReadIndex', { entries })
  }

  /** Hands leadership to `to`, within one election timeout or not at all. */
  transferLeadership(to: MemberId): void {
    this.#local('MsgTransferLeader', { from: to })
  }

  /** Makes a follower willing to vote for others at once, without campaigning itself. */
  forgetLeader(): void {
    this.#local('MsgForgetLeader')
  }

  /** A message to `id` could not be sent. */
  reportUnreachable(id: MemberId): void {
    this.#local('MsgUnreachable', { from: id })
  }

  /** A snapshot reached `id`, or failed to. Must be called once per MsgSnap. */
  reportSnapshot(id: MemberId, ok: boolean): void {
    this.#local('MsgSnapStatus', { from: id, reject: !ok })
  }

  /**
   * The connection to the leader broke. Call with `campaigns` false at once, so that this member
   * grants votes to others who noticed too; and with true, staggered between members, to campaign by
   * pre-vote. Again true: asks again. Returns whether the hint concerned our leader; else no effect.
   */
  hintLeaderLost(leaderId: MemberId, campaigns = true): boolean {
    return hintLeaderLost(this.raft, leaderId, campaigns)
  }

  status(): RaftStatus {
    const { raft } = this
    return {
      id: raft.id,
      ...raft.hardState(),
      ...raft.softState(),
      applied: raft.log.applied,
      lastIndex: raft.log.lastIndex(),
      isLearner: raft.isLearner,
      transferee: raft.transferee,
      config: raft.tracker.config,
      progress: raft.role === 'leader' ? this.#progress() : [],
    }
  }

  #progress(): readonly MemberStatus[] {
    return [...this.raft.tracker.progress].map(([id, one]) => ({
      id,
      match: one.match,
      next: one.next,
      state: one.state,
      isLearner: one.isLearner,
      paused: one.isPaused(),
      pendingSnapshot: one.pendingSnapshot,
      recentActive: one.recentActive,
      inflightMessages: one.inflights.count,
      inflightFull: one.inflights.full(),
    }))
  }

  #local(type: MessageType, fields: MessageFields = {}): StepResult {
    return step(this.raft, makeMessage(type, nobody, fields))
  }
}

function sameSoftState(one: SoftState, other: SoftState): boolean {
  return one.leader === other.leader && one.role === other.role
}

function sameHardState(one: HardState, other: HardState): boolean {
  return one.term === other.term && one.vote === other.vote && one.commit === other.commit
}
