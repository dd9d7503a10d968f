import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { constants, createDeflate } from 'node:zlib'
import { headerDictionary } from '../../../src/kubelet/spdy/dictionary.ts'
import { FrameReader } from '../../../src/kubelet/spdy/frame-reader.ts'
import { encodeFrame, type Frame } from '../../../src/kubelet/spdy/frames.ts'
import { encodeHeaders } from '../../../src/kubelet/spdy/header-block.ts'

/** The client's side of SPDY/3.1, as moby/spdystream speaks it: compressed headers, odd streams. */
export class SpdyClient {
  readonly frames: Frame[] = []
  readonly #transport: Duplex
  readonly #reader = new FrameReader()
  readonly #deflate = createDeflate({ dictionary: headerDictionary })
  readonly #heard = new Set<() => void>()
  #lastId = -1

  constructor(transport: Duplex) {
    this.#transport = transport
    transport.on('data', (chunk: Buffer) => {
      this.frames.push(...this.#reader.read(chunk))
      for (const heard of this.#heard) heard()
    })
    transport.on('close', () => {
      for (const heard of this.#heard) heard()
    })
    transport.on('error', () => {})
  }

  /** Opens a stream; resolves with its number once it is on its way. */
  async open(headers: Record<string, string>): Promise<number> {
    this.#lastId += 2
    const streamId = this.#lastId
    const block = await this.#compressed(encodeHeaders(new Map(Object.entries(headers))))
    this.send({ is: 'synStream', streamId, fin: false, unidirectional: false, block })
    return streamId
  }

  write(streamId: number, text: string | Buffer, fin = false): void {
    this.send({ is: 'data', streamId, fin, bytes: Buffer.from(text) })
  }

  send(frame: Frame): void {
    this.#transport.write(encodeFrame(frame))
  }

  /** What a stream said so far. */
  text(streamId: number): string {
    return Buffer.concat(
      this.frames.flatMap((one) =>
        one.is === 'data' && one.streamId === streamId ? [one.bytes] : [],
      ),
    ).toString('utf8')
  }

  isEnded(streamId: number): boolean {
    return this.frames.some((one) => one.is === 'data' && one.streamId === streamId && one.fin)
  }

  /** Resolves when `condition` holds; rejects when the connection closes before. */
  async until(what: string, condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (condition()) resolve()
        else if (this.#transport.destroyed) reject(new Error(`closed before ${what}`))
        else return
        this.#heard.delete(check)
      }
      this.#heard.add(check)
      check()
    })
  }

  async close(): Promise<void> {
    this.#deflate.destroy()
    this.#transport.end()
    if (!this.#transport.destroyed) await once(this.#transport, 'close')
  }

  #compressed(block: Buffer): Promise<Buffer> {
    const chunks: Buffer[] = []
    const take = (chunk: Buffer) => chunks.push(chunk)
    this.#deflate.on('data', take)
    this.#deflate.write(block)
    return new Promise((resolve) => {
      this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
        this.#deflate.off('data', take)
        resolve(Buffer.concat(chunks))
      })
    })
  }
}
