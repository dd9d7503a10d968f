import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { type StatusError, statusError } from '../base/status.ts'
import {
  type ApiRequest,
  type ApiResponse,
  bodyBytes,
  notMemberHeader,
  type Transport,
} from './transport.ts'

export interface HttpsTransportOptions {
  /** `host:port` of each server, in the order in which they are tried. */
  readonly addresses: readonly string[]
  /** Read for every request: a getter may give another certificate once the first one was renewed. */
  readonly tls: {
    /** PEM of the authority that signed the servers' certificates. */
    readonly ca: string | Buffer
    readonly certificate?: string | Buffer
    readonly privateKey?: string | Buffer
    readonly token?: string
  }
  readonly clock: Clock
  /** How long a server may take until its answer begins; 30 s unless told. */
  readonly requestTimeoutMs?: number
  /**
   * A server that sent nothing for so long, though requests or streams are open, is asked for
   * /livez; without an answer in time its connections are cut. 5 s unless told.
   */
  readonly silenceMs?: number
  /** How long connect and handshake may take together, then the next server is tried; 2 s unless told. */
  readonly connectTimeoutMs?: number
}

const defaultRequestTimeoutMs = 30_000
const defaultConnectTimeoutMs = 2_000
const defaultSilenceMs = 5_000

/**
 * HTTPS to one of several equal servers. Stays with the server that answered last. A server that
 * cannot be connected to costs one attempt: the next one is tried at once, for every method, because
 * nothing was sent. After the request went out only reads move on to the next server; a write whose
 * answer is lost rejects with ServiceUnavailable, for its caller alone knows whether to repeat it.
 */
export function createHttpsTransport(
  options: HttpsTransportOptions,
): Transport & { close(): void } {
  return new HttpsTransport(options)
}

interface Server {
  readonly host: string
  readonly port: number
  readonly agent: Agent
  /** Requests without an answer yet, and answers that are not at their end. */
  readonly open: Set<ClientRequest>
  heardMs: number
  watchdog: Timer | undefined
}

class HttpsTransport implements Transport {
  readonly #servers: readonly Server[]
  readonly #options: HttpsTransportOptions
  #preferred = 0
  #closed = false

  constructor(options: HttpsTransportOptions) {
    assert(options.addresses.length > 0, 'an https transport has at least one address')
    this.#options = options
    // One agent a server: its pool of connections and its TLS sessions, which are reused.
    this.#servers = options.addresses.map((address) => ({
      ...hostAndPort(address),
      agent: new Agent({ keepAlive: true, maxCachedSessions: 16, scheduling: 'lifo' }),
      open: new Set(),
      heardMs: 0,
      watchdog: undefined,
    }))
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const failures: string[] = []
    const first = this.#preferred
    for (let turn = 0; turn < this.#servers.length; turn += 1) {
      const index = (first + turn) % this.#servers.length
      const server = this.#servers[index]
      assert(server, 'the index is in range')
      // A kept connection may have died unnoticed: that says nothing about its server, so ask twice.
      for (let again = true; again; ) {
        if (this.#closed) throw statusError('ServiceUnavailable', 'the transport is closed')
        const outcome = await this.#attempt(server, request)
        if (outcome.kind === 'answered') {
          if (outcome.response.headers.has(notMemberHeader) && turn + 1 < this.#servers.length) {
            await bodyBytes(outcome.response.body)
            failures.push(`${server.host}:${server.port}: no member of the cluster`)
            break
          }
          this.#preferred = index
          return outcome.response
        }
        failures.push(`${server.host}:${server.port}: ${outcome.error.message}`)
        if (outcome.sent && !isRead(request)) throw unreachableError(failures, outcome.error, true)
        again = outcome.reusedConnection
      }
    }
    throw unreachableError(failures, undefined, false)
  }

  close(): void {
    this.#closed = true
    for (const server of this.#servers) {
      server.watchdog?.cancel()
      server.agent.destroy()
    }
  }

  #opened(server: Server, request: ClientRequest): void {
    const { clock, silenceMs = defaultSilenceMs } = this.#options
    if (server.open.size === 0) server.heardMs = clock.monotonicMs()
    server.open.add(request)
    server.watchdog ??= clock.every(silenceMs, () => {
      if (clock.monotonicMs() - server.heardMs >= silenceMs) void this.#checkAlive(server)
    })
    request.once('close', () => {
      server.open.delete(request)
      if (server.open.size > 0) return
      server.watchdog?.cancel()
      server.watchdog = undefined
    })
  }

  /** A process that hangs keeps its sockets: only an answer shows that it lives. */
  async #checkAlive(server: Server): Promise<void> {
    const { clock, connectTimeoutMs = defaultConnectTimeoutMs } = this.#options
    const abort = new AbortController()
    const late = new Error(`no sign of life within ${connectTimeoutMs} ms`)
    const timer = clock.after(connectTimeoutMs, () => abort.abort(late))
    const probe: ApiRequest = {
      method: 'GET',
      path: '/livez',
      headers: new Map(),
      signal: abort.signal,
    }
    const alive = await this.#attempt(server, probe).then(
      async (outcome) => {
        if (outcome.kind !== 'answered') return false
        await bodyBytes(outcome.response.body)
        return true
      },
      () => false,
    )
    timer.cancel()
    if (alive || this.#closed) return
    if (this.#servers[this.#preferred] === server)
      this.#preferred = (this.#preferred + 1) % this.#servers.length
    for (const request of server.open) request.destroy(late)
    server.agent.destroy()
  }

  #attempt(server: Server, request: ApiRequest): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (request.signal?.aborted) return reject(cancelled(request.signal))
      const outgoing = httpsRequest({
        method: request.method,
        host: server.host,
        port: server.port,
        path: request.path,
        headers: this.#headers(request),
        agent: server.agent,
        ca: this.#options.tls.ca,
        cert: this.#options.tls.certificate,
        key: this.#options.tls.privateKey,
        minVersion: 'TLSv1.2',
      })
      const deadline = new Deadline(outgoing, this.#options)
      this.#opened(server, outgoing)
      const onAbort = () => outgoing.destroy(cancelled(request.signal))
      request.signal?.addEventListener('abort', onAbort, { once: true })
      const finish = () => {
        deadline.cancel()
        request.signal?.removeEventListener('abort', onAbort)
      }
      outgoing.on('error', (error) => {
        finish()
        if (request.signal?.aborted) return reject(cancelled(request.signal))
        resolve({
          kind: 'failed',
          error,
          sent: deadline.connected,
          reusedConnection: outgoing.reusedSocket && !deadline.expired,
        })
      })
      outgoing.on('response', (incoming) => {
        deadline.cancel()
        incoming.on('close', finish)
        const heard = () => {
          server.heardMs = this.#options.clock.monotonicMs()
        }
        heard()
        resolve({ kind: 'answered', response: answer(incoming, request.signal, heard) })
      })
      outgoing.end(request.body)
    })
  }

  #headers(request: ApiRequest): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = Object.create(null)
    for (const [name, value] of request.headers) headers[name] = value
    const { token } = this.#options.tls
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`
    return headers
  }
}

type Outcome =
  | { readonly kind: 'answered'; readonly response: ApiResponse }
  | {
      readonly kind: 'failed'
      readonly error: Error
      /** The server may have seen the request. */
      readonly sent: boolean
      readonly reusedConnection: boolean
    }

/** Ends a request that takes too long: first to connect, then to begin its answer. */
class Deadline {
  connected = false
  expired = false
  #timer: Timer

  constructor(request: ClientRequest, options: HttpsTransportOptions) {
    const { clock } = options
    const expire = (what: string, ms: number) =>
      clock.after(ms, () => {
        this.expired = true
        request.destroy(new Error(`no ${what} within ${ms} ms`))
      })
    this.#timer = expire('connection', options.connectTimeoutMs ?? defaultConnectTimeoutMs)
    const onConnected = () => {
      this.connected = true
      this.#timer.cancel()
      this.#timer = expire('answer', options.requestTimeoutMs ?? defaultRequestTimeoutMs)
    }
    request.on('socket', (socket) => {
      if (request.reusedSocket) onConnected()
      else socket.once('secureConnect', onConnected)
    })
  }

  cancel(): void {
    this.#timer.cancel()
  }
}

function answer(
  incoming: IncomingMessage,
  signal: AbortSignal | undefined,
  heard: () => void,
): ApiResponse {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  return {
    status: incoming.statusCode ?? 0,
    headers,
    body: { kind: 'stream', chunks: chunksOf(incoming, signal, heard) },
  }
}

/** Passes chunks on; a connection that breaks in the middle is an expected failure. */
async function* chunksOf(
  incoming: IncomingMessage,
  signal: AbortSignal | undefined,
  heard: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of incoming) {
      heard()
      yield chunk as Uint8Array
    }
  } catch (cause) {
    if (signal?.aborted) throw cancelled(signal)
    const error = statusError('ServiceUnavailable', 'the connection to the server broke')
    error.cause = cause
    throw error
  }
}

function isRead(request: ApiRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS'
}

function cancelled(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error('the request was cancelled')
}

function unreachableError(
  failures: readonly string[],
  cause: unknown,
  outcomeUnknown: boolean,
): StatusError {
  const what = outcomeUnknown ? 'the answer was lost, the write may have happened' : 'no server'
  const error = statusError('ServiceUnavailable', `${what}: ${failures.join('; ')}`)
  error.cause = cause
  return error
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(address.slice(colon + 1))
  assert(colon > 0 && Number.isInteger(port) && port > 0, `${address} is host:port`)
  return { host, port }
}
