import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../../base/clock.ts'
import { limits } from '../../../base/limits.ts'
import { FrameBudget } from './frame-budget.ts'
import {
  ConnectionError,
  errorCode,
  type Frame,
  FrameReader,
  flag,
  frameBytesMax,
  frameOf,
  frameType,
  headerBytes,
  numbersFrame,
  setting,
  settingsFrame,
  unpadded,
  windowBytesDefault,
  windowBytesMax,
  writeFrameHeader,
} from './frames.ts'
import { type HeaderField, HpackDecoder, HpackError } from './hpack-decoder.ts'
import { Http2Stream, type StreamCarrier } from './http2-stream.ts'
import { TurnWriter } from './turn-writer.ts'
import type { WriteBuffers } from './write-buffers.ts'

export interface Http2Options {
  readonly socket: Socket
  readonly clock: Clock
  readonly buffers: WriteBuffers
  /** A client began a stream; its listener is set in here. Undefined fields: they were too many. */
  readonly opened: (stream: Http2Stream, fields: readonly HeaderField[] | undefined) => void
  readonly closed: (error: Error | undefined) => void
}

/** What a client may send ahead on one stream and on the connection before it hears from us. */
const streamWindowBytes = 256 * 1_024
const connectionWindowBytes = 4 * 1_024 * 1_024
/**
 * A connection that is silent for that long is asked whether it is there, and given as long again; streams
 * of which it takes nothing are looked at then, too.
 */
const silenceMs = 60_000
/** Long enough to read why the connection ends: closing at once would throw away what is under way. */
const lingerMs = 1_000

/**
 * The server's side of one HTTP/2 connection (RFC 9113), as far as gRPC needs it: no push, no
 * priorities. All frames of a chunk are handled in one turn, and all that is sent in a turn is one
 * write to the socket: that is what Node's own HTTP/2 cannot do, and what most of a small call costs.
 */
export class Http2Connection implements StreamCarrier {
  readonly #options: Http2Options
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #hpack = new HpackDecoder(limits.etcdHeaderBytesMax)
  readonly #budget: FrameBudget
  readonly #writer: TurnWriter
  readonly #streams = new Map<number, Http2Stream>()
  /** Have something to send and are allowed to, first come first served. */
  readonly #ready = new Set<Http2Stream>()
  readonly #keepalive: Timer
  #linger: Timer | undefined
  #heard = true
  #lastStream = 0
  #hasSettings = false
  /** A header block that is not complete. */
  #block: { readonly stream: number; readonly flags: number; parts: Buffer[] } | undefined
  #sendWindow = windowBytesDefault
  #receiveWindow = connectionWindowBytes
  #streamSendWindow = windowBytesDefault
  #isLeaving = false
  #isClosed = false

  constructor(options: Http2Options) {
    const { socket, clock } = options
    this.#options = options
    this.#socket = socket
    this.#budget = new FrameBudget(clock)
    this.#writer = new TurnWriter(socket, options.buffers, () => this.#pump())
    this.#keepalive = clock.every(silenceMs, () => this.#lookForLife())
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.once('close', () => {
      this.#linger?.cancel()
      this.#close(undefined)
    })
    socket.once('error', (error) => this.#close(error))
    socket.once('end', () => this.#close(undefined))
    this.#send(
      settingsFrame([
        [setting.maxConcurrentStreams, limits.etcdStreamsPerConnectionMax],
        [setting.initialWindowSize, streamWindowBytes],
        [setting.maxHeaderListSize, limits.etcdHeaderBytesMax],
      ]),
    )
    const more = connectionWindowBytes - windowBytesDefault
    this.#send(numbersFrame(frameType.windowUpdate, 0, more))
  }

  /** Takes no more streams; ends with the last one. */
  leave(): void {
    if (this.#isLeaving || this.#isClosed) return
    this.#isLeaving = true
    this.#goAway(errorCode.none)
    this.#endIfDone()
  }

  destroy(): void {
    this.#close(undefined)
  }

  headers(stream: Http2Stream, block: Buffer, isLast: boolean): void {
    const flags = flag.endHeaders | (isLast ? flag.endStream : 0)
    this.#send(frameOf(frameType.headers, flags, stream.id, block))
  }

  ready(stream: Http2Stream): void {
    this.#ready.add(stream)
    // Others that are ready wait for a window or the socket.
    if (stream.waitingBytes > frameBytesMax) this.#pump()
    else if (!this.#writer.isFull) this.#advance(stream)
  }

  reset(stream: Http2Stream, code: number): void {
    this.#send(numbersFrame(frameType.reset, stream.id, code))
    this.#forget(stream)
  }

  #received(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#heard = true
    try {
      this.#frames.read(chunk, (frame) => {
        if (!this.#isClosed) this.#frame(frame)
      })
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error)
      else if (error instanceof HpackError)
        this.#fail(new ConnectionError(errorCode.compression, error.message))
      else throw error
    }
  }

  #frame(frame: Frame): void {
    const { type } = frame
    if (this.#block && type !== frameType.continuation)
      throw protocolError('a header block was broken off')
    if (!this.#hasSettings && type !== frameType.settings)
      throw protocolError('the first frame is no SETTINGS')
    if (type === frameType.data) this.#data(frame)
    else if (type === frameType.headers) this.#headersBegin(frame)
    else if (type === frameType.continuation) this.#headersGoOn(frame)
    else if (type === frameType.windowUpdate) this.#windowUpdate(frame)
    else if (type === frameType.pushPromise) throw protocolError('a client pushed')
    else if (type === frameType.reset) this.#resetByClient(frame)
    else {
      // Each of these may be answered, and none of them is work that was asked for.
      this.#budget.take()
      if (type === frameType.settings) this.#settings(frame)
      else if (type === frameType.ping) this.#ping(frame)
    }
  }

  #data(frame: Frame): void {
    const { length } = frame.payload
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) throw flowError('more data than the connection may send')
    if (this.#receiveWindow < connectionWindowBytes / 2) {
      const more = connectionWindowBytes - this.#receiveWindow
      this.#receiveWindow = connectionWindowBytes
      this.#send(numbersFrame(frameType.windowUpdate, 0, more))
    }
    if (length === 0 && (frame.flags & flag.endStream) === 0) this.#budget.take()
    const stream = this.#streamOf(frame)
    if (!stream) return
    stream.receiveWindow -= length
    if (stream.isHalfClosed || stream.receiveWindow < 0) {
      const { streamClosed, flowControl } = errorCode
      this.#resetAndTell(stream, stream.isHalfClosed ? streamClosed : flowControl)
      return
    }
    const payload = unpadded(frame)
    if (payload.length > 0) stream.listener?.data(payload)
    if ((frame.flags & flag.endStream) !== 0) this.#halfClose(stream)
    else this.#widenReceiving(stream)
  }

  /** Who does not read what it is sent cannot go on asking. */
  #widenReceiving(stream: Http2Stream): void {
    if (stream.isClosed || stream.isFull || stream.receiveWindow >= streamWindowBytes / 2) return
    const more = streamWindowBytes - stream.receiveWindow
    stream.receiveWindow = streamWindowBytes
    this.#send(numbersFrame(frameType.windowUpdate, stream.id, more))
  }

  #headersBegin(frame: Frame): void {
    let block = unpadded(frame)
    if ((frame.flags & flag.priority) !== 0) block = block.subarray(5)
    this.#block = { stream: frame.stream, flags: frame.flags, parts: [block] }
    if ((frame.flags & flag.endHeaders) !== 0) this.#headersEnd()
  }

  #headersGoOn(frame: Frame): void {
    const block = this.#block
    if (!block || block.stream !== frame.stream)
      throw protocolError('a header block goes on that did not begin')
    block.parts.push(frame.payload)
    this.#budget.take()
    const bytes = block.parts.reduce((sum, part) => sum + part.length, 0)
    if (bytes > 2 * limits.etcdHeaderBytesMax)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'a header block is too large')
    if ((frame.flags & flag.endHeaders) !== 0) this.#headersEnd()
  }

  #headersEnd(): void {
    if (!this.#block) return
    const { stream: id, flags, parts } = this.#block
    this.#block = undefined
    const [first = Buffer.alloc(0)] = parts
    const fields = this.#hpack.decode(parts.length === 1 ? first : Buffer.concat(parts))
    const isLast = (flags & flag.endStream) !== 0
    if (id <= this.#lastStream) {
      // Trailers of a request; gRPC has nothing in them.
      const stream = this.#streams.get(id)
      if (stream && isLast && !stream.isHalfClosed) this.#halfClose(stream)
      else if (stream) this.#resetAndTell(stream, errorCode.protocol)
      return
    }
    if (id % 2 === 0) throw protocolError('clients open streams of odd numbers')
    this.#lastStream = id
    const stream = new Http2Stream(id, this, {
      send: this.#streamSendWindow,
      receive: streamWindowBytes,
    })
    if (this.#isLeaving || this.#streams.size >= limits.etcdStreamsPerConnectionMax) {
      this.#budget.take()
      this.reset(stream, errorCode.refusedStream)
      return
    }
    this.#streams.set(id, stream)
    this.#options.opened(stream, fields)
    if (isLast && !stream.isClosed) this.#halfClose(stream)
  }

  #halfClose(stream: Http2Stream): void {
    stream.isHalfClosed = true
    stream.listener?.ended()
  }

  #resetByClient(frame: Frame): void {
    this.#budget.take()
    if (frame.payload.length !== 4) throw sizeError('RST_STREAM')
    const stream = this.#streamOf(frame)
    if (stream) this.#tellGone(stream)
  }

  #settings({ flags, stream, payload }: Frame): void {
    if (stream !== 0) throw protocolError('SETTINGS of a stream')
    this.#hasSettings = true
    if ((flags & flag.ack) !== 0) return
    if (payload.length % 6 !== 0) throw sizeError('SETTINGS')
    for (let at = 0; at < payload.length; at += 6)
      this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
    this.#send(frameOf(frameType.settings, flag.ack, 0, new Uint8Array(0)))
    this.#pump()
  }

  /** Our header blocks need no table and our frames are of the size that everybody takes. */
  #set(id: number, value: number): void {
    if (id === setting.enablePush && value > 1) throw protocolError('ENABLE_PUSH is 0 or 1')
    if (id === setting.maxFrameSize && (value < frameBytesMax || value >= 2 ** 24))
      throw protocolError('MAX_FRAME_SIZE is out of range')
    if (id !== setting.initialWindowSize) return
    if (value > windowBytesMax) throw flowError('INITIAL_WINDOW_SIZE is too large')
    const more = value - this.#streamSendWindow
    this.#streamSendWindow = value
    for (const stream of this.#streams.values()) {
      if (!stream.widen(more)) throw flowError('a window is too large')
      if (stream.waitingBytes > 0) this.#ready.add(stream)
    }
  }

  #ping({ flags, stream, payload }: Frame): void {
    if (stream !== 0) throw protocolError('PING of a stream')
    if (payload.length !== 8) throw sizeError('PING')
    if ((flags & flag.ack) === 0) this.#send(frameOf(frameType.ping, flag.ack, 0, payload))
  }

  #windowUpdate(frame: Frame): void {
    if (frame.payload.length !== 4) throw sizeError('WINDOW_UPDATE')
    const more = frame.payload.readUInt32BE(0) & 0x7fffffff
    if (frame.stream === 0) {
      this.#sendWindow += more
      if (more === 0 || this.#sendWindow > windowBytesMax) throw flowError('a wrong WINDOW_UPDATE')
    } else {
      const stream = this.#streamOf(frame)
      if (!stream) return
      if (more === 0 || !stream.widen(more)) this.#resetAndTell(stream, errorCode.flowControl)
      else if (stream.waitingBytes > 0) this.#ready.add(stream)
    }
    this.#pump()
  }

  /** Undefined for a stream that is over; its last frames may still be under way. */
  #streamOf({ stream: id }: Frame): Http2Stream | undefined {
    if (id === 0 || id > this.#lastStream) throw protocolError(`a frame of the idle stream ${id}`)
    return this.#streams.get(id)
  }

  /** Sends what may be sent, a frame of each stream in turn. */
  #pump(): void {
    for (const stream of this.#ready) {
      if (this.#writer.isFull || this.#isClosed) return
      this.#advance(stream)
    }
  }

  #advance(stream: Http2Stream): void {
    const trailers = stream.dueTrailers
    if (trailers) {
      this.#finish(stream, trailers)
      return
    }
    const { waitingBytes } = stream
    const allowed = Math.min(stream.sendWindow, this.#sendWindow, frameBytesMax)
    const bytes = Math.min(waitingBytes, allowed)
    if (bytes > 0) this.#sendData(stream, bytes)
    else if (waitingBytes > 0 && stream.sendWindow > 0) return
    // Without a window it waits for that, without data for its writer; else it goes to the end.
    this.#ready.delete(stream)
    if (stream.dueTrailers || (stream.waitingBytes > 0 && stream.sendWindow > 0))
      this.#ready.add(stream)
    else if (stream.tellDrained()) this.#widenReceiving(stream)
  }

  #sendData(stream: Http2Stream, bytes: number): void {
    const header = Buffer.allocUnsafe(headerBytes)
    const frame = { type: frameType.data, flags: 0, stream: stream.id, length: bytes }
    writeFrameHeader(header, 0, frame)
    this.#send(header)
    stream.sendTo((part) => this.#send(part), bytes)
    this.#sendWindow -= bytes
  }

  #finish(stream: Http2Stream, trailers: Buffer): void {
    this.headers(stream, trailers, true)
    // The answer is complete: what else the client would send is of no use (RFC 9113, section 8.1).
    if (!stream.isHalfClosed) this.#send(numbersFrame(frameType.reset, stream.id, errorCode.none))
    this.#forget(stream)
  }

  #resetAndTell(stream: Http2Stream, code: number): void {
    this.#send(numbersFrame(frameType.reset, stream.id, code))
    this.#tellGone(stream)
  }

  #tellGone(stream: Http2Stream): void {
    const { listener } = stream
    this.#forget(stream)
    listener?.gone()
  }

  #forget(stream: Http2Stream): void {
    stream.close()
    this.#ready.delete(stream)
    this.#streams.delete(stream.id)
    if (this.#isLeaving) this.#endIfDone()
  }

  #lookForLife(): void {
    if (!this.#heard) this.#socket.destroy()
    this.#heard = false
    for (const stream of [...this.#streams.values()])
      if (stream.stalls()) this.#resetAndTell(stream, errorCode.cancel)
    this.#send(frameOf(frameType.ping, 0, 0, new Uint8Array(8)))
  }

  #goAway(code: number): void {
    this.#send(numbersFrame(frameType.goAway, 0, this.#lastStream, code))
  }

  #fail(error: ConnectionError): void {
    this.#goAway(error.code)
    this.#part(error)
  }

  #endIfDone(): void {
    if (this.#streams.size === 0 && !this.#isClosed) this.#part(undefined)
  }

  /** Closes once what was sent had time to be read. */
  #part(error: Error | undefined): void {
    this.#writer.flush()
    this.#socket.end()
    this.#linger = this.#options.clock.after(lingerMs, () => this.#socket.destroy())
    this.#close(error)
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#keepalive.cancel()
    for (const stream of [...this.#streams.values()]) this.#tellGone(stream)
    if (!this.#socket.writableEnded) this.#socket.destroy()
    this.#options.closed(error)
  }

  #send(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#writer.send(bytes)
  }
}

function protocolError(message: string): ConnectionError {
  return new ConnectionError(errorCode.protocol, message)
}

function flowError(message: string): ConnectionError {
  return new ConnectionError(errorCode.flowControl, message)
}

function sizeError(frame: string): ConnectionError {
  return new ConnectionError(errorCode.frameSize, `a ${frame} of a wrong size`)
}
