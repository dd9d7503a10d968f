import { assert } from '../../base/assert.ts'
import { applyChange, ConfChangeError } from './conf-change.ts'
import { decodeConfChange } from './conf-change-codec.ts'
import { type ConfChangeV2, type Entry, type Message, noBytes, nobody } from './message.ts'
import type { Progress } from './progress.ts'
import type { Raft } from './raft.ts'
import { confirmReads, handleReadIndex, releasePendingReads } from './reads.ts'
import {
  broadcastAppend,
  broadcastHeartbeat,
  maybeCommit,
  maybeSendAppend,
  sendAppend,
  sendTimeoutNow,
} from './replication.ts'

/** `dropped`: the proposal is not in the log and never will be; the caller may try again. */
export type StepResult = 'ok' | 'dropped'

export function stepLeader(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case 'MsgBeat':
      broadcastHeartbeat(raft)
      return 'ok'
    case 'MsgCheckQuorum':
      checkQuorum(raft)
      return 'ok'
    case 'MsgProp':
      return propose(raft, message.entries)
    case 'MsgReadIndex':
      handleReadIndex(raft, message)
      return 'ok'
    case 'MsgForgetLeader':
      return 'ok'
  }
  const progress = raft.tracker.progress.get(message.from)
  if (progress !== undefined) stepFromMember(raft, message, progress)
  return 'ok'
}

function stepFromMember(raft: Raft, message: Message, progress: Progress): void {
  switch (message.type) {
    case 'MsgAppResp':
      progress.recentActive = true
      if (message.reject) handleAppendRejected(raft, message, progress)
      else handleAppendAccepted(raft, message, progress)
      return
    case 'MsgHeartbeatResp':
      progress.recentActive = true
      progress.paused = false
      // An answer from a member that lacks entries may mean that an append was lost.
      if (progress.match < raft.log.lastIndex() || progress.state === 'probe')
        sendAppend(raft, message.from)
      confirmReads(raft, message)
      return
    case 'MsgSnapStatus':
      if (progress.state !== 'snapshot') return
      // A failed one is as if it had never been sent.
      if (message.reject) progress.pendingSnapshot = 0
      progress.becomeProbe()
      // Sent or not, wait for a sign of life before the next append.
      progress.paused = true
      return
    case 'MsgUnreachable':
      // What was sent ahead is probably lost.
      if (progress.state === 'replicate') progress.becomeProbe()
      return
    case 'MsgTransferLeader':
      startTransfer(raft, message, progress)
      return
  }
}

/** A leader that no quorum answered since the last check steps down (thesis section 6.2). */
function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) {
    raft.trace('quorum-inactive')
    raft.becomeFollower(raft.term, nobody)
  }
  for (const [id, progress] of raft.tracker.progress)
    if (id !== raft.id) progress.recentActive = false
}

function propose(raft: Raft, proposals: readonly Entry[]): StepResult {
  assert(proposals.length > 0, 'a proposal has an entry')
  // Removed from the cluster: this leader may finish, but must not start anything.
  if (!raft.tracker.progress.has(raft.id)) return 'dropped'
  // The log must stand still for the next leader to catch up with it (thesis section 3.10).
  if (raft.transferee !== nobody) return 'dropped'
  if (!raft.appendEntries(admitConfChanges(raft, proposals))) return 'dropped'
  broadcastAppend(raft)
  return 'ok'
}

/** At most one membership change is under way: one that comes too early becomes an empty entry. */
function admitConfChanges(raft: Raft, proposals: readonly Entry[]): readonly Entry[] {
  if (proposals.every(({ type }) => type === 'EntryNormal')) return proposals
  const first = raft.log.lastIndex() + 1
  return proposals.map((entry, at) => {
    const change = decodeConfChange(entry)
    const refusal = change && confChangeRefusal(raft, change)
    if (refusal !== undefined) {
      raft.trace('proposal-refused', nobody, refusal)
      return { ...entry, type: 'EntryNormal', data: noBytes }
    }
    if (entry.type !== 'EntryNormal') raft.pendingConfIndex = first + at
    return entry
  })
}

/** Why a leader cannot propose this membership change now; undefined when it can. */
export function confChangeRefusal(raft: Raft, change: ConfChangeV2): string | undefined {
  if (raft.settings.disableConfChangeValidation) return undefined
  const isJoint = raft.tracker.config.voters.outgoing.length > 0
  const leaves = change.changes.length === 0
  if (raft.pendingConfIndex > raft.log.applied)
    return `a membership change at index ${raft.pendingConfIndex} may not be applied yet`
  if (isJoint && !leaves) return 'the joint configuration must be left first'
  if (!isJoint && leaves) return 'there is no joint configuration to leave'
  return outcomeRefusal(raft, change)
}

/** Nothing is under way, so this change will be applied to what holds now: what fails then fails here. */
function outcomeRefusal(raft: Raft, change: ConfChangeV2): string | undefined {
  const { tracker, settings } = raft
  const { config, progress } = tracker
  const base = { config, progress, lastIndex: raft.log.lastIndex(), tracker }
  try {
    return settings.refuseConfig(applyChange(base, change).config, config)
  } catch (error) {
    if (error instanceof ConfChangeError) return error.message
    throw error
  }
}

/** Section 5.3: go back to where the logs may agree, a whole term at a time. */
function handleAppendRejected(raft: Raft, message: Message, progress: Progress): void {
  const hint =
    message.logTerm > 0
      ? raft.log.findConflictByTerm(message.rejectHint, message.logTerm).index
      : message.rejectHint
  if (!progress.maybeDecreaseTo(message.index, hint)) return
  if (progress.state === 'replicate') progress.becomeProbe()
  sendAppend(raft, message.from)
}

function handleAppendAccepted(raft: Raft, message: Message, progress: Progress): void {
  const { from, index } = message
  // In probe, even an acknowledgement that tells nothing new ends the search.
  const confirmsProbe = progress.match === index && progress.state === 'probe'
  if (!progress.maybeUpdate(index) && !confirmsProbe) return
  leaveWaitingStates(raft, progress, index)
  const isOther = from !== raft.id
  if (maybeCommit(raft)) {
    releasePendingReads(raft)
    broadcastAppend(raft)
  } else if (isOther && progress.canBumpCommit(raft.log.committed)) sendAppend(raft, from)
  // The window may have opened: fill it.
  if (isOther) while (maybeSendAppend(raft, from, false));
  if (from === raft.transferee && progress.match === raft.log.lastIndex())
    sendTimeoutNow(raft, from)
}

function leaveWaitingStates(raft: Raft, progress: Progress, index: number): void {
  if (progress.state === 'probe') progress.becomeReplicate()
  else if (progress.state === 'replicate') progress.inflights.freeUpTo(index)
  // The member has what our log still continues, by whatever snapshot it came there.
  else if (progress.match + 1 >= raft.log.firstIndex()) {
    progress.becomeProbe()
    progress.becomeReplicate()
  }
}

/** Thesis section 3.10: bring the target up to date, then let it campaign at once. */
function startTransfer(raft: Raft, { from: target }: Message, progress: Progress): void {
  if (progress.isLearner || raft.transferee === target) return
  raft.transferee = nobody
  if (target === raft.id) return
  raft.trace('transfer-started', target)
  // It should end within one election timeout; then it is given up.
  raft.electionElapsedTicks = 0
  raft.transferee = target
  if (progress.match === raft.log.lastIndex()) sendTimeoutNow(raft, target)
  else sendAppend(raft, target)
}
