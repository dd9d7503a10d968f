import { EtcdClient, type EtcdClientOptions } from '../../src/api/etcd/wire/client.ts'
import type { WatchResponse } from '../../src/api/etcd/wire/kv-messages.ts'
import { kvService, watchService } from '../../src/api/etcd/wire/services.ts'
import { systemRandom } from '../../src/base/random.ts'
import { type LatencyFigures, latencyFigures } from './figures.ts'

/** What a load process is asked for, one message a run. The same client speaks to both servers. */
export interface EtcdLoadRequest {
  readonly endpoints: readonly string[]
  /** Left out: the connection is not encrypted. */
  readonly tls?: NonNullable<EtcdClientOptions['tls']>
  readonly work:
    | 'fill'
    | 'put'
    | 'overwrite'
    | 'get'
    | 'serializable get'
    | 'range'
    | 'watch'
    | 'stalled put'
  readonly clients: number
  readonly ms: number
  /** Of a range, and of keys to fill in or to overwrite at random: how many. Of watches: how many watchers. */
  readonly count?: number
}

const value = Buffer.alloc(1_024, 'x')
const keyOf = (at: number) => Buffer.from(`bench/${String(at).padStart(8, '0')}`)
const watchersPerStream = 100
/** Below the 128 operations that a transaction may have. */
const putsPerTxn = 100
/** All watchers together hear so many events a second. */
const eventsPerSecond = 1_000

async function load(request: EtcdLoadRequest): Promise<LatencyFigures> {
  const { endpoints, tls, clients } = request
  const connections = Array.from(
    { length: Math.min(clients, 16) },
    (_, at) =>
      new EtcdClient({ endpoint: endpoints[at % endpoints.length] ?? '', ...(tls && { tls }) }),
  )
  try {
    if (request.work === 'fill') return await fill(connections, request.count ?? 0)
    if (request.work === 'watch') return await watchers(connections, request)
    const stalled = request.work === 'stalled put' ? stall(request) : undefined
    const result = await requests(connections, request)
    stalled?.close()
    return result
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** Each client has one request under way. */
async function requests(
  connections: readonly EtcdClient[],
  request: EtcdLoadRequest,
): Promise<LatencyFigures> {
  const latencies: number[] = []
  let next = 0
  const startMs = performance.now()
  const lane = async (nth: number) => {
    const client = connections[nth % connections.length] as EtcdClient
    while (performance.now() - startMs < request.ms) {
      next += 1
      const sentMs = performance.now()
      await once(client, request, next)
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: request.clients }, (_, nth) => lane(nth)))
  return latencyFigures(latencies, performance.now() - startMs)
}

async function once(client: EtcdClient, request: EtcdLoadRequest, next: number): Promise<void> {
  switch (request.work) {
    case 'get':
    case 'serializable get': {
      const serializable = request.work !== 'get'
      await client.call(kvService.range, { key: keyOf(next % 1_000), serializable })
      return
    }
    case 'range': {
      const [key, rangeEnd] = [keyOf(0), keyOf(request.count ?? 0)]
      const { kvs } = await client.call(kvService.range, { key, rangeEnd })
      if (kvs.length !== request.count) throw new Error(`a range of ${kvs.length} keys`)
      return
    }
    case 'overwrite':
      await client.call(kvService.put, {
        key: keyOf(systemRandom.integer(0, request.count ?? 0)),
        value,
      })
      return
    default:
      await client.call(kvService.put, { key: keyOf(next % 10_000), value })
  }
}

async function fill(connections: readonly EtcdClient[], count: number): Promise<LatencyFigures> {
  const startMs = performance.now()
  let next = 0
  const lane = async (client: EtcdClient) => {
    while (next < count) {
      const keys = Array.from({ length: Math.min(putsPerTxn, count - next) }, (_, at) => next + at)
      next += keys.length
      await client.call(kvService.txn, {
        success: keys.map((at) => ({ put: { key: keyOf(at), value } })),
      })
    }
  }
  await Promise.all(connections.map(lane))
  return latencyFigures([], performance.now() - startMs)
}

/** Watchers of a key each; a put to one of them at a time. Measured: from the put's start to its event. */
async function watchers(
  connections: readonly EtcdClient[],
  { count = 0, ms }: EtcdLoadRequest,
): Promise<LatencyFigures> {
  const sentMs = new Map<string, number>()
  const lags: number[] = []
  let created = 0
  const ready = new Promise<void>((resolve) => {
    for (let first = 0; first < count; first += watchersPerStream) {
      const client = connections[(first / watchersPerStream) % connections.length] as EtcdClient
      const stream = client.stream(watchService.watch)
      stream.on('error', () => {})
      stream.on('data', ({ created: isNew, events }: WatchResponse) => {
        if (isNew) created += 1
        if (created === count) resolve()
        for (const { kv } of events) {
          const at = sentMs.get(Buffer.from(kv?.key ?? []).toString())
          if (at !== undefined) lags.push(performance.now() - at)
        }
      })
      for (let at = first; at < Math.min(count, first + watchersPerStream); at += 1)
        stream.write({ create: { key: keyOf(at) } })
    }
  })
  await ready
  const startMs = performance.now()
  let next = 0
  let failed: unknown
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now()
      for (; next < ((nowMs - startMs) * eventsPerSecond) / 1_000; next += 1) {
        const key = keyOf(next % count)
        sentMs.set(key.toString(), performance.now())
        const client = connections[next % connections.length] as EtcdClient
        client.call(kvService.put, { key, value }).catch((error: unknown) => {
          failed = error
        })
      }
      if (nowMs - startMs < ms && !failed) return
      clearInterval(timer)
      setTimeout(resolve, 500)
    }, 5)
  })
  if (failed) throw failed
  return latencyFigures(lags, performance.now() - startMs - 500)
}

/** A watcher of everything that reads nothing. */
function stall({ endpoints, tls }: EtcdLoadRequest): EtcdClient {
  const client = new EtcdClient({ endpoint: endpoints[0] ?? '', ...(tls && { tls }) })
  const stream = client.stream(watchService.watch)
  stream.on('error', () => {})
  stream.write({ create: { key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0) } })
  stream.pause()
  return client
}

process.on('message', ({ id, request }: { id: number; request: EtcdLoadRequest }) => {
  void load(request).then((value) => process.send?.({ id, value }))
})
