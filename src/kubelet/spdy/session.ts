import type { Duplex } from 'node:stream'
import { limits } from '../../base/limits.ts'
import { written } from '../written.ts'
import { FrameReader } from './frame-reader.ts'
import {
  encodeFrame,
  type Frame,
  frameBytesMax,
  goAwayStatus,
  rstStatus,
  SpdyError,
} from './frames.ts'
import { HeaderInflater, HeaderStorer, type Headers } from './header-block.ts'
import { SpdyStream, type StreamWire } from './stream.ts'

/** What a stream's opener learns: accepted, or refused with a reset. */
export type StreamDecision = 'accept' | 'refuse'

export interface SpdySessionOptions {
  /** The client opens a stream. Called before its first byte is read. */
  opened(stream: SpdyStream): StreamDecision
}

/**
 * The server's side of SPDY/3.1 over one connection. Clients open all streams.
 *
 * Contract: frames are handled one after the other, and the next bytes are read when they are, so a
 * reader that is slow for longer than limits.spdyStreamBufferBytesMax makes its client wait: memory is
 * bounded, by that for each stream. What is read is told by WINDOW_UPDATE; windows of the peer are not
 * waited for, as clients of Kubernetes (moby/spdystream) have none: TCP holds back what is sent.
 */
export class SpdySession implements StreamWire {
  /** Resolves when the connection is over, whatever ended it. */
  readonly ended: Promise<void>
  readonly #transport: Duplex
  readonly #options: SpdySessionOptions
  readonly #reader = new FrameReader()
  readonly #inflater = new HeaderInflater()
  readonly #storer = new HeaderStorer()
  readonly #streams = new Map<number, SpdyStream>()
  #lastStreamId = 0
  #closing = false

  constructor(transport: Duplex, options: SpdySessionOptions) {
    this.#transport = transport
    this.#options = options
    // An error closes the connection: that is what everybody waits for.
    transport.on('error', () => {})
    this.ended = this.#run()
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** Says goodbye: no more streams. The client ends the connection when it has read all. */
  close(): void {
    this.#goAway(goAwayStatus.ok)
  }

  async send(streamId: number, bytes: Buffer, fin: boolean): Promise<void> {
    for (let at = 0; at < bytes.length || at === 0; at += frameBytesMax) {
      const part = bytes.subarray(at, at + frameBytesMax)
      const last = at + part.length >= bytes.length
      await this.#write({ is: 'data', streamId, fin: fin && last, bytes: part })
    }
  }

  consumed(streamId: number, bytes: number): void {
    for (const id of [streamId, 0])
      void this.#write({ is: 'windowUpdate', streamId: id, delta: bytes })
  }

  reset(streamId: number): void {
    void this.#write({ is: 'rstStream', streamId, status: rstStatus.cancel })
  }

  forget(streamId: number): void {
    this.#streams.delete(streamId)
  }

  async #run(): Promise<void> {
    const transport = this.#transport
    try {
      for await (const chunk of transport.iterator({ destroyOnReturn: false }))
        for (const frame of this.#reader.read(chunk as Buffer)) await this.#handle(frame)
      transport.end()
    } catch (error) {
      // What else fails is the connection itself: it is gone.
      if (!(error instanceof SpdyError)) transport.destroy()
      else {
        this.#goAway(goAwayStatus.protocolError)
        transport.end(() => transport.destroy())
      }
    }
    this.#inflater.close()
    for (const stream of [...this.#streams.values()]) stream.lost()
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.is) {
      case 'synStream':
        return this.#open(frame)
      case 'synReply':
        throw new SpdyError('an answer to a stream that nobody opened')
      case 'headers':
        // They count for nothing, but the window of compression goes on through them.
        await this.#inflater.read(frame.block)
        return this.#half(frame.streamId, frame.fin)
      case 'data':
        return this.#receive(frame)
      case 'rstStream':
        this.#streams.get(frame.streamId)?.lost()
        return
      case 'ping':
        // Even ones would be answers to ours, of which there are none.
        if (frame.id % 2 === 1) await this.#write(frame)
        return
      case 'settings':
      case 'windowUpdate':
      case 'goAway':
        return
    }
  }

  async #open(frame: Extract<Frame, { is: 'synStream' }>): Promise<void> {
    const { streamId, fin } = frame
    const headers: Headers = await this.#inflater.read(frame.block)
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId)
      throw new SpdyError(`stream ${streamId} after stream ${this.#lastStreamId}`)
    this.#lastStreamId = streamId
    if (this.#streams.size >= limits.spdyStreamsPerSessionMax || this.#closing)
      return this.#write({ is: 'rstStream', streamId, status: rstStatus.refusedStream })
    const stream = new SpdyStream(streamId, headers, this)
    if (this.#options.opened(stream) === 'refuse') {
      stream.refused()
      return this.#write({ is: 'rstStream', streamId, status: rstStatus.refusedStream })
    }
    this.#streams.set(streamId, stream)
    await this.#write({
      is: 'synReply',
      streamId,
      fin: false,
      block: this.#storer.write(new Map()),
    })
    if (fin) stream.receiveEnd()
  }

  async #receive({ streamId, fin, bytes }: Extract<Frame, { is: 'data' }>): Promise<void> {
    const stream = this.#streams.get(streamId)
    if (!stream) {
      // It ended here while this was on its way; only what was never opened is a mistake.
      if (streamId > this.#lastStreamId || streamId % 2 === 0)
        throw new SpdyError(`data for stream ${streamId}, which is not open`)
      return
    }
    if (bytes.length > 0) await stream.receive(bytes)
    this.#half(streamId, fin)
  }

  #half(streamId: number, fin: boolean): void {
    if (fin) this.#streams.get(streamId)?.receiveEnd()
  }

  #goAway(status: number): void {
    if (this.#closing) return
    this.#closing = true
    void this.#write({ is: 'goAway', lastStreamId: this.#lastStreamId, status })
  }

  /** Resolves when the connection has room for more, or is over. */
  #write(frame: Frame): Promise<void> {
    return written(this.#transport, encodeFrame(frame))
  }
}
