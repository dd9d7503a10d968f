/**
 * Durable, replicated commands of 1 KB through three members, each a process with a Raft thread as a
 * master has it, on this machine's disk and over mutual TLS on loopback. `npm run bench -- raft
 * [--json] [--seconds 3] [--warm-up 4] [--in-flight 1,16,128,1024] [--transfers 100] [--kills 20]`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MemberId } from '../src/base/brand.ts'
import { nodeFlags } from '../src/boot/local-cluster.ts'
import type { ReplicaSettings } from '../src/raft/replica-options.ts'
import { type LatencyFigures, option, quantile, round } from './load/figures.ts'
import { Forked } from './load/forked.ts'
import { memberSettings } from './load/member-settings.ts'
import type { LeadsNotice, MemberRequest, MemberUsage } from './load/raft-member.ts'

const ids = [1, 2, 3] as MemberId[]
const program = new URL('./load/raft-member.js', import.meta.url)
const leaderMsMax = 30_000

export async function run(args: readonly string[]): Promise<object> {
  const ms = option(args, '--seconds', 3) * 1_000
  const directory = mkdtempSync(join(tmpdir(), 'kijabi-bench-raft-'))
  const cluster = new BenchCluster(await memberSettings(directory, ids))
  try {
    await cluster.start()
    // Compilers and the zeros of the first segments are no part of what lasts.
    await cluster.load('writes', 16, option(args, '--warm-up', 4) * 1_000)
    const writes: Record<string, object> = {}
    for (const clients of inFlight(args))
      writes[`${clients} in flight`] = await cluster.load('writes', clients, ms)
    return {
      commandBytes: 1024,
      writes,
      readIndexAt64: await cluster.load('reads', 64, ms),
      transferMs: await cluster.transfers(option(args, '--transfers', 100)),
      kills: await cluster.kills(option(args, '--kills', 20)),
    }
  } finally {
    await cluster.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

class BenchCluster {
  readonly #settings: ReadonlyMap<MemberId, ReplicaSettings>
  readonly #members = new Map<MemberId, Forked>()
  #heard: (notice: LeadsNotice) => void = () => {}
  #leader: MemberId | undefined

  constructor(settings: ReadonlyMap<MemberId, ReplicaSettings>) {
    this.#settings = settings
  }

  async start(): Promise<void> {
    const led = this.#nextLeader()
    await Promise.all(ids.map((id) => this.#startMember(id)))
    await led
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => member.kill('SIGKILL')))
  }

  /** Commands or read points at the leader. Costs are of all members together, but syncs and bytes. */
  async load(kind: 'writes' | 'reads', clients: number, ms: number): Promise<object> {
    const before = await this.#usage()
    const { requests, ...latencies } = await this.#ask<LatencyFigures>(this.#leading, {
      kind,
      clients,
      ms,
    })
    const after = await this.#usage()
    const cost = { ...latencies, cpuMs: round((after.cpuMs - before.cpuMs) / requests) }
    if (kind === 'reads') return cost
    const entries = ids.length * (after.commitIndex - before.commitIndex)
    return {
      ...cost,
      syncsPerEntry: Number(((after.syncs - before.syncs) / entries).toPrecision(3)),
      bytesPerEntry: Math.round((after.syncedBytes - before.syncedBytes) / entries),
    }
  }

  /** Planned: from the request to the next leader's election, and to its first committed command. */
  async transfers(rounds: number): Promise<object> {
    const [elected, wrote]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const from = this.#leading
      const to = ids[(ids.indexOf(from) + 1) % ids.length] as MemberId
      const led = this.#nextLeader()
      const startMs = nowMs()
      await this.#ask(from, { kind: 'transfer', to })
      const { electedAtMs, wroteAtMs } = await led
      elected.push(electedAtMs - startMs)
      wrote.push(wroteAtMs - startMs)
    }
    return { rounds, elected: spread(elected), firstWrite: spread(wrote) }
  }

  /** SIGKILL of the leader's process. */
  async kills(rounds: number): Promise<object> {
    const [elected, wrote]: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round += 1) {
      const leader = this.#leading
      const led = this.#nextLeader()
      const startMs = nowMs()
      await this.#member(leader).kill('SIGKILL')
      const { electedAtMs, wroteAtMs } = await led
      elected.push(electedAtMs - startMs)
      wrote.push(wroteAtMs - startMs)
      await this.#startMember(leader)
      await this.#caughtUp(leader)
    }
    return { rounds, electedMs: spread(elected), firstWriteMs: spread(wrote) }
  }

  async #startMember(id: MemberId): Promise<void> {
    const heard = (message: object) => {
      const notice = message as LeadsNotice
      this.#leader = notice.member
      this.#heard(notice)
    }
    const member = new Forked(program, heard, nodeFlags)
    this.#members.set(id, member)
    await this.#ask(id, { kind: 'start', settings: this.#settings.get(id) as ReplicaSettings })
  }

  async #caughtUp(id: MemberId): Promise<void> {
    const { commitIndex } = await this.#ask<MemberUsage>(this.#leading, { kind: 'usage' })
    for (;;) {
      const usage = await this.#ask<MemberUsage>(id, { kind: 'usage' })
      if (usage.commitIndex >= commitIndex) return
    }
  }

  #nextLeader(): Promise<LeadsNotice> {
    const limit = AbortSignal.timeout(leaderMsMax)
    return new Promise((resolve, reject) => {
      this.#heard = resolve
      limit.addEventListener('abort', () => reject(new Error('nobody was elected')))
    })
  }

  async #usage(): Promise<MemberUsage> {
    const all = await Promise.all(ids.map((id) => this.#ask<MemberUsage>(id, { kind: 'usage' })))
    const sum = (of: (usage: MemberUsage) => number) =>
      all.reduce((total, one) => total + of(one), 0)
    return {
      cpuMs: sum(({ cpuMs }) => cpuMs),
      syncs: sum(({ syncs }) => syncs),
      syncedBytes: sum(({ syncedBytes }) => syncedBytes),
      commitIndex: Math.max(...all.map(({ commitIndex }) => commitIndex)),
    }
  }

  get #leading(): MemberId {
    if (this.#leader === undefined) throw new Error('nobody leads')
    return this.#leader
  }

  #member(id: MemberId): Forked {
    const member = this.#members.get(id)
    if (!member) throw new Error(`member ${id} does not run`)
    return member
  }

  #ask<T extends object>(id: MemberId, request: MemberRequest): Promise<T> {
    return this.#member(id).ask<T>(request)
  }
}

function inFlight(args: readonly string[]): number[] {
  const at = args.indexOf('--in-flight')
  const given = at < 0 ? '1,16,128,1024' : (args[at + 1] ?? '')
  return given.split(',').map(Number)
}

function spread(values: number[]): object {
  values.sort((left, right) => left - right)
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: quantile(values, 1) }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now()
}
