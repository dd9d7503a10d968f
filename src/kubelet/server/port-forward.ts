import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Opens a connection to a port of the pod. Rejects with what stands in the way. */
export type Connect = (port: number) => Promise<Duplex>

/** One forwarded connection: its bytes, and where its failure is told. */
export interface ForwardPair {
  readonly port: number
  readonly data: Duplex
  readonly error: Duplex
}

/**
 * Joins a client's stream with a port of the pod until both have ended. What fails is told in text on the
 * error stream (kubelet cri/streaming/portforward/httpstream.go).
 */
export async function forward({ port, data, error }: ForwardPair, connect: Connect): Promise<void> {
  error.resume()
  try {
    const target = await connect(port)
    // Each direction ends by itself: a server may go on answering after the request's end.
    await Promise.all([pipeline(data, target, { end: true }), pipeline(target, data)])
  } catch (failure) {
    const { message } = failure instanceof Error ? failure : new Error(String(failure))
    if (!data.destroyed) error.write(`error forwarding port ${port}: ${message}`)
  } finally {
    // Nobody takes what the client still sends: it must not hold up its other connections.
    data.resume().end()
    error.end()
  }
}

/** PURE: finds the two streams of each connection by their `requestID`. */
export class PairFinder {
  readonly #waiting = new Map<string, { port: number; data?: Duplex; error?: Duplex }>()

  /** Streams without their other half. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** The pair that `stream` completes; undefined while one half is missing; a text says what is wrong. */
  add(headers: ReadonlyMap<string, string>, stream: Duplex): ForwardPair | string | undefined {
    const type = headers.get('streamtype')
    if (type !== 'data' && type !== 'error') return `invalid stream type ${JSON.stringify(type)}`
    const port = portOf(headers.get('port') ?? '')
    if (port === undefined) return `invalid port ${JSON.stringify(headers.get('port') ?? '')}`
    const id = headers.get('requestid') ?? ''
    if (id === '') return 'a requestID is needed'
    const pair = this.#waiting.get(id) ?? { port }
    if (pair.port !== port || pair[type]) return `request ${JSON.stringify(id)} has this stream`
    pair[type] = stream
    const { data, error } = pair
    if (data && error) {
      this.#waiting.delete(id)
      return { port, data, error }
    }
    this.#waiting.set(id, pair)
    // Its client gave it up before the other half came.
    stream.once('close', () => {
      if (this.#waiting.get(id) === pair) this.#waiting.delete(id)
    })
    return undefined
  }
}

/** PURE: a port's number; undefined for a text that is none. */
export function portOf(text: string): number | undefined {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined
}
