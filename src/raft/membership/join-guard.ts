import type { LogIndex, MemberId, Term } from '../../base/brand.ts'
import type { Message } from '../core/message.ts'
import type { RawNode } from '../core/raw-node.ts'

/** What members tell each other about their data when they connect. */
export interface MemberState {
  /** Made with the data directory: another one means that the earlier data are lost. */
  readonly incarnation: string
  /** It has a term, a vote or entries, or it voted in an earlier life. */
  readonly holds: boolean
  /** Data directories that were empty together with its own, at the birth of the cluster. */
  readonly founders: readonly string[]
  /** It withholds its vote. Who gets it says so to everybody anew. */
  readonly withholds?: boolean
}

export interface JoinGuardOptions {
  readonly memberId: MemberId
  readonly joined: boolean
  readonly incarnation: string
  /** It knows that it lost data: it is no stranger to the cluster, and none of its founders. */
  readonly wasDamaged: boolean
  /** Whether this member has a term, a vote or entries by now. */
  readonly holds: () => boolean
  readonly voters: () => readonly MemberId[]
  /** Whom the cluster began with: all of them take part in its birth. */
  readonly firstMembers: readonly MemberId[]
  readonly node: () => RawNode
  /** A read index, which the leader answers after it has met this incarnation. Rejects without one. */
  readonly readIndex: () => Promise<LogIndex>
  /** Known from an earlier start: data directories that were empty together with ours. */
  readonly founders: readonly string[]
  /** Makes durable that this member votes from now on, and with whom the cluster was born. */
  readonly remember: (founders: readonly string[]) => Promise<void>
  /** It votes from now on. */
  readonly onJoined: () => void
  /** A birth has waited for these for long. Called once. */
  readonly waitsFor: (absent: readonly MemberId[]) => void
}

const birthNoticeTicks = 500

const voteTypes: ReadonlySet<Message['type']> = new Set<Message['type']>([
  'MsgVote',
  'MsgVoteResp',
  'MsgPreVote',
  'MsgPreVoteResp',
  'MsgTimeoutNow',
])

/**
 * Keeps a member that may have lost data out of elections until its vote is safe. It may have voted and
 * acknowledged entries that it no longer holds: with its forgetful vote, a majority could elect a leader
 * that lacks committed entries. So it votes only
 *   - when the cluster is being born: every member that it begins with is there, as empty as this one
 *     or a witness that this one was; or
 *   - when it holds everything that was committed when a leader first took it in, up to an entry of
 *     that leader's own term, and up to a read index that this leader gave after it met this
 *     incarnation. From then on no leader counts what was acknowledged before the loss.
 * The argument is in docs/adr/0005.
 */
export class JoinGuard {
  readonly #options: JoinGuardOptions
  readonly #peers = new Map<MemberId, MemberState>()
  /** Data directories that were empty together with ours. */
  readonly #founders: Set<string>
  #joined: boolean
  /** What is being made durable: that this member votes. */
  #joining: Promise<void> | undefined
  #isConfirming = false
  #ticks = 0
  #target: { readonly term: Term; readonly commit: number } | undefined

  constructor(options: JoinGuardOptions) {
    this.#options = options
    this.#joined = options.joined
    this.#founders = new Set(options.founders)
    this.#considerBirth()
  }

  /**
   * What to say to every peer. Whether a peer was there at the birth is for itself to judge, who knows
   * its own data: what we remember of it may be from before it lost its disk.
   */
  get state(): MemberState {
    const { incarnation, wasDamaged, joined, holds } = this.#options
    // Whoever joined in an earlier life is no witness of a birth to a stranger.
    const isOld = wasDamaged || joined || holds()
    const founders = [...this.#founders]
    return { incarnation, holds: isOld, founders, ...(!this.#joined && { withholds: true }) }
  }

  /** Whether a member has its vote, as far as is known here. */
  hasVote(id: MemberId): boolean {
    if (id === this.#options.memberId) return this.#joined
    const peer = this.#peers.get(id)
    return peer !== undefined && !peer.withholds
  }

  /** Whether this member withholds its vote. */
  get withholds(): boolean {
    return !this.#joined
  }

  /** A lone voter needs nobody's vote: without its own it must not even try. */
  get mayTick(): boolean {
    const { voters, memberId } = this.#options
    return this.#joined || voters().some((id) => id !== memberId)
  }

  /** Whether no leader can be elected as far as we know, because too many withhold their votes. */
  get lacksQuorum(): boolean {
    if (this.#joined) return false
    const voters = this.#options.voters()
    const able = voters.filter((id) => {
      const peer = this.#peers.get(id)
      return id !== this.#options.memberId && (peer === undefined || !peer.withholds)
    })
    return able.length < Math.floor(voters.length / 2) + 1
  }

  /** To be called with every tick. */
  ticked(): void {
    if (this.#joined) return
    this.advanced()
    this.#ticks += 1
    const { wasDamaged, holds, firstMembers, waitsFor } = this.#options
    if (this.#ticks !== birthNoticeTicks || wasDamaged || holds()) return
    const absent = firstMembers.filter((id) => !this.#tookPartInBirth(id))
    if (absent.length > 0) waitsFor(absent)
  }

  /** What an earlier incarnation of a member says counts no more. */
  isCurrent(peer: MemberId, incarnation: string | undefined): boolean {
    const known = this.#peers.get(peer)?.incarnation
    return incarnation === undefined || known === undefined || known === incarnation
  }

  /** Whether to campaign without waiting for a timeout: at a birth, only when all are there. */
  maySeekLeader(): boolean {
    const { memberId, voters, holds } = this.#options
    return (
      this.#joined && (holds() || voters().every((id) => id === memberId || this.#peers.has(id)))
    )
  }

  /** Whether the peer's data are other ones than when we last met. */
  met(peer: MemberId, state: MemberState): boolean {
    const before = this.#peers.get(peer)
    this.#peers.set(peer, state)
    const { wasDamaged, joined, holds } = this.#options
    const isBirth = !joined && !wasDamaged && !holds()
    if (isBirth && this.#isNewborn(state)) this.#founders.add(state.incarnation)
    this.#considerBirth()
    return before === undefined ? !state.holds : before.incarnation !== state.incarnation
  }

  /** Whether a message may reach the core, or leave this member. */
  allows(message: Message): boolean {
    return this.#joined || !voteTypes.has(message.type)
  }

  /** After every message of a leader: are we there yet? */
  followed(message: Message): void {
    if (this.#joined || message.type !== 'MsgApp') return
    const node = this.#options.node()
    const { term } = node.raft
    const isTakenIn = message.term === term && node.raft.log.term(message.index) === message.logTerm
    if (isTakenIn && this.#target?.term !== term) this.#target = { term, commit: message.commit }
  }

  /** The log is durable up to the commit index that the core reports. */
  advanced(): void {
    if (this.#joined || this.#isConfirming || !this.#holdsTarget()) return
    this.#isConfirming = true
    const { term } = this.#options.node().raft
    // A lost answer is asked for again with the next tick.
    this.#options.readIndex().then(
      (index) => {
        this.#isConfirming = false
        const { raft } = this.#options.node()
        if (raft.term !== term || this.#target?.term !== term) return
        this.#target = { term, commit: Math.max(this.#target.commit, index) }
        if (this.#holdsTarget()) this.#join()
      },
      () => {
        this.#isConfirming = false
      },
    )
  }

  /** Resolves when nothing of its own is on the way to the disk any more. */
  async settled(): Promise<void> {
    await this.#joining
  }

  #holdsTarget(): boolean {
    if (!this.#target) return false
    const { log, term } = this.#options.node().raft
    return (
      term === this.#target.term &&
      log.committed >= this.#target.commit &&
      log.term(log.committed) === term
    )
  }

  /** Empty, or born together with us. */
  #isNewborn({ holds, founders }: MemberState): boolean {
    return !holds || founders.includes(this.#options.incarnation)
  }

  #considerBirth(): void {
    if (this.#joined || this.#options.wasDamaged) return
    const { memberId, firstMembers } = this.#options
    if (!firstMembers.includes(memberId)) return
    if (firstMembers.every((id) => this.#tookPartInBirth(id))) this.#join()
  }

  #tookPartInBirth(id: MemberId): boolean {
    const peer = this.#peers.get(id)
    return id === this.#options.memberId || (peer !== undefined && this.#isNewborn(peer))
  }

  #join(): void {
    this.#joining ??= this.#options.remember([...this.#founders]).then(() => {
      this.#joined = true
      this.#options.onJoined()
    })
  }
}
