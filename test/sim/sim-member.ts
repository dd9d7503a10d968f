import { createProposer, type Proposer } from '../../src/api/raft-store/proposer.ts'
import type { LogIndex, MemberId } from '../../src/base/brand.ts'
import { type FlightEvent, flightEmitter, flightSilence } from '../../src/base/flight-record.ts'
import { silentLogger } from '../../src/base/log.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { Scope } from '../../src/base/scope.ts'
import { followLeadership } from '../../src/boot/member/leadership.ts'
import { leaseExpiryPart } from '../../src/boot/member/lease-expiry.ts'
import type { Message } from '../../src/raft/core/message.ts'
import { createLocalReplica } from '../../src/raft/driver.ts'
import type { MemberAddress } from '../../src/raft/membership/members.ts'
import type { Replica } from '../../src/raft/replica.ts'
import { ownProtocols } from '../../src/raft/wire/protocol.ts'
import { decodeCommands, encodeCommands } from '../../src/state/command.ts'
import { type AppliedResult, type LogEntry, Machine } from '../../src/state/machine.ts'
import { SimulatedDisk } from '../contract/sim-disk.ts'
import { type Ledger, Violation } from './ledger.ts'
import { type DiskTrouble, healthyDisk, ProcessDisk } from './sim-disk.ts'
import type { SimNetwork } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import { SimTransport } from './sim-transport.ts'

/** What members share. */
export interface MemberWorld {
  readonly network: SimNetwork
  readonly ledger: Ledger
  readonly random: SeededRandom
  readonly firstMembers: readonly MemberAddress[]
  readonly settings: MemberSettings
  /** The leader ends leases whose time is over. */
  readonly expiresLeases: boolean
  readonly tap: (message: Message) => void
  readonly record: (event: FlightEvent) => void
  readonly violated: (error: unknown) => void
}

export interface MemberSettings {
  readonly tickMs: number
  readonly heartbeatTicks: number
  readonly electionTicks: number
  readonly snapshotEntriesInterval: number
  readonly snapshotTrailingEntries: number
  readonly walSegmentBytes: number
  readonly windowEventsMax: number
  /** Of history, what a snapshot tells of. */
  readonly snapshotEventsMax: number
  readonly hashEntriesInterval: number
  readonly timeoutMs: number
  /** Whether disks write and sync in one operation. */
  readonly writesThrough: boolean
  readonly appends: { readonly bytesMax: number; readonly inflightMax: number }
  /** Whether some members run an earlier version, until a restart. */
  readonly versionMixed: boolean
}

/** One life of a member: a process and what runs in it. */
export interface MemberLife {
  readonly process: SimProcess
  readonly disk: ProcessDisk
  readonly replica: Replica
  readonly proposer: Proposer
  readonly machine: Machine
  /** Set once it takes part. */
  isReady: boolean
  /** Why it cannot go on; somebody has to end it. */
  failure: Error | undefined
}

/** A machine that tells the ledger about everything it does. */
class CheckedMachine extends Machine {
  readonly #member: SimMember
  readonly #world: MemberWorld

  constructor(member: SimMember, world: MemberWorld) {
    const { windowEventsMax, snapshotEventsMax, hashEntriesInterval } = world.settings
    const bytesMax = 1 << 24
    super({
      window: { eventsMax: windowEventsMax, bytesMax },
      snapshotHistory: { eventsMax: snapshotEventsMax, bytesMax },
      hashEntriesInterval,
    })
    this.#member = member
    this.#world = world
  }

  override apply(entry: LogEntry, nowMs?: number): AppliedResult {
    const result = super.apply(this.#mistaken(entry), nowMs)
    try {
      this.#world.ledger.applied(this.#member.id, entry, result, this.#reported(entry.index))
    } catch (error) {
      this.#world.violated(error)
    }
    return result
  }

  /** A mistake that only the hash shows: clients of this member see nothing wrong. */
  #mistaken(entry: LogEntry): LogEntry {
    if (this.#member.divergence !== 'planted' || entry.command.length === 0) return entry
    this.#member.divergence = 'diverged'
    const batch = decodeCommands(entry.command)
    return { ...entry, command: encodeCommands({ ...batch, floor: batch.floor - 1 }) }
  }

  /** Of a state that is known to be wrong, the ledger hears nothing; it may be right again. */
  #reported(index: LogIndex): string | undefined {
    if (this.#member.divergence !== 'diverged') return this.stateHash
    if (this.#world.ledger.stateHash(index) !== this.stateHash) return undefined
    this.#member.divergence = undefined
    return this.stateHash
  }

  override replace(...args: Parameters<Machine['replace']>): void {
    super.replace(...args)
    try {
      const { index, term } = args[0]
      this.#world.ledger.restored(this.#member.id, index, term, this.#reported(index))
    } catch (error) {
      this.#world.violated(error)
    }
  }
}

/** A member through all its lives, and the disk that outlasts them. */
export class SimMember {
  readonly id: MemberId
  readonly disk: SimulatedDisk
  trouble: DiskTrouble = healthyDisk
  life: MemberLife | undefined
  lives = 0
  /** Its log was found damaged: it needs an empty disk. */
  isCorrupt = false
  /** The newest protocol of its version, which may be an earlier one; a restart may bring it up to date. */
  newestProtocol = ownProtocols.newest
  /** Somebody changed what its disk holds: finding the log damaged is right then. */
  isRotten = false
  /** Its state is about to leave the right way, or has. */
  divergence: 'planted' | 'diverged' | undefined
  readonly #world: MemberWorld

  constructor(id: MemberId, world: MemberWorld) {
    this.id = id
    this.#world = world
    this.disk = new SimulatedDisk(world.random)
    if (!world.settings.versionMixed) return
    const dice = world.random.fraction()
    if (dice < 0.6) this.newestProtocol = 1 + Math.floor(dice / 0.2)
  }

  get isOld(): boolean {
    return this.newestProtocol < ownProtocols.newest
  }

  /** From its next life on. */
  update(): void {
    this.newestProtocol = ownProtocols.newest
  }

  get isAlive(): boolean {
    return this.life !== undefined
  }

  get isReady(): boolean {
    return this.life?.isReady === true && this.life.failure === undefined
  }

  start(): void {
    if (this.life) return
    const { network, random, record } = this.#world
    this.lives += 1
    if (this.isOld && random.fraction() < 0.3) this.update()
    const host = network.host(this.id)
    const rate = 1 + (random.fraction() - 0.5) * 0.05
    const process = new SimProcess(network.time, rate, 1_800_000_000_000 + network.time.nowMs)
    host.process = process
    host.powered = true
    const own = new SeededRandom(random.integer(0, 2 ** 32))
    const source = `m${this.id}`
    const emit = flightEmitter(
      source,
      () => network.time.nowMs,
      (_line, event) => {
        record(event)
        // A member heals by itself; that it had to is a failure unless somebody damaged its data.
        if (event.event === 'log-damaged' && !this.isRotten)
          this.#world.violated(new Violation(`durability: ${JSON.stringify(event)}`))
        if (event.event === 'log-healed') this.isRotten = false
      },
    )
    const { writesThrough } = this.#world.settings
    const disk = new ProcessDisk(
      process,
      this.disk,
      own,
      () => this.trouble,
      writesThrough,
      () => network.time.nowMs,
    )
    const replica = createLocalReplica({
      ...this.#world.settings,
      clusterId: 'sim',
      memberId: this.id,
      memberName: source,
      members: this.#world.firstMembers,
      dataDirectory: `/${source}`,
      tls: { certificate: '', privateKey: '', ca: '' },
      clock: process.clock,
      random: own,
      disk,
      logger: silentLogger,
      emit,
      transport: new SimTransport({
        network,
        host,
        process,
        random: own,
        protocols: { oldest: ownProtocols.oldest, newest: this.newestProtocol },
        misunderstood: (what) => this.#world.violated(new Violation(`versions: ${what}`)),
        tap: (message) => this.#tap(message),
      }),
      lock: async () => async () => {},
    })
    this.#run(process, disk, replica, own)
  }

  /** The process ends without a word. A power cut also takes what the disk had not synced. */
  crash(how: 'kill' | 'power'): void {
    const { network } = this.#world
    const host = network.host(this.id)
    if (how === 'power') host.powered = false
    host.accept = undefined
    const life = this.life
    this.life = undefined
    life?.process.die()
    if (how === 'power') this.disk.crash()
  }

  wipe(): void {
    this.disk.wipe()
    this.divergence = undefined
    this.isCorrupt = false
    this.isRotten = false
  }

  #run(process: SimProcess, disk: ProcessDisk, replica: Replica, random: SeededRandom): void {
    const machine = new CheckedMachine(this, this.#world)
    const proposer = createProposer({
      replica,
      machine,
      clock: process.clock,
      random,
      logger: silentLogger,
      timeoutMs: this.#world.settings.timeoutMs,
      defer: (task) => void process.later(0, task),
    })
    const life: MemberLife = {
      process,
      disk,
      replica,
      proposer,
      machine,
      isReady: false,
      failure: undefined,
    }
    this.life = life
    proposer.onFailed((error) => {
      life.failure = error
    })
    if (this.#world.expiresLeases)
      followLeadership({
        source: proposer,
        parts: [leaseExpiryPart(proposer, process.clock, silentLogger)],
        ...{ scope: new Scope(), clock: process.clock, logger: silentLogger, emit: flightSilence },
      })
    proposer.start().then(
      () => {
        life.isReady = true
      },
      (error: Error) => {
        life.failure = error
        if (error.name === 'LogCorruptError' || error.name === 'WrongDirectoryError') {
          this.isCorrupt = true
          if (!this.isRotten) this.#world.violated(new Violation(`durability: ${error.message}`))
        }
        if (error.name === 'InvariantError') this.#world.violated(error)
      },
    )
  }

  #tap(message: Message): void {
    try {
      this.#world.tap(message)
    } catch (error) {
      this.#world.violated(error)
    }
  }
}
