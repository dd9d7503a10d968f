import { PerformanceObserver } from 'node:perf_hooks'
import { createProposer, type Proposer } from '../../src/api/raft-store/proposer.ts'
import { delay, systemClock } from '../../src/base/clock.ts'
import { flightSilence } from '../../src/base/flight-record.ts'
import { stderrLogger } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { isStatus } from '../../src/base/status.ts'
import type { Replica, ReplicaListener } from '../../src/raft/replica.ts'
import type { ReplicaSettings } from '../../src/raft/replica-options.ts'
import { createThreadReplica } from '../../src/raft/thread/thread-replica.ts'
import type { PutOperation, Txn } from '../../src/state/cluster-store.ts'
import { Machine } from '../../src/state/machine.ts'
import { latencyFigures, quantile, round } from './figures.ts'

/** A member of the store in a process of its own, without an API: what the benchmark asks of it. */
export type StoreRequest =
  | { readonly kind: 'start'; readonly settings: ReplicaSettings }
  | { readonly kind: 'fill'; readonly keys: number }
  /** Overwrites random keys, with a snapshot under way all the time or not at all. */
  | {
      readonly kind: 'write'
      readonly keys: number
      readonly clients: number
      readonly ms: number
      readonly snapshots: boolean
    }
  /** New values for 10,000 keys in turn, so many at a time. */
  | { readonly kind: 'puts'; readonly clients: number; readonly ms: number }
  | { readonly kind: 'leads' }
  | { readonly kind: 'usage' }

export interface PutsDone {
  readonly latencies: number[]
  readonly ms: number
}

export interface StoreUsage {
  readonly keys: number
  readonly rssMB: number
  readonly heapMB: number
  readonly slabsMB: number
  /** Pauses of the garbage collector since the last time this was asked. */
  readonly gcPauses: number
  readonly gcMsP50: number
  readonly gcMsP999: number
  readonly gcMsMax: number
}

const valueBytes = 1024
const putsPerTxn = 64
const putKeys = 10_000
const fillersInFlight = 8

class StoreProcess {
  readonly #machine = new Machine()
  readonly #replica: Replica
  readonly #proposer: Proposer
  readonly #value = Buffer.alloc(valueBytes, 'x')
  readonly #snapshotMs: number[] = []
  #listener: ReplicaListener | undefined
  #gcMs: number[] = []

  constructor(settings: ReplicaSettings) {
    const logger = stderrLogger('error')
    this.#replica = createThreadReplica({ ...settings, logger, emit: flightSilence })
    this.#observe(this.#replica)
    this.#proposer = createProposer({
      ...{ replica: this.#replica, machine: this.#machine },
      ...{ clock: systemClock, random: systemRandom, logger },
    })
    const pauses = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs.push(duration)
    })
    pauses.observe({ entryTypes: ['gc'] })
  }

  /** Resolves when it could serve. */
  async start(): Promise<void> {
    await this.#proposer.start()
    for (;;) {
      try {
        await this.#proposer.barrier()
        return
      } catch (error) {
        // A long log is still being applied.
        if (!isStatus(error, 'ServiceUnavailable')) throw error
      }
    }
  }

  async fill(keys: number): Promise<object> {
    const startMs = performance.now()
    let next = 0
    const filler = async () => {
      while (next < keys) {
        const count = Math.min(putsPerTxn, keys - next)
        const success = Array.from({ length: count }, (_, at) => this.#put(next + at))
        next += count
        await this.#untilTaken({ compares: [], success, failure: [] })
      }
    }
    await Promise.all(Array.from({ length: fillersInFlight }, filler))
    return { seconds: round((performance.now() - startMs) / 1_000) }
  }

  /** A log that is at its limit waits for a snapshot, on a slow machine longer than a write does. */
  async #untilTaken(txn: Txn): Promise<void> {
    for (;;) {
      try {
        await this.#proposer.commit(txn)
        return
      } catch (error) {
        if (!isStatus(error, 'ServiceUnavailable')) throw error
      }
    }
  }

  async write(keys: number, clients: number, ms: number, snapshots: boolean): Promise<object> {
    const startMs = performance.now()
    const isOver = () => performance.now() - startMs >= ms
    const latencies: number[] = []
    this.#snapshotMs.length = 0
    const client = async () => {
      while (!isOver()) {
        const sentMs = performance.now()
        const success = [this.#put(systemRandom.integer(0, keys))]
        await this.#proposer.commit({ compares: [], success, failure: [] })
        latencies.push(performance.now() - sentMs)
      }
    }
    const snapshooter = async () => {
      while (!isOver()) {
        this.#listener?.snapshotWanted()
        await delay(systemClock, 50)
      }
    }
    await Promise.all([
      ...Array.from({ length: clients }, client),
      ...(snapshots ? [snapshooter()] : []),
    ])
    const figures = latencyFigures(latencies, performance.now() - startMs)
    return { ...figures, snapshotMs: this.#snapshotMs.map(round) }
  }

  async puts(clients: number, ms: number): Promise<PutsDone> {
    const startMs = performance.now()
    const latencies: number[] = []
    let next = 0
    const client = async () => {
      while (performance.now() - startMs < ms) {
        next = (next + 1) % putKeys
        const sentMs = performance.now()
        await this.#proposer.commit({ compares: [], success: [this.#put(next)], failure: [] })
        latencies.push(performance.now() - sentMs)
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    return { latencies, ms: performance.now() - startMs }
  }

  get leads(): boolean {
    return this.#proposer.leadership.role === 'leader'
  }

  usage(): StoreUsage {
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    const pauses = this.#gcMs.sort((left, right) => left - right)
    this.#gcMs = []
    return {
      keys: this.#machine.size.keys,
      ...{ rssMB: megabytes(rss), heapMB: megabytes(heapUsed), slabsMB: megabytes(arrayBuffers) },
      gcPauses: pauses.length,
      gcMsP50: quantile(pauses, 0.5),
      gcMsP999: quantile(pauses, 0.999),
      gcMsMax: quantile(pauses, 1),
    }
  }

  /** Has its listener at hand, and times its snapshots. */
  #observe(replica: Replica): void {
    const { listen, saveSnapshot } = replica
    replica.listen = (listener) => {
      this.#listener = listener
      listen.call(replica, listener)
    }
    replica.saveSnapshot = async (...args) => {
      const startMs = performance.now()
      await saveSnapshot.apply(replica, args)
      this.#snapshotMs.push(performance.now() - startMs)
    }
  }

  #put(at: number): PutOperation {
    const key = `/registry/core/configmaps/namespace-${at % 100}/object-${at}`
    return { op: 'put', key, value: this.#value, revisionOffset: -1 }
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6)
}

let store: StoreProcess | undefined

process.on('message', ({ id, request }: { id: number; request: StoreRequest }) => {
  void answer(request).then((value) => process.send?.({ id, value }))
})
process.on('disconnect', () => process.exit())

async function answer(request: StoreRequest): Promise<object> {
  if (request.kind === 'start') {
    store = new StoreProcess(request.settings)
    await store.start()
    return {}
  }
  if (!store) throw new Error('the store is started first')
  switch (request.kind) {
    case 'fill':
      return store.fill(request.keys)
    case 'write':
      return store.write(request.keys, request.clients, request.ms, request.snapshots)
    case 'puts':
      return store.puts(request.clients, request.ms)
    case 'leads':
      return { leads: store.leads }
    case 'usage':
      return store.usage()
  }
}
