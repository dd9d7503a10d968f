import type { TLSSocket } from 'node:tls'
import type { MemberId } from '../../base/brand.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Message } from '../core/message.ts'
import type { MemberState } from '../membership/join-guard.ts'
import type { SnapshotHeader } from '../wal/snapshot-files.ts'
import { encodeFrame, type Frame, FrameReader, frameKind, WireError } from './frame.ts'
import { decodeMessage } from './message-codec.ts'
import { ackPeriodMs } from './peer-link.ts'
import {
  commonProtocol,
  encodeAgreed,
  ownProtocols,
  type Protocol,
  type Protocols,
  type SpokenProtocols,
} from './protocol.ts'
import type { TransportHandlers } from './transport.ts'

/** The first frame of a connection, as JSON; comes again when what it says has changed. */
export interface Hello extends SpokenProtocols {
  readonly clusterId: string
  readonly from: MemberId
  readonly to: MemberId
  readonly state: MemberState
  /** Another number for each process that the caller ever was; an earlier version does not say it. */
  readonly life?: number
  /** Where the caller listens: one that joins knows the founders only. */
  readonly address?: string
  /** Present when the connection carries one snapshot; its MsgSnap is the next frame. */
  readonly snapshot?: SnapshotHeader
}

export interface InboundOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly handlers: TransportHandlers
  /** A peer that may speak to us said hello. */
  readonly called: (hello: Hello) => void
  /** Why this peer may not speak to us; undefined when it may. */
  readonly refusal: (hello: Hello) => string | undefined
  /** What is spoken here, if not all that there is: as an earlier version. */
  readonly protocols?: Protocols
}

/** Serves one accepted connection until it ends. */
export function serveInbound(socket: TLSSocket, options: InboundOptions): void {
  const connection = new Inbound(socket, options)
  const reader = new FrameReader()
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) connection.frame(frame)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      options.logger.warn({ error }, 'a master sent what cannot be read')
      socket.destroy()
    }
  })
  socket.on('error', (error) => options.logger.debug({ error }, 'a connection broke'))
  socket.once('close', () => connection.closed())
}

function readHello(payload: Buffer): Hello {
  try {
    return JSON.parse(payload.toString()) as Hello
  } catch (error) {
    throw new WireError('a hello cannot be read', { cause: error })
  }
}

class Inbound {
  readonly #socket: TLSSocket
  readonly #options: InboundOptions
  #hello: Hello | undefined
  #ackTimer: Timer | undefined
  #blocks: BlockQueue | undefined
  readonly #protocols: Protocols

  constructor(socket: TLSSocket, options: InboundOptions) {
    this.#socket = socket
    this.#options = options
    this.#protocols = options.protocols ?? ownProtocols
  }

  frame({ kind, payload }: Frame): void {
    const { newest } = this.#protocols
    if (!this.#hello || kind === frameKind.hello) this.#greet(kind, payload)
    else if (kind === frameKind.message && this.#hello.snapshot)
      this.#beginSnapshot(decodeMessage(payload, newest), this.#hello.snapshot)
    else if (kind === frameKind.message) {
      this.#scheduleAck()
      this.#options.handlers.message(decodeMessage(payload, newest), this.#hello.state.incarnation)
    } else if (kind === frameKind.block && this.#blocks) {
      if (payload.length === 0 && newest < 4)
        throw new WireError('an empty block is not spoken here')
      this.#blocks.push(Buffer.from(payload))
    } else if (kind === frameKind.end && this.#blocks) this.#blocks.end()
    else throw new WireError(`a frame of kind ${kind} is out of place`)
  }

  closed(): void {
    this.#ackTimer?.cancel()
    this.#blocks?.fail(new WireError('the connection broke before the snapshot was whole'))
  }

  #greet(kind: number, payload: Buffer): void {
    if (kind !== frameKind.hello) throw new WireError('a connection begins with a hello')
    const hello = readHello(payload)
    if (this.#hello && this.#protocols.newest < 2)
      throw new WireError('a second hello is not spoken here')
    if (this.#hello && (this.#hello.snapshot || hello.from !== this.#hello.from))
      throw new WireError('a connection stays with whom it was made for')
    const agreed = commonProtocol(hello, this.#protocols)
    const refusal =
      agreed === undefined
        ? `protocol ${hello.protocol} is not spoken here`
        : this.#options.refusal(hello)
    if (agreed === undefined || refusal !== undefined) {
      this.#options.logger.warn({ from: hello.from, refusal }, 'refused a connection')
      this.#socket.end(Buffer.concat(encodeFrame(frameKind.refused, Buffer.from(`${refusal}`))))
      return
    }
    this.#hello = hello
    this.#options.called(hello)
    this.#options.handlers.met(hello.from, hello.state)
    if (!hello.snapshot) this.#ack(agreed)
  }

  #scheduleAck(): void {
    this.#ackTimer ??= this.#options.clock.after(ackPeriodMs, () => {
      this.#ackTimer = undefined
      this.#ack()
    })
  }

  /** Of a hello with what is spoken from now on. */
  #ack(agreed: Protocol = 1): void {
    this.#socket.write(Buffer.concat(encodeFrame(frameKind.ack, encodeAgreed(agreed))))
  }

  #beginSnapshot(message: Message, header: SnapshotHeader): void {
    if (this.#blocks) throw new WireError('one snapshot per connection')
    this.#blocks = new BlockQueue(this.#socket)
    this.#options.handlers.snapshot(message, header, this.#blocks).then(
      () => this.#ack(),
      (error: Error) => {
        this.#options.logger.warn({ error }, 'a snapshot could not be taken over')
        this.#socket.end(Buffer.concat(encodeFrame(frameKind.refused, Buffer.from(error.message))))
      },
    )
  }
}

const queuedBlocksMax = 8

/** Blocks on their way from the socket to the disk. A full queue stops the socket. */
class BlockQueue implements AsyncIterable<Uint8Array> {
  readonly #socket: TLSSocket
  readonly #blocks: Uint8Array[] = []
  #ended = false
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
  }

  push(block: Uint8Array): void {
    this.#blocks.push(block)
    if (this.#blocks.length >= queuedBlocksMax) this.#socket.pause()
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  fail(error: Error): void {
    if (this.#ended) return
    this.#failure = error
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const block = this.#blocks.shift()
      if (block) {
        this.#socket.resume()
        yield block
      } else if (this.#failure) throw this.#failure
      else if (this.#ended) return
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
