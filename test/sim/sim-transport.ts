import type { TLSSocket } from 'node:tls'
import { present } from '../../src/base/assert.ts'
import type { MemberId } from '../../src/base/brand.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { Random } from '../../src/base/random.ts'
import type { Message } from '../../src/raft/core/message.ts'
import type { MemberAddress } from '../../src/raft/membership/members.ts'
import type { SnapshotHeader } from '../../src/raft/wal/snapshot-files.ts'
import { Correspondents } from '../../src/raft/wire/correspondents.ts'
import { encodeFrame, FrameReader, frameKind } from '../../src/raft/wire/frame.ts'
import { type Hello, serveInbound } from '../../src/raft/wire/inbound.ts'
import { encodeMessage } from '../../src/raft/wire/message-codec.ts'
import { PeerLink } from '../../src/raft/wire/peer-link.ts'
import {
  blocksFor,
  ownProtocols,
  type Protocols,
  sayProtocols,
} from '../../src/raft/wire/protocol.ts'
import type { Transport, TransportHandlers } from '../../src/raft/wire/transport.ts'
import type { Host, SimNetwork, SimSocket } from './sim-network.ts'
import type { SimProcess } from './sim-process.ts'

export interface SimTransportOptions {
  readonly network: SimNetwork
  readonly host: Host
  readonly process: SimProcess
  readonly random: Random
  /** What its version speaks; an earlier one takes what came later for an error. */
  readonly protocols: Protocols
  /** Somebody said what its peer cannot read. */
  readonly misunderstood: (what: string) => void
  /** Sees every message that leaves. */
  readonly tap: (message: Message) => void
}

const snapshotSilenceMs = 5_000

/** The real links, frames and handshakes over simulated sockets, and messages that go astray. */
export class SimTransport implements Transport {
  readonly #options: SimTransportOptions
  readonly #correspondents: Correspondents
  readonly #links = new Map<MemberId, PeerLink>()
  readonly #sockets = new Set<SimSocket>()
  readonly #life: number
  #handlers: TransportHandlers | undefined
  #stopped = false

  constructor(options: SimTransportOptions) {
    this.#options = options
    this.#correspondents = new Correspondents(options.host.id)
    this.#life = options.random.integer(1, 2 ** 32)
  }

  async start(handlers: TransportHandlers): Promise<void> {
    this.#handlers = handlers
    this.#options.host.accept = (socket) => this.#accept(socket, handlers)
    this.#linkAll()
  }

  setMembers(members: readonly MemberAddress[]): void {
    this.#correspondents.setMembers(members)
    this.#linkAll()
  }

  greet(): void {
    if (this.#options.protocols.newest < 2) return
    for (const link of this.#links.values()) link.greet()
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) this.#sendOne(message)
  }

  async sendSnapshot(
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.#options.tap(message)
    const socket = this.#dial(message.to)
    const answer = this.#snapshotAnswer(socket)
    const opened = new Promise<void>((resolve) => socket.once('secureConnect', resolve))
    try {
      await Promise.race([opened, answer])
      const write = (parts: Uint8Array[]) => socket.write(Buffer.concat(parts))
      write(encodeFrame(frameKind.hello, this.#hello(message.to, header)))
      write(encodeFrame(frameKind.message, ...encodeMessage(message, ownProtocols.oldest)))
      const protocol = this.#links.get(message.to)?.protocol ?? ownProtocols.oldest
      for await (const block of blocksFor(protocol, blocks))
        write(encodeFrame(frameKind.block, block))
      write(encodeFrame(frameKind.end))
      await answer
    } finally {
      socket.destroy()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#options.host.accept = undefined
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(socket: SimSocket, handlers: TransportHandlers): void {
    const { host, process, misunderstood } = this.#options
    this.#sockets.add(socket)
    let caller: MemberId | undefined
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (caller === undefined) return
      this.#correspondents.hungUp(caller)
      this.#linkAll()
    })
    serveInbound(asTls(socket), {
      clock: process.clock,
      logger: {
        ...silentLogger,
        warn: ({ error }, what) => {
          if (what === 'a master sent what cannot be read') misunderstood(String(error))
        },
      },
      protocols: this.#options.protocols,
      handlers,
      called: ({ from, life }) => this.#links.get(from)?.wake(life),
      refusal: (hello) => {
        if (hello.to !== host.id) return 'not me'
        if (hello.address !== undefined && caller === undefined) {
          caller = hello.from
          this.#correspondents.called(hello.from, hello.address)
          this.#linkAll()
        }
        return undefined
      },
    })
  }

  #linkAll(): void {
    const all = this.#correspondents.all()
    for (const [id, link] of this.#links) {
      if (all.some((one) => one.id === id)) continue
      link.closeGently()
      this.#links.delete(id)
    }
    if (this.#handlers && !this.#stopped)
      for (const { id } of all) if (!this.#links.has(id)) this.#link(id)
  }

  #sendOne(message: Message): void {
    const { network, process, random, tap } = this.#options
    const { weather } = network
    tap(message)
    if (weather.loss > 0 && random.fraction() < weather.loss) return
    const copies = weather.duplication > 0 && random.fraction() < weather.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const put = () => {
        if (this.#stopped) return
        const link = this.#links.get(message.to)
        if (link)
          link.send(encodeFrame(frameKind.message, ...encodeMessage(message, link.protocol)))
        else this.#handlers?.unreachable(message.to)
      }
      const isLate = weather.reordering > 0 && random.fraction() < weather.reordering
      if (copy === 0 && !isLate) put()
      else process.later(random.fraction() * weather.reorderMs, put)
    }
  }

  #link(id: MemberId): void {
    const { process, random } = this.#options
    const handlers = present(this.#handlers, 'the handlers of a started transport')
    const link = new PeerLink({
      peer: id,
      clock: process.clock,
      random,
      logger: silentLogger,
      dial: () => asTls(this.#dial(id)),
      hello: () => this.#hello(id),
      unreachable: () => handlers.unreachable(id),
      lost: (how) => handlers.lost(id, how),
    })
    this.#links.set(id, link)
  }

  #dial(to: MemberId): SimSocket {
    const { network, host, process } = this.#options
    const socket = network.dial(host, process, to)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  #hello(to: MemberId, snapshot?: SnapshotHeader): Uint8Array {
    const hello: Hello = {
      ...sayProtocols(this.#options.protocols),
      clusterId: 'sim',
      from: this.#options.host.id,
      to,
      state: present(this.#handlers, 'the handlers of a started transport').state(to),
      address: `127.0.0.1:${9000 + this.#options.host.id}`,
      ...(this.#options.protocols.newest >= 3 && { life: this.#life }),
      ...(snapshot && { snapshot }),
    }
    return Buffer.from(JSON.stringify(hello))
  }

  /** Resolves when the receiver has the snapshot; rejects when it has not, or says nothing. */
  #snapshotAnswer(socket: SimSocket): Promise<void> {
    const reader = new FrameReader()
    const answer = new Promise<void>((resolve, reject) => {
      const timer = this.#options.process.clock.after(snapshotSilenceMs, () => socket.destroy())
      socket.on('data', (chunk: Buffer) => {
        for (const { kind, payload } of reader.push(chunk)) {
          if (kind === frameKind.ack) resolve()
          else reject(new Error(`refused: ${payload.toString()}`))
        }
      })
      socket.on('error', () => {})
      socket.once('close', () => {
        timer.cancel()
        reject(new Error('the receiver hung up'))
      })
    })
    answer.catch(() => {})
    return answer
  }
}

/** The links use no more of a TLS socket than SimSocket has. */
function asTls(socket: SimSocket): TLSSocket {
  return socket as unknown as TLSSocket
}
