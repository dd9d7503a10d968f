import type { LogIndex, MemberId } from '../../src/base/brand.ts'
import { RaftLog, Unstable } from '../../src/raft/core/log.ts'
import type { Entry, Message } from '../../src/raft/core/message.ts'
import { Progress } from '../../src/raft/core/progress.ts'
import { majorityCommittedIndex, majorityVoteResult } from '../../src/raft/core/quorum.ts'
import { RawNode, type Ready } from '../../src/raft/core/raw-node.ts'
import { ReadOnly } from '../../src/raft/core/read-only.ts'
import { Tracker } from '../../src/raft/core/tracker.ts'
import { JoinGuard } from '../../src/raft/membership/join-guard.ts'
import { PeerLink } from '../../src/raft/wire/peer-link.ts'
import { ownProtocols } from '../../src/raft/wire/protocol.ts'
import type { Canary } from './canaries.ts'
import { all, replaceMethod } from './plant.ts'
import { aboutElections, aboutMembership, aboutReads } from './swarm.ts'

/** Planted in the Raft core and in what decides who may vote. */
export const raftCanaries: readonly Canary[] = [
  {
    name: 'read-index-context-reused',
    what: 'any echo of a heartbeat confirms every read that waits, later ones too',
    about: aboutReads,
    plant: () => {
      const most = new Uint8Array(8).fill(255)
      most[6] = 0
      most[7] = 0
      return replaceMethod(
        ReadOnly.prototype,
        'receiveAck',
        (original) =>
          function (this: ReadOnly, from: MemberId) {
            return original.call(this, from, most)
          },
      )
    },
  },
  {
    name: 'read-before-first-commit',
    what: 'a new leader answers reads before it knows what is committed',
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'readIndex',
        (original) =>
          function (this: RawNode, context: Uint8Array) {
            const { raft } = this
            const { log } = raft
            if (raft.role !== 'leader' || log.term(log.committed) === raft.term)
              return original.call(this, context)
            raft.readStates.push({ index: log.committed, context })
          },
      ),
  },
  {
    name: 'read-trusts-the-clock',
    what: 'a leader answers reads by its lease, which a pause outlives',
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'readIndex',
        (original) =>
          function (this: RawNode, context: Uint8Array) {
            const { raft } = this
            const { log } = raft
            if (raft.role !== 'leader' || log.term(log.committed) !== raft.term)
              return original.call(this, context)
            raft.readStates.push({ index: log.committed, context })
          },
      ),
  },
  {
    name: 'old-term-committed-by-count',
    what: 'an entry of an earlier term commits as soon as a majority holds it',
    plant: () =>
      replaceMethod(
        RaftLog.prototype,
        'maybeCommit',
        () =>
          function (this: RaftLog, { index }: { index: LogIndex }) {
            if (index <= this.committed || index > this.lastIndex()) return false
            this.commitTo(index)
            return true
          },
      ),
  },
  {
    name: 'single-majority-in-joint',
    what: 'a joint configuration decides by its incoming half alone',
    about: aboutMembership,
    plant: () =>
      all(
        replaceMethod(
          Tracker.prototype,
          'committed',
          () =>
            function (this: Tracker) {
              const { incoming } = this.config.voters
              return majorityCommittedIndex(incoming, (id) => this.progress.get(id)?.match)
            },
        ),
        replaceMethod(
          Tracker.prototype,
          'voteResult',
          () =>
            function (this: Tracker) {
              return majorityVoteResult(this.config.voters.incoming, this.votes)
            },
        ),
      ),
  },
  {
    name: 'learners-count',
    what: "a learner's acknowledgement counts towards the majority of the voters",
    about: aboutMembership,
    plant: () =>
      replaceMethod(
        Tracker.prototype,
        'committed',
        () =>
          function (this: Tracker) {
            const { length } = this.config.voters.incoming
            const matches = [...this.progress.values()].map(({ match }) => match)
            return matches.sort((one, other) => other - one)[Math.floor(length / 2)] ?? 0
          },
      ),
  },
  {
    name: 'half-is-a-majority',
    what: 'of an even number of voters, half is enough to commit and to elect',
    plant: () =>
      all(
        replaceMethod(
          Tracker.prototype,
          'committed',
          () =>
            function (this: Tracker) {
              const { incoming } = this.config.voters
              const matches = incoming.map((id) => this.progress.get(id)?.match ?? 0)
              const quorum = Math.ceil(incoming.length / 2)
              return matches.sort((one, other) => other - one)[quorum - 1] ?? 0
            },
        ),
        replaceMethod(
          Tracker.prototype,
          'voteResult',
          () =>
            function (this: Tracker) {
              const { incoming } = this.config.voters
              const quorum = Math.ceil(incoming.length / 2)
              const answers = incoming.map((id) => this.votes.get(id))
              const granted = answers.filter((answer) => answer === true).length
              const open = answers.filter((answer) => answer === undefined).length
              if (granted >= quorum) return 'won'
              return granted + open >= quorum ? 'pending' : 'lost'
            },
        ),
      ),
  },
  {
    name: 'vote-for-a-stale-log',
    what: "a vote is given without a look at the candidate's log",
    plant: () => replaceMethod(RaftLog.prototype, 'isUpToDate', () => () => true),
  },
  {
    name: 'two-votes-in-a-term',
    what: 'a member votes for whoever asks, again in the same term',
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'step',
        (original) =>
          function (this: RawNode, message: Message) {
            const { raft } = this
            if (
              message.type === 'MsgVote' &&
              message.term === raft.term &&
              raft.role === 'follower'
            )
              Object.assign(raft, { vote: 0, leader: 0 })
            return original.call(this, message)
          },
      ),
  },
  {
    name: 'stale-append-truncates',
    what: 'an append that comes late cuts off entries that came after it',
    plant: () =>
      replaceMethod(
        RaftLog.prototype,
        'maybeAppend',
        (original) =>
          function (
            this: RaftLog,
            previous: { index: LogIndex; term: number },
            entries: readonly Entry[],
            committed: LogIndex,
          ) {
            if (!this.matches(previous)) return undefined
            const fresh = entries.filter(({ index }) => index > this.committed)
            if (fresh.length > 0) this.append(fresh)
            return original.call(this, previous, entries, committed)
          },
      ),
  },
  {
    name: 'conflict-not-truncated',
    what: 'entries that differ from the leader’s stay in the log',
    plant: () =>
      replaceMethod(
        RaftLog.prototype,
        'maybeAppend',
        () =>
          function (
            this: RaftLog,
            previous: { index: LogIndex; term: number },
            entries: readonly Entry[],
            committed: LogIndex,
          ) {
            if (!this.matches(previous)) return undefined
            const last = this.lastIndex()
            this.append(entries.filter(({ index }) => index > last))
            this.commitTo(Math.min(committed, previous.index + entries.length))
            return previous.index + entries.length
          },
      ),
  },
  {
    name: 'heartbeat-commits-too-much',
    what: 'a heartbeat carries the commit index to members that may hold other entries there',
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'ready',
        (original) =>
          function (this: RawNode): Ready {
            const ready: Ready = original.call(this)
            const { committed } = this.raft.log
            const messages = ready.messages.map((message) =>
              message.type === 'MsgHeartbeat' ? { ...message, commit: committed } : message,
            )
            return { ...ready, messages }
          },
      ),
  },
  {
    name: 'vote-commits-another-entry',
    what: 'who hears with a vote what is committed takes it for the entry that it holds there itself',
    about: aboutElections,
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'step',
        (original) =>
          function (this: RawNode, message: Message) {
            const { commit, commitTerm } = message
            if (commitTerm === 0 || commit > this.raft.log.lastIndex())
              return original.call(this, message)
            return original.call(this, { ...message, commitTerm: this.raft.log.term(commit) ?? 0 })
          },
      ),
  },
  {
    name: 'sent-counts-as-acknowledged',
    what: 'the leader takes what it sent for what a follower holds',
    plant: () =>
      replaceMethod(
        Progress.prototype,
        'sentEntries',
        (original) =>
          function (this: Progress, entries: number, bytes: number) {
            original.call(this, entries, bytes)
            if (this.state === 'replicate') this.match = this.next - 1
          },
      ),
  },
  {
    name: 'replacement-not-written',
    what: 'an entry that replaces one on its way to the disk counts as being on its way, too',
    plant: () =>
      replaceMethod(
        Unstable.prototype,
        'truncateAndAppend',
        (original) =>
          function (this: Unstable, entries: readonly Entry[]) {
            const { offsetInProgress } = this
            original.call(this, entries)
            const end = this.offset + this.count
            if (offsetInProgress > this.offset)
              this.offsetInProgress = Math.min(offsetInProgress, end)
          },
      ),
  },
  {
    name: 'empty-member-votes',
    what: 'a member that lost its disk votes as if it had never voted',
    plant: () => replaceMethod(JoinGuard.prototype, 'allows', () => () => true),
  },
  {
    name: 'lost-disk-unnoticed',
    what: 'a leader goes on counting what a member held before it lost its disk',
    plant: () =>
      replaceMethod(
        JoinGuard.prototype,
        'met',
        (original) =>
          function (this: JoinGuard, ...args: Parameters<JoinGuard['met']>) {
            original.call(this, ...args)
            return false
          },
      ),
  },
  {
    name: 'newest-protocol-to-everybody',
    what: 'a message goes out in the newest protocol, whatever its receiver agreed to',
    plant: () => {
      const agreed = Object.getOwnPropertyDescriptor(PeerLink.prototype, 'protocol')
      const newest = { get: () => ownProtocols.newest, configurable: true }
      Object.defineProperty(PeerLink.prototype, 'protocol', newest)
      return () => Object.defineProperty(PeerLink.prototype, 'protocol', agreed ?? newest)
    },
  },
  {
    name: 'no-election-timeout',
    what: 'a follower that lost its leader in silence never campaigns',
    plant: () =>
      replaceMethod(
        RawNode.prototype,
        'ready',
        (original) =>
          function (this: RawNode): Ready {
            this.raft.randomizedElectionTicks = Number.POSITIVE_INFINITY
            return original.call(this)
          },
      ),
  },
]
