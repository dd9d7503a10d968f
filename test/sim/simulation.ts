import type { MemberId } from '../../src/base/brand.ts'
import type { FlightEvent } from '../../src/base/flight-record.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { mixText, RollingHash } from '../../src/state/hash.ts'
import { Faults, leaveJoint } from './faults.ts'
import { Ledger, Violation, violated } from './ledger.ts'
import { checkRegister } from './linearizability.ts'
import { drainMicrotasks, fromMacrotask } from './microtasks.ts'
import { observeCores, RaftChecks } from './raft-checks.ts'
import { History, keyPrefix, SimClient } from './sim-client.ts'
import { SimLeaseHolder } from './sim-lease-holder.ts'
import { type MemberWorld, SimMember } from './sim-member.ts'
import { SimNetwork } from './sim-network.ts'
import { SimTime } from './sim-time.ts'
import { SimWatcher } from './sim-watcher.ts'
import { drawSwarm, type Swarm } from './swarm.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Ticks of 10 simulated milliseconds with faults, before the calm at the end. */
  readonly ticks?: number
  readonly record?: (event: FlightEvent) => void
  /** Changes what the seed has drawn. */
  readonly swarm?: (swarm: Swarm) => Swarm
}

export interface SimulationResult {
  readonly seed: number
  readonly ticks: number
  readonly traceHash: string
  /** Undefined when everything held. */
  readonly failure: Error | undefined
  readonly events: number
  readonly entries: number
  readonly operations: number
  readonly acknowledged: number
  readonly unknown: number
  readonly watched: number
  readonly faults: number
  /** Keys whose history was too tangled to decide. */
  readonly undecided: number
  /** So many disks were lost that nobody may be elected any more; proven, not assumed. */
  readonly unrecoverable: boolean
  /** From the end of all faults until somebody led, in election timeouts; undefined when nobody did. */
  readonly leaderAfterTimeouts: number | undefined
}

export const defaultTicks = 1_000
const tickMs = 10
const calmElectionTimeouts = 10
const convergenceMsMax = 60_000

/** Runs one seed to its end or to its first broken property. The same seed gives the same result. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const lost: unknown[] = []
  const note = (error: unknown) => lost.push(error)
  process.on('unhandledRejection', note)
  try {
    const result = await fromMacrotask(() => new Simulation(options).run())
    await new Promise((resolve) => setImmediate(resolve))
    const failure = result.failure ?? (lost[0] as Error | undefined)
    return { ...result, failure }
  } finally {
    process.off('unhandledRejection', note)
  }
}

class Simulation {
  readonly #seed: number
  readonly #ticks: number
  readonly #swarm: Swarm
  readonly #time = new SimTime()
  readonly #ledger = new Ledger()
  readonly #checks = new RaftChecks(this.#ledger)
  readonly #history = new History()
  readonly #trace = new RollingHash()
  readonly #network: SimNetwork
  readonly #members: SimMember[]
  readonly #clients: SimClient[]
  readonly #watchers: SimWatcher[]
  readonly #leaseHolders: SimLeaseHolder[]
  readonly #faults: Faults
  readonly #record: ((event: FlightEvent) => void) | undefined
  #isCalm = false
  #clientsStop = false
  #failure: Error | undefined
  #undecided = 0
  #isUnrecoverable = false
  #leaderAfterTimeouts: number | undefined

  constructor({ seed, ticks = defaultTicks, record, swarm }: SimulationOptions) {
    this.#seed = seed
    this.#ticks = ticks
    this.#record = record
    const random = new SeededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
    const fork = () => new SeededRandom(random.integer(0, 2 ** 32))
    const drawn = drawSwarm(fork())
    this.#swarm = swarm ? swarm(drawn) : drawn
    const time = this.#time
    this.#network = new SimNetwork(time, fork(), { ...this.#swarm.weather })
    this.#members = this.#makeMembers(fork())
    const members = this.#members
    const violation = (error: unknown) => this.#fail(error)
    const note = (...values: number[]) => this.#note(values)
    const shared = { time, members, violated: violation, note }
    const { clients, watchers, keys, thinkMs } = this.#swarm
    this.#clients = Array.from({ length: clients }, (_, id) => {
      const isOver = () => this.#clientsStop
      const history = this.#history
      return new SimClient(id, { ...shared, random: fork(), history, keys, thinkMs, isOver })
    })
    this.#watchers = Array.from({ length: watchers }, (_, at) => {
      const start = at % 2 === 0 ? keyPrefix : `${keyPrefix}k${at % keys}`
      const end = at % 2 === 0 ? `${keyPrefix.slice(0, -1)}0` : `${start}\0`
      return new SimWatcher({ ...shared, random: fork(), ledger: this.#ledger }, start, end)
    })
    this.#faults = new Faults({
      network: this.#network,
      random: fork(),
      members,
      swarm: this.#swarm,
      node: (id) => this.#checks.node(id),
      isOver: () => this.#isCalm,
      note: (fault, member = 0, amount = 0) => this.#fault(fault, member, amount),
    })
    // Last, so that they take no chance away from the others.
    const ledger = this.#ledger
    for (let at = 0; at < this.#swarm.slowWatchers; at += 1) {
      const range = [keyPrefix, `${keyPrefix.slice(0, -1)}0`] as const
      this.#watchers.push(new SimWatcher({ ...shared, random: fork(), ledger }, ...range, true))
    }
    this.#leaseHolders = Array.from({ length: this.#swarm.leaseHolders }, (_, id) => {
      const isOver = () => this.#clientsStop
      return new SimLeaseHolder(id, { ...shared, random: fork(), ledger, isOver })
    })
  }

  run(): SimulationResult {
    const restore = observeCores(this.#checks, (error) => this.#fail(error))
    process.setUncaughtExceptionCaptureCallback((error) => this.#fail(error))
    try {
      this.#story()
    } catch (error) {
      this.#fail(error)
    } finally {
      drainMicrotasks()
      process.setUncaughtExceptionCaptureCallback(null)
      restore()
    }
    return this.#result()
  }

  /** Trouble first; then calm, in which all must be well again. */
  #story(): void {
    const failed = () => this.#failure !== undefined
    for (const member of this.#members) member.start()
    for (const client of this.#clients) client.start()
    for (const watcher of this.#watchers) watcher.start()
    for (const holder of this.#leaseHolders) holder.start()
    this.#faults.start()
    this.#time.run(this.#ticks * tickMs, failed)
    if (failed()) return
    this.#isCalm = true
    this.#calmLinks()
    this.#faults.end()
    this.#awaitLeader()
    if (failed()) return
    this.#clientsStop = true
    if (!this.#isUnrecoverable) this.#awaitConvergence()
    if (failed()) return
    this.#judge()
  }

  /** Raft promises a leader where a message takes much less than an election timeout (section 5.6). */
  #calmLinks(): void {
    const { weather } = this.#network
    const meanMsMax = (this.#swarm.settings.electionTicks * tickMs) / 20
    weather.delayMinMs = Math.min(weather.delayMinMs, meanMsMax / 2)
    weather.delayMeanMs = Math.min(weather.delayMeanMs, meanMsMax)
  }

  #awaitLeader(): void {
    const electionMs = this.#swarm.settings.electionTicks * tickMs
    // What a slow disk was asked for while it was slow is under way still.
    const startMs = Math.max(
      this.#time.nowMs,
      ...this.#members.map(({ life }) => life?.disk.busyUntilMs ?? 0),
    )
    const limitMs = startMs + calmElectionTimeouts * electionMs
    this.#time.run(limitMs, () => this.#failure !== undefined || this.#leader() !== undefined)
    if (this.#failure) return
    if (this.#leader()) {
      this.#leaderAfterTimeouts = Math.max(0, this.#time.nowMs - startMs) / electionMs
      return
    }
    this.#isUnrecoverable = this.#provesUnrecoverable()
    if (!this.#isUnrecoverable)
      violated('liveness', `no leader ${Math.round(limitMs - startMs)} ms after the last fault`)
  }

  /**
   * Too many disks were lost: by the membership of every member that still has its vote, no quorum of the
   * voters has theirs and could give it, all being up and connected. Who knows an entry to be committed
   * votes for nobody without it (Raft 5.4.1): so a member that slept through a change of membership may
   * count voters that are no help to it. Then to elect nobody is right, and only then.
   */
  #provesUnrecoverable(): boolean {
    const status = (member: SimMember) => member.life?.replica.status()
    const able = this.#members.filter((one) => one.isReady && !status(one)?.withholdsVote)
    return able.every((one) => {
      const voters: readonly MemberId[] = status(one)?.voters ?? []
      const lastIndex = status(one)?.lastIndex ?? 0
      const votes = able
        .filter(({ id }) => voters.includes(id))
        .filter((voter) => (status(voter)?.commitIndex ?? 0) <= lastIndex).length
      return votes < Math.floor(voters.length / 2) + 1
    })
  }

  #leader(): SimMember | undefined {
    return this.#members.find(
      ({ life }) => life?.isReady && life.proposer.leadership.role === 'leader',
    )
  }

  #awaitConvergence(): void {
    let lastLookMs = this.#time.nowMs
    const done = () => {
      if (this.#failure) return true
      if (this.#time.nowMs - lastLookMs < 100) return false
      lastLookMs = this.#time.nowMs
      this.#repairMembership()
      this.#keepComparing()
      return this.#hasConverged()
    }
    this.#time.run(this.#time.nowMs + convergenceMsMax, done)
    if (this.#failure || this.#hasConverged()) return
    const where = this.#members.map(({ id, life }) => {
      const status = life?.replica.status()
      return `m${id}: ${status?.role} applied ${life?.machine.appliedIndex} commit ${status?.commitIndex} voters ${status?.voters} learners ${status?.learners} first ${status?.firstIndex} ${life?.failure ?? ''}`
    })
    violated('liveness', `members did not converge: ${where.join('; ')}`)
  }

  #hasConverged(): boolean {
    const leader = this.#leader()
    if (!leader) return false
    const voters: readonly MemberId[] = leader.life?.replica.status().voters ?? []
    return this.#members.every(({ id, life, divergence }) => {
      // Nobody renews any more: every lease must run out.
      if (divergence || (life?.machine.leaseIds.length ?? 0) > 0) return false
      const isThere = life?.machine.appliedIndex === this.#ledger.lastIndex
      return life?.isReady && isThere && voters.includes(id) && life.proposer.pending === 0
    })
  }

  /** A member whose state is wrong finds out by entries that are still to come. */
  #keepComparing(): void {
    if (!this.#members.some(({ divergence }) => divergence)) return
    const nothing = { compares: [], success: [], failure: [] }
    for (let entry = 0; entry < 20; entry += 1)
      this.#leader()
        ?.life?.proposer.commit(nothing)
        .catch(() => {})
  }

  /** What membership changes took away is put back; damaged members are rebuilt. */
  #repairMembership(): void {
    for (const member of this.#members) if (member.life?.failure) this.#faults.revive(member)
    const leader = this.#leader()
    if (!leader?.life) return
    leaveJoint(this.#faults)
    const { voters } = leader.life.replica.status()
    const missing = this.#members.find(({ id }) => !voters.includes(id))
    if (!missing) return
    const raftAddress = `127.0.0.1:${9000 + missing.id}`
    leader.life.replica
      .changeMembership({ kind: 'add-voter', memberId: missing.id, raftAddress })
      .catch(() => {})
  }

  #judge(): void {
    for (const [key, operations] of this.#history.byKey) {
      const verdict = checkRegister(operations)
      if (verdict === 'undecided') this.#undecided += 1
      if (verdict === 'not linearizable')
        violated('linearizability', `the ${operations.length} operations on ${key} have no order`)
    }
    if (this.#history.revisionSeen > this.#ledger.model.revision)
      violated('durability', `revision ${this.#history.revisionSeen} was acknowledged and is lost`)
    for (const watcher of this.#watchers)
      if (watcher.seen > this.#ledger.model.revision)
        violated('watch bookmarkable', `a watcher is at ${watcher.seen}`)
  }

  #makeMembers(random: SeededRandom): SimMember[] {
    const ids = Array.from({ length: this.#swarm.members }, (_, at) => (at + 1) as MemberId)
    const world: MemberWorld = {
      network: this.#network,
      ledger: this.#ledger,
      random,
      firstMembers: ids.slice(0, this.#swarm.founders).map((id) => ({
        id,
        name: `m${id}`,
        raftAddress: `127.0.0.1:${9000 + id}`,
      })),
      settings: this.#swarm.settings,
      expiresLeases: this.#swarm.leaseHolders > 0,
      tap: (message) => {
        this.#note([message.from, message.to, message.term, message.index, message.type.length])
        this.#checks.sent(message)
        if (!this.#isCalm) this.#faults.sent(message)
      },
      record: (event) => this.#flight(event),
      violated: (error) => this.#fail(error),
    }
    return ids.map((id) => new SimMember(id, world))
  }

  #fault(fault: string, member: number, amount: number): void {
    this.#note([mixText(0, fault), member, Math.round(amount)])
    this.#record?.({
      timeMs: this.#time.nowMs,
      source: 'sim',
      component: 'sim',
      event: fault,
      detail: { member, amount: Math.round(amount) },
    })
  }

  #flight(event: FlightEvent): void {
    this.#note([mixText(0, event.source + event.event), event.term ?? 0, event.index ?? 0])
    this.#record?.(event)
  }

  #note(values: readonly number[]): void {
    this.#trace.mix(Math.round(this.#time.nowMs * 1000))
    for (const value of values) this.#trace.mix(value)
  }

  #fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#record?.({
      timeMs: this.#time.nowMs,
      source: 'sim',
      component: 'sim',
      event: error instanceof Violation ? 'property-broken' : 'code-failed',
      detail: { message: this.#failure.message },
    })
  }

  #result(): SimulationResult {
    return {
      seed: this.#seed,
      ticks: Math.round(this.#time.nowMs / tickMs),
      traceHash: this.#trace.toString(),
      failure: this.#failure,
      events: this.#time.fired,
      entries: this.#ledger.lastIndex,
      operations: this.#history.operations,
      acknowledged: this.#history.writesAcknowledged,
      unknown: this.#history.unknown,
      watched: this.#watchers.reduce((sum, { received }) => sum + received, 0),
      faults: this.#faults.count,
      undecided: this.#undecided,
      unrecoverable: this.#isUnrecoverable,
      leaderAfterTimeouts: this.#leaderAfterTimeouts,
    }
  }
}
