import { assert } from '../../base/assert.ts'
import type { LogIndex, Revision, Term } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { statusError } from '../../base/status.ts'
import type { CommittedEntry, LeadershipView, Replica } from '../../raft/replica.ts'
import type {
  EtcdStore,
  LeaseResult,
  StoreView,
  StoreWatcher,
  Txn,
  TxnResult,
  WatchOptions,
} from '../../state/cluster-store.ts'
import type { CommandBody } from '../../state/command.ts'
import { tooLargeRevision } from '../../state/errors.ts'
import type { HashVerdict, HashVote } from '../../state/hash-votes.ts'
import type { Lease, LeaseId } from '../../state/leases.ts'
import type { Machine } from '../../state/machine.ts'
import { decodeSnapshot, encodeSnapshot } from '../../state/snapshot/snapshot.ts'
import { checkTxn } from '../../state/txn-check.ts'
import { ProposerOutbox } from './proposer-outbox.ts'
import { ProposerReads } from './proposer-reads.ts'
import { WakeRounds } from './wake-rounds.ts'

export interface ProposerOptions {
  readonly replica: Replica
  readonly machine: Machine
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** How long a write or a barrier may take before it fails. */
  readonly timeoutMs?: number
  /** Runs a task after pending input was served: setImmediate, unless a simulator has its own. */
  readonly defer?: (task: () => void) => void
}

/** The cluster store of this member, and what its boot needs of it. */
export interface Proposer extends EtcdStore {
  /** Opens the replica and replays its log. Resolves when the member takes part. */
  start(): Promise<void>
  /** Fails what is pending, then stops the replica. */
  stop(): Promise<void>
  readonly leadership: LeadershipView
  /** Calls `listener` with the view of now and with every later one. Returns how to end that. */
  onLeadership(listener: (view: LeadershipView) => void): () => void
  /** The replica cannot go on: this member must end, or be rebuilt from the others. */
  onFailed(listener: (error: Error) => void): () => void
  /** Leases whose time is over by this member's clock. */
  expiredLeases(): readonly Lease[]
  /**
   * Ends a lease in the name of the leader of term `fence`. Rejects with a StoreError when it was
   * renewed since, or is gone.
   */
  expireLease(lease: Lease, fence: Term): Promise<LeaseResult>
  /** Writes of this member that have no answer yet. */
  readonly pending: number
}

const defaultTimeoutMs = 10_000
const agreementMsMax = 5_000
/** To ask the others costs an entry a member: not for snapshots that follow each other that closely. */
const agreementEntriesMin = 100

/**
 * Binds a replica and a state machine into a cluster store; one per member. Entries are applied in
 * slices of at most half of `limits.eventLoopSliceMsMax`, in order; writers, readers and watchers hear
 * of a slice when it is done.
 */
export function createProposer(options: ProposerOptions): Proposer {
  return new StoreProposer(options)
}

interface RevisionWaiter {
  readonly revision: Revision
  readonly arrived: () => void
  readonly failed: (error: Error) => void
}

class StoreProposer implements Proposer {
  readonly #replica: Replica
  readonly #machine: Machine
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #defer: (task: () => void) => void
  readonly #outbox: ProposerOutbox
  readonly #reads: ProposerReads
  readonly #wakes: WakeRounds
  readonly #leadershipListeners = new Set<(view: LeadershipView) => void>()
  readonly #failedListeners = new Set<(error: Error) => void>()
  readonly #revisionWaiters = new Set<RevisionWaiter>()
  #leadership: LeadershipView
  /** The last term that was seen to have a leader. */
  #leaderTerm = 0 as Term
  /** Committed; applied up to `#backlogHead`. */
  #backlog: readonly CommittedEntry[] = []
  #backlogHead = 0
  #applyScheduled = false
  #snapshot: 'idle' | 'saving' | 'wanted again' = 'idle'
  #closed: Error | undefined
  #hasDiverged = false
  /** The last entry for which the others were asked. */
  #askedIndex = 0 as LogIndex
  readonly #agreementWaiters = new Set<{ readonly index: LogIndex; readonly done: () => void }>()
  /** Its log is replayed: what is applied from now on is new. */
  #isStarted = false

  constructor(options: ProposerOptions) {
    const { replica, machine, clock, random, logger } = options
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#replica = replica
    this.#machine = machine
    this.#clock = clock
    this.#logger = logger
    this.#defer = options.defer ?? ((task) => void setImmediate(task))
    this.#wakes = new WakeRounds({ source: machine, clock, defer: this.#defer })
    this.#leadership = replica.status()
    // In a simulator's turns nothing else arrives.
    const defer = options.defer ? queueMicrotask : this.#defer
    this.#outbox = new ProposerOutbox({ replica, clock, random, timeoutMs, defer })
    this.#reads = new ProposerReads({ replica, clock, timeoutMs, defer })
    replica.listen({
      committed: (entries) => this.#committed(entries),
      restored: (index, term, blocks) => this.#restored(index, term, blocks),
      leadership: (view) => this.#leadershipChanged(view),
      snapshotWanted: () => this.#snapshotWanted(),
      failed: (error) => this.#replicaFailed(error),
    })
  }

  get view(): StoreView {
    return this.#machine
  }

  get leadership(): LeadershipView {
    return this.#leadership
  }

  get pending(): number {
    return this.#outbox.pending
  }

  async start(): Promise<void> {
    await this.#replica.start()
    this.#isStarted = true
  }

  async stop(): Promise<void> {
    this.#close('this member is stopping')
    await this.#replica.stop()
  }

  async commit(txn: Txn, fence = 0 as Term, withinMs?: number): Promise<TxnResult> {
    const error = checkTxn(txn)
    if (error) throw error
    return (await this.#outbox.propose({ kind: 'txn', txn }, fence, withinMs)).result
  }

  async compact(revision: Revision, fence = 0 as Term): Promise<TxnResult> {
    return (await this.#outbox.propose({ kind: 'compact', revision }, fence)).result
  }

  grantLease(ttlSeconds: number, id: LeaseId = 0): Promise<LeaseResult> {
    return this.#proposeLease({ kind: 'lease grant', id, ttlSeconds })
  }

  keepLeaseAlive(id: LeaseId): Promise<LeaseResult> {
    return this.#proposeLease({ kind: 'lease keep alive', id })
  }

  revokeLease(id: LeaseId): Promise<LeaseResult> {
    return this.#proposeLease({ kind: 'lease revoke', id })
  }

  leaseRemainingMs(id: LeaseId): number | undefined {
    return this.#machine.leaseRemainingMs(id, this.#clock.monotonicMs())
  }

  expiredLeases(): readonly Lease[] {
    return this.#machine.expiredLeases(this.#clock.monotonicMs())
  }

  expireLease({ id, renewals }: Lease, fence: Term): Promise<LeaseResult> {
    return this.#proposeLease({ kind: 'lease expire', id, renewals }, fence)
  }

  async #proposeLease(body: CommandBody, fence = 0 as Term): Promise<LeaseResult> {
    const { result, lease } = await this.#outbox.propose(body, fence)
    assert(lease, 'a lease command is answered with its lease')
    return { ...lease, revision: result.revision }
  }

  async barrier(): Promise<Revision> {
    await this.#reads.barrier()
    return this.#machine.revision
  }

  reached(revision: Revision, timeoutMs: number): Promise<void> {
    if (this.#machine.revision >= revision) return Promise.resolve()
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel()
        this.#revisionWaiters.delete(waiter)
      }
      const waiter: RevisionWaiter = {
        revision,
        arrived: () => {
          end()
          resolve()
        },
        failed: (error) => {
          end()
          reject(error)
        },
      }
      const timer = this.#clock.after(timeoutMs, () =>
        waiter.failed(tooLargeRevision(revision, this.#machine.revision)),
      )
      this.#revisionWaiters.add(waiter)
    })
  }

  watch(options: WatchOptions): StoreWatcher {
    return this.#machine.watch(options)
  }

  onLeadership(listener: (view: LeadershipView) => void): () => void {
    this.#leadershipListeners.add(listener)
    listener(this.#leadership)
    return () => void this.#leadershipListeners.delete(listener)
  }

  onFailed(listener: (error: Error) => void): () => void {
    this.#failedListeners.add(listener)
    return () => void this.#failedListeners.delete(listener)
  }

  #committed(entries: readonly CommittedEntry[]): void {
    const waiting = this.#backlog.length - this.#backlogHead
    this.#backlog =
      waiting === 0 ? entries : [...this.#backlog.slice(this.#backlogHead), ...entries]
    this.#backlogHead = 0
    if (!this.#applyScheduled) this.#applySlice()
  }

  #applySlice(): void {
    let nowMs = this.#clock.monotonicMs()
    const endMs = nowMs + limits.eventLoopSliceMsMax / 2
    let entry = this.#backlog[this.#backlogHead]
    if (!entry || this.#hasDiverged) return
    for (; entry; entry = this.#backlog[this.#backlogHead]) {
      this.#backlogHead += 1
      const { outcomes } = this.#machine.apply(entry, nowMs)
      for (const outcome of outcomes) this.#outbox.settle(outcome)
      nowMs = this.#clock.monotonicMs()
      if (nowMs >= endMs) break
    }
    if (this.#backlogHead < this.#backlog.length) {
      this.#applyScheduled = true
      this.#defer(() => {
        this.#applyScheduled = false
        this.#applySlice()
      })
    } else {
      this.#backlog = []
      this.#backlogHead = 0
    }
    this.#advanced()
    this.#compareHashes()
  }

  /** Casts this member's votes on the state hash, and acts on what all votes show. */
  #compareHashes(): void {
    const { hashVotes } = this.#machine
    if (!hashVotes.hasNews) return
    const votes = hashVotes.due(this.#replica.memberId)
    const { voters } = this.#replica.status()
    if (voters.length > 1 && this.#isStarted) for (const vote of votes) this.#cast(vote)
    for (const waiter of this.#agreementWaiters) {
      if (hashVotes.isAgreed(waiter.index, voters)) waiter.done()
    }
    const verdict = hashVotes.verdict(voters)
    if (verdict?.kind === 'diverged') this.#diverged(verdict)
    else if (verdict) this.#logger.error({ ...verdict }, 'members do not agree on the store')
  }

  #cast(vote: HashVote): void {
    this.#outbox.propose({ kind: 'state hash', vote }, 0 as Term).catch((error: unknown) => {
      this.#logger.debug({ error: String(error) }, 'a vote on the state hash was not cast')
    })
  }

  /**
   * Asks the others whether they have the state that this member has after the entry it applied last,
   * and waits until a majority says so: a wrong state must not get into a snapshot, with which it
   * would spread. Without an answer it goes on after `agreementMsMax`, lest the log grow for ever.
   */
  async #agreed(): Promise<void> {
    const { memberId } = this.#replica
    const { voters } = this.#replica.status()
    const vote = this.#machine.hashVotes.voteOn(this.#machine.appliedIndex, memberId)
    if (voters.length < 2 || !vote || !this.#isStarted) return
    if (vote.index - this.#askedIndex < agreementEntriesMin) return
    this.#askedIndex = vote.index
    this.#cast({ ...vote, asks: true })
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel()
        this.#agreementWaiters.delete(waiter)
        resolve()
      }
      const waiter = { index: vote.index, done: end }
      const timer = this.#clock.after(agreementMsMax, () => {
        this.#logger.warn(
          { index: vote.index },
          'no majority has confirmed the state of a snapshot',
        )
        end()
      })
      this.#agreementWaiters.add(waiter)
    })
  }

  /** Nothing more is answered out of a wrong state; the next start fetches a right one. */
  #diverged({ index, own, majority }: HashVerdict & { kind: 'diverged' }): void {
    const what =
      `the state of this member diverged: after entry ${index} its hash is ${own}, ` +
      `that of a majority ${majority}`
    this.#logger.error({ index }, `${what}; it is set aside and fetched anew from the others`)
    this.#hasDiverged = true
    this.#close(what)
    this.#replica.discard(what).catch((error: unknown) => this.#replicaFailed(error as Error))
  }

  /** Tells everybody who waits that the state has moved on. */
  #advanced(): void {
    this.#replica.applied(this.#machine.appliedIndex)
    this.#reads.applied(this.#machine.appliedIndex)
    for (const waiter of this.#revisionWaiters) {
      if (waiter.revision <= this.#machine.revision) waiter.arrived()
    }
    this.#wakes.advanced()
  }

  async #restored(index: LogIndex, term: Term, blocks: AsyncIterable<Uint8Array>): Promise<void> {
    // What is not applied by now is part of the snapshot.
    this.#backlog = []
    this.#backlogHead = 0
    const { state, store } = await decodeSnapshot(this.#yielding(blocks))
    assert(state.index === index && state.term === term, 'a snapshot is of the index it came with')
    this.#machine.replace(state, store, this.#clock.monotonicMs())
    this.#advanced()
    this.#outbox.resendAll()
  }

  #leadershipChanged(view: LeadershipView): void {
    const isNewLeader = view.leader !== 0 && view.term !== this.#leaderTerm
    if (isNewLeader) {
      this.#leaderTerm = view.term
      this.#machine.extendLeases(this.#clock.monotonicMs())
    }
    this.#leadership = view
    this.#outbox.leadership(view)
    if (view.leader !== 0) this.#reads.leaderKnown()
    for (const listener of this.#leadershipListeners) listener(view)
  }

  #snapshotWanted(): void {
    if (this.#snapshot !== 'idle') {
      this.#snapshot = 'wanted again'
      return
    }
    this.#snapshot = 'saving'
    const frozen = this.#machine.freeze()
    this.#agreed()
      .then(async () => {
        if (this.#closed) return
        const blocks = this.#yielding(encodeSnapshot(frozen))
        await this.#replica.saveSnapshot(frozen.index, frozen.term, blocks)
      })
      .catch((error: unknown) => {
        if (this.#closed) return
        this.#logger.error({ error, index: frozen.index }, 'saving a snapshot failed')
      })
      .finally(() => {
        const again = this.#snapshot === 'wanted again' && !this.#closed
        this.#snapshot = 'idle'
        if (again) this.#snapshotWanted()
      })
  }

  #replicaFailed(error: Error): void {
    this.#close(`this member failed: ${error.message}`)
    if (this.#failedListeners.size === 0) this.#logger.error({ error }, 'the replica failed')
    for (const listener of this.#failedListeners) listener(error)
  }

  #close(why: string): void {
    if (this.#closed) return
    this.#closed = statusError('ServiceUnavailable', why)
    this.#outbox.close(why)
    this.#wakes.stop()
    this.#reads.close(this.#closed)
    for (const waiter of this.#revisionWaiters) waiter.failed(this.#closed)
    for (const waiter of this.#agreementWaiters) waiter.done()
  }

  /** Each block in a turn of its own, whatever pace the other side has. */
  async *#yielding(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const block of blocks) {
      yield block
      await new Promise<void>((resolve) => this.#defer(resolve))
    }
  }
}
