import { applyChange, type ConfOutcome, restore } from './conf-change.ts'
import type { ConfChangeV2, ConfState, Snapshot } from './message.ts'
import { nobody } from './message.ts'
import { jointIds } from './quorum.ts'
import type { Raft } from './raft.ts'
import { broadcastAppend, maybeCommit, maybeSendAppend } from './replication.ts'
import { emptyTrackerConfig } from './tracker.ts'

/** Makes an applied membership change effective. Throws ConfChangeError when it does not fit. */
export function applyConfChange(raft: Raft, change: ConfChangeV2): ConfState {
  const { tracker } = raft
  // Behind a received snapshot nothing is handed out, so this change is from before it: the
  // snapshot's membership contains it already.
  if (raft.log.unstable.snapshot !== undefined) return tracker.confState()
  const { config, progress } = tracker
  const base = { config, progress, lastIndex: raft.log.lastIndex(), tracker }
  return switchToConfig(raft, applyChange(base, change))
}

function switchToConfig(raft: Raft, outcome: ConfOutcome): ConfState {
  const { tracker } = raft
  tracker.switchTo(outcome.config, outcome.progress)
  const own = tracker.progress.get(raft.id)
  raft.isLearner = own?.isLearner === true
  raft.trace('config-switched')
  const confState = tracker.confState()
  if (raft.role !== 'leader') return confState
  if (own === undefined || raft.isLearner) {
    // Without step-down, a removed leader goes on leading without counting itself (section 6).
    if (raft.settings.stepDownOnRemoval) raft.becomeFollower(raft.term, nobody)
    return confState
  }
  // A smaller quorum may commit more; and new members want the log at once.
  if (maybeCommit(raft)) broadcastAppend(raft)
  else
    for (const id of tracker.progress.keys()) if (id !== raft.id) maybeSendAppend(raft, id, false)
  if (!jointIds(tracker.config.voters).includes(raft.transferee)) raft.transferee = nobody
  return confState
}

/**
 * Takes over a received snapshot. False when it brings nothing: it is older than what is committed,
 * our log holds it already, or it is not meant for us.
 */
export function restoreSnapshot(raft: Raft, snapshot: Snapshot): boolean {
  const { index, term, confState } = snapshot.metadata
  const { log, tracker } = raft
  if (index <= log.committed) return false
  if (raft.role !== 'follower') {
    // Cannot happen while messages are handled in order; step aside rather than lose log.
    raft.becomeFollower(raft.term + 1, nobody)
    return false
  }
  const { voters, learners, votersOutgoing } = confState
  if (![...voters, ...learners, ...votersOutgoing].includes(raft.id)) return false
  if (log.matches({ index, term })) {
    log.commitTo(index)
    return false
  }
  log.restore(snapshot)
  tracker.switchTo(emptyTrackerConfig, new Map())
  switchToConfig(raft, restore(tracker, log.lastIndex(), confState))
  raft.trace('snapshot-restored', nobody, `index ${index}`)
  return true
}
