import { assert, present } from '../../base/assert.ts'
import type { LogIndex } from '../../base/brand.ts'
import { type Message, nobody } from './message.ts'
import type { Raft } from './raft.ts'
import { broadcastHeartbeat } from './replication.ts'

/** Linearizable reads without log entries (thesis section 6.4), on the leader. */

export function handleReadIndex(raft: Raft, message: Message): void {
  // Until its first commit a leader does not know what is committed: let reads wait for that. One
  // that is alone, too: after a restart its commit index may be from long before.
  if (committedInTerm(raft)) startRead(raft, message)
  else raft.pendingReads.push(message)
}

/** To be called when the commit index moved. */
export function releasePendingReads(raft: Raft): void {
  if (raft.pendingReads.length === 0) return
  assert(committedInTerm(raft), "waiting reads go on after the term's first commit")
  const waiting = raft.pendingReads
  raft.pendingReads = []
  for (const message of waiting) startRead(raft, message)
}

/** A heartbeat was echoed: answers the reads that a quorum now confirms. */
export function confirmReads(raft: Raft, message: Message): void {
  if (raft.readOnly.option !== 'safe' || message.context === undefined) return
  raft.readOnly.receiveAck(message.from, message.context)
  for (const { request, index } of raft.readOnly.takeConfirmed(raft.tracker.config.voters))
    answerRead(raft, request, index)
}

function startRead(raft: Raft, message: Message): void {
  if (raft.readOnly.option === 'lease-based' || raft.tracker.isSingleton()) {
    answerRead(raft, message, raft.log.committed)
    return
  }
  raft.readOnly.add(raft.log.committed, message)
  raft.readOnly.receiveAck(raft.id, raft.readOnly.heartbeatContext())
  broadcastHeartbeat(raft)
}

function answerRead(raft: Raft, request: Message, index: LogIndex): void {
  if (request.from !== nobody && request.from !== raft.id) {
    raft.send('MsgReadIndexResp', request.from, { index, entries: request.entries })
    return
  }
  const context = present(request.entries[0], "a read request's context").data
  raft.readStates.push({ index, context })
}

function committedInTerm(raft: Raft): boolean {
  return raft.log.term(raft.log.committed) === raft.term
}
