import { createServer as createHttpServer, type RequestListener } from 'node:http'
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
  /** Answers HTTP/1.1: what monitoring asks an etcd for. */
  readonly http: RequestListener
}

/** Who may use the store: administrators, and the masters themselves. */
const groupsAllowed = ['system:masters', 'kijabi:masters']

/**
 * The port that etcd's clients connect to. One look at the certificate when a connection opens decides
 * for all its calls; gRPC and plain HTTP share the port, as etcd has it.
 */
export class Entrance {
  readonly #options: EntranceOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: EntranceOptions) {
    this.#options = options
    const { tls, logger } = options
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
    const http = createHttpServer(options.http)
    server.on('secureConnection', (socket: TLSSocket) => {
      const admitted = isAllowed(socket)
      if (socket.alpnProtocol !== 'http/1.1') this.#enter(socket, admitted)
      else if (admitted) {
        this.#keep(socket)
        http.emit('connection', socket)
      } else socket.destroy()
    })
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

  #enter(socket: Socket, admitted: boolean): void {
    this.#keep(socket)
    this.#options.grpc(socket, admitted)
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
