import { assert, present } from '../../base/assert.ts'
import type { LogIndex, MemberId } from '../../base/brand.ts'
import { entersJoint, leavesJoint } from './conf-change-codec.ts'
import type { ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState } from './message.ts'
import { Progress } from './progress.ts'
import { ascending, jointIds, type Majority } from './quorum.ts'
import type { Tracker, TrackerConfig } from './tracker.ts'

/** What a membership change builds on. */
export interface ConfBase {
  readonly config: TrackerConfig
  readonly progress: ReadonlyMap<MemberId, Progress>
  /** Of the local log: where probing of a new member starts. */
  readonly lastIndex: LogIndex
  readonly tracker: Tracker
}

export interface ConfOutcome {
  readonly config: TrackerConfig
  readonly progress: ReadonlyMap<MemberId, Progress>
}

/** A change that does not fit the configuration; `message` says why. The base is untouched. */
export class ConfChangeError extends Error {
  override readonly name = 'ConfChangeError'
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConfChangeError(message)
}

/** A configuration while it is being changed. */
interface Draft {
  incoming: Set<MemberId>
  outgoing: Set<MemberId>
  learners: Set<MemberId>
  learnersNext: Set<MemberId>
  autoLeave: boolean
  readonly progress: Map<MemberId, Progress>
  readonly base: ConfBase
}

/** Applies whatever the change asks for: simple, entering or leaving a joint configuration. */
export function applyChange(base: ConfBase, change: ConfChangeV2): ConfOutcome {
  if (leavesJoint(change)) return leaveJoint(base)
  const joint = entersJoint(change)
  if (joint === 'no') return simple(base, change.changes)
  return enterJoint(base, joint === 'auto-leave', change.changes)
}

/** At most one voter changes: any old and any new majority still overlap (thesis section 4.1). */
export function simple(base: ConfBase, changes: readonly ConfChangeSingle[]): ConfOutcome {
  const draft = open(base)
  check(draft.outgoing.size === 0, "can't apply simple config change in joint config")
  apply(draft, changes)
  check(
    differences(new Set(base.config.voters.incoming), draft.incoming) <= 1,
    'more than one voter changed without entering joint config',
  )
  return close(draft)
}

/** The current voters become the outgoing half, `changes` make the incoming one (section 6). */
export function enterJoint(
  base: ConfBase,
  autoLeave: boolean,
  changes: readonly ConfChangeSingle[],
): ConfOutcome {
  const draft = open(base)
  check(draft.outgoing.size === 0, 'config is already joint')
  check(draft.incoming.size > 0, "can't make a zero-voter config joint")
  draft.outgoing = new Set(draft.incoming)
  apply(draft, changes)
  draft.autoLeave = autoLeave
  return close(draft)
}

/** The incoming half alone decides from now on. */
export function leaveJoint(base: ConfBase): ConfOutcome {
  const draft = open(base)
  check(draft.outgoing.size > 0, "can't leave a non-joint config")
  for (const id of draft.learnersNext) {
    draft.learners.add(id)
    present(draft.progress.get(id), `the progress of ${id}`).isLearner = true
  }
  draft.learnersNext.clear()
  for (const id of draft.outgoing)
    if (!draft.incoming.has(id) && !draft.learners.has(id)) draft.progress.delete(id)
  draft.outgoing.clear()
  draft.autoLeave = false
  return close(draft)
}

/** Rebuilds a configuration from nothing, as a snapshot or a restart has it. */
export function restore(tracker: Tracker, lastIndex: LogIndex, state: ConfState): ConfOutcome {
  const incoming = [
    ...toChanges('ConfChangeRemoveNode', state.votersOutgoing),
    ...toChanges('ConfChangeAddNode', state.voters),
    ...toChanges('ConfChangeAddLearnerNode', state.learners),
    ...toChanges('ConfChangeAddLearnerNode', state.learnersNext),
  ]
  let base: ConfBase = { config: tracker.config, progress: tracker.progress, lastIndex, tracker }
  const add = (change: ConfChangeSingle): void => {
    base = { ...base, ...simple(base, [change]) }
  }
  if (state.votersOutgoing.length === 0) for (const change of incoming) add(change)
  else {
    // Build the outgoing half first, one voter at a time, then step into the joint configuration.
    for (const change of toChanges('ConfChangeAddNode', state.votersOutgoing)) add(change)
    base = { ...base, ...enterJoint(base, state.autoLeave, incoming) }
  }
  const { config, progress } = base
  assert(sameConfState(configState(config), state), 'a restored membership equals the saved one')
  return { config, progress }
}

function configState(config: TrackerConfig): ConfState {
  return {
    voters: config.voters.incoming,
    votersOutgoing: config.voters.outgoing,
    learners: config.learners,
    learnersNext: config.learnersNext,
    autoLeave: config.autoLeave,
  }
}

/** Equal but for the order of ids. */
export function sameConfState(one: ConfState, other: ConfState): boolean {
  const key = (state: ConfState): string =>
    [
      ascending(state.voters).join(),
      ascending(state.votersOutgoing).join(),
      ascending(state.learners).join(),
      ascending(state.learnersNext).join(),
      state.autoLeave,
    ].join(';')
  return key(one) === key(other)
}

function toChanges(type: ConfChangeType, ids: Majority): readonly ConfChangeSingle[] {
  return ids.map((nodeId) => ({ type, nodeId }))
}

function open(base: ConfBase): Draft {
  const { voters, learners, learnersNext, autoLeave } = base.config
  const progress = new Map<MemberId, Progress>()
  for (const [id, one] of base.progress) progress.set(id, one.clone())
  const draft: Draft = {
    incoming: new Set(voters.incoming),
    outgoing: new Set(voters.outgoing),
    learners: new Set(learners),
    learnersNext: new Set(learnersNext),
    // Decided anew by every change.
    autoLeave: false,
    progress,
    base,
  }
  checkInvariants({ ...draft, autoLeave })
  return draft
}

function close(draft: Draft): ConfOutcome {
  checkInvariants(draft)
  return {
    config: {
      voters: { incoming: ascending(draft.incoming), outgoing: ascending(draft.outgoing) },
      learners: ascending(draft.learners),
      learnersNext: ascending(draft.learnersNext),
      autoLeave: draft.autoLeave,
    },
    progress: draft.progress,
  }
}

function apply(draft: Draft, changes: readonly ConfChangeSingle[]): void {
  for (const { type, nodeId } of changes) {
    // Node 0 marks a change that was voided between proposal and application.
    if (nodeId === 0) continue
    if (type === 'ConfChangeAddNode') makeVoter(draft, nodeId)
    else if (type === 'ConfChangeAddLearnerNode') makeLearner(draft, nodeId)
    else if (type === 'ConfChangeRemoveNode') remove(draft, nodeId)
  }
  check(draft.incoming.size > 0, 'removed all voters')
}

function makeVoter(draft: Draft, id: MemberId): void {
  const progress = draft.progress.get(id)
  if (progress === undefined) addProgress(draft, id, false)
  else progress.isLearner = false
  draft.learners.delete(id)
  draft.learnersNext.delete(id)
  draft.incoming.add(id)
}

/** A voter of the outgoing half keeps its vote until the joint configuration is left. */
function makeLearner(draft: Draft, id: MemberId): void {
  const progress = draft.progress.get(id)
  if (progress === undefined) {
    addProgress(draft, id, true)
    draft.learners.add(id)
    return
  }
  if (progress.isLearner) return
  remove(draft, id)
  draft.progress.set(id, progress)
  if (draft.outgoing.has(id)) draft.learnersNext.add(id)
  else {
    progress.isLearner = true
    draft.learners.add(id)
  }
}

function remove(draft: Draft, id: MemberId): void {
  draft.incoming.delete(id)
  draft.learners.delete(id)
  draft.learnersNext.delete(id)
  if (!draft.outgoing.has(id)) draft.progress.delete(id)
}

function addProgress(draft: Draft, id: MemberId, isLearner: boolean): void {
  const progress = new Progress({
    match: 0,
    // One before the end: a new member mostly needs a snapshot, and the first probe finds out.
    next: Math.max(draft.base.lastIndex, 1),
    isLearner,
    // Else a check of the quorum right after the change could depose a healthy leader.
    recentActive: true,
    inflights: draft.base.tracker.newInflights(),
  })
  draft.progress.set(id, progress)
}

function checkInvariants(draft: Omit<Draft, 'base'>): void {
  const { incoming, outgoing, learners, learnersNext, progress } = draft
  const voters = jointIds({ incoming: [...incoming], outgoing: [...outgoing] })
  for (const id of [...voters, ...learners, ...learnersNext])
    check(progress.has(id), `no progress for ${id}`)
  for (const id of learnersNext) {
    check(outgoing.has(id), `${id} is in LearnersNext, but not Voters[1]`)
    const isLearner = progress.get(id)?.isLearner === true
    check(!isLearner, `${id} is in LearnersNext, but is already marked as learner`)
  }
  for (const id of learners) {
    check(!outgoing.has(id), `${id} is in Learners and Voters[1]`)
    check(!incoming.has(id), `${id} is in Learners and Voters[0]`)
    const isLearner = progress.get(id)?.isLearner === true
    check(isLearner, `${id} is in Learners, but is not marked as learner`)
  }
  if (outgoing.size > 0) return
  check(learnersNext.size === 0, 'LearnersNext must be empty when not joint')
  check(!draft.autoLeave, 'AutoLeave must be false when not joint')
}

function differences(one: ReadonlySet<MemberId>, other: ReadonlySet<MemberId>): number {
  let count = 0
  for (const id of one) if (!other.has(id)) count += 1
  for (const id of other) if (!one.has(id)) count += 1
  return count
}
