import type { MemberId, Term } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import type { FlightEmit } from '../../base/flight-record.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { RawNode, Ready } from '../core/raw-node.ts'
import type { Waits } from '../queues/waits.ts'
import type { LeadershipView } from '../replica.ts'
import { successorOf } from './handover.ts'
import { LeaderLoss } from './leader-loss.ts'

export interface LeadershipOptions {
  readonly memberId: MemberId
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly emit: FlightEmit
  readonly tickMs: number
  readonly electionTicks: number
  readonly waits: Waits
  /** Undefined before the start and after the end. */
  readonly node: () => RawNode | undefined
  readonly voters: () => readonly MemberId[]
  readonly maySeek: () => boolean
  /** Something was stepped into the core: a turn is due. */
  readonly schedule: () => void
  readonly changed: (view: LeadershipView, before: LeadershipView) => void
}

/** Who leads, as this member sees it; how it looks for a leader, and how it leaves when it is one. */
export class Leadership {
  readonly #options: LeadershipOptions
  readonly #loss: LeaderLoss
  #view: LeadershipView = { role: 'follower', term: 0 as Term, leader: 0 as MemberId }
  #isLeaving = false

  constructor(options: LeadershipOptions) {
    const { clock, random, memberId, voters } = options
    this.#options = options
    this.#loss = new LeaderLoss({
      ...{ clock, random, memberId, voters },
      hint: (leader, campaigns) => this.#hint(leader, campaigns),
      campaign: () => this.#campaign(),
    })
  }

  get view(): LeadershipView {
    return this.#view
  }

  get isLeader(): boolean {
    return this.#view.role === 'leader'
  }

  /** How long a successor gets to take over. */
  get handOverMs(): number {
    return this.#electionMs * 1.5
  }

  /** The term that the log holds at a start. */
  begin(term: Term): void {
    this.#set({ ...this.#view, term })
  }

  update(ready: Ready, node: RawNode): void {
    const { role, leader } = ready.softState ?? this.#view
    const term = ready.hardState?.term ?? this.#view.term
    const follows = role === 'follower' || role === 'learner'
    const own = follows ? (node.raft.isLearner ? 'learner' : 'follower') : role
    if (own === this.#view.role && leader === this.#view.leader && term === this.#view.term) return
    this.#set({ role: own, term, leader })
    this.#options.waits.look()
  }

  /** The connection to a member broke. */
  lost(id: MemberId, how: 'closed' | 'refused'): void {
    this.#loss.lost(id, how)
  }

  /** After a start nobody need wait for a timeout: pre-votes disturb no leader that there may be. */
  seek(): void {
    if (this.#view.leader === 0 && this.#options.node() && this.#options.maySeek())
      this.#loss.lost(0 as MemberId, 'refused')
  }

  /** A leader whose disk stands still keeps everybody waiting: another one may do better. */
  leaveIfStalled(stalledMs: number): void {
    const { logger, emit, node } = this.#options
    if (!this.isLeader || !node() || this.#isLeaving || stalledMs < this.#electionMs) return
    logger.warn({ stalledMs }, 'the disk stands still: leadership is handed over')
    emit('raft', 'disk-stalled', { term: this.#view.term, detail: { stalledMs } })
    this.#isLeaving = true
    void this.handOver().then(() => {
      this.#isLeaving = false
    })
  }

  /** Gives leadership to the voter that is furthest, if there is one. Works while the log fails. */
  async handOver(node = this.#options.node()): Promise<void> {
    if (!node) return
    const successor = successorOf(node, this.#options.voters())
    if (successor === undefined) return
    node.transferLeadership(successor)
    this.#options.schedule()
    await this.#options.waits.until(() => !this.isLeader, this.handOverMs)
  }

  stop(): void {
    this.#loss.stop()
  }

  #set(view: LeadershipView): void {
    const before = this.#view
    this.#view = view
    this.#options.changed(view, before)
  }

  #hint(leader: MemberId, campaigns: boolean): boolean {
    const concerned = this.#options.node()?.hintLeaderLost(leader, campaigns) ?? false
    if (concerned) this.#options.schedule()
    return concerned
  }

  #campaign(): boolean {
    const node = this.#options.node()
    if (!node || this.#view.leader !== 0) return false
    const { vote, electionElapsedTicks } = node.raft
    const isNew = electionElapsedTicks * 2 < this.#options.electionTicks
    // Whoever has our vote gets some time to make use of it.
    if (vote === 0 || vote === this.#options.memberId || !isNew) node.campaign()
    this.#options.schedule()
    return true
  }

  get #electionMs(): number {
    return this.#options.tickMs * this.#options.electionTicks
  }
}
