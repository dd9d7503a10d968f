import { assert } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { LeadershipView, MembershipChange, ReplicaStatus } from '../../raft/replica.ts'
import type { EtcdStore, Txn, TxnResult } from '../../state/cluster-store.ts'
import type { FrozenState } from '../../state/snapshot/snapshot.ts'
import type { KeySpace } from './key-space.ts'
import type { ResponseHeader } from './wire/kv-messages.ts'
import type { Draft } from './wire/message-type.ts'

/** What the listener needs of a store: api/raft-store/proposer.ts has it. */
export interface ListenerStore extends EtcdStore {
  readonly leadership: LeadershipView
  /** Calls `listener` with the view of now and with every later one. Returns how to end that. */
  onLeadership(listener: (view: LeadershipView) => void): () => void
}

export interface MemberAddresses {
  readonly id: number
  readonly name: string
  readonly raftAddress: string
  readonly etcdAddress: string
}

/** What the listener needs of this member of the cluster and of the others. */
export interface EtcdMember {
  /** Every master of the configuration; whether it belongs to the cluster now, `status` says. */
  readonly masters: readonly MemberAddresses[]
  status(): ReplicaStatus
  transferLeadership(to: MemberId): Promise<void>
  /**
   * At whichever member leads. Resolves with who belongs to the cluster then. One that is to go hands over
   * and sends its clients elsewhere first. Rejects with a StatusError, a Conflict when it cannot be.
   */
  changeMembership(change: MembershipChange): Promise<Pick<ReplicaStatus, 'voters' | 'learners'>>
  /** Bytes of current keys and values, and how many there may be. */
  storeBytes(): { readonly used: number; readonly max: number }
  /** A transaction of reads alone, on what this member has applied. Throws as the store's view does. */
  readTxn(txn: Txn): TxnResult
  /** Of this process. */
  residentBytes(): number
  /** Of everything applied so far: equal on members at the same index. */
  stateHash(): string
  /** The whole state as it is now and what is known of its past; later writes do not show in it. */
  freezeHistory(): FrozenState
}

/** What every service of the listener is made with. */
export interface EtcdContext {
  readonly store: ListenerStore
  readonly member: EtcdMember
  readonly keys: KeySpace
  readonly watches: OpenWatches
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What looks at this member from outside is made with. */
export type Monitored = Pick<EtcdContext, 'store' | 'member' | 'watches'>

/** Of answers about the cluster and not about keys: they carry no revision. */
export function clusterHeader(context: EtcdContext): Draft<ResponseHeader> {
  return { ...headerAt(context), revision: 0 }
}

export function headerAt(
  { clusterId, memberId, store }: EtcdContext,
  revision: number = store.view.revision,
): ResponseHeader {
  return { clusterId, memberId, revision, raftTerm: store.leadership.term }
}

/** How many watches of etcd's clients this member has open, of all its connections together. */
export class OpenWatches {
  #count = 0

  get count(): number {
    return this.#count
  }

  /** False when there are too many. */
  take(): boolean {
    if (this.#count >= limits.etcdWatchesPerMemberMax) return false
    this.#count += 1
    return true
  }

  give(): void {
    assert(this.#count > 0, 'a watch that ends was open')
    this.#count -= 1
  }
}
