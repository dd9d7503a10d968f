/**
 * Durable, replicated commands of 1 KB through three members on this machine's disk, each with a
 * thread of its own, over mutual TLS on loopback; and how long writes pause when the leader's thread
 * is killed. `npm run bench -- raft [--seconds 3] [--failovers 5]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogIndex, MemberId } from '../src/base/brand.ts'
import { flightSilence } from '../src/base/flight-record.ts'
import { stderrLogger } from '../src/base/log.ts'
import { isStatus } from '../src/base/status.ts'
import type { CommittedEntry } from '../src/raft/replica.ts'
import { createThreadReplica, type ThreadReplica } from '../src/raft/thread/thread-replica.ts'
import { testAuthority } from '../test/contract/raft-credentials.ts'

const commandBytes = 1024
const ids = [1, 2, 3] as MemberId[]

class BenchMember {
  readonly replica: ThreadReplica
  readonly #waiting = new Map<number, () => void>()
  #next = 0

  constructor(replica: ThreadReplica) {
    this.replica = replica
    replica.listen({
      committed: (entries) => this.#committed(entries),
      async restored() {},
      leadership() {},
      snapshotWanted: () => {},
      failed: (error) => {
        throw error
      },
    })
  }

  /** Resolves when the command is committed and delivered here. */
  async write(): Promise<void> {
    this.#next += 1
    const key = this.#next * 4 + replicaKey(this.replica)
    const command = Buffer.alloc(commandBytes, 0x61)
    command.writeDoubleBE(key)
    const done = new Promise<void>((resolve) => this.#waiting.set(key, resolve))
    await this.replica.propose(command)
    await done
  }

  #committed(entries: readonly CommittedEntry[]): void {
    for (const { command } of entries) {
      if (command.length === 0) continue
      const key = Buffer.from(command.buffer, command.byteOffset, 8).readDoubleBE()
      this.#waiting.get(key)?.()
      this.#waiting.delete(key)
    }
    const last = entries.at(-1)
    if (last) this.replica.applied(last.index as LogIndex)
  }
}

function replicaKey(replica: ThreadReplica): number {
  return replica.memberId
}

export async function run(args: readonly string[]): Promise<object> {
  const seconds = option(args, '--seconds', 3)
  const failovers = option(args, '--failovers', 5)
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-bench-raft-'))
  const start = await launcher(directory)
  const members = new Map<MemberId, BenchMember>()
  try {
    await Promise.all(ids.map(async (id) => members.set(id, await start(id))))
    const leader = await leaderOf(members)
    await load(leader, 16, 0.5)
    const writes: Record<string, object> = {}
    for (const clients of [1, 16, 128, 1_024])
      writes[`${clients} in flight`] = await load(leader, clients, seconds)
    const { syncMsP99 } = leader.replica.status()
    const pauses: number[] = []
    for (let round = 0; round < failovers; round += 1) pauses.push(await failover(members, start))
    pauses.sort((left, right) => left - right)
    return {
      commandBytes,
      writes,
      syncMsP99: round(syncMsP99),
      readIndex: await reads(await leaderOf(members), 64, seconds),
      failoverMs: {
        min: round(pauses[0] ?? 0),
        p50: round(pauses[Math.floor(pauses.length / 2)] ?? 0),
        max: round(pauses.at(-1) ?? 0),
      },
    }
  } finally {
    for (const { replica } of members.values()) await replica.terminate()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function launcher(directory: string): Promise<(id: MemberId) => Promise<BenchMember>> {
  const authority = await testAuthority()
  const ports = await freePorts(ids.length)
  const addresses = ids.map((id, at) => ({
    id,
    name: `m${id}`,
    raftAddress: `127.0.0.1:${ports[at]}`,
  }))
  return async (id) => {
    const replica = createThreadReplica({
      clusterId: 'bench',
      memberId: id,
      memberName: `m${id}`,
      members: addresses,
      dataDirectory: join(directory, `m${id}`),
      tls: await authority.issue(`m${id}`),
      tickMs: 25,
      heartbeatTicks: 2,
      electionTicks: 12,
      logger: stderrLogger('error'),
      emit: flightSilence,
    })
    const member = new BenchMember(replica)
    await replica.start()
    return member
  }
}

async function load(member: BenchMember, clients: number, seconds: number): Promise<object> {
  const before = process.cpuUsage()
  const endMs = performance.now() + seconds * 1000
  const latencies: number[] = []
  const client = async () => {
    while (performance.now() < endMs) {
      const startMs = performance.now()
      await member.write()
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const { user, system } = process.cpuUsage(before)
  // Of all three members and the client; busy neighbours change it little.
  const cpuMs = round((user + system) / 1_000 / latencies.length)
  return { ...figures(latencies, seconds), cpuMs }
}

async function reads(member: BenchMember, clients: number, seconds: number): Promise<object> {
  const endMs = performance.now() + seconds * 1000
  const latencies: number[] = []
  const client = async () => {
    while (performance.now() < endMs) {
      const startMs = performance.now()
      await member.replica.readIndex()
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return figures(latencies, seconds)
}

/** From the kill to the first command committed through a survivor. */
async function failover(
  members: Map<MemberId, BenchMember>,
  start: (id: MemberId) => Promise<BenchMember>,
): Promise<number> {
  const leader = await leaderOf(members)
  const { memberId } = leader.replica
  const survivors = [...members.values()].filter((one) => one !== leader)
  const startMs = performance.now()
  const killed = leader.replica.terminate()
  members.delete(memberId)
  await firstWrite(survivors)
  const pauseMs = performance.now() - startMs
  await killed
  const again = await start(memberId)
  members.set(memberId, again)
  const target = survivors[0]?.replica.status().commitIndex ?? 0
  while (again.replica.status().commitIndex < target) await turn()
  return pauseMs
}

async function firstWrite(members: readonly BenchMember[]): Promise<void> {
  for (;;) {
    for (const member of members) {
      if (member.replica.status().role !== 'leader') continue
      try {
        await member.write()
        return
      } catch (error) {
        if (!isStatus(error, 'ServiceUnavailable')) throw error
      }
    }
    await turn()
  }
}

async function leaderOf(members: ReadonlyMap<MemberId, BenchMember>): Promise<BenchMember> {
  for (;;) {
    for (const member of members.values())
      if (member.replica.status().role === 'leader') return member
    await turn()
  }
}

function figures(latencies: number[], seconds: number): object {
  latencies.sort((left, right) => left - right)
  const at = (part: number) => round(latencies[Math.floor(latencies.length * part)] ?? 0)
  return { perSecond: Math.round(latencies.length / seconds), msP50: at(0.5), msP99: at(0.99) }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}

function option(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name)
  return at < 0 ? otherwise : Number(args[at + 1])
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as { port: number }).port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports
}
