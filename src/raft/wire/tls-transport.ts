import { once } from 'node:events'
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls'
import { present } from '../../base/assert.ts'
import type { MemberId } from '../../base/brand.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { Message } from '../core/message.ts'
import type { MemberAddress } from '../membership/members.ts'
import type { ReplicaOptions } from '../replica-options.ts'
import type { SnapshotHeader } from '../wal/snapshot-files.ts'
import { Correspondents } from './correspondents.ts'
import { encodeFrame, FrameReader, frameKind } from './frame.ts'
import { type Hello, serveInbound } from './inbound.ts'
import { encodeMessage } from './message-codec.ts'
import { type PeerCredentials, peerRefusal } from './peer-identity.ts'
import { PeerLink } from './peer-link.ts'
import { blocksFor, ownProtocols, sayProtocols } from './protocol.ts'
import type { Transport, TransportHandlers } from './transport.ts'

export interface TlsTransportOptions {
  readonly clusterId: string
  readonly memberId: MemberId
  /** host:port to listen on. */
  readonly listenAddress: string
  readonly tls: PeerCredentials
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const snapshotSilenceMs = 30_000

/**
 * Masters speak over mutual TLS. Each member dials every other one for what it has to say, so that a
 * pair has two connections; a snapshot gets one of its own.
 */
export function createTlsTransport(options: TlsTransportOptions): Transport {
  return new TlsTransport(options)
}

/** The transport that a replica has when none is passed in. */
export function tlsTransportOf(options: ReplicaOptions): Transport {
  const { clusterId, memberId, members, tls, clock, random, logger } = options
  const own = members.find(({ id }) => id === memberId)?.raftAddress
  const listenAddress = present(options.listenAddress ?? own, 'the address to listen on')
  return createTlsTransport({ clusterId, memberId, listenAddress, tls, clock, random, logger })
}

class TlsTransport implements Transport {
  readonly #options: TlsTransportOptions
  readonly #context: SecureContext
  readonly #correspondents: Correspondents
  readonly #links = new Map<MemberId, { readonly link: PeerLink; readonly address: string }>()
  readonly #sockets = new Set<TLSSocket>()
  readonly #life: number
  #handlers: TransportHandlers | undefined
  #server: Server | undefined
  #stopped = false

  constructor(options: TlsTransportOptions) {
    this.#options = options
    this.#correspondents = new Correspondents(options.memberId)
    this.#life = options.random.integer(1, 2 ** 32)
    const { certificate, privateKey, ca } = options.tls
    this.#context = createSecureContext({
      cert: certificate,
      key: privateKey,
      ca,
      minVersion: 'TLSv1.3',
    })
  }

  async start(handlers: TransportHandlers): Promise<void> {
    this.#handlers = handlers
    const { certificate, privateKey, ca } = this.#options.tls
    const server = createServer(
      {
        cert: certificate,
        key: privateKey,
        ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.3',
      },
      (socket) => this.#accept(socket),
    )
    this.#server = server
    const { host, port } = splitAddress(this.#options.listenAddress)
    server.listen(port, host)
    await once(server, 'listening')
    server.on('tlsClientError', (error) =>
      this.#options.logger.debug({ error }, 'a TLS handshake failed'),
    )
    this.#linkAll()
  }

  setMembers(members: readonly MemberAddress[]): void {
    this.#correspondents.setMembers(members)
    this.#linkAll()
  }

  greet(): void {
    for (const { link } of this.#links.values()) link.greet()
  }

  send(messages: readonly Message[]): void {
    const parts = new Map<MemberId, Uint8Array[]>()
    for (const message of messages) {
      const protocol = this.#links.get(message.to)?.link.protocol ?? ownProtocols.oldest
      const frame = encodeFrame(frameKind.message, ...encodeMessage(message, protocol))
      const list = parts.get(message.to)
      if (list) list.push(...frame)
      else parts.set(message.to, frame)
    }
    for (const [to, list] of parts) {
      const link = this.#links.get(to)?.link
      if (link) link.send(list)
      else this.#handlers?.unreachable(to)
    }
  }

  async sendSnapshot(
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const member = this.#correspondents.get(message.to)
    if (!member) throw new Error(`member ${message.to} has no address`)
    const socket = this.#dial(member)
    this.#track(socket)
    socket.setTimeout(snapshotSilenceMs, () =>
      socket.destroy(new Error('the receiver of a snapshot fell silent')),
    )
    const answer = snapshotAnswer(socket)
    try {
      await Promise.race([once(socket, 'secureConnect'), answer])
      const write = async (parts: Uint8Array[]) => {
        if (!socket.write(Buffer.concat(parts))) await Promise.race([once(socket, 'drain'), answer])
      }
      await write(encodeFrame(frameKind.hello, this.#hello(message.to, header)))
      await write(encodeFrame(frameKind.message, ...encodeMessage(message, ownProtocols.oldest)))
      const protocol = this.#links.get(message.to)?.link.protocol ?? ownProtocols.oldest
      for await (const block of blocksFor(protocol, blocks))
        await write(encodeFrame(frameKind.block, block))
      await write(encodeFrame(frameKind.end))
      await answer
    } finally {
      socket.destroy()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const { link } of this.#links.values()) link.close()
    this.#links.clear()
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    if (server?.listening) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  #accept(socket: TLSSocket): void {
    this.#track(socket)
    const { clock, logger } = this.#options
    let caller: MemberId | undefined
    socket.once('close', () => {
      if (caller === undefined) return
      this.#correspondents.hungUp(caller)
      this.#linkAll()
    })
    serveInbound(socket, {
      clock,
      logger,
      handlers: present(this.#handlers, 'the handlers of a started transport'),
      called: ({ from, life }) => this.#links.get(from)?.link.wake(life),
      refusal: (hello) => {
        const refusal = this.#refusal(socket, hello)
        if (refusal === undefined && hello.address !== undefined && caller === undefined) {
          caller = hello.from
          this.#correspondents.called(hello.from, hello.address)
          this.#linkAll()
        }
        return refusal
      },
    })
  }

  #refusal(socket: TLSSocket, hello: Hello): string | undefined {
    const { clusterId, memberId } = this.#options
    if (hello.clusterId !== clusterId)
      return `this is cluster ${clusterId}, the caller is of ${hello.clusterId}`
    if (hello.to !== memberId) return `this is member ${memberId}, the caller wants ${hello.to}`
    const { name } = this.#correspondents.get(hello.from) ?? {}
    return peerRefusal(socket.getPeerCertificate(), name)
  }

  /** A link to everybody to speak to, where it is to be found now, and to nobody else. */
  #linkAll(): void {
    const all = this.#correspondents.all()
    for (const [id, { link, address }] of this.#links) {
      if (all.some((one) => one.id === id && one.raftAddress === address)) continue
      link.closeGently()
      this.#links.delete(id)
    }
    if (this.#handlers && !this.#stopped)
      for (const member of all) if (!this.#links.has(member.id)) this.#link(member)
  }

  #link(member: MemberAddress): void {
    const { clock, random, logger } = this.#options
    const handlers = present(this.#handlers, 'the handlers of a started transport')
    const link = new PeerLink({
      peer: member.id,
      clock,
      random,
      logger,
      dial: () => this.#dial(member),
      hello: () => this.#hello(member.id),
      unreachable: () => handlers.unreachable(member.id),
      lost: (how) => handlers.lost(member.id, how),
    })
    this.#links.set(member.id, { link, address: member.raftAddress })
  }

  #dial(member: MemberAddress): TLSSocket {
    return connect({
      ...splitAddress(member.raftAddress),
      secureContext: this.#context,
      rejectUnauthorized: true,
      checkServerIdentity: (_host, certificate) => {
        const refusal = peerRefusal(certificate, member.name)
        return refusal === undefined
          ? undefined
          : new Error(`${member.raftAddress} is not member ${member.id}: ${refusal}`)
      },
    })
  }

  #hello(to: MemberId, snapshot?: SnapshotHeader): Uint8Array {
    const { clusterId, memberId } = this.#options
    const hello: Hello = {
      ...sayProtocols(ownProtocols),
      clusterId,
      from: memberId,
      to,
      state: present(this.#handlers, 'the handlers of a started transport').state(to),
      life: this.#life,
      address: this.#options.listenAddress,
      ...(snapshot && { snapshot }),
    }
    return Buffer.from(JSON.stringify(hello))
  }

  #track(socket: TLSSocket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

/** Resolves when the receiver says that it has the snapshot; rejects when that cannot happen. */
function snapshotAnswer(socket: TLSSocket): Promise<void> {
  const answer = new Promise<void>((resolve, reject) => {
    const reader = new FrameReader()
    let failure: Error | undefined
    socket.on('data', (chunk: Buffer) => {
      for (const { kind, payload } of reader.push(chunk)) {
        if (kind === frameKind.ack) resolve()
        else reject(new Error(`the receiver refused the snapshot: ${payload.toString()}`))
      }
    })
    socket.on('error', (error) => {
      failure = error
    })
    socket.once('close', () => reject(failure ?? new Error('the receiver hung up')))
  })
  answer.catch(() => {})
  return answer
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(colon + 1)) }
}
