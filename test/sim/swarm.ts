import { limits } from '../../src/base/limits.ts'
import type { Random } from '../../src/base/random.ts'
import type { MemberSettings } from './sim-member.ts'
import type { NetworkWeather } from './sim-network.ts'

/** Mean pauses between faults of a kind, in milliseconds; 0 for never. */
export interface FaultRates {
  readonly partitionMs: number
  readonly clogMs: number
  readonly killMs: number
  readonly powerCutMs: number
  readonly allPowerMs: number
  readonly pauseMs: number
  readonly slowDiskMs: number
  readonly diskErrorMs: number
  readonly fullDiskMs: number
  readonly rotMs: number
  /** A sector that nobody can read any more, found whenever somebody tries. */
  readonly latentMs: number
  /** Data lost on more members than the cluster can bear. */
  readonly doomMs: number
  readonly wipeMs: number
  readonly transferMs: number
  readonly membershipMs: number
  readonly wallJumpMs: number
  /** A member's state goes another way than the others'. */
  readonly divergeMs: number
}

/** Chances of a power cut just after a message left: what it promised had better be on disk. */
export interface CutsAfter {
  readonly vote: number
  readonly append: number
}

/** Everything that a seed decides before the first event. */
export interface Swarm {
  readonly members: number
  /** With how many of them the cluster begins; the others join later. */
  readonly founders: number
  readonly clients: number
  readonly watchers: number
  /** Watchers that are never woken and look seldom. */
  readonly slowWatchers: number
  readonly leaseHolders: number
  readonly keys: number
  readonly thinkMs: number
  readonly weather: NetworkWeather
  readonly faults: FaultRates
  readonly cutsAfter: CutsAfter
  readonly settings: MemberSettings
}

const noFaults: FaultRates = {
  partitionMs: 0,
  clogMs: 0,
  killMs: 0,
  powerCutMs: 0,
  allPowerMs: 0,
  pauseMs: 0,
  slowDiskMs: 0,
  diskErrorMs: 0,
  fullDiskMs: 0,
  rotMs: 0,
  latentMs: 0,
  doomMs: 0,
  wipeMs: 0,
  transferMs: 0,
  membershipMs: 0,
  wallJumpMs: 0,
  divergeMs: 0,
}

/** Not every fault in every run: some bugs show only where others do not drown them. */
export function drawSwarm(random: Random): Swarm {
  const swarm = drawKind(drawMixed(random), random)
  const diverging = random.fraction() < 0.15 ? withDivergence(swarm, random) : swarm
  return withHistory(withSlowness(diverging, random), random)
}

function withSlowness(swarm: Swarm, random: Random): Swarm {
  if (random.fraction() < 0.6) return swarm
  const slowWatchers = random.integer(0, 3)
  return { ...swarm, slowWatchers, leaseHolders: random.integer(1, 5) }
}

/** How little of their history snapshots tell. */
function withHistory(swarm: Swarm, random: Random): Swarm {
  if (random.fraction() < 0.7) return swarm
  const snapshotEventsMax = random.integer(0, 30)
  return { ...swarm, settings: { ...swarm.settings, snapshotEventsMax } }
}

function drawKind(swarm: Swarm, random: Random): Swarm {
  const dice = random.fraction()
  if (dice < 0.1) return aboutMembership(swarm, random)
  if (dice < 0.2) return aboutReads(swarm, random)
  return dice < 0.35 ? aboutElections(swarm, random) : swarm
}

/** Leaders that are cut off or asleep are asked what they know, while others have gone on. */
export function aboutReads(swarm: Swarm, random: Random): Swarm {
  const faults = {
    ...noFaults,
    clogMs: 300 + random.fraction() * 1000,
    partitionMs: 800 + random.fraction() * 2000,
    pauseMs: 300 + random.fraction() * 1000,
  }
  const weather = { ...swarm.weather, delayMinMs: 0.1, delayMeanMs: 0.5 + random.fraction() * 3 }
  const settings = { ...swarm.settings, electionTicks: random.integer(10, 16) }
  const keys = random.integer(1, 3)
  return { ...swarm, weather, faults, settings, clients: 8, keys, thinkMs: 4 }
}

/** Drawn last: what other seeds mean stays the same. */
function withDivergence(swarm: Swarm, random: Random): Swarm {
  const divergeMs = 500 + random.fraction() * 4_000
  const hashEntriesInterval = random.integer(20, 60)
  // Often enough to be of use to who is rebuilt, seldom enough to be confirmed.
  const snapshotEntriesInterval = random.integer(120, 300)
  return {
    ...swarm,
    faults: { ...swarm.faults, divergeMs },
    settings: { ...swarm.settings, hashEntriesInterval, snapshotEntriesInterval },
  }
}

/** Who decides changes all the time, and now and then one half does not hear of it. */
export function aboutMembership(swarm: Swarm, random: Random): Swarm {
  const members = 4 + random.integer(0, 2)
  const { wipeMs, transferMs } = swarm.faults
  const faults = {
    ...noFaults,
    ...{ wipeMs, transferMs },
    membershipMs: 200 + random.fraction() * 600,
    partitionMs: 1500 + random.fraction() * 3000,
    killMs: 1000 + random.fraction() * 3000,
  }
  const weather = { ...swarm.weather, delayMinMs: 0.1, delayMeanMs: 0.5 + random.fraction() * 8 }
  const founders = random.integer(3, members + 1)
  return { ...swarm, members, founders, weather, faults, clients: 8, thinkMs: 6 }
}

/** Leaders come and go within fractions of a second, and what they leave behind conflicts. */
export function aboutElections(swarm: Swarm, random: Random): Swarm {
  const faults = {
    ...swarm.faults,
    partitionMs: 150 + random.fraction() * 600,
    powerCutMs: 150 + random.fraction() * 1500,
    pauseMs: 200 + random.fraction() * 1500,
    slowDiskMs: random.fraction() < 0.5 ? 150 + random.fraction() * 600 : swarm.faults.slowDiskMs,
  }
  const settings = { ...swarm.settings, electionTicks: random.integer(10, 16) }
  const members = random.integer(3, 6)
  const reordering = random.fraction() < 0.5 ? random.fraction() * 0.5 : 0
  const weather = { ...swarm.weather, reordering }
  return { ...swarm, weather, faults, settings, members, founders: members, thinkMs: 10 }
}

function drawMixed(random: Random): Swarm {
  const chance = (probability: number) => random.fraction() < probability
  const between = (low: number, high: number) => low + (high - low) * random.fraction()
  const rate = (probability: number, low: number, high: number) =>
    chance(probability) ? between(low, high) : 0
  const delayMinMs = chance(0.7) ? between(0.05, 2) : between(2, 20)
  const members = [3, 3, 3, 3, 5, 5, 4, 1][random.integer(0, 8)] as number
  return {
    members,
    founders: members > 3 && chance(0.3) ? members - 1 : members,
    clients: random.integer(2, 9),
    watchers: random.integer(1, 5),
    slowWatchers: 0,
    leaseHolders: 0,
    keys: random.integer(1, 6),
    thinkMs: between(2, 60),
    weather: {
      delayMinMs,
      delayMeanMs: delayMinMs + between(0.05, delayMinMs),
      loss: chance(0.4) ? between(0, 0.2) : 0,
      duplication: chance(0.3) ? between(0, 0.3) : 0,
      reordering: chance(0.3) ? between(0, 0.3) : 0,
      reorderMs: between(1, 300),
    },
    faults: {
      partitionMs: rate(0.5, 300, 4000),
      clogMs: rate(0.3, 300, 4000),
      killMs: rate(0.5, 400, 6000),
      powerCutMs: rate(0.5, 400, 6000),
      allPowerMs: rate(0.2, 2000, 10_000),
      pauseMs: rate(0.4, 400, 6000),
      slowDiskMs: rate(0.3, 500, 6000),
      diskErrorMs: rate(0.25, 500, 10_000),
      fullDiskMs: rate(0.15, 2000, 10_000),
      rotMs: rate(0.2, 800, 8_000),
      latentMs: rate(0.2, 800, 8_000),
      doomMs: rate(0.05, 2000, 10_000),
      wipeMs: rate(0.25, 1000, 10_000),
      transferMs: rate(0.3, 500, 5000),
      membershipMs: rate(0.35, 500, 5000),
      wallJumpMs: rate(0.2, 500, 5000),
      divergeMs: 0,
    },
    cutsAfter: {
      vote: chance(0.35) ? between(0.02, 0.3) : 0,
      append: chance(0.25) ? between(0.0005, 0.01) : 0,
    },
    settings: {
      hashEntriesInterval: limits.stateHashEntriesInterval,
      tickMs: 10,
      heartbeatTicks: 2,
      electionTicks: random.integer(10, 31),
      snapshotEntriesInterval: chance(0.5) ? random.integer(5, 100) : random.integer(100, 1000),
      snapshotTrailingEntries: random.integer(0, 50),
      walSegmentBytes: [4096, 16_384, 65_536][random.integer(0, 3)] as number,
      windowEventsMax: chance(0.3) ? random.integer(5, 50) : 5000,
      snapshotEventsMax: 1000,
      timeoutMs: between(500, 5000),
      writesThrough: chance(0.5),
      appends: chance(0.4)
        ? { bytesMax: random.integer(0, 2000), inflightMax: random.integer(1, 20) }
        : { bytesMax: 1 << 20, inflightMax: 256 },
      versionMixed: chance(0.3),
    },
  }
}
