import { setTimeout as sleep } from 'node:timers/promises'
import { ApiConnection, sentAtField, type Target, tlsOptions } from './api-connection.ts'
import { type LatencyFigures, latencyFigures } from './figures.ts'
import { type WatchRequest, watchLag } from './watch-lag.ts'

/** A process that asks an API: what it is asked for, one request at a time. */
export type LoadRequest = RequestLoad | WatchRequest | TextRequest | PacedWrites

export interface RequestLoad extends Target {
  readonly kind: 'requests'
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Names of created objects begin with it. */
  readonly prefix: string
  /** Of the data of a created object. */
  readonly payloadBytes: number
  readonly connections: number
  /** Ends after so long or after so many requests, whichever is first. */
  readonly ms: number
  readonly count: number
}

export interface RequestFigures extends LatencyFigures {
  readonly bytes: number
}

/** The body of one answer, such as the metrics of the first server. */
export interface TextRequest extends Target {
  readonly kind: 'text'
}

/** Replaces the objects `w-1`, `w-2`, … in turn, evenly in time; each carries when it was sent. */
export interface PacedWrites extends Target {
  readonly kind: 'paced'
  readonly objects: number
  readonly perSecond: number
  readonly ms: number
}

async function load(request: RequestLoad): Promise<RequestFigures> {
  const { connections, method, path, prefix, payloadBytes } = request
  const payload = 'x'.repeat(payloadBytes)
  const lanes = await connect(request, connections)
  const latencies: number[] = []
  let [next, bytes] = [0, 0]
  const startMs = performance.now()
  const run = async (lane: ApiConnection) => {
    while (next < request.count && performance.now() - startMs < request.ms) {
      next += 1
      const body =
        method === 'POST'
          ? `{"metadata":{"name":"${prefix}-${next}"},"data":{"payload":"${payload}"}}`
          : ''
      const sentMs = performance.now()
      const received = await lane.ask(method, path, body)
      bytes += received
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(lanes.map(run))
  const ms = performance.now() - startMs
  for (const lane of lanes) lane.close()
  return { ...latencyFigures(latencies, ms), bytes }
}

async function paced(request: PacedWrites): Promise<LatencyFigures> {
  const { objects, path, perSecond, ms } = request
  const lanes = await connect(request, 16)
  const latencies: number[] = []
  const startMs = performance.now()
  let next = 0
  const run = async (lane: ApiConnection) => {
    for (;;) {
      const turn = next
      next += 1
      const dueMs = startMs + (turn * 1_000) / perSecond
      if (dueMs - startMs > ms) return
      await sleep(Math.max(0, dueMs - performance.now()))
      const name = `w-${1 + (turn % objects)}`
      const sentAt = performance.timeOrigin + performance.now()
      const data = { [sentAtField]: String(sentAt), payload: 'x'.repeat(800) }
      await lane.ask('PUT', `${path}/${name}`, JSON.stringify({ metadata: { name }, data }))
      latencies.push(performance.timeOrigin + performance.now() - sentAt)
    }
  }
  await Promise.all(lanes.map(run))
  for (const lane of lanes) lane.close()
  return latencyFigures(latencies, performance.now() - startMs)
}

async function text(request: TextRequest): Promise<object> {
  const [lane] = await connect(request, 1)
  const answer = await lane?.text(request.path)
  lane?.close()
  return { text: answer }
}

async function connect({ addresses, pki }: Target, count: number): Promise<ApiConnection[]> {
  const options = tlsOptions(pki)
  const lanes = Array.from(
    { length: count },
    (_, at) => new ApiConnection(addresses[at % addresses.length] ?? '', options),
  )
  await Promise.all(lanes.map((lane) => lane.ready()))
  return lanes
}

function answer(request: LoadRequest): Promise<object> {
  switch (request.kind) {
    case 'requests':
      return load(request)
    case 'watch':
      return watchLag(request, (message) => process.send?.(message))
    case 'text':
      return text(request)
    case 'paced':
      return paced(request)
  }
}

process.on('message', ({ id, request }: { id: number; request: LoadRequest }) => {
  void answer(request).then((value) => process.send?.({ id, value }))
})
process.on('disconnect', () => process.exit())
