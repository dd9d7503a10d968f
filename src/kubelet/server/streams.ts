import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { ExecStream } from '../runtime/runtime.ts'
import { SpdySession } from '../spdy/session.ts'
import type { SpdyStream } from '../spdy/stream.ts'
import { type CommandStreams, serveCommand } from './command.ts'
import {
  type CommandCarrier,
  commandCarrier,
  type ForwardCarrier,
  forwardCarrier,
  tunnelProtocol,
} from './negotiate.ts'
import { type Connect, type ForwardPair, forward, PairFinder, portOf } from './port-forward.ts'
import { Refusal } from './refusal.ts'
import { WebSocketChannels } from './websocket-channels.ts'

/** An HTTP request that asks for an upgrade, with its connection. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Which of a command's streams the client wants. */
export interface WantedStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** What an exec or attach is to start. */
export interface Command {
  /**
   * The container's id. Throws Refusal where it does not run: over SPDY that is the HTTP answer, a
   * WebSocket hears of it on its error channel, as from Kubernetes' translation of the one to the other.
   */
  find(): Promise<string>
  start(containerId: string): Promise<ExecStream>
}

/** PURE: from the query; a terminal has no stderr of its own (kubelet remotecommand NewOptions). */
export function wantedStreams(query: URLSearchParams): WantedStreams {
  const on = (...names: string[]) => names.some((name) => /^(1|true)$/.test(query.get(name) ?? ''))
  const tty = on('tty')
  return {
    stdin: on('input', 'stdin'),
    stdout: on('output', 'stdout'),
    stderr: on('error', 'stderr') && !tty,
    tty,
  }
}

/**
 * Streams of exec, attach and port-forward over both carriers. Nothing is translated: this server
 * speaks what clients of Kubernetes speak, and masters only carry bytes.
 */
export class StreamServer {
  readonly #clock: Clock
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytesMax })
  readonly #chosen = new WeakMap<IncomingMessage, string>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sockets.on('headers', (headers, request) => {
      headers.push(`Sec-WebSocket-Protocol: ${this.#chosen.get(request)}`)
    })
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
  }

  /** Throws Refusal, the connection untouched, when the client speaks nothing that is served. */
  async command(upgrade: Upgrade, wanted: WantedStreams, command: Command): Promise<void> {
    const carrier = commandCarrier(upgrade.request.headers)
    if (carrier.over === 'spdy') {
      const id = await command.find()
      return this.#spdyCommand(upgrade, carrier, wanted, () => command.start(id))
    }
    const socket = await this.#webSocket(upgrade, carrier.protocol)
    const channels = new WebSocketChannels(socket, carrier.protocol === 'v5.channel.k8s.io')
    const streams = channelsOf(channels, wanted)
    const start = async () => command.start(await command.find())
    await serveCommand(start, streams, carrier.protocol)
    channels.close()
    await this.#closed(socket, channels.ended)
  }

  /** `ports` are those of the query, which only channels of a WebSocket need. */
  async portForward(upgrade: Upgrade, ports: readonly string[], connect: Connect): Promise<void> {
    const carrier = forwardCarrier(upgrade.request.headers)
    if (carrier.over === 'spdy') {
      acceptSpdy(upgrade, carrier)
      return this.#spdyForward(upgrade.socket, connect)
    }
    if (carrier.protocol === tunnelProtocol) {
      const socket = await this.#webSocket(upgrade, carrier.protocol)
      return this.#spdyForward(createWebSocketStream(socket), connect)
    }
    const numbers = forwardedPorts(ports)
    const socket = await this.#webSocket(upgrade, carrier.protocol)
    const channels = new WebSocketChannels(socket, carrier.protocol === 'v5.channel.k8s.io')
    await Promise.all(
      numbers.map((port, index) => forward(pairOfChannels(channels, port, index), connect)),
    )
    channels.close()
    await this.#closed(socket, channels.ended)
  }

  async #spdyCommand(
    upgrade: Upgrade,
    carrier: CommandCarrier,
    wanted: WantedStreams,
    start: () => Promise<ExecStream>,
  ): Promise<void> {
    const { protocol } = carrier
    const resizes = wanted.tty && protocol !== 'channel.k8s.io' && protocol !== 'v2.channel.k8s.io'
    const expected = [
      'error',
      ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => wanted[name]),
      ...(resizes ? ['resize'] : []),
    ]
    const found = new Map<string, SpdyStream>()
    let complete: () => void = () => {}
    const all = new Promise<void>((resolve) => {
      complete = resolve
    })
    acceptSpdy(upgrade, carrier)
    const session = new SpdySession(upgrade.socket, {
      opened: (stream) => {
        const type = stream.headers.get('streamtype') ?? ''
        if (!expected.includes(type) || found.has(type)) return 'refuse'
        found.set(type, stream)
        if (found.size === expected.length) complete()
        return 'accept'
      },
    })
    const late = this.#clock.after(limits.streamsOpenMsMax, () => session.close())
    await Promise.race([all, session.ended])
    late.cancel()
    const error = found.get('error')
    if (error && found.size === expected.length) {
      const streams = { ...Object.fromEntries(found), error, ended: session.ended }
      await serveCommand(start, streams, protocol)
    }
    session.close()
    await this.#closed(upgrade.socket, session.ended)
  }

  async #spdyForward(transport: Duplex, connect: Connect): Promise<void> {
    const pairs = new PairFinder()
    const session = new SpdySession(transport, {
      opened: (stream) => {
        const pair = pairs.add(stream.headers, stream)
        if (typeof pair === 'string') return 'refuse'
        if (pair) void forward(pair, connect)
        return 'accept'
      },
    })
    await session.ended
    await this.#closed(transport, session.ended)
  }

  #webSocket({ request, socket, head }: Upgrade, protocol: string): Promise<WebSocket> {
    this.#chosen.set(request, protocol)
    // The library takes only tokens for names, and the tunnel's has a slash: it need not see them.
    delete request.headers['sec-websocket-protocol']
    return new Promise((resolve, reject) => {
      socket.once('close', () => reject(new Refusal(400, 'the client hung up')))
      this.#sockets.handleUpgrade(request, socket, head, resolve)
    })
  }

  /** Waits for the client's goodbye, for a moment. */
  async #closed(connection: Duplex | WebSocket, ended: Promise<void>): Promise<void> {
    const timer = this.#clock.after(limits.streamFlushMsMax, () => {
      if ('terminate' in connection) connection.terminate()
      else connection.destroy()
    })
    await ended
    timer.cancel()
    if (!('terminate' in connection)) connection.end(() => connection.destroy())
  }
}

function acceptSpdy(
  { socket, head }: Upgrade,
  { protocol }: CommandCarrier | ForwardCarrier,
): void {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  if (head.length > 0) socket.unshift(head)
}

/** Numbers of the channels (apimachinery pkg/util/remotecommand/constants.go). */
function channelsOf(channels: WebSocketChannels, wanted: WantedStreams): CommandStreams {
  return {
    ...(wanted.stdin ? { stdin: channels.channel(0) } : {}),
    ...(wanted.stdout ? { stdout: channels.channel(1) } : {}),
    ...(wanted.stderr ? { stderr: channels.channel(2) } : {}),
    error: channels.channel(3),
    ...(wanted.tty ? { resize: channels.channel(4) } : {}),
    ended: channels.ended,
  }
}

function forwardedPorts(ports: readonly string[]): readonly number[] {
  if (ports.length === 0) throw new Refusal(400, 'query parameter "port" is required')
  if (ports.length > limits.portsPerForwardMax)
    throw new Refusal(400, `more than ${limits.portsPerForwardMax} ports: use several forwards`)
  return ports.map((text) => {
    const port = portOf(text)
    if (port === undefined) throw new Refusal(400, `invalid port ${JSON.stringify(text)}`)
    return port
  })
}

/** Two channels a port, each of which begins with the port's number (kubelet portforward/websocket.go). */
function pairOfChannels(channels: WebSocketChannels, port: number, index: number): ForwardPair {
  const [data, error] = [channels.channel(2 * index), channels.channel(2 * index + 1)]
  const number = Buffer.alloc(2)
  number.writeUInt16LE(port, 0)
  data.write(number)
  error.write(number)
  return { port, data, error }
}
