import { type Clock, delay } from '../../../base/clock.ts'
import { probePeriodMs } from '../../../client/balancer.ts'
import type { Replica } from '../../../raft/replica.ts'

/** Time for every balancer to probe this master, and for the answer to a slow probe. */
export const noticeMs = 1.5 * probePeriodMs
/** A leave that no removal followed is over then: the order to remove was refused, or never came. */
const leaveMsMax = 30_000

/** What a master of a cluster knows about its own place in it. */
export class Membership {
  readonly #clock: Clock
  readonly #replica: Replica
  #leavingSinceMs: number | undefined

  constructor(replica: Replica, clock: Clock) {
    this.#replica = replica
    this.#clock = clock
  }

  /**
   * Clients are to go elsewhere, before this master is taken out of the cluster: a write that is under
   * way in a master that is no member any more would have an unknown outcome. Resolves when balancers
   * have noticed and `drain` is done; until then everything is served as ever.
   */
  async leave(drain: () => Promise<void>): Promise<void> {
    this.#leavingSinceMs = this.#clock.monotonicMs()
    await delay(this.#clock, noticeMs)
    await drain()
  }

  /**
   * False for a master that was taken out of the cluster, or is not yet in: it can answer nothing. So it is
   * for a moment after every start, until the Raft thread has told who belongs.
   */
  belongs(): boolean {
    const { memberId, voters, learners } = this.#replica.status()
    return voters.includes(memberId) || learners.includes(memberId)
  }

  /** False while clients had better go to another master: this one leaves, has left or is not yet in. */
  stays(): boolean {
    if (!this.belongs()) {
      this.#leavingSinceMs = undefined
      return false
    }
    const sinceMs = this.#leavingSinceMs
    return sinceMs === undefined || this.#clock.monotonicMs() - sinceMs >= leaveMsMax
  }

  /** The check of /livez. */
  checkStays(): void {
    if (!this.stays()) throw new Error('this master leaves its cluster, or is no member of it')
  }
}
