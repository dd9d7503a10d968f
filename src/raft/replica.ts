import type { LogIndex, MemberId, Term } from '../base/brand.ts'

/**
 * The driver interface: all that the rest of a master sees of Raft. One implementation talks to the
 * Raft worker thread, another runs everything in the calling thread (tests, simulator).
 *
 * Who does what: the replica orders commands and makes them durable; the caller applies them, in order,
 * exactly as `committed` delivers them, and reports how far it is with `applied`.
 */
export interface Replica {
  readonly memberId: MemberId

  /**
   * Hands a command to the leader, wherever it is. Resolves when the leader's log took it or when a
   * follower sent it on; that is no promise of commit: the outcome shows when the entry is delivered.
   * Rejects with ServiceUnavailable when there is no leader or the member is over its limits.
   */
  propose(command: Uint8Array): Promise<void>

  /**
   * Linearizable read point (Raft section 6.4, ReadIndex): resolves with an index; a state that has
   * applied it reflects every write acknowledged anywhere before the call. Rejects with
   * ServiceUnavailable when no quorum confirms within the election timeout.
   */
  readIndex(): Promise<LogIndex>

  /** The caller's state machine has applied everything up to here. Gives back-pressure its figure. */
  applied(index: LogIndex): void

  /**
   * The state machine's image at `index`, to be written as a snapshot while commands go on. `blocks`
   * is read at the disk's pace; what comes after an empty one may be left out on the way to a member
   * of an earlier version. Resolves once the snapshot is durable and may replace the log before it.
   */
  saveSnapshot(index: LogIndex, term: Term, blocks: AsyncIterable<Uint8Array>): Promise<void>

  /**
   * The state that was computed from this member's log is wrong, for the reason `why`. It acknowledges
   * nothing more, durably notes that its data are void, and fails. The next start sets them aside and
   * begins empty and without a vote, until the others have given back what was committed.
   */
  discard(why: string): Promise<void>

  transferLeadership(to: MemberId): Promise<void>
  changeMembership(change: MembershipChange): Promise<void>
  status(): ReplicaStatus

  /** At most one listener set; events come in order. Set it before `start`. */
  listen(listener: ReplicaListener): void
  /** Opens the log, replays it through `restored` and `committed`, then joins the cluster. */
  start(): Promise<void>
  /** Hands leadership over if it can, syncs, closes. No event is delivered afterwards. */
  stop(): Promise<void>
}

export interface ReplicaListener {
  /** Committed commands, in log order, without gaps, each exactly once per start. */
  committed(entries: readonly CommittedEntry[]): void
  /**
   * The state is to be replaced by a snapshot: at start, or when this member had fallen too far behind.
   * Resolve once the new state is in place; `committed` goes on only then.
   */
  restored(index: LogIndex, term: Term, blocks: AsyncIterable<Uint8Array>): Promise<void>
  /** Role, term or leader changed. */
  leadership(view: LeadershipView): void
  /** The log says that a snapshot is due; the caller answers with saveSnapshot when it can. */
  snapshotWanted(): void
  /** The replica cannot go on (disk failed, log corrupt). It has stopped acknowledging. */
  failed(error: Error): void
}

export interface CommittedEntry {
  readonly index: LogIndex
  readonly term: Term
  /** Empty for entries that carry no command (a new leader's first entry, membership changes). */
  readonly command: Uint8Array
}

export type RaftRole = 'leader' | 'follower' | 'candidate' | 'pre-candidate' | 'learner'

export interface LeadershipView {
  readonly role: RaftRole
  readonly term: Term
  /** 0 when unknown. */
  readonly leader: MemberId
}

export interface ReplicaStatus extends LeadershipView {
  readonly memberId: MemberId
  readonly commitIndex: LogIndex
  readonly appliedIndex: LogIndex
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  /** Leader only: how far each member has acknowledged the log. */
  readonly progress: readonly { readonly memberId: MemberId; readonly matchIndex: LogIndex }[]
  readonly voters: readonly MemberId[]
  readonly learners: readonly MemberId[]
  /** 99th percentile of the last log syncs, in milliseconds. */
  readonly syncMsP99: number
  /** Syncs of the log since the start, and the bytes that they made durable. */
  readonly syncs: number
  readonly syncedBytes: number
  /** This member lost data, or is new: it does not vote until it holds what the cluster committed. */
  readonly withholdsVote?: boolean
  /** The last damage that was found in this member's data. */
  readonly damage?: ReplicaDamage
}

export interface ReplicaDamage {
  readonly what: string
  /** The last entry that was left, and the last one that is known to have been there. */
  readonly keptIndex: LogIndex
  readonly seenIndex: LogIndex
}

export interface MembershipChange {
  readonly kind: 'add-voter' | 'add-learner' | 'remove'
  readonly memberId: MemberId
  /** host:port for an added member. */
  readonly raftAddress?: string
}
