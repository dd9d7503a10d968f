import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type RequestListener,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Logger } from '../../base/log.ts'
import { subjectOfPeer } from '../auth/authenticate.ts'

/** PEM texts; clients must show a certificate that `clientCa` signed. */
export interface EntranceTls {
  readonly certificate: string
  readonly privateKey: string
  readonly clientCa: string
}

export interface EntranceOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Left out only by tests. */
  readonly tls?: EntranceTls
  readonly logger: Logger
  /** Takes over a connection that speaks HTTP/2; `admitted` when its certificate allows everything. */
  readonly grpc: (socket: Socket, admitted: boolean) => void
  /** Answers HTTP/1.1: what monitoring asks an etcd for, and calls as JSON. */
  readonly http: RequestListener
}

/** How HTTP/2 begins, and nothing else (RFC 9113, section 3.4). Told from the rest by its first bytes. */
const http2Start = Buffer.from('PRI * HTTP/2.0')

/** Who may use the store: administrators, and the masters themselves. */
const groupsAllowed = ['system:masters', 'kijabi:masters']

/**
 * The port that etcd's clients connect to. One look at the certificate when a connection opens decides
 * for all its calls; gRPC and plain HTTP share the port, as etcd has it: what a client did not agree on by
 * ALPN, its first bytes tell.
 */
export class Entrance {
  readonly #options: EntranceOptions
  readonly #server: Server
  readonly #http: HttpServer
  readonly #sockets = new Set<Socket>()

  constructor(options: EntranceOptions) {
    this.#options = options
    const { tls, logger } = options
    this.#http = createHttpServer(options.http)
    if (!tls) {
      this.#server = createPlainServer((socket) => this.#enter(socket, true))
      return
    }
    const server = createTlsServer({
      ...{ cert: tls.certificate, key: tls.privateKey, ca: tls.clientCa },
      ...{ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
      // gRPC offers h2 alone: who can do both is a browser, curl, or monitoring.
      ALPNProtocols: ['http/1.1', 'h2'],
    })
    server.on('secureConnection', (socket: TLSSocket) =>
      this.#enter(socket, isAllowed(socket), socket.alpnProtocol || undefined),
    )
    server.on('tlsClientError', (error) =>
      logger.debug({ error: error.message }, 'a TLS handshake of an etcd client failed'),
    )
    this.#server = server
  }

  /** Resolves with the port. */
  open(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: 1_024 }, () => {
        this.#server.off('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#server.close()
  }

  /** Ends the connections that are left. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #enter(socket: Socket, admitted: boolean, agreed?: string): void {
    this.#keep(socket)
    if (agreed) this.#serve(socket, admitted, agreed === 'h2')
    else
      socket.once('data', (start: Buffer) => {
        socket.pause()
        socket.unshift(start)
        this.#serve(socket, admitted, beginsHttp2(start))
        // Only now somebody listens to what was put back.
        process.nextTick(() => socket.resume())
      })
  }

  #serve(socket: Socket, admitted: boolean, isHttp2: boolean): void {
    if (isHttp2) this.#options.grpc(socket, admitted)
    else if (admitted) this.#http.emit('connection', socket)
    else socket.destroy()
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true)
    this.#sockets.add(socket)
    socket.on('error', (error) =>
      this.#options.logger.debug({ error: error.message }, 'a connection of an etcd client failed'),
    )
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

/** The TLS layer has checked the certificate; nodes and service accounts have one, too. */
function isAllowed(socket: TLSSocket): boolean {
  const organizations = subjectOfPeer(socket.getPeerCertificate())?.organizations ?? []
  return organizations.some((group) => groupsAllowed.includes(group))
}

function beginsHttp2(start: Buffer): boolean {
  const length = Math.min(start.length, http2Start.length)
  return start.subarray(0, length).equals(http2Start.subarray(0, length))
}
