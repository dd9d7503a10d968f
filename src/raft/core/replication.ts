import { assert, present } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import { type ConfState, isEmptySnapshot, payloadBytes } from './message.ts'
import type { Progress } from './progress.ts'
import type { Raft } from './raft.ts'

/** The leader's sending side: appends, heartbeats, snapshots (raft sections 5.3 and 7). */

/** Sends an append even when it carries no entry: it still brings the commit index. */
export function sendAppend(raft: Raft, to: MemberId): void {
  maybeSendAppend(raft, to, true)
}

/** False when nothing was sent: the member is paused, or has all and `sendIfEmpty` is false. */
export function maybeSendAppend(raft: Raft, to: MemberId, sendIfEmpty: boolean): boolean {
  const progress = present(raft.tracker.progress.get(to), `the progress of ${to}`)
  if (progress.isPaused()) return false
  const { log } = raft
  const index = progress.next - 1
  const logTerm = log.term(index)
  if (logTerm === undefined) return maybeSendSnapshot(raft, to, progress)
  // With a full window an empty append still goes out, so that a lost one is noticed.
  const full = progress.state === 'replicate' && progress.inflights.full()
  const entries = full ? [] : log.entriesFrom(progress.next, raft.settings.messageBytesMax)
  if ((entries === undefined || entries.length === 0) && !sendIfEmpty) return false
  if (entries === undefined) return maybeSendSnapshot(raft, to, progress)
  const message = raft.draft('MsgApp', to)
  message.index = index
  message.logTerm = logTerm
  message.entries = entries
  message.commit = log.committed
  raft.sendMessage(message)
  progress.sentEntries(entries.length, payloadBytes(entries))
  progress.sentCommit = log.committed
  return true
}

function maybeSendSnapshot(raft: Raft, to: MemberId, progress: Progress): boolean {
  // To a member that does not answer, a snapshot would only be lost.
  if (!progress.recentActive) return false
  const snapshot = raft.log.snapshot()
  if (snapshot === undefined) return false
  assert(!isEmptySnapshot(snapshot), 'where entries were compacted there is a snapshot')
  // It would refuse one from before it was added: wait for a newer one.
  if (!mentions(snapshot.metadata.confState, to)) {
    raft.trace('snapshot-too-old', to, `index ${snapshot.metadata.index}`)
    return false
  }
  progress.becomeSnapshot(snapshot.metadata.index)
  raft.send('MsgSnap', to, { snapshot })
  raft.trace('snapshot-sent', to, `index ${snapshot.metadata.index}`)
  return true
}

function mentions(state: ConfState, id: MemberId): boolean {
  const { voters, votersOutgoing, learners } = state
  return voters.includes(id) || votersOutgoing.includes(id) || learners.includes(id)
}

export function broadcastAppend(raft: Raft): void {
  for (const id of raft.tracker.progress.keys()) if (id !== raft.id) sendAppend(raft, id)
}

export function broadcastHeartbeat(raft: Raft): void {
  const context = raft.readOnly.heartbeatContext()
  for (const [id, progress] of raft.tracker.progress) {
    if (id === raft.id) continue
    // Never past what the member is known to have: its log behind that may differ from ours.
    const commit = Math.min(progress.match, raft.log.committed)
    raft.send('MsgHeartbeat', id, { commit, context })
    progress.sentCommit = commit
  }
}

/** Commits what a quorum has made durable; true when the commit index moved. */
export function maybeCommit(raft: Raft): boolean {
  return raft.log.maybeCommit({ term: raft.term, index: raft.tracker.committed() })
}

export function sendTimeoutNow(raft: Raft, to: MemberId): void {
  raft.send('MsgTimeoutNow', to)
}
