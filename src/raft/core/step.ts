import type { LogIndex } from '../../base/brand.ts'
import { encodeConfChange, leaveJointChange } from './conf-change-codec.ts'
import {
  committedNews,
  handleVoteRequest,
  hup,
  learnCommitted,
  leaseRefusesVote,
} from './election.ts'
import {
  entriesBytes,
  type Message,
  type MessageType,
  makeMessage,
  nobody,
  payloadBytes,
} from './message.ts'
import type { Raft } from './raft.ts'
import { stepCandidate } from './step-candidate.ts'
import { stepFollower } from './step-follower.ts'
import { type StepResult, stepLeader } from './step-leader.ts'

/** One message in; what follows from it is in the fields of `raft`, for the next Ready. */
export function step(raft: Raft, message: Message): StepResult {
  const result = stepByTerm(raft, message)
  // Only now: a vote that decides an election counts in the configuration that it was asked for.
  if (message.commitTerm > 0 && raft.settings.votesTellCommit) learnCommitted(raft, message)
  return result
}

function stepByTerm(raft: Raft, message: Message): StepResult {
  // Term 0: a message of this member to itself, or one that belongs to no term.
  if (message.term > raft.term) {
    if (!enterHigherTerm(raft, message)) return 'ok'
  } else if (message.term > 0 && message.term < raft.term) {
    answerLowerTerm(raft, message)
    return 'ok'
  }
  switch (message.type) {
    case 'MsgHup':
      hup(raft, raft.settings.preVote ? 'pre-election' : 'election')
      return 'ok'
    case 'MsgStorageAppendResp':
      if (message.index > 0) raft.log.unstable.stableTo(message.index, message.logTerm)
      storedSnapshot(raft, message)
      return 'ok'
    case 'MsgStorageApplyResp': {
      const last = message.entries.at(-1)
      if (last === undefined) return 'ok'
      appliedTo(raft, last.index, entriesBytes(message.entries))
      const bytes = payloadBytes(message.entries)
      raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes)
      return 'ok'
    }
    case 'MsgVote':
    case 'MsgPreVote':
      handleVoteRequest(raft, message)
      return 'ok'
  }
  if (raft.role === 'leader') return stepLeader(raft, message)
  if (raft.role === 'follower') return stepFollower(raft, message)
  return stepCandidate(raft, message)
}

/** Raft section 5.1: a higher term makes a follower. False when the message is to be ignored. */
function enterHigherTerm(raft: Raft, message: Message): boolean {
  const { type, term, from } = message
  if ((type === 'MsgVote' || type === 'MsgPreVote') && leaseRefusesVote(raft, message)) {
    raft.trace('lease-refused-vote', from, type)
    return false
  }
  // A pre-vote speaks of a term that nobody has entered yet; so does its granting.
  if (type === 'MsgPreVote' || (type === 'MsgPreVoteResp' && !message.reject)) return true
  const fromLeader = type === 'MsgApp' || type === 'MsgHeartbeat' || type === 'MsgSnap'
  raft.becomeFollower(term, fromLeader ? from : nobody)
  return true
}

function answerLowerTerm(raft: Raft, message: Message): void {
  const { type, from } = message
  const { checkQuorum, preVote } = raft.settings
  if ((checkQuorum || preVote) && (type === 'MsgHeartbeat' || type === 'MsgApp')) {
    // A leader of an earlier term cannot reach us by vote requests, which leases and pre-votes hold
    // back: our answer's term makes it step down.
    raft.send('MsgAppResp', from)
  } else if (type === 'MsgPreVote') {
    // Else a pre-candidate that is behind would wait for us, and two of them for each other.
    raft.send('MsgPreVoteResp', from, { term: raft.term, reject: true, ...committedNews(raft) })
  } else if (type === 'MsgStorageAppendResp') {
    // Entries may have been replaced since (the ABA case); a snapshot stays stored.
    storedSnapshot(raft, message)
  }
}

function storedSnapshot(raft: Raft, { snapshot }: Message): void {
  if (snapshot === undefined) return
  const { index } = snapshot.metadata
  raft.log.unstable.stableSnapshotTo(index)
  appliedTo(raft, index, 0)
}

function appliedTo(raft: Raft, index: LogIndex, bytes: number): void {
  const applied = Math.max(index, raft.log.applied)
  raft.log.appliedTo(applied, bytes)
  const { autoLeave } = raft.tracker.config
  if (!autoLeave || raft.role !== 'leader' || applied < raft.pendingConfIndex) return
  // The joint configuration is applied: leave it. Refused during a transfer; tried again later.
  const entry = { term: 0, index: 0, ...encodeConfChange(leaveJointChange) }
  step(raft, makeMessage('MsgProp', nobody, { entries: [entry] }))
}

/** One unit of time passed. */
export function tick(raft: Raft): void {
  raft.electionElapsedTicks += 1
  if (raft.role === 'leader') tickLeader(raft)
  else if (raft.promotable() && raft.electionElapsedTicks >= raft.randomizedElectionTicks) {
    raft.electionElapsedTicks = 0
    stepLocal(raft, 'MsgHup')
  }
}

function tickLeader(raft: Raft): void {
  raft.heartbeatElapsedTicks += 1
  if (raft.electionElapsedTicks >= raft.settings.electionTicks) {
    raft.electionElapsedTicks = 0
    if (raft.settings.checkQuorum) stepLocal(raft, 'MsgCheckQuorum')
    // Still leader, so the target of a transfer did not take over in time.
    if (isLeader(raft)) raft.transferee = nobody
  }
  if (!isLeader(raft) || raft.heartbeatElapsedTicks < raft.settings.heartbeatTicks) return
  raft.heartbeatElapsedTicks = 0
  stepLocal(raft, 'MsgBeat')
}

function isLeader(raft: Raft): boolean {
  return raft.role === 'leader'
}

function stepLocal(raft: Raft, type: MessageType): void {
  step(raft, makeMessage(type, raft.id, { from: raft.id }))
}
