import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Pod } from '../../kinds/types.ts'
import type { KeyPair } from '../certificates/key-pair.ts'
import type { ContainerState, Runtime, SandboxState } from '../runtime/runtime.ts'
import { Refusal, refusalOf } from './refusal.ts'
import { parseLogQuery, parseStreamPath, type StreamPath } from './stream-request.ts'
import { StreamServer, type Upgrade, wantedStreams } from './streams.ts'
import { type NodeUsage, resourceMetrics, statsSummary } from './usage.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** PEM. `ca` signed the certificates of those who may ask. Nobody connects until there is a pair. */
  readonly tls: Partial<KeyPair> & { readonly ca: string }
}

export interface ServerDeps {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly logger: Logger
  /** The container of a pod by name, newest first; empty when the pod has none of that name. */
  containers(path: StreamPath): Promise<readonly ContainerState[]>
  /** The pod's sandbox that is ready; undefined when there is none. */
  sandbox(path: StreamPath): Promise<SandboxState | undefined>
  pods(): readonly Pod[]
  usage(): Promise<NodeUsage>
}

/** Who may ask for logs and shells: masters, by the names in their client certificates. */
const allowedName = 'kube-apiserver-kubelet-client'
const allowedGroups: ReadonlySet<string> = new Set(['kijabi:masters', 'system:masters'])

/** Logs and exec of this node's containers, for masters, over mutual TLS. */
export class KubeletServer {
  readonly #options: ServerOptions
  readonly #deps: ServerDeps
  readonly #server: Server
  readonly #upgrades: StreamServer
  #streams = 0

  constructor(options: ServerOptions, deps: ServerDeps) {
    this.#options = options
    this.#deps = deps
    this.#upgrades = new StreamServer(deps.clock)
    this.#server = createServer({
      ...contextOf(options.tls, options.tls.ca),
      requestCert: true,
      // Who has no certificate may still ask for health; everything else checks.
      rejectUnauthorized: false,
      maxHeaderSize: limits.headerBytesMax,
    })
    this.#server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => refuse(response, error))
    })
    this.#server.on('upgrade', (request, socket, head) => {
      this.#upgrade({ request, socket, head }).catch((error: unknown) =>
        refuseUpgrade(socket, error),
      )
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

  /** Shows this certificate to who connects from now on. */
  use(pair: KeyPair): void {
    this.#server.setSecureContext(contextOf(pair, this.#options.tls.ca))
  }

  /** Hangs up on everyone. */
  async stop(): Promise<void> {
    this.#upgrades.close()
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
    if (url.pathname === '/metrics/resource') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      return void response.end(resourceMetrics(await this.#deps.usage()))
    }
    if (url.pathname === '/stats/summary') {
      response.setHeader('content-type', 'application/json')
      return void response.end(JSON.stringify(statsSummary(await this.#deps.usage())))
    }
    const path = parseStreamPath(url.pathname)
    if (path?.what === 'containerLogs') return this.#logs(path, url.searchParams, response)
    if (path) {
      await (path.what === 'portForward' ? this.#ready(path) : this.#running(path))
      throw new Refusal(400, 'Upgrade request required')
    }
    throw new Refusal(404, 'page not found')
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

  async #upgrade(upgrade: Upgrade): Promise<void> {
    const { request } = upgrade
    this.#authorize(request)
    const url = new URL(request.url ?? '/', 'https://kubelet')
    const path = parseStreamPath(url.pathname)
    if (!path || path.what === 'containerLogs') throw new Refusal(404, 'page not found')
    const { runtime } = this.#deps
    if (path.what === 'portForward') {
      const { id } = await this.#ready(path)
      const ports = url.searchParams.getAll('port')
      const connect = (port: number) => runtime.portForward(id, port)
      return this.#counted(() => this.#upgrades.portForward(upgrade, ports, connect))
    }
    const wanted = wantedStreams(url.searchParams)
    const command = url.searchParams.getAll('command')
    if (path.what === 'exec' && command.length === 0)
      throw new Refusal(400, 'you must specify at least 1 command')
    const { stdin, tty } = wanted
    const started = {
      find: async () => (await this.#running(path)).id,
      start: (id: string) =>
        path.what === 'exec'
          ? runtime.exec(id, { command, stdin, tty })
          : runtime.attach(id, { stdin }),
    }
    await this.#counted(() => this.#upgrades.command(upgrade, wanted, started))
  }

  async #ready(path: StreamPath): Promise<SandboxState> {
    const sandbox = await this.#deps.sandbox(path)
    if (sandbox) return sandbox
    throw new Refusal(400, `pod ${path.pod} is not running`)
  }

  /** With the words of Kubernetes' kubelet (kubelet_pods.go GetExec), which people search for. */
  async #running(path: StreamPath): Promise<ContainerState> {
    const [newest] = await this.#deps.containers(path)
    if (newest?.state === 'running') return newest
    throw new Refusal(500, `container not found (${JSON.stringify(path.container)})`)
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

function contextOf({ certificate, privateKey }: Partial<KeyPair>, ca: string) {
  return { cert: certificate, key: privateKey, ca, minVersion: 'TLSv1.2' as const }
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
