import type { MemberId } from '../../src/base/brand.ts'
import type { Random } from '../../src/base/random.ts'
import type { Message } from '../../src/raft/core/message.ts'
import type { RawNode } from '../../src/raft/core/raw-node.ts'
import { healthyDisk } from './sim-disk.ts'
import type { SimMember } from './sim-member.ts'
import type { SimNetwork } from './sim-network.ts'
import { jumpWallClock } from './sim-process.ts'
import type { FaultRates, Swarm } from './swarm.ts'

export interface FaultWorld {
  readonly network: SimNetwork
  readonly random: Random
  readonly members: readonly SimMember[]
  readonly swarm: Swarm
  readonly node: (id: MemberId) => RawNode | undefined
  readonly isOver: () => boolean
  readonly note: (fault: string, member?: number, amount?: number) => void
}

const sectorBytes = 512

type Strike = (world: Faults) => void

/** Breaks things at random, and repairs them after a while. */
export class Faults {
  readonly world: FaultWorld
  count = 0
  /** Its data may be missing or damaged until the cluster has caught up again: one at a time. */
  damaged: SimMember | undefined
  readonly #doomed = new Set<SimMember>()
  /** When somebody last asked for a change of membership. */
  changedAtMs = Number.NEGATIVE_INFINITY

  constructor(world: FaultWorld) {
    this.world = world
  }

  start(): void {
    const { faults } = this.world.swarm
    for (const [name, strike] of Object.entries(strikes))
      this.#repeat(faults[name as keyof FaultRates], strike)
    this.#later(50, () => this.#nurse())
  }

  /** A message left: now is the moment at which losing what was not synced hurts most. */
  sent({ type, from, reject }: Message): void {
    const { cutsAfter } = this.world.swarm
    const isVote = type === 'MsgVoteResp' || type === 'MsgVote'
    const chance = isVote ? cutsAfter.vote : type === 'MsgAppResp' ? cutsAfter.append : 0
    if (chance === 0 || reject || this.world.random.fraction() >= chance) return
    const member = this.world.members.find(({ id }) => id === from)
    if (!member) return
    this.#later(this.world.random.fraction() * 2, () =>
      this.down(member, 'power', this.lasting(40)),
    )
  }

  /** All faults end: whoever is down comes up, and everything works again. */
  end(): void {
    const { network, members } = this.world
    Object.assign(network.weather, { loss: 0, duplication: 0, reordering: 0 })
    network.heal()
    for (const member of members) {
      this.repair(member)
      member.life?.process.resume()
      // The upgrade of all members comes to its end.
      if (member.isOld) member.crash('kill')
      member.update()
      this.revive(member)
    }
  }

  repair(member: SimMember): void {
    member.trouble = healthyDisk
    member.disk.bytesFree = Number.POSITIVE_INFINITY
  }

  /** Starts a member that is down; ends one that cannot go on, first. */
  revive(member: SimMember): void {
    if (member.life?.failure) member.crash('kill')
    if (member.isAlive) return
    if (member.isCorrupt) {
      this.world.note('rebuild', member.id)
      member.wipe()
    }
    member.start()
  }

  /** Every so often, looks after members that failed by themselves, and counts who is whole. */
  #nurse(): void {
    const { members, network, random } = this.world
    for (const member of members)
      if (member.life?.failure && random.fraction() < 0.5) this.revive(member)
    if (this.damaged && isCaughtUp(this.damaged, members)) this.damaged = undefined
    for (const member of this.#doomed) if (isCaughtUp(member, members)) this.#doomed.delete(member)
    if (!this.world.isOver()) network.time.after(50 + random.integer(0, 200), () => this.#nurse())
  }

  /**
   * Loses data although others have: but somebody keeps them, or it would be another cluster. A member that
   * was away since the birth keeps nothing; one that applied an entry has it on its disk.
   */
  mayDoom(member: SimMember): boolean {
    const { members } = this.world
    const hurt = new Set([...this.#doomed, ...(this.damaged ? [this.damaged] : []), member])
    const keeps = (one: SimMember) => (one.life?.replica.status().appliedIndex ?? 0) > 0
    if (!members.some((one) => !hurt.has(one) && keeps(one))) return false
    this.#doomed.add(member)
    return true
  }

  /** A majority must keep its data: at most one member at a time loses them. */
  mayDamage(member: SimMember): boolean {
    if (this.world.network.time.nowMs - this.changedAtMs < 5000) return false
    for (const { life } of this.world.members)
      if (life && life.replica.status().voters.length < 3) return false
    if (this.world.members.length < 3) return false
    if (this.#doomed.size > 0) return false
    return this.damaged === undefined || this.damaged === member
  }

  /** Often the leader: that is where it hurts. */
  any(): SimMember {
    const { members, random } = this.world
    const leader = random.fraction() < 0.35 ? this.leader() : undefined
    if (leader) return leader
    return members[random.integer(0, members.length)] as SimMember
  }

  leader(): SimMember | undefined {
    return this.world.members.find(
      ({ life }) => life?.isReady && life.proposer.leadership.role === 'leader',
    )
  }

  down(member: SimMember, how: 'kill' | 'power', forMs: number): void {
    this.note(how, member.id, forMs)
    member.crash(how)
    this.#later(forMs, () => this.revive(member))
  }

  later(delayMs: number, fire: () => void): void {
    this.#later(delayMs, fire)
  }

  note(fault: string, member?: number, amount?: number): void {
    this.count += 1
    this.world.note(fault, member, amount)
  }

  lasting(meanMs: number): number {
    return -Math.log(1 - this.world.random.fraction()) * meanMs
  }

  #later(delayMs: number, fire: () => void): void {
    this.world.network.time.after(delayMs, () => {
      if (!this.world.isOver()) fire()
    })
  }

  #repeat(meanMs: number, strike: Strike): void {
    if (meanMs === 0) return
    this.#later(this.lasting(meanMs), () => {
      strike(this)
      this.#repeat(meanMs, strike)
    })
  }
}

function isCaughtUp(member: SimMember, members: readonly SimMember[]): boolean {
  if (!member.isReady || member.divergence) return false
  const most = Math.max(...members.map(({ life }) => life?.machine.appliedIndex ?? 0))
  const own = member.life?.machine.appliedIndex ?? 0
  if (member.disk.isSpoiled) return false
  // One that withholds its vote is as good as absent.
  if (member.life?.replica.status().withholdsVote) return false
  return own > 0 && own + 3 >= most && member.life?.proposer.leadership.leader !== 0
}

const strikes: Readonly<Record<keyof FaultRates, Strike>> = {
  partitionMs: partition,
  clogMs: (faults) => {
    const { network } = faults.world
    const forMs = faults.lasting(800)
    const [from, to] = [faults.any().id, faults.any().id]
    faults.note('clog', from, forMs)
    network.clog(from, to, forMs)
  },
  killMs: (faults) => faults.down(faults.any(), 'kill', faults.lasting(500)),
  powerCutMs: (faults) => faults.down(faults.any(), 'power', faults.lasting(800)),
  allPowerMs: (faults) => {
    const { members } = faults.world
    for (const member of members) faults.down(member, 'power', faults.lasting(500))
  },
  pauseMs: (faults) => {
    const { process } = faults.any().life ?? {}
    if (!process) return
    const forMs = faults.lasting(600)
    faults.note('pause', 0, forMs)
    process.pause()
    faults.later(forMs, () => process.resume())
  },
  slowDiskMs: (faults) => {
    const member = faults.any()
    const { random } = faults.world
    const latencyMs = random.fraction() * (random.fraction() < 0.3 ? 600 : 100)
    faults.note('slow-disk', member.id, latencyMs)
    member.trouble = { ...healthyDisk, latencyMs, syncLatencyMs: latencyMs * 5 }
    faults.later(faults.lasting(800), () => faults.repair(member))
  },
  diskErrorMs: (faults) => {
    const member = faults.any()
    faults.note('disk-errors', member.id)
    const [readErrors, writeErrors, syncErrors] = [0, 0, 0].map(
      () => faults.world.random.fraction() * 0.1,
    ) as [number, number, number]
    member.trouble = { ...healthyDisk, readErrors, writeErrors, syncErrors }
    faults.later(faults.lasting(500), () => faults.repair(member))
  },
  fullDiskMs: (faults) => {
    const member = faults.any()
    faults.note('full-disk', member.id)
    member.disk.bytesFree = faults.world.random.integer(0, 8192)
    faults.later(faults.lasting(1000), () => faults.repair(member))
  },
  rotMs: rot,
  latentMs: (faults) => {
    const member = faults.any()
    if (!faults.mayDamage(member)) return
    const { random } = faults.world
    const paths = member.disk.paths()
    const path = paths[random.integer(0, paths.length)]
    if (path === undefined) return
    faults.damaged = member
    faults.note('latent', member.id)
    member.isRotten = true
    member.disk.spoil(path, random.integer(0, member.disk.contents(path).length + 1))
    if (random.fraction() < 0.7) faults.down(member, 'kill', faults.lasting(500))
  },
  wipeMs: (faults) => {
    const member = faults.any()
    if (!faults.mayDamage(member)) return
    faults.damaged = member
    loseDisk(faults, member)
  },
  doomMs: (faults) => {
    for (let count = faults.world.random.integer(1, 4); count > 0; count -= 1) {
      const member = faults.any()
      if (faults.mayDoom(member)) loseDisk(faults, member)
    }
  },
  transferMs: (faults) => {
    const to = faults.any()
    const leader = faults.leader()
    if (!leader?.life || leader.life.process.isPaused) return
    faults.note('transfer', to.id)
    leader.life.replica.transferLeadership(to.id).catch(() => {})
  },
  membershipMs: changeMembership,
  wallJumpMs: (faults) => {
    const { process } = faults.any().life ?? {}
    if (!process) return
    faults.note('wall-jump')
    jumpWallClock(process, (faults.world.random.fraction() - 0.5) * 7_200_000)
  },
  divergeMs: (faults) => {
    const member = faults.any()
    // Not the leader: in the moment until it is found out it could give its state to others.
    if (!member.isReady || member === faults.leader() || !faults.mayDamage(member)) return
    faults.damaged = member
    faults.note('diverge', member.id)
    member.divergence ??= 'planted'
  },
}

function loseDisk(faults: Faults, member: SimMember): void {
  faults.note('lost-disk', member.id)
  member.crash('power')
  member.wipe()
  faults.later(faults.lasting(800), () => faults.revive(member))
}

function split(faults: Faults, side: ReadonlySet<MemberId>, forMs: number, oneWay: boolean): void {
  const { network, members } = faults.world
  for (const { id: from } of members)
    for (const { id: to } of members) {
      if (side.has(from) === side.has(to)) continue
      if (!oneWay || side.has(from)) network.cut(from, to)
    }
  faults.later(forMs, () => network.heal())
}

function partition(faults: Faults): void {
  const { members, random } = faults.world
  const side = new Set<MemberId>()
  const isolates = random.fraction() < 0.4
  if (isolates) side.add(faults.any().id)
  else if (random.fraction() < 0.5) side.add(faults.any().id).add(faults.any().id)
  else for (const { id } of members) if (random.fraction() < 0.5) side.add(id)
  const oneWay = random.fraction() < 0.3
  const forMs = faults.lasting(1000)
  faults.note(oneWay ? 'partition-one-way' : 'partition', [...side][0], forMs)
  split(faults, side, forMs, oneWay)
  // What the two sides disagree on is tested best by losing what one of them knows.
  if (random.fraction() < 0.2)
    faults.later(forMs + random.fraction() * 200, () =>
      faults.down(faults.any(), 'power', faults.lasting(300)),
    )
}

/** A sector of one file lands on another one, in the same place or elsewhere. */
function misdirect(faults: Faults, { disk }: SimMember, path: string, length: number): void {
  const { random } = faults.world
  const paths = disk.paths()
  const source = disk.contents(paths[random.integer(0, paths.length)] ?? path)
  const from = random.integer(0, Math.ceil(source.length / sectorBytes)) * sectorBytes
  const to = random.integer(0, Math.ceil(length / sectorBytes)) * sectorBytes
  const sector = source.slice(from, Math.min(from + sectorBytes, from + length - to))
  // Zeros on what was acknowledged a moment ago look like a write that never happened.
  if (sector.some((byte) => byte !== 0)) disk.overwrite(path, to, sector)
}

/** Changes a bit of what a member's disk holds, while it is off: found at the next start. */
function rot(faults: Faults): void {
  const member = faults.any()
  if (!faults.mayDamage(member)) return
  const { random } = faults.world
  const paths = member.disk.paths()
  const path = paths[random.integer(0, paths.length)]
  if (path === undefined || path.endsWith('.json')) return
  const { length } = member.disk.contents(path)
  faults.damaged = member
  faults.note('rot', member.id)
  member.crash('kill')
  member.isRotten = true
  if (random.fraction() < 0.6)
    member.disk.flipBit(path, random.integer(0, length), random.integer(0, 8))
  else misdirect(faults, member, path, length)
  faults.later(faults.lasting(500), () => faults.revive(member))
}

/** Takes a member out, and back in as a learner, then as a voter. */
function changeMembership(faults: Faults): void {
  const { members, random } = faults.world
  const leader = faults.leader()
  if (!leader?.life || leader.life.process.isPaused || members.length < 3) return
  // Who is about to give up its data leaves a quorum without it, unless voters go meanwhile.
  if (members.some(({ divergence }) => divergence)) return
  if (random.fraction() < 0.4) {
    changeJointly(faults, leader.id)
    return
  }
  const { id } = faults.any()
  const kinds = ['add-learner', 'add-voter', 'add-voter', 'remove'] as const
  const kind = kinds[random.integer(0, kinds.length)] ?? 'add-voter'
  const { voters } = leader.life.replica.status()
  if (kind !== 'add-voter' && voters.includes(id) && voters.length <= 2) return
  faults.note(kind, id)
  faults.changedAtMs = faults.world.network.time.nowMs
  leader.life.replica
    .changeMembership({ kind, memberId: id, raftAddress: `127.0.0.1:${9000 + id}` })
    .catch(() => {})
}

/** Several members at once, by joint consensus: proposed to the core itself. */
function changeJointly(faults: Faults, leader: MemberId): void {
  const { members, random, node } = faults.world
  const core = node(leader)
  if (!core || members.length < 4) return
  // A member that was removed has no address to come back to.
  const { incoming } = core.raft.tracker.config.voters
  const { learners } = core.raft.tracker.config
  const ids = members.map(({ id }) => id).filter((id) => [...incoming, ...learners].includes(id))
  const voters = new Set(random.fraction() < 0.5 ? others(ids, incoming) : [])
  for (const id of ids) if (voters.size < 2 || random.fraction() < 0.3) voters.add(id)
  const isExplicit = random.fraction() < 0.5
  faults.note('joint-change', leader, voters.size)
  faults.changedAtMs = faults.world.network.time.nowMs
  core.proposeConfChange({
    transition: isExplicit
      ? 'ConfChangeTransitionJointExplicit'
      : 'ConfChangeTransitionJointImplicit',
    changes: ids.map((id) => ({
      type: voters.has(id) ? 'ConfChangeAddNode' : 'ConfChangeAddLearnerNode',
      nodeId: id,
    })),
    context: new Uint8Array(0),
  })
  if (isExplicit) faults.later(faults.lasting(800), () => leaveJoint(faults))
  // Old and new voters apart, often before the old ones hear that it is committed: neither half may
  // decide alone.
  const oneWay = random.fraction() < 0.5
  const { delayMeanMs } = faults.world.network.weather
  if (random.fraction() < 0.8)
    faults.later(random.fraction() * (oneWay ? 3 * delayMeanMs : 50), () =>
      split(faults, new Set(voters), faults.lasting(800), oneWay),
    )
}

function others(ids: readonly MemberId[], voters: readonly MemberId[]): MemberId[] {
  return ids.filter((id) => !voters.includes(id))
}

/** Ends a joint configuration that does not end by itself; tries again until a leader has done it. */
export function leaveJoint(faults: Faults): void {
  const leader = faults.leader()
  const core = leader && faults.world.node(leader.id)
  if (core && leader.life?.process.isPaused === false) {
    const { voters, autoLeave } = core.raft.tracker.config
    if (voters.outgoing.length === 0 || autoLeave) return
    core.proposeConfChange({
      transition: 'ConfChangeTransitionAuto',
      changes: [],
      context: new Uint8Array(0),
    })
  }
  faults.later(300, () => leaveJoint(faults))
}
