import type { MemberId } from '../../base/brand.ts'
import type { Message } from '../core/message.ts'
import type { MemberState } from '../membership/join-guard.ts'
import type { MemberAddress } from '../membership/members.ts'
import type { SnapshotHeader } from '../wal/snapshot-files.ts'

/** How a member speaks to the others. Nothing here waits: what cannot be sent now is dropped. */
export interface Transport {
  /** Begins to listen and to dial. */
  start(handlers: TransportHandlers): Promise<void>
  /** Sends in order per receiver, or drops and reports `unreachable`: Raft repeats what matters. */
  send(messages: readonly Message[]): void
  /** Streams a snapshot. Resolves once the receiver has stored it; rejects when it has not. */
  sendSnapshot(
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void>
  /** Says anew, to everybody who listens, what this member says of itself when it connects. */
  greet(): void
  /** Whom to speak to. Links to members that are gone are closed. */
  setMembers(members: readonly MemberAddress[]): void
  stop(): Promise<void>
}

export interface TransportHandlers {
  /** What this member says of itself when it connects to `to`. */
  state(to: MemberId): MemberState
  /** A peer connected, or says of itself something else than before. Comes before its messages. */
  met(id: MemberId, state: MemberState): void
  /** `incarnation` is the one that the sender said when it connected. */
  message(message: Message, incarnation?: string): void
  /** Resolve once the snapshot is durable here: the sender is told so. */
  snapshot(
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void>
  /** A message to `id` was dropped. */
  unreachable(id: MemberId): void
  /**
   * The connection to `id` broke, or could not be made again. `refused`: its address answers that
   * nobody listens there, so its process is gone.
   */
  lost(id: MemberId, how: 'closed' | 'refused'): void
}
