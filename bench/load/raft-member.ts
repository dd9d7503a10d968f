import type { LogIndex, MemberId } from '../../src/base/brand.ts'
import { delay, systemClock } from '../../src/base/clock.ts'
import { flightSilence } from '../../src/base/flight-record.ts'
import { stderrLogger } from '../../src/base/log.ts'
import type { CommittedEntry } from '../../src/raft/replica.ts'
import type { ReplicaSettings } from '../../src/raft/replica-options.ts'
import { createThreadReplica, type ThreadReplica } from '../../src/raft/thread/thread-replica.ts'
import { latencyFigures } from './figures.ts'

/** One member in a process of its own, as a master has it: what the benchmark asks of it. */
export type MemberRequest =
  | { readonly kind: 'start'; readonly settings: ReplicaSettings }
  | { readonly kind: 'usage' }
  | { readonly kind: 'writes' | 'reads'; readonly clients: number; readonly ms: number }
  | { readonly kind: 'transfer'; readonly to: MemberId }
  | { readonly kind: 'stop' }

/** Sums since the start of the process, to be subtracted. */
export interface MemberUsage {
  readonly cpuMs: number
  readonly syncs: number
  readonly syncedBytes: number
  readonly commitIndex: LogIndex
}

/** Said unasked: this member leads, and committed a command of its own. */
export interface LeadsNotice {
  readonly kind: 'leads'
  readonly member: MemberId
  readonly electedAtMs: number
  readonly wroteAtMs: number
}

const commandBytes = 1024
/** The Raft thread tells its counts a little more often than that. */
const statusPeriodMs = 250

class Member {
  readonly #replica: ThreadReplica
  readonly #waiting = new Map<number, () => void>()
  #last = 0
  #leads = false

  constructor(settings: ReplicaSettings) {
    this.#replica = createThreadReplica({
      ...settings,
      logger: stderrLogger('error'),
      emit: flightSilence,
    })
    this.#replica.listen({
      committed: (entries) => this.#committed(entries),
      async restored() {},
      leadership: ({ role }) => {
        if (role === 'leader' && !this.#leads) void this.#tellThatItLeads()
        this.#leads = role === 'leader'
      },
      snapshotWanted: () => {},
      failed: (error) => {
        throw error
      },
    })
  }

  async answer(request: Exclude<MemberRequest, { kind: 'start' }>): Promise<object> {
    switch (request.kind) {
      case 'usage':
        return this.#usage()
      case 'writes':
        return this.#load(request.clients, request.ms, () => this.#write())
      case 'reads':
        return this.#load(request.clients, request.ms, () => this.#replica.readIndex())
      case 'transfer':
        await this.#replica.transferLeadership(request.to)
        return { atMs: nowMs() }
      case 'stop':
        await this.#replica.stop()
        return {}
    }
  }

  start(): Promise<void> {
    return this.#replica.start()
  }

  /** Resolves when the command is committed and delivered here. */
  async #write(): Promise<void> {
    this.#last += 1
    const key = this.#last * 4 + this.#replica.memberId
    const command = Buffer.alloc(commandBytes, 0x61)
    command.writeDoubleBE(key)
    const done = new Promise<void>((resolve) => this.#waiting.set(key, resolve))
    await this.#replica.propose(command)
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
    if (last) this.#replica.applied(last.index)
  }

  async #tellThatItLeads(): Promise<void> {
    const electedAtMs = nowMs()
    await this.#write()
    const { memberId: member } = this.#replica
    const notice: LeadsNotice = { kind: 'leads', member, electedAtMs, wroteAtMs: nowMs() }
    process.send?.(notice)
  }

  async #usage(): Promise<MemberUsage> {
    const { user, system } = process.cpuUsage()
    await delay(systemClock, statusPeriodMs)
    const { syncs, syncedBytes, commitIndex } = this.#replica.status()
    return { cpuMs: (user + system) / 1_000, syncs, syncedBytes, commitIndex }
  }

  async #load(clients: number, ms: number, one: () => Promise<unknown>): Promise<object> {
    const startMs = performance.now()
    const latencies: number[] = []
    const client = async () => {
      while (performance.now() - startMs < ms) {
        const sentMs = performance.now()
        await one()
        latencies.push(performance.now() - sentMs)
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    return latencyFigures(latencies, performance.now() - startMs)
  }
}

/** The same in all processes of a machine. */
function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

let member: Member | undefined

process.on('message', ({ id, request }: { id: number; request: MemberRequest }) => {
  void answer(request).then((value) => process.send?.({ id, value }))
})
process.on('disconnect', () => process.exit())

async function answer(request: MemberRequest): Promise<object> {
  if (request.kind !== 'start') return (await member?.answer(request)) ?? {}
  member = new Member(request.settings)
  await member.start()
  return {}
}
