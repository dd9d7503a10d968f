import type { MemberId, Term } from '../../base/brand.ts'
import type { Message } from '../core/message.ts'
import type { RawNode } from '../core/raw-node.ts'

/** What members tell each other about their data when they connect. */
export interface MemberState {
  /** Made with the data directory: another one means that the earlier data are lost. */
  readonly incarnation: string
  /** It has a term, a vote or entries: the cluster was born with it, or has taken it in. */
  readonly holds: boolean
}

export interface JoinGuardOptions {
  readonly memberId: MemberId
  readonly joined: boolean
  readonly incarnation: string
  /** Whether this member has a term, a vote or entries by now. */
  readonly holds: () => boolean
  readonly voters: () => readonly MemberId[]
  readonly node: () => RawNode
  /** Makes durable that this member votes from now on. */
  readonly remember: () => Promise<void>
  /** It votes from now on. */
  readonly onJoined: () => void
}

const voteTypes: ReadonlySet<Message['type']> = new Set<Message['type']>([
  'MsgVote',
  'MsgVoteResp',
  'MsgPreVote',
  'MsgPreVoteResp',
  'MsgTimeoutNow',
])

/**
 * Keeps a member with empty data out of elections until that is safe. It may be the wiped disk of one
 * that voted and acknowledged entries: with its forgetful vote, a majority could elect a leader that
 * lacks committed entries. So it votes only
 *   - when the cluster is being born: a majority of the voters is as empty, and nobody is not; or
 *   - when it holds everything that was committed when a leader first took it in, up to an entry of
 *     that leader's own term.
 */
export class JoinGuard {
  readonly #options: JoinGuardOptions
  readonly #peers = new Map<MemberId, MemberState>()
  /** Data directories that were empty together with ours. */
  readonly #founders = new Set<string>()
  #joined: boolean
  #isJoining = false
  #target: { readonly term: Term; readonly commit: number } | undefined

  constructor(options: JoinGuardOptions) {
    this.#options = options
    this.#joined = options.joined
    this.#considerBirth()
  }

  /**
   * What to say to `peer`. One that we met when we were empty ourselves learns what we were then, even
   * if its own connection to us was the faster one: it is no stranger to this cluster's birth.
   */
  stateFor(peer: MemberId): MemberState {
    const { holds, incarnation } = this.#options
    const isFounder = this.#founders.has(this.#peers.get(peer)?.incarnation ?? '')
    return { incarnation, holds: holds() && !isFounder }
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
    if (!state.holds && !this.#options.holds()) this.#founders.add(state.incarnation)
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
    if (this.#joined || !this.#target) return
    const { log, term } = this.#options.node().raft
    const isThere =
      term === this.#target.term &&
      log.committed >= this.#target.commit &&
      log.term(log.committed) === term
    if (isThere) this.#join()
  }

  #considerBirth(): void {
    if (this.#joined) return
    const { memberId } = this.#options
    const voters = this.#options.voters()
    const others = voters.filter((id) => id !== memberId).map((id) => this.#peers.get(id))
    if (others.some((state) => state?.holds)) return
    const empty = others.filter((state) => state !== undefined).length
    const isVoter = voters.includes(memberId)
    if (isVoter && empty + 1 >= Math.floor(voters.length / 2) + 1) this.#join()
  }

  #join(): void {
    if (this.#isJoining) return
    this.#isJoining = true
    void this.#options.remember().then(() => {
      this.#joined = true
      this.#options.onJoined()
    })
  }
}
