import { readFileSync } from 'node:fs'
import { EtcdClient } from '../../src/api/etcd/wire/client.ts'
import type { SnapshotPart } from '../../src/api/etcd/wire/cluster-messages.ts'
import { maintenanceService } from '../../src/api/etcd/wire/services.ts'
import { assert } from '../../src/base/assert.ts'
import { startEtcd } from '../../test/compat/etcd-server.ts'
import { leaderFirst } from './etcd-leader.ts'
import type { EtcdLoadRequest } from './etcd-load.ts'
import { type LatencyFigures, round } from './figures.ts'
import { Forked } from './forked.ts'

export interface EtcdMemoryLoad {
  readonly keys: number
  readonly members: number
  readonly ms: number
  readonly clients: number
}

/** Its default, 2 GiB, is less than a million keys and their overwrites need. */
const quotaBytes = 8 * 1024 ** 3

/**
 * What bench/store-memory.ts measures, of Debian's etcd: the same keys and values, written over gRPC
 * without TLS, since etcd has no other way in. Memory is the leader's. Its snapshot is the one that a
 * client asks for, over and over: etcd's own are of its index only.
 */
export async function measureEtcd({ keys, members, ms, clients }: EtcdMemoryLoad): Promise<object> {
  const etcd = await startEtcd({ members, flags: { 'quota-backend-bytes': String(quotaBytes) } })
  const load = new Forked(new URL('./etcd-load.js', import.meta.url))
  try {
    const endpoints = await leaderFirst(etcd.endpoints)
    const leader = endpoints[0] ?? ''
    const leaderPid = () => etcd.pids[etcd.endpoints.indexOf(leader)] ?? 0
    const ask = (request: Pick<EtcdLoadRequest, 'work' | 'clients' | 'ms'>) =>
      load.ask<LatencyFigures>({ endpoints: [leader], count: keys, ...request })
    const startMs = performance.now()
    await ask({ work: 'fill', clients: 8, ms: 0 })
    const fill = { seconds: round((performance.now() - startMs) / 1_000) }
    const writes = await ask({ work: 'overwrite', clients, ms })
    const usage = { rssMB: residentMB(leaderPid()) }
    const snapshots = new EndlessSnapshots(leader)
    const writesWhileSaving = await ask({ work: 'overwrite', clients, ms })
    const usageWhileSaving = { rssMB: residentMB(leaderPid()) }
    const snapshotsRead = await snapshots.stop()
    const restartMs = performance.now()
    await etcd.restart()
    return {
      ...{ fill, writes, usage, writesWhileSaving, usageWhileSaving },
      ...{ snapshotsRead },
      snapshotAddsMsP99: round(writesWhileSaving.msP99 - writes.msP99),
      coldStartSeconds: round((performance.now() - restartMs) / 1_000),
      afterStart: { rssMB: residentMB(leaderPid()) },
    }
  } finally {
    await load.kill()
    await etcd.stop()
  }
}

/** One after the other, read to the end and thrown away. */
class EndlessSnapshots {
  readonly #client: EtcdClient
  #isOver = false
  #count = 0
  readonly #ended: Promise<void>

  constructor(endpoint: string) {
    this.#client = new EtcdClient({ endpoint })
    this.#ended = this.#run()
  }

  /** The one under way is read to its end. Resolves with how many there were. */
  async stop(): Promise<number> {
    this.#isOver = true
    await this.#ended
    this.#client.close()
    return this.#count
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const parts = this.#client.answers(maintenanceService.snapshot, {})
      let bytes = 0
      for await (const { blob } of parts as AsyncIterable<SnapshotPart>) bytes += blob.length
      assert(bytes > 0, 'a snapshot of etcd has bytes')
      this.#count += 1
    }
  }
}

function residentMB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round((Number(kibibytes) * 1_024) / 1e6)
}
