import { assert, present } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import type {
  ConfChange,
  ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  ConfChangeV2,
  Entry,
  EntryType,
} from './message.ts'
import { noBytes } from './message.ts'

/**
 * Membership changes as bytes: the only entries that the core itself reads.
 * Layout: transition (1 byte), number of changes (2, little endian), then per change type (1) and
 * node id (8), then the context. No bytes at all mean "leave the joint configuration", which no size
 * limit can refuse.
 */
const types: readonly ConfChangeType[] = [
  'ConfChangeAddNode',
  'ConfChangeRemoveNode',
  'ConfChangeUpdateNode',
  'ConfChangeAddLearnerNode',
]
const transitions: readonly ConfChangeTransition[] = [
  'ConfChangeTransitionAuto',
  'ConfChangeTransitionJointImplicit',
  'ConfChangeTransitionJointExplicit',
]
const headBytes = 3
const changeBytes = 9

export const leaveJointChange: ConfChangeV2 = {
  transition: 'ConfChangeTransitionAuto',
  changes: [],
  context: noBytes,
}

export function asV2(change: ConfChange): ConfChangeV2 {
  if ('changes' in change) return change
  return {
    transition: 'ConfChangeTransitionAuto',
    changes: [{ type: change.type, nodeId: change.nodeId }],
    context: change.context,
  }
}

export function encodeConfChange(change: ConfChange): {
  readonly type: EntryType
  readonly data: Uint8Array
} {
  const type = 'changes' in change ? 'EntryConfChangeV2' : 'EntryConfChange'
  const { transition, changes, context } = asV2(change)
  if (leavesJoint(asV2(change)) && context.byteLength === 0) return { type, data: noBytes }
  const data = new Uint8Array(headBytes + changes.length * changeBytes + context.byteLength)
  const view = new DataView(data.buffer)
  view.setUint8(0, transitions.indexOf(transition))
  view.setUint16(1, changes.length, true)
  changes.forEach((single, at) => {
    const offset = headBytes + at * changeBytes
    view.setUint8(offset, types.indexOf(single.type))
    view.setUint32(offset + 1, single.nodeId % 2 ** 32, true)
    view.setUint32(offset + 5, Math.floor(single.nodeId / 2 ** 32), true)
  })
  data.set(context, headBytes + changes.length * changeBytes)
  return { type, data }
}

/** Undefined for an entry that is no membership change. Malformed bytes break an invariant. */
export function decodeConfChange(entry: Entry): ConfChangeV2 | undefined {
  if (entry.type === 'EntryNormal') return undefined
  const { data } = entry
  if (data.byteLength === 0) return leaveJointChange
  assert(data.byteLength >= headBytes, 'a membership change has a head')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const transition = present(transitions[view.getUint8(0)], 'the transition of a change')
  const count = view.getUint16(1, true)
  const contextAt = headBytes + count * changeBytes
  assert(data.byteLength >= contextAt, 'a membership change has all its changes')
  const changes = Array.from({ length: count }, (_, at): ConfChangeSingle => {
    const offset = headBytes + at * changeBytes
    const nodeId: MemberId =
      view.getUint32(offset + 1, true) + view.getUint32(offset + 5, true) * 2 ** 32
    return { type: present(types[view.getUint8(offset)], 'the type of a change'), nodeId }
  })
  return { transition, changes, context: data.subarray(contextAt) }
}

/** True for the change that says nothing but "leave". */
export function leavesJoint(change: ConfChangeV2): boolean {
  return change.transition === 'ConfChangeTransitionAuto' && change.changes.length === 0
}

/**
 * Whether the change goes through a joint configuration: when asked for, and for more than one
 * change. `auto-leave` when it ends by itself.
 */
export function entersJoint(change: ConfChangeV2): 'no' | 'auto-leave' | 'explicit-leave' {
  if (change.transition === 'ConfChangeTransitionJointExplicit') return 'explicit-leave'
  if (change.transition === 'ConfChangeTransitionJointImplicit') return 'auto-leave'
  return change.changes.length > 1 ? 'auto-leave' : 'no'
}
