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
  /** Votes: the term of the entry at `commit`; 0 when nothing is said of what is committed. */
  readonly commitTerm: Term
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

/** The older shape: one change, never joint. Its entries have type EntryConfChange. */
export interface ConfChangeV1 {
  readonly type: ConfChangeType
  readonly nodeId: MemberId
  readonly context: Uint8Array
}

export type ConfChange = ConfChangeV1 | ConfChangeV2

/** Marks a campaign that the old leader asked for (thesis section 3.10): it overrides leases. */
export const transferContext: Uint8Array = new TextEncoder().encode('CampaignTransfer')

export const noBytes: Uint8Array = new Uint8Array(0)
const noEntries: readonly Entry[] = []
const noMessages: readonly Message[] = []

/** What a message may say beside its type and receiver; the rest keeps its empty value. */
export type MessageFields = Partial<Omit<Message, 'type' | 'to'>>

/** A message while it is being made. */
export type MessageDraft = { -readonly [Field in keyof Message]: Message[Field] }

/**
 * A message with every field present, so that all messages share one shape: they are made and read
 * for every command, and mixed shapes would cost more than everything else in this folder.
 */
export function draftMessage(
  type: MessageType,
  to: MemberId,
  from: MemberId,
  term: Term,
): MessageDraft {
  return {
    type,
    to,
    from,
    term,
    logTerm: 0,
    index: 0,
    entries: noEntries,
    commit: 0,
    commitTerm: 0,
    vote: nobody,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: undefined,
    responses: noMessages,
  }
}

export function makeMessage(type: MessageType, to: MemberId, fields: MessageFields = {}): Message {
  return Object.assign(draftMessage(type, to, nobody, 0), fields)
}

/** Types that only this member may hand to its own core; from a peer they are refused. */
const localTypes: ReadonlySet<MessageType> = new Set<MessageType>([
  'MsgHup',
  'MsgBeat',
  'MsgUnreachable',
  'MsgSnapStatus',
  'MsgCheckQuorum',
  'MsgStorageAppend',
  'MsgStorageAppendResp',
  'MsgStorageApply',
  'MsgStorageApplyResp',
])

const responseTypes: ReadonlySet<MessageType> = new Set<MessageType>([
  'MsgAppResp',
  'MsgVoteResp',
  'MsgHeartbeatResp',
  'MsgUnreachable',
  'MsgReadIndexResp',
  'MsgPreVoteResp',
  'MsgStorageAppendResp',
  'MsgStorageApplyResp',
])

export function isLocalMessage(type: MessageType): boolean {
  return localTypes.has(type)
}

export function isResponseMessage(type: MessageType): boolean {
  return responseTypes.has(type)
}

export function isStorageThread(id: MemberId): boolean {
  return id === appendThreadId || id === applyThreadId
}

/** A snapshot at index 0 says "nothing yet". */
export function isEmptySnapshot(snapshot: Snapshot | undefined): boolean {
  return snapshot === undefined || snapshot.metadata.index === 0
}

/** Fixed cost that every entry adds to a message or a batch, in bytes: term, index, type, length. */
const entryOverheadBytes = 16

/** Size of an entry as limits count it, in bytes. Never 0, so that a limit always bites. */
export function entryBytes(entry: Entry): number {
  return entry.data.byteLength + entryOverheadBytes
}

export function entriesBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  return bytes
}

/** Size of the commands alone, in bytes: an empty entry weighs nothing against proposal limits. */
export function payloadBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.data.byteLength
  return bytes
}

/** The longest prefix within `bytesMax`, but never less than one entry. Same array when it fits. */
export function limitEntries(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  const end = limitEnd(entries, 0, entries.length, bytesMax)
  return end === entries.length ? entries : entries.slice(0, end)
}

/** Where in [low, high) to cut, so that the entries before it are within `bytesMax`, or just one. */
export function limitEnd(
  entries: readonly Entry[],
  low: number,
  high: number,
  bytesMax: number,
): number {
  let bytes = 0
  for (let at = low; at < high; at += 1) {
    bytes += entryBytes(entries[at] as Entry)
    if (bytes > bytesMax && at > low) return at
  }
  return high
}
