import { type Clock, delay } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import type { Replica } from '../../../raft/replica.ts'
import { noticeMs } from './membership.ts'

export interface GracefulStopParts {
  readonly replica: Pick<Replica, 'memberId' | 'status' | 'transferLeadership'>
  readonly clock: Clock
  readonly logger: Logger
  /** Ends watches, lets requests finish. */
  readonly drain: () => Promise<void>
}

/**
 * How a master ends without any client's request failing: it says that it is not ready and sends each
 * client away with its next answer, gives its leadership to another, goes on serving until balancers
 * have noticed, and ends its watches. Only then does it stop listening. Each step has a bound.
 */
export class GracefulStop {
  readonly #parts: GracefulStopParts
  #hasBegun = false

  constructor(parts: GracefulStopParts) {
    this.#parts = parts
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** The check of /readyz. */
  check(): void {
    if (this.#hasBegun) throw new Error('process is shutting down')
  }

  /** Resolves when nobody is served any more who was not told. */
  async run(): Promise<void> {
    const { clock, drain } = this.#parts
    this.#hasBegun = true
    if (this.#others().length === 0) return drain()
    const noticed = delay(clock, noticeMs)
    await this.#handOver()
    await noticed
    await drain()
  }

  /** Voters that could lead in its place, the one with the longest log first. */
  #others() {
    const { memberId, voters, progress } = this.#parts.replica.status()
    const matched = new Map(progress.map((one) => [one.memberId, one.matchIndex]))
    const indexOf = (id: (typeof voters)[number]) => matched.get(id) ?? 0
    return voters.filter((id) => id !== memberId).sort((a, b) => indexOf(b) - indexOf(a))
  }

  async #handOver(): Promise<void> {
    const { replica, logger } = this.#parts
    for (const to of this.#others()) {
      if (replica.status().role !== 'leader') return
      try {
        await replica.transferLeadership(to)
        return
      } catch (error) {
        logger.info({ to, error: String(error) }, 'did not take over leadership')
      }
    }
  }
}
