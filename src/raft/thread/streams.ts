import { movable, packError, type StreamMessage, unpackError } from './messages.ts'

interface Source {
  readonly iterator: AsyncIterator<Uint8Array>
}

interface Sink {
  readonly push: (message: StreamMessage) => void
}

/** Block streams between two threads: those that this side gives, and those that it takes. */
export class ThreadStreams {
  readonly #post: (message: StreamMessage) => void
  readonly #sources = new Map<number, Source>()
  readonly #sinks = new Map<number, Sink>()
  #last = 0

  constructor(post: (message: StreamMessage) => void) {
    this.#post = post
  }

  /** Offers blocks to the other side under the returned number. They are the other side's then. */
  give(blocks: AsyncIterable<Uint8Array>): number {
    this.#last += 1
    this.#sources.set(this.#last, { iterator: blocks[Symbol.asyncIterator]() })
    return this.#last
  }

  /** No more pulls come for it. */
  async drop(stream: number): Promise<void> {
    const source = this.#sources.get(stream)
    this.#sources.delete(stream)
    await source?.iterator.return?.()
  }

  async *take(stream: number): AsyncGenerator<Uint8Array, void, void> {
    let ended = false
    let next = this.#pull(stream)
    try {
      for (;;) {
        const message = await next
        if (message.kind === 'broken') {
          ended = true
          throw unpackError(message.error)
        }
        if (message.kind !== 'block' || !message.bytes) {
          ended = true
          return
        }
        // The other side makes the next one while this one is used.
        next = this.#pull(stream)
        yield message.bytes
      }
    } finally {
      this.#sinks.delete(stream)
      if (!ended) this.#post({ kind: 'left', stream })
    }
  }

  handle(message: StreamMessage): void {
    if (message.kind === 'pull') void this.#serve(message.stream)
    else if (message.kind === 'left') void this.drop(message.stream)
    else this.#sinks.get(message.stream)?.push(message)
  }

  /** The other thread is gone. */
  breakAll(error: Error): void {
    for (const [stream, sink] of this.#sinks)
      sink.push({ kind: 'broken', stream, error: packError(error) })
    for (const stream of this.#sources.keys()) void this.drop(stream)
  }

  #pull(stream: number): Promise<StreamMessage> {
    return new Promise((resolve) => {
      this.#sinks.set(stream, { push: resolve })
      this.#post({ kind: 'pull', stream })
    })
  }

  async #serve(stream: number): Promise<void> {
    const source = this.#sources.get(stream)
    if (!source) return
    try {
      const next = await source.iterator.next()
      if (next.done) this.#sources.delete(stream)
      const bytes = next.done ? undefined : movable(next.value)
      this.#post({ kind: 'block', stream, bytes })
    } catch (error) {
      this.#sources.delete(stream)
      this.#post({ kind: 'broken', stream, error: packError(error) })
    }
  }
}
