import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Pod } from '../../kinds/types.ts'
import { type ContainerState, type Runtime, RuntimeError } from '../runtime/runtime.ts'
import { type ExecProtocol, execProtocols, serveExec } from './exec-channels.ts'
import { parseLogQuery, parseStreamPath, type StreamPath } from './stream-request.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** PEM. `ca` signed the certificates of those who may ask. */
  readonly tls: { readonly certificate: string; readonly privateKey: string; readonly ca: string }
}

export interface ServerDeps {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly logger: Logger
  /** The container of a pod by name, newest first; empty when the pod has none of that name. */
  containers(path: StreamPath): Promise<readonly ContainerState[]>
  pods(): readonly Pod[]
}

/** Who may ask for logs and shells: masters, by the names in their client certificates. */
const allowedName = 'kube-apiserver-kubelet-client'
const allowedGroups: ReadonlySet<string> = new Set(['kijabi:masters', 'system:masters'])

/** Logs and exec of this node's containers, for masters, over mutual TLS. */
export class KubeletServer {
  readonly #options: ServerOptions
  readonly #deps: ServerDeps
  readonly #server: Server
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.bodyBytesMax,
    handleProtocols: (offered) => execProtocols.find((one) => offered.has(one)) ?? false,
  })
  #streams = 0

  constructor(options: ServerOptions, deps: ServerDeps) {
    this.#options = options
    this.#deps = deps
    this.#server = createServer({
      cert: options.tls.certificate,
      key: options.tls.privateKey,
      ca: options.tls.ca,
      minVersion: 'TLSv1.2',
      requestCert: true,
      // Who has no certificate may still ask for health; everything else checks.
      rejectUnauthorized: false,
      maxHeaderSize: limits.headerBytesMax,
    })
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => refuse(response, error))
    })
    this.#server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head).catch((error: unknown) => refuseUpgrade(socket, error))
    })
  }

  get address(): { readonly host: string; readonly port: number } {
    const { port } = this.#server.address() as AddressInfo
    return { host: this.#options.host, port }
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#options.port, this.#options.host, resolve)
    })
  }

  /** Hangs up on everyone. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://kubelet')
    if (url.pathname === '/healthz') return void response.end('ok')
    this.#authorize(request)
    if (request.method !== 'GET') throw new Refusal(405, 'method not allowed')
    if (url.pathname === '/pods') {
      response.setHeader('content-type', 'application/json')
      const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#deps.pods() }
      return void response.end(JSON.stringify(list))
    }
    const path = parseStreamPath(url.pathname)
    if (path?.what === 'containerLogs') return this.#logs(path, url.searchParams, response)
    if (path?.what === 'exec') {
      await this.#running(path)
      throw new Refusal(426, 'exec needs an upgrade to WebSocket')
    }
    throw noSuchPage(url)
  }

  async #logs(path: StreamPath, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { options, previous } = parseLogQuery(query, this.#deps.clock.wallMs())
    const all = await this.#deps.containers(path)
    const started = all.filter((one) => one.state !== 'created')
    const wanted = started[previous ? 1 : 0]
    if (!wanted) throw new Refusal(400, this.#noLog(path, previous))
    await this.#counted(async () => {
      const stream = await this.#deps.runtime.logs(wanted.id, options)
      response.setHeader('content-type', 'text/plain')
      response.flushHeaders()
      // A client that hangs up ends the stream: that is no failure.
      await pipeline(stream, response).catch(() => stream.destroy())
    })
  }

  /** Why there is nothing to read yet (kubelet_pods.go validateContainerLogStatus). */
  #noLog({ namespace, pod, container }: StreamPath, previous: boolean): string {
    const where = `container "${container}" in pod "${pod}"`
    if (previous) return `previous terminated ${where} not found`
    const { status } =
      this.#deps
        .pods()
        .find(({ metadata }) => metadata.name === pod && metadata.namespace === namespace) ?? {}
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
    const reason = all.find((one) => one.name === container)?.state?.waiting?.reason
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff')
      return `${where} is waiting to start: trying and failing to pull image`
    return `${where} is waiting to start: ${reason ?? 'ContainerCreating'}`
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#authorize(request)
    const url = new URL(request.url ?? '/', 'https://kubelet')
    const path = parseStreamPath(url.pathname)
    if (path?.what !== 'exec') throw noSuchPage(url)
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
    if (!execProtocols.some((one) => offered.includes(one)))
      throw new Refusal(400, `exec speaks ${execProtocols.join(' and ')} only`)
    const command = url.searchParams.getAll('command')
    if (command.length === 0) throw new Refusal(400, 'you must specify at least 1 command')
    const on = (...names: string[]) =>
      names.some((name) => /^(1|true)$/.test(url.searchParams.get(name) ?? ''))
    const newest = await this.#running(path)
    await this.#counted(async () => {
      const options = { command, stdin: on('input', 'stdin'), tty: on('tty') }
      const stream = await this.#deps.runtime.exec(newest.id, options)
      const webSocket = await new Promise<WebSocket>((resolve, reject) => {
        socket.once('close', () => reject(new Refusal(400, 'the client hung up')))
        this.#sockets.handleUpgrade(request, socket, head, resolve)
      }).catch((error: unknown) => {
        stream.close()
        throw error
      })
      await serveExec(webSocket, stream, webSocket.protocol as ExecProtocol)
    })
  }

  async #running(path: StreamPath): Promise<ContainerState> {
    const [newest] = await this.#deps.containers(path)
    if (newest?.state === 'running') return newest
    throw new Refusal(400, `container ${path.container} is not running in pod ${path.pod}`)
  }

  async #counted(body: () => Promise<void>): Promise<void> {
    if (this.#streams >= limits.execStreamsPerNodeMax)
      throw new Refusal(429, 'too many streams are open on this node: close some and try again')
    this.#streams += 1
    try {
      await body()
    } finally {
      this.#streams -= 1
    }
  }

  #authorize(request: IncomingMessage): void {
    const socket = request.socket as TLSSocket
    if (!socket.authorized) throw new Refusal(401, 'Unauthorized')
    const { CN, O } = socket.getPeerCertificate().subject ?? {}
    const groups = ([] as (string | undefined)[]).concat(O)
    const allowed = CN === allowedName || groups.some((one) => one && allowedGroups.has(one))
    if (!allowed) throw new Refusal(403, `Forbidden (user=${CN ?? ''}, verb=get, resource=nodes)`)
  }
}

class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

function noSuchPage(url: URL): Refusal {
  const [, what] = url.pathname.split('/')
  if (what === 'attach' || what === 'portForward')
    return new Refusal(400, `this kubelet does not serve ${what}: use exec, logs or a Service`)
  return new Refusal(404, 'page not found')
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const gone = error instanceof RuntimeError && error.reason === 'NotFound'
  return new Refusal(gone ? 404 : 500, error instanceof Error ? error.message : String(error))
}

function refuse(response: ServerResponse, error: unknown): void {
  const { code, message } = refusalOf(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(code, { 'content-type': 'text/plain' })
  response.end(`${message}\n`)
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { code, message } = refusalOf(error)
  if (socket.destroyed) return
  const body = `${message}\n`
  socket.end(
    `HTTP/1.1 ${code} Refused\r\ncontent-type: text/plain\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
