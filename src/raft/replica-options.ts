import type { MemberId } from '../base/brand.ts'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import type { FlightEmit } from '../base/flight-record.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { MemberAddress } from './membership/members.ts'
import type { PeerCredentials } from './wire/peer-identity.ts'
import type { Transport } from './wire/transport.ts'

/** What every replica needs, as plain data: it can cross into a thread. */
export interface ReplicaSettings {
  readonly clusterId: string
  readonly memberId: MemberId
  /** The common name of this member's certificate. */
  readonly memberName: string
  /**
   * The members that the cluster began with; the same list for every member, a joining one too. It
   * counts at the first start only: later the log and its snapshots say who belongs.
   */
  readonly members: readonly MemberAddress[]
  /** host:port to listen on; the member's own address in `members` when left out. */
  readonly listenAddress?: string
  readonly dataDirectory: string
  readonly tls: PeerCredentials
  readonly tickMs: number
  readonly heartbeatTicks: number
  readonly electionTicks: number
  /** Applied entries between snapshots; limits.snapshotEntriesInterval when left out. */
  readonly snapshotEntriesInterval?: number
  /** Entries kept before a snapshot for members that lag; limits.snapshotTrailingEntries. */
  readonly snapshotTrailingEntries?: number
  readonly walSegmentBytes?: number
  /** How large an append to a follower may be, and how many may be on their way; as in limits. */
  readonly appends?: { readonly bytesMax: number; readonly inflightMax: number }
}

export interface ReplicaOptions extends ReplicaSettings {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly logger: Logger
  readonly emit: FlightEmit
  /** Mutual TLS over TCP when left out. */
  readonly transport?: Transport
  /** Holds the data directory for this replica; by default against every process of this host. */
  readonly lock?: (directory: string) => Promise<() => Promise<void>>
}
