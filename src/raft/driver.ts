import { assert, present } from '../base/assert.ts'
import type { LogIndex, MemberId, Term } from '../base/brand.ts'
import type { Timer } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import { statusError } from '../base/status.ts'
import { decodeConfChange } from './core/conf-change-codec.ts'
import type { RaftTrace } from './core/config.ts'
import { type ConfChangeV2, type Message, makeMessage } from './core/message.ts'
import { RawNode, type Ready } from './core/raw-node.ts'
import { Leadership } from './leadership/leadership.ts'
import { LogWriter } from './log/log-writer.ts'
import { closeLog, discardData, type OpenLog, openLog } from './log/open-log.ts'
import { SnapshotKeeper } from './log/snapshot-keeper.ts'
import { MembershipBook } from './membership/book.ts'
import { MembershipChanges } from './membership/changes.ts'
import { JoinGuard, type MemberState } from './membership/join-guard.ts'
import { QuorumGuard } from './membership/quorum-guard.ts'
import { ApplyQueue } from './queues/apply-queue.ts'
import { CommitNotices } from './queues/commit-notices.ts'
import { ProposalQueue } from './queues/proposal-queue.ts'
import { ReadQueue } from './queues/read-queue.ts'
import { sortMessages } from './queues/ready-messages.ts'
import { Waits } from './queues/waits.ts'
import type {
  CommittedEntry,
  MembershipChange,
  Replica,
  ReplicaListener,
  ReplicaStatus,
} from './replica.ts'
import type { ReplicaOptions } from './replica-options.ts'
import { tracedEvents } from './traced-events.ts'
import { lockDirectory } from './wal/directory-lock.ts'
import { rememberIdentity } from './wal/identity.ts'
import type { SnapshotHeader } from './wal/snapshot-files.ts'
import { tlsTransportOf } from './wire/tls-transport.ts'
import type { Transport } from './wire/transport.ts'

/**
 * A replica that runs in the calling thread: the Raft core, its log on disk and its links. Every
 * effect comes in with the options, so that tests and the simulator run the same code.
 */
export function createLocalReplica(options: ReplicaOptions): Replica {
  return new LocalReplica(options)
}

/** What exists from start to stop. */
interface Running {
  readonly node: RawNode
  readonly log: OpenLog
  readonly book: MembershipBook
  readonly writer: LogWriter
  readonly keeper: SnapshotKeeper
  readonly guard: JoinGuard
}

const noCommand = new Uint8Array(0)
class LocalReplica implements Replica {
  readonly memberId: MemberId
  readonly #options: ReplicaOptions
  readonly #transport: Transport
  readonly #electionMs: number
  readonly #proposals = new ProposalQueue()
  readonly #reads: ReadQueue
  readonly #notices: CommitNotices
  readonly #changes: MembershipChanges
  #listener: ReplicaListener | undefined
  #running: Running | undefined
  #unlock: (() => Promise<void>) | undefined
  #ticker: Timer | undefined
  #phase: 'new' | 'running' | 'discarding' | 'failed' | 'stopped' = 'new'
  #turnScheduled = false
  readonly #waits: Waits
  readonly #leadership: Leadership
  readonly #quorum: QuorumGuard
  #commit = 0 as LogIndex
  readonly #queue: ApplyQueue

  constructor(options: ReplicaOptions) {
    const { clock, random } = options
    this.memberId = options.memberId
    this.#options = options
    this.#queue = new ApplyQueue(options.snapshotEntriesInterval ?? limits.snapshotEntriesInterval)
    this.#waits = new Waits(clock)
    this.#electionMs = options.tickMs * options.electionTicks
    this.#transport = options.transport ?? tlsTransportOf(options)
    this.#notices = new CommitNotices({ clock, send: (notices) => this.#transport.send(notices) })
    this.#leadership = this.#makeLeadership()
    this.#reads = new ReadQueue(clock, this.#electionMs, random.uuid())
    this.#quorum = new QuorumGuard({
      ...{ memberId: this.memberId, clock, silenceMaxMs: 2 * this.#electionMs },
      votes: (id) => this.#running?.guard.hasVote(id) ?? false,
    })
    this.#changes = new MembershipChanges({
      clock,
      random,
      timeoutMs: 10 * this.#electionMs,
      node: () => this.#running?.node,
      proposed: () => this.#schedule(),
    })
  }

  listen(listener: ReplicaListener): void {
    this.#listener = listener
  }

  async propose(command: Uint8Array): Promise<void> {
    if (this.#phase !== 'running') throw this.#unavailable()
    if (command.length > limits.commandBytesMax)
      throw statusError(
        'RequestEntityTooLarge',
        `a command of ${command.length} bytes; at most ${limits.commandBytesMax} are taken`,
      )
    if (this.#isOverloaded())
      throw statusError('ServiceUnavailable', 'this member is behind with its work', {
        retryAfterSeconds: 1,
      })
    const taken = this.#proposals.add(command)
    this.#schedule()
    return taken
  }

  async readIndex(): Promise<LogIndex> {
    if (this.#phase !== 'running' || this.#leadership.view.leader === 0) throw this.#unavailable()
    const index = this.#reads.add()
    this.#schedule()
    return index
  }

  applied(index: LogIndex): void {
    if (index <= this.#queue.applied) return
    const released = this.#queue.appliedUpTo(index)
    const { node, keeper } = this.#running ?? {}
    if (!node || !keeper) return
    for (const response of released) node.step(response)
    if (released.length > 0) this.#schedule()
    if (this.#phase === 'running' && this.#queue.snapshotDue(keeper.index))
      this.#listener?.snapshotWanted()
  }

  async saveSnapshot(
    index: LogIndex,
    term: Term,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { keeper } = this.#running ?? {}
    if (!keeper || this.#phase !== 'running') throw this.#unavailable()
    assert(index <= this.#queue.delivered, 'a snapshot is of what was delivered')
    try {
      const bytes = await keeper.save(index, term, blocks)
      if (bytes === undefined) this.#queue.saveFailed()
      else this.#queue.saved(index, bytes)
    } catch (error) {
      this.#queue.saveFailed()
      throw error
    }
  }

  discard(why: string): Promise<void> {
    if (this.#phase !== 'running') return Promise.reject(this.#unavailable())
    this.#phase = 'discarding'
    const { log } = present(this.#running, 'a running replica')
    return discardData(this.#options, log, why).finally(() => this.#fail(new Error(why)))
  }

  async transferLeadership(to: MemberId): Promise<void> {
    const { node } = this.#running ?? {}
    if (!node || this.#phase !== 'running') throw this.#unavailable()
    node.transferLeadership(to)
    this.#schedule()
    const done = await this.#waits.until(
      () => this.#leadership.view.leader === to,
      this.#leadership.handOverMs,
    )
    if (!done)
      throw statusError('Timeout', `member ${to} did not take over leadership within its time`)
  }

  changeMembership(change: MembershipChange): Promise<void> {
    if (this.#phase !== 'running') return Promise.reject(this.#unavailable())
    return this.#changes.propose(change)
  }

  status(): ReplicaStatus {
    const { node, log, book, guard } = this.#running ?? {}
    const confState = book?.confState
    return {
      ...this.#leadership.view,
      memberId: this.memberId,
      commitIndex: this.#commit,
      appliedIndex: this.#queue.applied,
      firstIndex: log?.storage.firstIndex() ?? (1 as LogIndex),
      lastIndex: node?.raft.log.lastIndex() ?? (0 as LogIndex),
      progress:
        node?.status().progress.map(({ id, match }) => ({ memberId: id, matchIndex: match })) ?? [],
      voters: confState?.voters ?? [],
      learners: confState?.learners ?? [],
      syncMsP99: log?.wal.syncMsP99 ?? 0,
      syncs: log?.wal.syncs ?? 0,
      syncedBytes: log?.wal.syncedBytes ?? 0,
      ...(guard?.withholds && { withholdsVote: true }),
      ...(log?.identity.damage && { damage: log.identity.damage }),
    }
  }

  async start(): Promise<void> {
    assert(this.#phase === 'new', 'a replica starts once')
    const listener = present(this.#listener, 'the listener, which is set before the start,')
    const { disk, dataDirectory } = this.#options
    await disk.makeDirectory(dataDirectory)
    this.#unlock = await (this.#options.lock ?? lockDirectory)(dataDirectory)
    let log: OpenLog | undefined
    try {
      log = await openLog(this.#options)
      const { snapshot } = log
      if (snapshot) {
        const { index, term } = snapshot.header
        await listener.restored(index, term, snapshot.blocks)
        this.#queue.restored(index, snapshot.bytes)
      }
      await this.#run(log)
    } catch (error) {
      // A log that runs is closed by the stop, and its descriptors may be somebody else's by now.
      const isRunning = this.#running !== undefined
      await this.stop()
      if (!isRunning) await closeLog(log)
      throw error
    }
  }

  async stop(): Promise<void> {
    if (this.#phase === 'stopped') return
    if (this.#phase === 'running' && this.#leadership.view.role === 'leader')
      await this.#leadership.handOver(this.#running?.node)
    this.#phase = 'stopped'
    this.#ticker?.cancel()
    this.#leadership.stop()
    this.#notices.stop()
    this.#rejectAll('this member is stopping')
    this.#waits.close()
    await this.#transport.stop()
    // Who opens the directory next must not find us writing into it.
    await this.#running?.guard.settled()
    await closeLog(this.#running?.log)
    await this.#unlock?.()
    this.#unlock = undefined
  }

  async #run(log: OpenLog): Promise<void> {
    const { clock, tickMs } = this.#options
    const book = new MembershipBook(this.#queue.delivered, log.confState, log.members)
    const keeper = this.#keeper(log, book)
    const node = this.#node(log)
    const writer = new LogWriter({
      wal: log.wal,
      votes: log.votes,
      storage: log.storage,
      install: (snapshot) => keeper.install(snapshot),
      deliver: (responses) => this.#answer(responses),
      failed: (error) => this.#fail(error),
      nowMs: () => clock.monotonicMs(),
    })
    const guard = this.#guard(log, book)
    this.#running = { node, log, book, writer, keeper, guard }
    this.#phase = 'running'
    this.#commit = log.commit
    this.#leadership.begin(node.status().term)
    // Replays what is known to be committed before anybody else is heard.
    this.#schedule()
    await this.#waits.until(() => this.#queue.delivered >= log.commit)
    if (this.#phase !== 'running') throw this.#unavailable()
    this.#transport.setMembers(book.members)
    await this.#transport.start({
      state: () => guard.state,
      met: (id, state) => this.#met(id, state),
      message: (message, incarnation) => {
        if (guard.isCurrent(message.from, incarnation)) this.#receive(message)
      },
      snapshot: (message, header, blocks) => this.#receiveSnapshot(message, header, blocks),
      unreachable: (id) => this.#unreachable(id),
      lost: (id, how) => this.#leadership.lost(id, how),
    })
    this.#ticker = clock.every(tickMs, () => {
      if (guard.mayTick) node.tick()
      guard.ticked()
      if (this.#phase === 'running') this.#leadership.leaveIfStalled(writer.stalledMs())
      this.#schedule()
    })
    this.#leadership.seek()
  }

  #node(log: OpenLog): RawNode {
    const { memberId, electionTicks, heartbeatTicks, random, appends } = this.#options
    return new RawNode({
      id: memberId,
      electionTicks,
      heartbeatTicks,
      storage: log.storage,
      applied: this.#queue.delivered,
      asyncStorageWrites: true,
      messageBytesMax: appends?.bytesMax ?? limits.raftMessageBytesMax,
      committedBytesPerReadyMax: limits.raftApplyBytesMax,
      uncommittedBytesMax: limits.raftUncommittedBytesMax,
      inflightMessagesMax: appends?.inflightMax ?? limits.raftInflightMessagesMax,
      inflightBytesMax: limits.raftInflightBytesMax,
      checkQuorum: true,
      preVote: true,
      votesTellCommit: true,
      stepDownOnRemoval: true,
      random,
      refuseConfig: (next, now) => this.#quorum.refusal(next, now),
      trace: (event) => this.#trace(event),
    })
  }

  #guard(log: OpenLog, book: MembershipBook): JoinGuard {
    const { disk, dataDirectory, memberId, logger } = this.#options
    const { identity } = log
    return new JoinGuard({
      memberId,
      joined: identity.joined,
      founders: identity.founders ?? [],
      incarnation: identity.incarnation,
      wasDamaged: identity.damage !== undefined,
      holds: () => this.#leadership.view.term > 0 || log.storage.lastIndex() > 0,
      voters: () => book.confState.voters,
      firstMembers: identity.members.map(({ id }) => id),
      node: () => present(this.#running, 'a running replica').node,
      readIndex: () => this.readIndex(),
      remember: (founders) =>
        rememberIdentity(disk, dataDirectory, { ...identity, joined: true, founders }).catch(
          (error) => this.#fail(error),
        ),
      onJoined: () => this.#joined(),
      waitsFor: (absent) =>
        logger.warn({ absent }, 'a cluster begins when all of its first members are there'),
    })
  }

  /** What a peer once acknowledged, it may have lost with its disk: then it counts no more. */
  #met(id: MemberId, state: MemberState): void {
    const { guard, node, log } = this.#running ?? {}
    const hasLostData = guard?.met(id, state)
    if (guard?.lacksQuorum && log?.identity.damage && this.#leadership.view.leader === 0)
      this.#options.logger.error(
        { ...log.identity.damage },
        'no quorum of undamaged members is left: nobody can be elected. ' +
          'kijabi raft recover restarts from what the survivors hold',
      )
    this.#leadership.seek()
    if (hasLostData && node?.forgetMatch(id))
      this.#options.logger.warn({ member: id }, 'a member lost its data; it gets them anew')
  }

  #joined(): void {
    const { log } = present(this.#running, 'a running replica')
    const { damage } = log.identity
    this.#transport.greet()
    if (damage) {
      const { logger, emit } = this.#options
      logger.info({ ...damage }, 'what was lost is back: this member votes again')
      emit('raft', 'log-healed', { index: this.#commit, detail: { what: damage.what } })
    }
    this.#leadership.seek()
  }

  #keeper(log: OpenLog, book: MembershipBook): SnapshotKeeper {
    const { logger, snapshotTrailingEntries } = this.#options
    return new SnapshotKeeper({
      files: log.files,
      wal: log.wal,
      storage: log.storage,
      book,
      transport: this.#transport,
      logger,
      unreadable: () => this.#renewSnapshot(),
      trailingEntries: snapshotTrailingEntries ?? limits.snapshotTrailingEntries,
      restored: async (index, term, { blocks, bytes }) => {
        if (this.#phase !== 'running') return
        await this.#listener?.restored(index, term, blocks)
        this.#queue.restored(index, bytes)
      },
    })
  }

  #makeLeadership(): Leadership {
    const { memberId, clock, random, logger, emit, tickMs, electionTicks } = this.#options
    return new Leadership({
      ...{ memberId, clock, random, logger, emit, tickMs, electionTicks, waits: this.#waits },
      node: () => (this.#phase === 'running' ? this.#running?.node : undefined),
      voters: () => this.#running?.book.confState.voters ?? [],
      maySeek: () => this.#running?.guard.maySeekLeader() ?? false,
      schedule: () => this.#schedule(),
      changed: (view, before) => {
        if (before.leader !== 0 && before.leader !== view.leader)
          this.#reads.rejectAll('the leader changed')
        this.#listener?.leadership(view)
      },
    })
  }

  /** All input of one run of microtasks makes one turn. */
  #schedule(): void {
    if (this.#turnScheduled || !this.#running) return
    this.#turnScheduled = true
    queueMicrotask(() => {
      this.#turnScheduled = false
      this.#turn()
    })
  }

  #turn(): void {
    const { node } = this.#running ?? {}
    if (!node || this.#isStopped()) return
    if (!this.#proposals.isEmpty) {
      this.#proposals.drain((commands) => node.proposeAll(commands))
      this.#notices.proposed(node.raft.log.lastIndex())
    }
    const read = this.#reads.begin()
    if (read) node.readIndex(read)
    while (node.hasReady() && !this.#isStopped()) this.#process(node.ready())
  }

  #process(ready: Ready): void {
    const { writer, keeper, node, guard } = present(this.#running, 'a running replica')
    this.#commit = ready.hardState?.commit ?? this.#commit
    const { outgoing: wanted, snapshots, storage } = sortMessages(ready.messages)
    for (const message of snapshots)
      void keeper.send(message).then((ok) => {
        node.reportSnapshot(message.to, ok)
        this.#schedule()
      })
    const allowed = wanted.filter((message) => guard.allows(message))
    const outgoing = this.#notices.select(allowed, (message) => isCommitNotice(node, message))
    // The others may write at the same time as this member (thesis section 10.2.1).
    if (outgoing.length > 0) this.#transport.send(outgoing)
    this.#leadership.update(ready, node)
    this.#reads.confirmed(ready.readStates)
    for (const message of storage) {
      if (message.type === 'MsgStorageAppend') writer.append(message)
      else this.#apply(message)
    }
  }

  #apply(message: Message): void {
    const { node, book } = present(this.#running, 'a running replica')
    const delivered: CommittedEntry[] = []
    let bytes = 0
    for (const entry of message.entries) {
      const change = decodeConfChange(entry)
      if (change) {
        this.#tellRemoved(change, entry.index)
        const context = book.apply(entry.index, change, node.applyConfChange(change))
        this.#transport.setMembers(book.members)
        if (context) this.#changes.applied(context.changeId)
      }
      bytes += entry.data.length
      delivered.push({
        index: entry.index,
        term: entry.term,
        command: change ? noCommand : entry.data,
      })
    }
    const index = delivered.at(-1)?.index ?? this.#queue.delivered
    const released = this.#queue.deliveredUpTo(index, bytes, message.responses)
    this.#listener?.committed(delivered)
    for (const response of released) node.step(response)
    this.#waits.look()
  }

  /** Whoever leaves is told that its removal is committed: nobody speaks to it afterwards. */
  #tellRemoved(change: ConfChangeV2, index: LogIndex): void {
    const { node } = present(this.#running, 'a running replica')
    if (!this.#leadership.isLeader) return
    for (const { type, nodeId } of change.changes) {
      const match = node.raft.tracker.progress.get(nodeId)?.match
      if (type !== 'ConfChangeRemoveNode' || nodeId === this.memberId || match === undefined)
        continue
      const commit = Math.min(match, index) as LogIndex
      const from = this.memberId
      this.#transport.send([
        makeMessage('MsgHeartbeat', nodeId, { from, term: node.raft.term, commit }),
      ])
    }
  }

  /** The log holds what these say: now they may go out. */
  #answer(responses: readonly Message[]): void {
    const { node, guard } = this.#running ?? {}
    if (!node || !guard || this.#phase !== 'running') return
    const outgoing: Message[] = []
    for (const response of responses) {
      if (response.to === this.memberId) node.step(response)
      else if (guard.allows(response)) outgoing.push(response)
    }
    guard.advanced()
    if (outgoing.length > 0) this.#transport.send(outgoing)
    this.#schedule()
  }

  #receive(message: Message): void {
    const { node, guard } = this.#running ?? {}
    if (!node || !guard?.allows(message) || this.#phase === 'stopped') return
    this.#quorum.heard(message.from)
    // A leader that has not met our new data directory yet believes that we hold more than we do.
    if (message.type === 'MsgHeartbeat' && message.commit > node.raft.log.lastIndex()) return
    const isPlain =
      message.type === 'MsgProp' &&
      this.#leadership.view.role === 'leader' &&
      message.entries.every(({ type }) => type === 'EntryNormal')
    if (isPlain) {
      this.#notices.forwarded(message.from)
      for (const { data } of message.entries) this.#proposals.addForwarded(data)
    } else {
      node.step(message)
      guard.followed(message)
    }
    this.#schedule()
  }

  async #receiveSnapshot(
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { node, keeper } = this.#running ?? {}
    if (!node || !keeper || this.#phase !== 'running') throw this.#unavailable()
    // One that we do not need is not stored; the core answers how far we are.
    if (header.index > this.#commit) await keeper.receive(header, blocks)
    node.step(message)
    this.#schedule()
  }

  #unreachable(id: MemberId): void {
    this.#running?.node.reportUnreachable(id)
    this.#schedule()
  }

  /** The log cannot be trusted any more: nothing is acknowledged from here on. */
  #fail(error: unknown): void {
    if (this.#phase === 'stopped' || this.#phase === 'failed') return
    const wasLeader = this.#leadership.view.role === 'leader'
    this.#phase = 'failed'
    const reason = error instanceof Error ? error : new Error(String(error))
    this.#options.logger.error({ error: reason }, 'the log failed; this member stops acknowledging')
    this.#options.emit('raft', 'log-failed', { detail: { error: reason.message } })
    this.#rejectAll('the log of this member failed')
    this.#listener?.failed(reason)
    const leave = () => {
      this.#ticker?.cancel()
      this.#leadership.stop()
      return this.#transport.stop()
    }
    void (wasLeader ? this.#leadership.handOver(this.#running?.node).then(leave) : leave())
  }

  #rejectAll(why: string): void {
    for (const queue of [this.#proposals, this.#reads, this.#changes]) queue.rejectAll(why)
  }

  #isStopped(): boolean {
    return this.#phase === 'stopped'
  }
  #isOverloaded(): boolean {
    const { isBehind, isFull } = this.#queue
    return isBehind || isFull || this.#proposals.length >= limits.proposalsInFlightMax
  }

  /** Asks for a snapshot that is newer than the last one, which is of no use. */
  #renewSnapshot(): void {
    if (this.#queue.snapshotTooOld(this.#running?.keeper.index ?? 0))
      this.#listener?.snapshotWanted()
  }

  #trace({ event, term, peer, detail }: RaftTrace): void {
    // Sent to nobody until there is one that knows of the new member: the log alone may take long.
    if (event === 'snapshot-too-old') this.#renewSnapshot()
    if (!tracedEvents.has(event)) return
    this.#options.emit('raft', event, {
      term,
      index: this.#commit,
      ...((peer !== 0 || detail !== '') && {
        detail: { ...(peer !== 0 && { peer }), ...(detail !== '' && { detail }) },
      }),
    })
  }

  #unavailable(): Error {
    const why =
      this.#phase === 'running' ? 'the cluster has no leader' : `this member is ${this.#phase}`
    return statusError('ServiceUnavailable', why, { retryAfterSeconds: 1 })
  }
}

/** To a follower that keeps up; while the leader still looks for where its log ends, it is a question. */
function isCommitNotice(node: RawNode, { type, to, entries }: Message): boolean {
  if (type !== 'MsgApp' || entries.length > 0) return false
  return node.raft.tracker.progress.get(to)?.state === 'replicate'
}
