import { present } from '../../base/assert.ts'
import { hup } from './election.ts'
import { restoreSnapshot } from './membership.ts'
import { type Message, nobody } from './message.ts'
import type { Raft } from './raft.ts'
import type { StepResult } from './step-leader.ts'

export function stepFollower(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case 'MsgProp':
      if (raft.leader === nobody || raft.settings.disableProposalForwarding) return 'dropped'
      forward(raft, message)
      return 'ok'
    case 'MsgApp':
    case 'MsgHeartbeat':
    case 'MsgSnap':
      raft.electionElapsedTicks = 0
      raft.leader = message.from
      // Whatever the driver thought: it is there.
      raft.lostLeader = nobody
      stepFromLeader(raft, message)
      return 'ok'
    case 'MsgTransferLeader':
    case 'MsgReadIndex':
      if (raft.leader !== nobody) forward(raft, message)
      return 'ok'
    case 'MsgForgetLeader':
      // Lease-based reads rely on followers that stand by their leader.
      if (raft.readOnly.option === 'lease-based' || raft.leader === nobody) return 'ok'
      raft.trace('leader-forgotten', raft.leader)
      raft.leader = nobody
      return 'ok'
    case 'MsgTimeoutNow':
      hup(raft, 'transfer')
      return 'ok'
    case 'MsgReadIndexResp': {
      const context = present(message.entries[0], "a read answer's context").data
      raft.readStates.push({ index: message.index, context })
      return 'ok'
    }
  }
  return 'ok'
}

function forward(raft: Raft, message: Message): void {
  const { type, from, entries, context } = message
  raft.send(type, raft.leader, { from, entries, context })
}

/** Messages that only a leader of this term sends. */
export function stepFromLeader(raft: Raft, message: Message): void {
  if (message.type === 'MsgApp') handleAppend(raft, message)
  else if (message.type === 'MsgHeartbeat') handleHeartbeat(raft, message)
  else if (message.type === 'MsgSnap') handleSnapshot(raft, message)
}

function handleAppend(raft: Raft, message: Message): void {
  const { log } = raft
  const { from, index, logTerm, entries, commit } = message
  if (index < log.committed) {
    // Old news: tell how far we are instead.
    raft.send('MsgAppResp', from, { index: log.committed })
    return
  }
  const lastNew = log.maybeAppend({ index, term: logTerm }, entries, commit)
  if (lastNew !== undefined) {
    const answer = raft.draft('MsgAppResp', from)
    answer.index = lastNew
    raft.sendMessage(answer)
    return
  }
  // Skip whole terms: no entry of ours after the hint can match (raft section 5.3).
  const hint = log.findConflictByTerm(Math.min(index, log.lastIndex()), logTerm)
  raft.send('MsgAppResp', from, {
    index,
    reject: true,
    rejectHint: hint.index,
    logTerm: hint.term,
  })
}

function handleHeartbeat(raft: Raft, { from, commit, context }: Message): void {
  raft.log.commitTo(commit)
  raft.send('MsgHeartbeatResp', from, { context })
}

function handleSnapshot(raft: Raft, { from, snapshot }: Message): void {
  const restored = restoreSnapshot(raft, present(snapshot, 'the snapshot of a MsgSnap'))
  const index = restored ? raft.log.lastIndex() : raft.log.committed
  raft.send('MsgAppResp', from, { index })
}
