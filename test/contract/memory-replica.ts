import type { LogIndex, MemberId, Term } from '../../src/base/brand.ts'
import { statusError } from '../../src/base/status.ts'
import type {
  CommittedEntry,
  LeadershipView,
  Replica,
  ReplicaListener,
  ReplicaStatus,
} from '../../src/raft/replica.ts'

/**
 * A cluster of one without a disk: commits at the next microtask what is proposed. For tests of all
 * that stands above Raft, with the faults that such parts must survive as switches.
 */
export class MemoryReplica implements Replica {
  readonly memberId = 1 as MemberId
  /** Everything committed since the last snapshot, for tests to look at. */
  readonly log: CommittedEntry[] = []
  readonly snapshots: { index: LogIndex; term: Term; blocks: Uint8Array[] }[] = []
  appliedIndex = 0 as LogIndex
  /** Who else would vote, if there were anybody. */
  voters: readonly MemberId[] = [this.memberId]
  /** Why its data were given up. */
  discarded: string | undefined
  readIndexRounds = 0
  #listener: ReplicaListener | undefined
  #view: LeadershipView = { role: 'leader', term: 1 as Term, leader: 1 as MemberId }
  #started = false
  #held: Uint8Array[] | undefined
  #dropsLeft = 0
  #duplicates = false
  #lastIndex = 0

  /** The next `count` proposals are accepted and lost, as by a leader that dies. */
  dropNext(count: number): void {
    this.#dropsLeft = count
  }

  /** While true, every proposal is committed twice. */
  duplicateAll(on: boolean): void {
    this.#duplicates = on
  }

  /** Holds proposals back until `release`. */
  hold(): void {
    this.#held ??= []
  }

  /** Commits what was held, oldest first, in one delivery. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    this.#commit(held)
  }

  get heldProposals(): number {
    return this.heldProposalBytes.length
  }

  get heldProposalBytes(): readonly Uint8Array[] {
    return this.#held ?? []
  }

  /** Another leader, a new term, or none (`leader` 0). */
  lead(view: Partial<LeadershipView>): void {
    this.#view = { ...this.#view, ...view }
    this.#listener?.leadership(this.#view)
  }

  loseLeadership(): void {
    this.lead({ role: 'follower', leader: 0 as MemberId })
  }

  /** Leads again, in a new term, which begins with an empty entry. */
  becomeLeader(): void {
    const term = (this.#view.term + 1) as Term
    this.lead({ role: 'leader', term, leader: this.memberId })
    this.#commit([new Uint8Array(0)])
  }

  /** As a log that has grown long. */
  wantSnapshot(): void {
    this.#listener?.snapshotWanted()
  }

  /** As the leader of a member that fell behind: gives it a snapshot in place of the entries. */
  async restore(index: LogIndex, term: Term, blocks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#lastIndex = index
    await this.#listener?.restored(index, term, blocks)
  }

  fail(error: Error): void {
    this.#listener?.failed(error)
  }

  async propose(command: Uint8Array): Promise<void> {
    if (!this.#started || this.#view.leader === 0) {
      throw statusError('ServiceUnavailable', 'the cluster has no leader')
    }
    if (this.#dropsLeft > 0) {
      this.#dropsLeft -= 1
      return
    }
    if (this.#held) this.#held.push(command)
    else queueMicrotask(() => this.#commit(this.#duplicates ? [command, command] : [command]))
  }

  async readIndex(): Promise<LogIndex> {
    this.readIndexRounds += 1
    if (!this.#started || this.#view.leader === 0) {
      throw statusError('ServiceUnavailable', 'no quorum confirmed the leader')
    }
    return this.#lastIndex as LogIndex
  }

  applied(index: LogIndex): void {
    this.appliedIndex = index
  }

  async saveSnapshot(
    index: LogIndex,
    term: Term,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const saved: Uint8Array[] = []
    for await (const block of blocks) saved.push(block)
    this.snapshots.push({ index, term, blocks: saved })
    this.log.splice(0, this.log.findIndex((entry) => entry.index === index) + 1)
  }

  async transferLeadership(): Promise<void> {
    throw statusError('BadRequest', 'a cluster of one has nobody to hand leadership to')
  }

  async discard(why: string): Promise<void> {
    this.discarded = why
    this.fail(new Error(why))
  }

  async changeMembership(): Promise<void> {
    throw statusError('BadRequest', 'a cluster in memory stays one member')
  }

  status(): ReplicaStatus {
    const last = this.#lastIndex as LogIndex
    return {
      ...this.#view,
      memberId: this.memberId,
      commitIndex: last,
      appliedIndex: this.appliedIndex,
      firstIndex: (last - this.log.length + 1) as LogIndex,
      lastIndex: last,
      progress: [{ memberId: this.memberId, matchIndex: last }],
      voters: this.voters,
      learners: [],
      syncMsP99: 0,
      syncs: 0,
      syncedBytes: 0,
    }
  }

  listen(listener: ReplicaListener): void {
    this.#listener = listener
  }

  async start(): Promise<void> {
    this.#started = true
    this.#listener?.leadership(this.#view)
    this.#commit([new Uint8Array(0)])
  }

  async stop(): Promise<void> {
    this.#started = false
  }

  #commit(commands: readonly Uint8Array[]): void {
    if (!this.#started || commands.length === 0) return
    const entries = commands.map((command): CommittedEntry => {
      this.#lastIndex += 1
      return { index: this.#lastIndex as LogIndex, term: this.#view.term, command }
    })
    this.log.push(...entries)
    this.#listener?.committed(entries)
  }
}
