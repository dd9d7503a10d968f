import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'

export interface OwnershipOptions {
  /** Name in the abstract namespace, without its leading zero byte. */
  readonly name: string
  readonly nodeName: string
  readonly clock: Clock
  readonly logger: Logger
  /** Called once, when this process took the name. */
  owned(): void
  /** Called on the owner whenever a stand-by comes or goes: nodes that share this network, own included. */
  nodesChanged(nodes: ReadonlySet<string>): void
}

/** Before the cluster's id, in the name of its proxies' socket. */
export const ownerSocketPrefix = 'kijabi-proxy-'

const nameBytesMax = 253
const standbysMax = 256
const retryMs = 100
const turnedAwayMs = 20

/**
 * Which of the proxies in one network namespace writes the kernel rules (docs/adr/0003). The owner listens
 * on an abstract unix socket, whose name the kernel gives to one process and frees the moment that
 * process dies. The others keep a connection to it; when it closes, each tries to take the name.
 */
export class Ownership {
  readonly #options: OwnershipOptions
  readonly #path: string
  readonly #standbys = new Map<Socket, string>()
  #server: Server | undefined
  #toOwner: Socket | undefined
  #retry: Timer | undefined
  #stopped = false
  #owned = false

  constructor(options: OwnershipOptions) {
    this.#options = options
    this.#path = `\0${options.name}`
  }

  get isOwner(): boolean {
    return this.#owned
  }

  /** How many wait to take over from this owner. */
  get standbys(): number {
    return this.#standbys.size
  }

  start(): void {
    this.#take()
  }

  /** Gives the name away; stand-bys take it at once. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#retry?.cancel()
    this.#toOwner?.destroy()
    const server = this.#server
    if (server?.listening)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of this.#standbys.keys()) socket.destroy()
      })
    this.#owned = false
  }

  #take(): void {
    if (this.#stopped) return
    const server = createServer((socket) => this.#welcome(socket))
    this.#server = server
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE')
        this.#options.logger.error({ err: error }, 'the proxy socket cannot be taken')
      if (error.code === 'EADDRINUSE') this.#standBy()
      else this.#later()
    })
    server.listen(this.#path, () => {
      if (this.#stopped) {
        server.close()
        return
      }
      this.#owned = true
      this.#options.owned()
      this.#tellNodes()
    })
  }

  /** Waits for the owner's end. A stand-by writes its node's name and nothing else. */
  #standBy(): void {
    if (this.#stopped) return
    const socket = connect(this.#path)
    this.#toOwner = socket
    let reachedMs: number | undefined
    socket.on('connect', () => {
      reachedMs = this.#options.clock.monotonicMs()
      socket.write(`${this.#options.nodeName}\n`)
    })
    socket.on('error', () => {
      // Its close follows, and decides.
    })
    socket.on('close', () => {
      this.#toOwner = undefined
      // An owner that shows us out at once is no dead one: do not spin.
      const livedMs = this.#options.clock.monotonicMs() - (reachedMs ?? Number.POSITIVE_INFINITY)
      if (livedMs >= turnedAwayMs) this.#take()
      else this.#later()
    })
    socket.resume()
  }

  /** The name was busy, yet nobody answered: its owner is just going. */
  #later(): void {
    if (this.#stopped) return
    this.#retry = this.#options.clock.after(retryMs, () => this.#take())
  }

  #welcome(socket: Socket): void {
    if (this.#standbys.size >= standbysMax) {
      socket.destroy()
      return
    }
    this.#standbys.set(socket, '')
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > nameBytesMax + 1) socket.destroy()
      else if (text.endsWith('\n')) {
        this.#standbys.set(socket, text.trim())
        this.#tellNodes()
      }
    })
    socket.on('error', () => {
      // Its close follows.
    })
    socket.on('close', () => {
      this.#standbys.delete(socket)
      this.#tellNodes()
    })
  }

  #tellNodes(): void {
    if (!this.#owned || this.#stopped) return
    const names = [this.#options.nodeName, ...this.#standbys.values()]
    this.#options.nodesChanged(new Set(names.filter((name) => name !== '')))
  }
}
