import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import Router from '@koa/router'
import Koa from 'koa'
import { InvariantError, present } from '../base/assert.ts'
import { type Clock, delay, type Timer } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics.ts'
import {
  type ApiRequest,
  type ApiResponse,
  type HttpMethod,
  leavingHeader,
} from '../client/transport.ts'
import type { Api } from './api.ts'
import type { Authenticator } from './auth/authenticate.ts'
import { subjectOfPeer, unauthorized } from './auth/authenticate.ts'
import { requireAllowed } from './auth/authorizer.ts'
import { actingUser } from './auth/impersonate.ts'
import type { User } from './context.ts'
import { methodNotAllowed } from './errors.ts'
import { parseRequestInfo } from './request-info.ts'
import { errorResponse, expectedFailure, internalError, textResponse } from './responses.ts'
import { type HealthCheck, healthAnswer, healthPathOf } from './serving/health.ts'
import { HangUp, headersOf, readBody, writeResponse } from './serving/http-message.ts'

/** A path beside the Kubernetes API. Only who may do anything (system:masters) gets in. */
export interface ServerRoute {
  readonly method: HttpMethod
  readonly path: string
  handle(request: ApiRequest, user: User): Promise<ApiResponse>
}

export interface ApiServerOptions {
  readonly api: Pick<Api, 'handle' | 'authorizer'>
  readonly authenticator: Authenticator
  /** PEM texts; `clientCa` is what client certificates are checked against. */
  readonly tls: {
    readonly certificate: string
    readonly privateKey: string
    readonly clientCa: string
  }
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  readonly routes?: readonly ServerRoute[]
  readonly health?: readonly HealthCheck[]
  /** True while clients had better go elsewhere: each connection ends with its next answer. */
  readonly sendsAway?: () => boolean
  readonly metrics?: Registry
  /**
   * Takes over a connection that asks for an upgrade (exec, attach, port-forward). The user is known
   * but not yet authorized.
   */
  readonly upgrade?: (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: User,
  ) => Promise<void>
}

export interface ApiServer {
  /** Resolves when it listens; rejects with the listen error. */
  start(): Promise<void>
  /**
   * Sends clients elsewhere and goes on listening: ends watches, lets the requests that are under way
   * finish for a moment, all but the one of `asking`, and ends connections that carry nothing else.
   */
  drain(asking?: AbortSignal): Promise<void>
  /** Ends watches, lets other requests finish for a moment, then closes every connection. */
  stop(): Promise<void>
  /** Where it listens; throws before `start`. */
  readonly address: { readonly host: string; readonly port: number }
}

/** What a connection of HTTP/1.1 carries. */
interface Carried {
  underWay: number
  begun: number
  /** When it last began to wait for a request. */
  sinceMs: number
  /** What it had said by then; -1 at first, when silence counts as much as half a request. */
  bytesRead: number
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** How long requests may finish after `stop`. */
const drainMs = 5_000
/** How long clients may take to close their side then. */
const goodbyeMs = 500
/** How long a connection that has asked for nothing yet may take to do so when the server ends. */
const firstRequestMs = 1_000
/** Between the word that a session ends and its end: what was sent before the word arrived is served. */
const goawayMs = 200
/** Of a GOAWAY that refuses nothing yet (RFC 9113, 6.8). */
const anyStream = 2 ** 31 - 1
/** Streams per HTTP/2 connection, as kube-apiserver has it: clients open another connection. */
const streamsPerConnectionMax = 250
const windowBytes = 1024 * 1024
const sessionMemoryMiB = 128
/** Known to node, missing in its types of an HTTP/2 server that also speaks HTTP/1.1. */
const http1Limits = { maxHeaderSize: limits.headerBytesMax }
/** How often connections are looked at that say nothing, or not enough. */
const sweepMs = 5_000

/**
 * The HTTPS face of the API: TLS with client certificates, HTTP/1.1 and HTTP/2. It authenticates
 * and hands over to the pipeline; answers bypass koa's body handling, so that stored bytes go out
 * as they are and watches are flushed at once.
 */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new HttpsServer(options)
}

class HttpsServer implements ApiServer {
  readonly #options: ApiServerOptions
  readonly #server
  /** Connections, and the requests of HTTP/1.1 on each; sessions keep count themselves. */
  readonly #sockets = new Map<TLSSocket, Carried>()
  /** All connections, those in their handshake included. */
  readonly #connections = new Set<Socket>()
  /** Whether each was told that it ends. */
  readonly #sessions = new Map<Http2Session, { isTold: boolean }>()
  readonly #subjects = new WeakMap<object, ReturnType<typeof subjectOfPeer>>()
  /** The requests under way, each with what makes it end early. */
  readonly #underWay = new Map<HangUp, Promise<void>>()
  #stopping = false
  #sweeps: Timer | undefined

  constructor(options: ApiServerOptions) {
    this.#options = options
    const { certificate, privateKey, clientCa } = options.tls
    this.#server = createSecureServer({
      cert: certificate,
      key: privateKey,
      ca: clientCa,
      requestCert: true,
      // Who shows no certificate is anonymous or has a token; a bad certificate is refused below.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      allowHTTP1: true,
      ...http1Limits,
      handshakeTimeout: limits.requestHeadMsMax,
      maxSessionMemory: sessionMemoryMiB,
      settings: {
        maxConcurrentStreams: streamsPerConnectionMax,
        initialWindowSize: windowBytes,
        maxHeaderListSize: limits.headerBytesMax,
      },
    })
    const answer = this.#koa().callback()
    this.#server.on('request', (request, response) => {
      answer(request, response).catch((error: unknown) => this.#failed(error))
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(request, socket, head).catch((error: unknown) => this.#failed(error))
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      socket.setNoDelay(true)
      const sinceMs = options.clock.monotonicMs()
      this.#sockets.set(socket, { underWay: 0, begun: 0, sinceMs, bytesRead: -1 })
      socket.on('error', (error) => options.logger.debug({ error }, 'a connection failed'))
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('session', (session) => {
      this.#sessions.set(session, { isTold: false })
      session.once('close', () => this.#sessions.delete(session))
    })
    this.#server.on('tlsClientError', (error) =>
      options.logger.debug({ error: error.message }, 'a TLS handshake failed'),
    )
  }

  start(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 1_024 }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#failed(error))
        this.#sweeps = this.#options.clock.every(sweepMs, () => this.#sweep())
        resolve()
      })
    })
  }

  get address(): { host: string; port: number } {
    const address = this.#server.address() as AddressInfo
    return { host: address.address, port: address.port }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#stopping = true
    this.#sweeps?.cancel()
    await this.drain()
    const { clock } = this.#options
    const isFresh = [...this.#sockets].some(
      ([{ alpnProtocol }, { begun, underWay }]) => begun + underWay === 0 && alpnProtocol !== 'h2',
    )
    const ended = clock.after(isFresh ? firstRequestMs : 0, () => {
      for (const socket of this.#sockets.keys()) socket.end()
    })
    const destroyed = clock.after((isFresh ? firstRequestMs : 0) + goodbyeMs, () => {
      for (const socket of this.#connections) socket.destroy()
    })
    await closed
    ended.cancel()
    destroyed.cancel()
  }

  async drain(asking?: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const under = [...this.#underWay].filter(([{ signal }]) => signal !== asking)
    for (const [hangUp] of under) hangUp.abort()
    for (const session of this.#sessions.keys()) this.#tell(session)
    const finished = new AbortController()
    await Promise.race([
      Promise.allSettled([
        ...under.map(([, serving]) => serving),
        ...(this.#sessions.size > 0 ? [delay(clock, goawayMs, finished.signal)] : []),
      ]),
      delay(clock, drainMs, finished.signal).catch(() => {}),
    ])
    finished.abort()
    for (const session of this.#sessions.keys()) session.close()
    // One that has just been opened is about to ask: it ends with its answer.
    for (const [socket, { underWay, begun }] of this.#sockets)
      if (underWay === 0 && begun > 0 && socket.alpnProtocol !== 'h2') socket.end()
  }

  /**
   * Cuts connections of HTTP/1.1 on which the head of a request does not come to its end, or never begins;
   * node does that only for servers that speak nothing else (Slowloris).
   */
  #sweep(): void {
    const beforeMs = this.#options.clock.monotonicMs() - limits.requestHeadMsMax
    for (const [socket, { underWay, sinceMs, bytesRead }] of this.#sockets)
      if (
        socket.alpnProtocol !== 'h2' &&
        underWay === 0 &&
        sinceMs < beforeMs &&
        socket.bytesRead > bytesRead
      )
        socket.destroy()
  }

  /** The client is to come again on another session; streams that it has sent meanwhile are served. */
  #tell(session: Http2Session): void {
    const state = this.#sessions.get(session)
    if (!state || state.isTold || session.closed || session.destroyed) return
    state.isTold = true
    session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
    const timer = this.#options.clock.after(goawayMs, () => session.close())
    session.once('close', () => timer.cancel())
  }

  #koa(): Koa {
    const app = new Koa()
    app.silent = true
    const router = new Router()
    for (const route of this.#routes())
      router.register(route.path, [route.method], (context: Koa.Context) =>
        this.#serve(context, (request) => this.#restricted(context.req, request, route)),
      )
    const kubernetes = (context: Koa.Context) =>
      this.#serve(context, async (request) => {
        const user = await this.#user(context.req, request.headers)
        return this.#options.api.handle(request, user)
      })
    // Most requests are for resources: they need not be compared with every other path first.
    app.use((context, next) => (isOfApi(context.req.url) ? kubernetes(context) : next()))
    app.use((context, next) =>
      healthPathOf(context.req.url ?? '')
        ? this.#serve(context, (request) => this.#health(context.req, request))
        : next(),
    )
    app.use(router.routes())
    app.use(kubernetes)
    return app
  }

  #routes(): readonly ServerRoute[] {
    const { routes = [], metrics } = this.#options
    if (!metrics) return routes
    const route: ServerRoute = {
      method: 'GET',
      path: '/metrics',
      handle: async () => {
        const answer = textResponse(200, await metrics.metrics())
        return { ...answer, headers: new Map([['content-type', metrics.contentType]]) }
      },
    }
    return [route, ...routes]
  }

  /** Reads the request, answers it, and remembers it until then, so that `drain` can wait. */
  async #serve(
    context: Koa.Context,
    answer: (request: ApiRequest) => Promise<ApiResponse>,
  ): Promise<void> {
    context.respond = false
    const { req, res }: { req: Request; res: Response } = context
    const hangUp = new HangUp()
    res.once('close', hangUp.abort)
    if (this.#stopping) hangUp.abort()
    if (this.#stopping || this.#options.sendsAway?.() === true) {
      res.setHeader(leavingHeader, 'true')
      this.#endAfterAnswer(req, res)
    }
    const { clock } = this.#options
    const serving = this.#answer(req, hangUp, answer).then((response) => {
      // What is still to come of the body would be taken for the next request.
      if (!('stream' in req) && !req.complete) this.#endAfterAnswer(req, res)
      return writeResponse(res, response, { method: req.method, hangUp, clock })
    })
    this.#underWay.set(hangUp, serving)
    const carried = this.#sockets.get(req.socket as TLSSocket)
    if (carried) {
      carried.underWay += 1
      carried.begun += 1
    }
    try {
      await serving
    } finally {
      this.#underWay.delete(hangUp)
      if (carried) {
        carried.underWay -= 1
        carried.sinceMs = clock.monotonicMs()
        carried.bytesRead = req.socket.bytesRead
      }
      res.off('close', hangUp.abort)
    }
  }

  /** The client is to come again on another connection; what is under way on this one finishes. */
  #endAfterAnswer(request: Request, response: Response): void {
    if (!('stream' in request)) response.setHeader('connection', 'close')
    else if (request.stream.session) this.#tell(request.stream.session)
  }

  async #answer(
    req: Request,
    hangUp: HangUp,
    answer: (request: ApiRequest) => Promise<ApiResponse>,
  ): Promise<ApiResponse> {
    try {
      const method = httpMethods.get(req.method ?? '')
      if (!method) throw methodNotAllowed()
      const { clock } = this.#options
      const arrivedMs = clock.monotonicMs()
      const body = await readBody(req, clock)
      const request: ApiRequest = {
        method,
        waitedMs: clock.monotonicMs() - arrivedMs,
        path: req.url ?? '/',
        headers: headersOf(req),
        get signal() {
          return hangUp.signal
        },
        ...(body.length > 0 ? { body } : {}),
      }
      return await answer(request)
    } catch (error) {
      const failure = expectedFailure(error)
      if (!failure) this.#failed(error)
      return errorResponse(failure ?? internalError(), headersOf(req).get('accept'))
    }
  }

  /** Who asks: a client certificate counts before a token; then whom they act as. */
  async #user(req: Request, headers: ReadonlyMap<string, string>): Promise<User> {
    const certificate = this.#subject(req)
    const authorization = headers.get('authorization')
    const user = await this.#options.authenticator.authenticate({ certificate, authorization })
    return actingUser(this.#options.api.authorizer, user, headers)
  }

  /** The subject of the client's certificate, read once a connection. Throws Unauthorized. */
  #subject(req: Request): ReturnType<typeof subjectOfPeer> {
    const connection = 'stream' in req ? (req.stream.session ?? req.stream) : req.socket
    if (this.#subjects.has(connection)) return this.#subjects.get(connection)
    const socket = req.socket as TLSSocket
    const subject = subjectOfPeer(socket.getPeerCertificate() ?? {})
    if (subject && !socket.authorized) throw unauthorized()
    this.#subjects.set(connection, subject)
    return subject
  }

  async #restricted(req: Request, request: ApiRequest, route: ServerRoute): Promise<ApiResponse> {
    const user = await this.#user(req, request.headers)
    const info = parseRequestInfo(request.method, request.path)
    requireAllowed(this.#options.api.authorizer, user, info)
    return route.handle(request, user)
  }

  /** Whether all is well is told to everybody, also when the store cannot be asked who they are. */
  async #health(req: Request, request: ApiRequest): Promise<ApiResponse> {
    const asked = present(healthPathOf(request.path), 'a path of health')
    const info = parseRequestInfo(request.method, request.path)
    if (asked.check !== '')
      requireAllowed(this.#options.api.authorizer, await this.#user(req, request.headers), info)
    return healthAnswer({ ...asked, query: info.query }, this.#options.health ?? [])
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { upgrade } = this.#options
    const carried = this.#sockets.get(socket as TLSSocket)
    if (carried) carried.underWay += 1
    // The upgrade handler owns the socket from here on; until then a hang-up must not crash us.
    socket.on('error', (error) => this.#options.logger.debug({ error }, 'an upgrade failed'))
    try {
      const user = await this.#user(request, headersOf(request))
      if (!upgrade) throw methodNotAllowed()
      await upgrade(request, socket, head, user)
    } catch (error) {
      const failure = expectedFailure(error) ?? internalError()
      if (!expectedFailure(error)) this.#failed(error)
      const body = JSON.stringify(failure.status)
      socket.end(
        `HTTP/1.1 ${failure.code} ${failure.reason ?? 'Error'}\r\nconnection: close\r\n` +
          `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
    }
  }

  /** A broken invariant ends the process (base/assert.ts); everything else is logged. */
  #failed(error: unknown): void {
    if (error instanceof InvariantError)
      setImmediate(() => {
        throw error
      })
    this.#options.logger.error({ error }, 'serving a request failed')
  }
}

function isOfApi(path: string | undefined): boolean {
  return path?.startsWith('/api/') === true || path?.startsWith('/apis/') === true
}

const httpMethods: ReadonlyMap<string, HttpMethod> = new Map(
  (['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const).map((one) => [one, one]),
)
