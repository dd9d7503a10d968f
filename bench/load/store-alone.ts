import { openEtcdListener } from '../../test/contract/etcd-listener.ts'
import type { EtcdLoadRequest } from './etcd-load.ts'
import { type LatencyFigures, round } from './figures.ts'
import { Forked } from './forked.ts'

const warmUpMs = 5_000
const rangeCounts = [1_000, 10_000]

/**
 * The etcd listener's own cost: gRPC without TLS, and the store of one member in memory, in this process,
 * without consensus and disk; the clients in another. What counts is the processor time of a call, which
 * a neighbour on the machine changes least.
 */
export async function runAlone(ms: number): Promise<object> {
  const { address, replica, stop } = await openEtcdListener()
  const load = new Forked(new URL('./etcd-load.js', import.meta.url))
  const ask = async (work: EtcdLoadRequest['work'], clients: number, forMs = ms, count = 0) => {
    const before = process.cpuUsage()
    const request: EtcdLoadRequest = { endpoints: [address], work, clients, ms: forMs, count }
    const { requests } = await load.ask<LatencyFigures>(request)
    const { user, system } = process.cpuUsage(before)
    // A log in memory is no part of what is measured.
    replica.log.length = 0
    return { requests, cpuUs: round((user + system) / requests) }
  }
  const figures: Record<string, object> = {}
  try {
    await ask('put', 32, warmUpMs)
    await ask('get', 32, warmUpMs)
    for (const work of ['put', 'get'] as const)
      for (const clients of [1, 16, 128])
        figures[`${work}s, ${clients} clients`] = await ask(work, clients)
    await ask('fill', 1, 0, Math.max(...rangeCounts))
    for (const count of rangeCounts)
      figures[`ranges of ${count}, 1 client`] = await ask('range', 1, ms, count)
    return figures
  } finally {
    await load.kill()
    await stop()
  }
}
