import type { LogIndex, MemberId, Term } from '../../base/brand.ts'

/**
 * The data of the Raft core: plain objects, no methods. Names and meanings follow etcd-io/raft
 * (raftpb/raft.proto), so that its scripts and its readers feel at home.
 */
export type EntryType = 'EntryNormal' | 'EntryConfChange' | 'EntryConfChangeV2'

export interface Entry {
  readonly term: Term
  readonly index: LogIndex
  readonly type: EntryType
  /** Opaque to the core. Encoded once where the command was made; every hop reuses these bytes. */
  readonly data: Uint8Array
}

/** What must be durable before an answer to a vote or an append leaves this member. */
export interface HardState {
  readonly term: Term
  /** Whom this member voted for in `term`; 0 for nobody. */
  readonly vote: MemberId
  readonly commit: LogIndex
}

/** Membership as the log and snapshots carry it (raft section 6, joint consensus). */
export interface ConfState {
  readonly voters: readonly MemberId[]
  readonly votersOutgoing: readonly MemberId[]
  readonly learners: readonly MemberId[]
  readonly learnersNext: readonly MemberId[]
  readonly autoLeave: boolean
}

export interface SnapshotMetadata {
  readonly index: LogIndex
  readonly term: Term
  readonly confState: ConfState
}

/** The core moves metadata only; `data` is a handle that the driver resolves to a streamed file. */
export interface Snapshot {
  readonly metadata: SnapshotMetadata
  readonly data: Uint8Array
}

export type MessageType =
  | 'MsgHup'
  | 'MsgBeat'
  | 'MsgProp'
  | 'MsgApp'
  | 'MsgAppResp'
  | 'MsgVote'
  | 'MsgVoteResp'
  | 'MsgSnap'
  | 'MsgHeartbeat'
  | 'MsgHeartbeatResp'
  | 'MsgUnreachable'
  | 'MsgSnapStatus'
  | 'MsgCheckQuorum'
  | 'MsgTransferLeader'
  | 'MsgTimeoutNow'
  | 'MsgReadIndex'
  | 'MsgReadIndexResp'
  | 'MsgPreVote'
  | 'MsgPreVoteResp'
  | 'MsgStorageAppend'
  | 'MsgStorageAppendResp'
  | 'MsgStorageApply'
  | 'MsgStorageApplyResp'
  | 'MsgForgetLeader'

export interface Message {
  readonly type: MessageType
  readonly to: MemberId
  readonly from: MemberId
  readonly term: Term
  /** MsgApp: the term and index of the entry before `entries`. Other types as in raft.proto. */
  readonly logTerm: Term
  readonly index: LogIndex
  readonly entries: readonly Entry[]
  readonly commit: LogIndex
  readonly vote: MemberId
  readonly snapshot: Snapshot | undefined
  readonly reject: boolean
  readonly rejectHint: LogIndex
  /** Read requests and forced (transfer) campaigns. */
  readonly context: Uint8Array | undefined
  /** Storage messages: to be delivered once the storage work is durable. */
  readonly responses: readonly Message[]
}

/** Pseudo-members that storage messages are addressed to. */
export const appendThreadId = 0x7fff_ffff_ffff as MemberId
export const applyThreadId = 0x7fff_ffff_fffe as MemberId
export const nobody = 0 as MemberId

export type ConfChangeType =
  | 'ConfChangeAddNode'
  | 'ConfChangeRemoveNode'
  | 'ConfChangeUpdateNode'
  | 'ConfChangeAddLearnerNode'

export interface ConfChangeSingle {
  readonly type: ConfChangeType
  readonly nodeId: MemberId
}

export type ConfChangeTransition =
  | 'ConfChangeTransitionAuto'
  | 'ConfChangeTransitionJointImplicit'
  | 'ConfChangeTransitionJointExplicit'

export interface ConfChangeV2 {
  readonly transition: ConfChangeTransition
  readonly changes: readonly ConfChangeSingle[]
  readonly context: Uint8Array
}
