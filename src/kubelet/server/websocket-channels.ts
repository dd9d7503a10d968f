import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/** Closes one channel, named by the byte after it; since v5 (apimachinery pkg/util/remotecommand). */
const closeSignal = 255

/** Unsent bytes past which a channel waits. */
const unsentBytesMax = 1024 * 1024

/**
 * A WebSocket with several byte streams in it: the first byte of every binary message names its channel
 * (apiserver pkg/util/wsstream). A channel that is read slowly makes the client wait.
 */
export class WebSocketChannels {
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>
  readonly #socket: WebSocket
  readonly #channels = new Map<number, Channel>()

  /** `halfCloses`: whether the client may end a channel (v5). */
  constructor(socket: WebSocket, halfCloses: boolean) {
    this.#socket = socket
    socket.on('error', () => socket.terminate())
    socket.on('message', (data: RawData) => {
      const message = bufferOf(data)
      const [number, named] = message
      if (number === closeSignal && halfCloses) this.#channels.get(named ?? -1)?.receiveEnd()
      else if (number !== undefined) this.#take(number, message.subarray(1))
    })
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        for (const channel of this.#channels.values()) channel.destroy()
        resolve()
      })
    })
  }

  /** Each channel once; what comes for others is dropped. */
  channel(number: number): Duplex {
    const channel = new Channel({
      send: (bytes, sent) => this.#send(number, bytes, sent),
      goOn: () => this.#socket.resume(),
    })
    this.#channels.set(number, channel)
    return channel
  }

  close(): void {
    this.#socket.close(1000)
  }

  #take(number: number, bytes: Buffer): void {
    if (bytes.length > 0 && this.#channels.get(number)?.receive(bytes) === false)
      this.#socket.pause()
  }

  #send(number: number, bytes: Buffer, sent: () => void): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN) {
      sent()
      return
    }
    const message = Buffer.concat([Buffer.of(number), bytes])
    const waits = socket.bufferedAmount >= unsentBytesMax
    socket.send(message, { binary: true }, () => waits && sent())
    if (!waits) sent()
  }
}

interface ChannelWire {
  send(bytes: Buffer, sent: () => void): void
  goOn(): void
}

class Channel extends Duplex {
  readonly #wire: ChannelWire
  #over = false

  constructor(wire: ChannelWire) {
    super()
    this.#wire = wire
    this.on('error', () => {})
  }

  /** False when its reader shall come first. */
  receive(bytes: Buffer): boolean {
    return this.#over || this.destroyed || this.push(bytes)
  }

  receiveEnd(): void {
    if (this.#over || this.destroyed) return
    this.#over = true
    this.push(null)
  }

  override _read(): void {
    this.#wire.goOn()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#wire.send(chunk, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wire.goOn()
    done(error)
  }
}

function bufferOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
