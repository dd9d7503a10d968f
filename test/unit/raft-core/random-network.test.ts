import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogIndex, MemberId, Term } from '../../../src/base/brand.ts'
import { SeededRandom, systemRandom } from '../../../src/base/random.ts'
import { leaveJointChange } from '../../../src/raft/core/conf-change-codec.ts'
import type { ConfChangeSingle, Entry, Message } from '../../../src/raft/core/message.ts'
import { MemoryStorage } from '../../../src/raft/core/storage.ts'
import { bytes, Cluster, type Member, text, voters } from './cluster.ts'

/** Five possible members, of which three start as voters; faults, changes and reads at random. */
const memberCount = 5
const stepCount = 3_000
const changeTypes = [
  'ConfChangeAddNode',
  'ConfChangeAddLearnerNode',
  'ConfChangeRemoveNode',
] as const
const transitions = [
  'ConfChangeTransitionAuto',
  'ConfChangeTransitionJointImplicit',
  'ConfChangeTransitionJointExplicit',
] as const

/** What must hold whatever happens (raft figure 3), watched from outside. */
class Watcher {
  readonly #cluster: Cluster
  readonly #leaders = new Map<Term, MemberId>()
  readonly #applied = new Map<LogIndex, { readonly state: string; readonly entry: Entry }>()
  readonly #commits: { term: Term; seenAt: Term }[] = []
  readonly #reads = new Map<string, LogIndex>()
  committed: LogIndex = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    for (const member of cluster.members) member.onApplied = (one, entry) => this.#apply(one, entry)
  }

  /** State machine safety: at one index, everybody has applied the same entries. */
  #apply({ id, state }: Member, entry: Entry): void {
    const before = this.#applied.get(entry.index)
    if (before === undefined) this.#applied.set(entry.index, { state, entry })
    else assert.equal(state, before.state, `state machine safety at ${entry.index} on ${id}`)
  }

  readAsked(name: string): void {
    this.#reads.set(name, this.committed)
  }

  check(): void {
    for (const member of this.#cluster.members) this.#checkMember(member)
  }

  #checkMember(member: Member): void {
    const { id, role, term, commit, lastIndex } = member.node.status()
    const { log } = member.node.raft
    assert.ok(member.appliedIndex <= commit, `applied <= committed on ${id}`)
    assert.ok(commit <= lastIndex, `committed <= last index on ${id}`)
    for (let index = this.committed + 1; index <= commit; index += 1)
      this.#commits[index] = { term: log.term(index) ?? 0, seenAt: term }
    this.committed = Math.max(this.committed, commit)
    for (const { index, context } of member.reads.splice(0)) {
      const asked = this.#reads.get(text(context)) ?? 0
      assert.ok(index >= asked, `a read on ${id} sees all that was committed when it was asked`)
    }
    if (role !== 'leader' || this.#leaders.get(term) === id) return
    assert.ok(!this.#leaders.has(term), `election safety: one leader in term ${term}`)
    this.#leaders.set(term, id)
    this.#checkCompleteness(member, term)
  }

  /** Leader completeness: a new leader has every entry committed in earlier terms. */
  #checkCompleteness({ id, node }: Member, term: Term): void {
    const { log } = node.raft
    this.#commits.forEach((commit, index) => {
      if (commit.seenAt >= term || index < log.firstIndex()) return
      assert.equal(log.term(index), commit.term, `leader ${id} of term ${term} has entry ${index}`)
    })
  }

  /** Log matching: where two logs agree on a term, they agree on everything before. */
  checkLogs(): void {
    for (const one of this.#cluster.members)
      for (const other of this.#cluster.members) {
        if (one.id >= other.id) continue
        const [a, b] = [one.node.raft.log, other.node.raft.log]
        let agree = false
        const first = Math.max(a.firstIndex(), b.firstIndex())
        for (let index = Math.min(a.lastIndex(), b.lastIndex()); index >= first; index -= 1) {
          const same = a.term(index) === b.term(index)
          assert.ok(same || !agree, `log matching of ${one.id} and ${other.id} at ${index}`)
          agree ||= same
        }
      }
  }
}

class Run {
  readonly #random: SeededRandom
  readonly #cluster: Cluster
  readonly #watcher: Watcher
  #serial = 0
  #cutOff = new Set<MemberId>()

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    const storages = Array.from({ length: memberCount }, () => new MemoryStorage(voters(1, 2, 3)))
    this.#cluster = new Cluster(storages, {
      asyncStorageWrites: this.#random.fraction() < 0.5,
      preVote: this.#random.fraction() < 0.7,
      votesTellCommit: this.#random.fraction() < 0.7,
      checkQuorum: this.#random.fraction() < 0.7,
      stepDownOnRemoval: this.#random.fraction() < 0.5,
      messageBytesMax: this.#pick([0, 100, 1_000_000]),
      inflightMessagesMax: this.#pick([1, 4, 256]),
      committedBytesPerReadyMax: this.#pick([1, 200, 1_000_000]),
      random: new SeededRandom(seed + 1),
    })
    this.#watcher = new Watcher(this.#cluster)
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.integer(0, values.length)] as T
  }

  #member(): Member {
    return this.#pick(this.#cluster.members)
  }

  run(): void {
    for (let at = 0; at < stepCount; at += 1) {
      this.#step()
      this.#watcher.check()
      if (at % 50 === 0) this.#watcher.checkLogs()
    }
    this.#recover()
  }

  #step(): void {
    const dice = this.#random.fraction()
    const member = this.#member()
    if (dice < 0.12) member.node.tick()
    else if (dice < 0.55) this.#network()
    else if (dice < 0.93) this.#work(member)
    else if (dice < 0.975) this.#ask(member)
    else this.#disturb(member)
  }

  /** Delivers any message, in any order; loses or repeats some. Local ones are safe and in order. */
  #network(): void {
    const { messages } = this.#cluster
    if (messages.length === 0) return
    const [message] = messages.splice(this.#random.integer(0, messages.length), 1)
    if (message === undefined || this.#lost(message)) return
    if (this.#random.fraction() < 0.05) messages.push(message)
    this.#cluster.deliver(message)
  }

  #lost({ from, to }: Message): boolean {
    if (this.#cutOff.has(from) || this.#cutOff.has(to)) return true
    return this.#random.fraction() < 0.05
  }

  #work(member: Member): void {
    if (member.work.length > 0 && this.#random.fraction() < 0.6)
      this.#route(member, member.workOnce())
    else if (member.node.hasReady()) this.#route(member, member.turn())
  }

  #route(member: Member, messages: readonly Message[]): void {
    for (const message of messages)
      if (message.to === member.id) member.node.step(message)
      else this.#cluster.messages.push(message)
  }

  #ask(member: Member): void {
    this.#serial += 1
    const dice = this.#random.fraction()
    if (dice < 0.5) member.node.propose(bytes(`command ${this.#serial}`))
    else if (dice < 0.85) {
      this.#watcher.readAsked(String(this.#serial))
      member.node.readIndex(bytes(String(this.#serial)))
    } else this.#changeMembers(member)
  }

  #changeMembers({ id, node }: Member): void {
    const { role, config } = node.status()
    if (role !== 'leader') return
    const { incoming, outgoing } = config.voters
    if (outgoing.length > 0) {
      node.proposeConfChange(leaveJointChange)
      return
    }
    const changes: ConfChangeSingle[] = []
    let left = incoming.length
    for (let count = this.#random.integer(1, 4); count > 0; count -= 1) {
      const nodeId = this.#random.integer(1, memberCount + 1)
      let type = this.#pick(changeTypes)
      // Two voters stay, else bad luck with one member ends a run early.
      if (type !== 'ConfChangeAddNode' && left <= 2) type = 'ConfChangeAddNode'
      else if (type !== 'ConfChangeAddNode') left -= 1
      changes.push({ type, nodeId })
    }
    const transition = this.#pick(transitions)
    node.proposeConfChange({ transition, changes, context: bytes(`by ${id}`) })
  }

  #disturb(member: Member): void {
    const dice = this.#random.fraction()
    if (dice < 0.15) this.#crash(member)
    else if (dice < 0.3) member.compact(this.#random.integer(0, 5))
    else if (dice < 0.45) this.#cutOff = new Set([member.id])
    else if (dice < 0.6) this.#cutOff.clear()
    else if (dice < 0.75) member.node.hintLeaderLost(member.node.status().leader, dice < 0.7)
    else if (dice < 0.85) member.node.transferLeadership(this.#member().id)
    else if (dice < 0.92) member.node.reportUnreachable(this.#member().id)
    else if (dice < 0.96) member.node.reportSnapshot(this.#member().id, dice < 0.94)
    else member.node.forgetLeader()
  }

  #crash(member: Member): void {
    member.restart()
    // A process that died answers nothing that it was about to say to itself.
    this.#cluster.messages = this.#cluster.messages.filter(
      ({ from, to }) => from !== member.id || to !== member.id,
    )
  }

  /** Without further faults a leader emerges, commits, and the voters agree (liveness). */
  #recover(): void {
    this.#cutOff.clear()
    const { leaderAgrees } = this
    this.#cluster.until(() => {
      this.#watcher.check()
      const leader = this.#cluster.leader()
      if (leader === undefined) return false
      // A snapshot that got lost is only noticed by its sender's transport.
      for (const { id, state } of leader.node.status().progress)
        if (state === 'snapshot') leader.node.reportSnapshot(id, false)
      const { voters: members } = leader.node.status().config
      if (members.outgoing.length > 0) leader.node.proposeConfChange(leaveJointChange)
      // A new member needs a snapshot that knows it.
      leader.compact(0)
      leader.node.propose(bytes('the end'))
      return leaderAgrees(leader, this.#cluster)
    }, 600)
    this.#watcher.checkLogs()
  }

  readonly leaderAgrees = (leader: Member, cluster: Cluster): boolean => {
    const { config, commit, term } = leader.node.status()
    const own = leader.node.raft.log.term(commit)
    return (
      own === term &&
      config.voters.outgoing.length === 0 &&
      config.voters.incoming.every((id) => cluster.member(id).node.status().commit >= commit - 20)
    )
  }
}

const seeds = Array.from({ length: 40 }, (_, at) => at + 1)
const fresh = systemRandom.integer(1, 2 ** 31)

for (const seed of [...seeds, fresh])
  test(`Raft's safety properties hold under loss, reordering and restarts, seed ${seed}`, () => {
    new Run(seed).run()
  })
