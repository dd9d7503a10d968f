import { campaign } from './election.ts'
import { type Message, nobody } from './message.ts'
import type { Raft } from './raft.ts'
import { broadcastAppend } from './replication.ts'
import { stepFromLeader } from './step-follower.ts'
import type { StepResult } from './step-leader.ts'

/** Candidates and pre-candidates (raft section 5.2, thesis section 9.6). */
export function stepCandidate(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case 'MsgProp':
      return 'dropped'
    case 'MsgApp':
    case 'MsgHeartbeat':
    case 'MsgSnap':
      // Its term is ours: somebody else won this election.
      raft.becomeFollower(message.term, message.from)
      stepFromLeader(raft, message)
      return 'ok'
    case 'MsgPreVoteResp':
      if (raft.role === 'pre-candidate') countVote(raft, message)
      return 'ok'
    case 'MsgVoteResp':
      if (raft.role === 'candidate') countVote(raft, message)
      return 'ok'
  }
  return 'ok'
}

function countVote(raft: Raft, { from, reject }: Message): void {
  raft.tracker.recordVote(from, !reject)
  const result = raft.tracker.voteResult()
  if (result === 'lost') raft.becomeFollower(raft.term, nobody)
  if (result !== 'won') return
  if (raft.role === 'pre-candidate') {
    campaign(raft, 'election')
    return
  }
  raft.becomeLeader()
  broadcastAppend(raft)
}
