import { isDeepStrictEqual } from 'node:util'
import type { MemberId } from '../../base/brand.ts'
import { type Clock, delay } from '../../base/clock.ts'
import { isStatus, statusError } from '../../base/status.ts'
import { refusal } from '../../client/response-status.ts'
import { bodyBytes, type Transport } from '../../client/transport.ts'
import type { MembershipChange, Replica, ReplicaStatus } from '../../raft/replica.ts'
import { type RaftOrder, raftPath } from './raft-routes.ts'

/** Who belongs to the cluster, as the member knows it that obeyed. */
export type Members = Pick<ReplicaStatus, 'voters' | 'learners'>

/** Has a master obey. Rejects with its StatusError. */
export async function sendOrder(transport: Transport, order: RaftOrder): Promise<Members> {
  const answer = await transport.send({
    ...{ method: 'POST', path: raftPath, body: Buffer.from(JSON.stringify(order)) },
    headers: new Map([['content-type', 'application/json']]),
  })
  if (answer.status !== 200) throw await refusal(answer)
  return JSON.parse(Buffer.from(await bodyBytes(answer.body)).toString()) as Members
}

export interface RaftOrdersOptions {
  readonly replica: Pick<Replica, 'status'>
  readonly clock: Clock
  /** Has a master obey, this one or another. Rejects with a StatusError. */
  readonly give: (memberId: MemberId, order: RaftOrder) => Promise<Members>
}

const takeOverMsMax = 15_000
/** Who asks this member next is to see what was changed; one that was taken out never sees it. */
const seenMsMax = 1_000
const lookMs = 50

/**
 * Changes of membership that any master can be asked for: the leader carries them out. A member that is to
 * go is treated as `kijabi raft remove` does: as leader it hands over, its clients go elsewhere, then it is
 * taken out.
 */
export class RaftOrders {
  readonly #options: RaftOrdersOptions

  constructor(options: RaftOrdersOptions) {
    this.#options = options
  }

  async change(change: MembershipChange): Promise<Members> {
    if (change.kind === 'remove') await this.#bidFarewell(change.memberId)
    const members = await this.#options.give(this.#leader(), change)
    await this.#when(seenMsMax, (status) =>
      isDeepStrictEqual(membersOf(status), membersOf(members)),
    )
    return members
  }

  async #bidFarewell(memberId: MemberId): Promise<void> {
    const { voters } = this.#options.replica.status()
    if (this.#leader() === memberId && voters.length > 1) await this.#depose(memberId)
    try {
      await this.#options.give(memberId, { kind: 'leave', memberId })
    } catch (error) {
      // One that does not answer has no clients.
      if (!isStatus(error, 'ServiceUnavailable', 'Timeout')) throw error
    }
  }

  /** Each voter is tried, this member first: one that is down cannot take over. */
  async #depose(leader: MemberId): Promise<void> {
    const { give, replica } = this.#options
    const { memberId: self, voters } = replica.status()
    const heirs = voters
      .filter((voter) => voter !== leader)
      .sort((left, right) => Number(right === self) - Number(left === self))
    let problem: unknown
    for (const memberId of heirs) {
      try {
        await give(leader, { kind: 'transfer', memberId })
        const isOver = await this.#when(
          takeOverMsMax,
          (now) => now.leader !== leader && now.leader !== 0,
        )
        if (isOver) return
      } catch (error) {
        if (!isStatus(error, 'ServiceUnavailable', 'Timeout')) throw error
        problem = error
      }
    }
    throw statusError(
      'ServiceUnavailable',
      `member ${leader} leads and nobody else took over (${String(problem ?? 'in time')}): nothing is changed`,
    )
  }

  /** False when this member does not come to see it in time. */
  async #when(msMax: number, isSeen: (status: ReplicaStatus) => boolean): Promise<boolean> {
    const { clock, replica } = this.#options
    const endMs = clock.monotonicMs() + msMax
    while (!isSeen(replica.status())) {
      if (clock.monotonicMs() >= endMs) return false
      await delay(clock, lookMs)
    }
    return true
  }

  #leader(): MemberId {
    const { leader } = this.#options.replica.status()
    if (leader === 0) throw statusError('ServiceUnavailable', 'the cluster has no leader')
    return leader
  }
}

function membersOf({ voters, learners }: Members): readonly (readonly MemberId[])[] {
  return [voters, learners].map((ids) => ids.toSorted((left, right) => left - right))
}
