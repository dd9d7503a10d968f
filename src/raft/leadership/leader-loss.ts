import type { MemberId } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'

export interface LeaderLossOptions {
  readonly clock: Clock
  readonly random: Random
  readonly memberId: MemberId
  readonly voters: () => readonly MemberId[]
  /** RawNode.hintLeaderLost, and a turn. */
  readonly hint: (leader: MemberId, campaigns: boolean) => boolean
  /** RawNode.campaign when no leader is known, and a turn. False when there is one. */
  readonly campaign: () => boolean
}

/** Far enough apart that the first has won before the second asks. */
const staggerMs = 20
/** Votes that were split or lost are asked for again long before the election timeout. */
const againMs = 30
const attemptsMax = 16

/**
 * Turns a broken connection into an election within milliseconds. When it closes, this member becomes
 * willing to vote; when the address then refuses, so that the process is gone, the members campaign
 * one after the other, by pre-vote, which disturbs nobody if it was wrong.
 */
export class LeaderLoss {
  readonly #options: LeaderLossOptions
  #timer: Timer | undefined

  constructor(options: LeaderLossOptions) {
    this.#options = options
  }

  lost(peer: MemberId, how: 'closed' | 'refused'): void {
    if (how === 'closed') {
      this.#options.hint(peer, false)
      return
    }
    const { memberId, voters, random } = this.#options
    const rank = voters()
      .filter((id) => id !== peer)
      .toSorted((left, right) => left - right)
      .indexOf(memberId)
    if (rank < 0) return
    const waitMs = rank === 0 ? 0 : rank * staggerMs + random.fraction() * (staggerMs / 4)
    this.#campaign(peer, waitMs, attemptsMax)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #campaign(peer: MemberId, waitMs: number, attemptsLeft: number): void {
    this.#timer?.cancel()
    const ask = () => {
      this.#timer = undefined
      const { hint, campaign, random } = this.#options
      if (attemptsLeft === 0 || !(hint(peer, true) || campaign())) return
      // Asking anew drops the answers under way: ever more time, for where they take longer.
      const patience = Math.max(1, attemptsMax - attemptsLeft - 1)
      this.#campaign(peer, againMs * patience * (1 + 2 * random.fraction()), attemptsLeft - 1)
    }
    if (waitMs === 0) ask()
    else this.#timer = this.#options.clock.after(waitMs, ask)
  }
}
