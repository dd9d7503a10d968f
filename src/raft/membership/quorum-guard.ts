import type { MemberId } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import type { TrackerConfig } from '../core/tracker.ts'

export interface QuorumGuardOptions {
  readonly memberId: MemberId
  readonly clock: Clock
  /** Who was silent for longer counts as absent. */
  readonly silenceMaxMs: number
  /** Whether a member that connected has its vote; this one included. */
  readonly votes: (id: MemberId) => boolean
}

/**
 * Keeps a leader from changing the voters to some of whom no quorum could elect the next leader, as
 * etcd's strict-reconfig-check does: of the voters that a change would leave, a majority must be there
 * and have their votes. A member that withholds its vote (join-guard.ts) answers, and counts for
 * commits, but two voters of which one withholds its vote are lost when the other restarts.
 */
export class QuorumGuard {
  readonly #options: QuorumGuardOptions
  readonly #heardMs = new Map<MemberId, number>()

  constructor(options: QuorumGuardOptions) {
    this.#options = options
  }

  heard(id: MemberId): void {
    this.#heardMs.set(id, this.#options.clock.monotonicMs())
  }

  /** Why the voters must not become those of `next`; undefined when they may. */
  refusal(next: TrackerConfig, now: TrackerConfig): string | undefined {
    const { incoming } = next.voters
    if (incoming.join() === now.voters.incoming.join()) return undefined
    const unable = incoming.filter((id) => !this.#isAble(id))
    const quorum = Math.floor(incoming.length / 2) + 1
    if (incoming.length - unable.length >= quorum) return undefined
    return (
      `of the voters ${incoming.join(', ')} that would be left, ${quorum} must be there and have ` +
      `their votes; member ${unable.join(', ')} is away or withholds its vote`
    )
  }

  #isAble(id: MemberId): boolean {
    const { memberId, clock, silenceMaxMs, votes } = this.#options
    if (id === memberId) return votes(id)
    const heardMs = this.#heardMs.get(id) ?? Number.NEGATIVE_INFINITY
    return votes(id) && clock.monotonicMs() - heardMs <= silenceMaxMs
  }
}
