import type { MemberId } from '../../src/base/brand.ts'
import type { Message, MessageType } from '../../src/raft/core/message.ts'
import type { SnapshotHeader } from '../../src/raft/wal/snapshot-files.ts'
import { decodeMessage, encodeMessage } from '../../src/raft/wire/message-codec.ts'
import { ownProtocols } from '../../src/raft/wire/protocol.ts'
import type { Transport, TransportHandlers } from '../../src/raft/wire/transport.ts'

/** Links between replicas of one process, with the faults of real ones as switches. */
export class MemoryNetwork {
  readonly #handlers = new Map<MemberId, TransportHandlers>()
  readonly #cut = new Set<string>()
  /** How many messages of each type were sent. */
  readonly sent = new Map<MessageType, number>()

  transport(id: MemberId): Transport {
    let own: TransportHandlers | undefined
    const isUp = () => own !== undefined && this.#handlers.get(id) === own
    return {
      start: async (handlers) => {
        own = handlers
        for (const [peer, theirs] of this.#handlers) {
          setImmediate(() => theirs.met(id, handlers.state(peer)))
          setImmediate(() => handlers.met(peer, theirs.state(id)))
        }
        this.#handlers.set(id, handlers)
      },
      send: (messages) => {
        if (isUp()) for (const message of messages) this.#send(id, message)
      },
      sendSnapshot: async (message, header, blocks) => {
        if (!isUp()) throw new Error('this member is dead')
        await this.#sendSnapshot(id, message, header, blocks)
      },
      greet: () => {
        const { state } = own ?? {}
        for (const [peer, theirs] of this.#handlers)
          if (state && isUp() && peer !== id) setImmediate(() => theirs.met(id, state(peer)))
      },
      setMembers: () => {},
      stop: async () => {
        if (isUp()) this.kill(id)
      },
    }
  }

  /** The process of `id` is gone: everybody's connections to it break, and its address refuses. */
  kill(id: MemberId): void {
    if (!this.#handlers.delete(id)) return
    for (const handlers of this.#handlers.values())
      setImmediate(() => {
        handlers.lost(id, 'closed')
        setImmediate(() => handlers.lost(id, 'refused'))
      })
  }

  /** Everybody's connection to `id` breaks and is made again: its process lives. */
  blink(id: MemberId): void {
    for (const [peer, handlers] of this.#handlers) if (peer !== id) handlers.lost(id, 'closed')
  }

  /** Nothing passes between `one` and `other` any more, without a word. */
  cut(one: MemberId, other: MemberId): void {
    this.#cut.add(`${one}-${other}`).add(`${other}-${one}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  #send(from: MemberId, message: Message): void {
    this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1)
    const bytes = Buffer.concat(encodeMessage(message, ownProtocols.newest))
    setImmediate(() => {
      if (this.#cut.has(`${from}-${message.to}`)) return
      const receiver = this.#handlers.get(message.to)
      if (receiver) receiver.message(decodeMessage(bytes))
      else this.#handlers.get(from)?.unreachable(message.to)
    })
  }

  async #sendSnapshot(
    from: MemberId,
    message: Message,
    header: SnapshotHeader,
    blocks: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const receiver = this.#handlers.get(message.to)
    if (!receiver || this.#cut.has(`${from}-${message.to}`)) throw new Error('unreachable')
    await receiver.snapshot(message, header, blocks)
  }
}
