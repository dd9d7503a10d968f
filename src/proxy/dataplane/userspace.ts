import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { type Endpoint, type Frontend, isLoopback, type PortRules } from '../rules.ts'
import { Affinity } from './affinity.ts'
import type { Dataplane } from './kernel.ts'

export interface UserspaceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Where to listen for a frontend; nothing for those that another data plane carries. */
  addressesOf(frontend: Frontend): readonly string[]
}

interface Listener {
  readonly server: Server
  rule: PortRules
}

const dialMsMax = 3_000
const triesMax = 8
const retryListenMs = 1_000

/**
 * TCP frontends as listeners of this process, for hosts without rights to kernel rules and for addresses
 * that kernel rules leave out. A connection goes to a ready endpoint chosen by chance, to the next one
 * when that does not answer; without endpoints nobody listens, so that clients are refused. What kernel
 * rules drop for the policy Local is refused, too, or hung up on: packets are not seen here.
 */
export class UserspaceDataplane implements Dataplane {
  readonly outlivesProcess = false
  readonly #options: UserspaceOptions
  /** By `address:port`. */
  readonly #listeners = new Map<string, Listener>()
  readonly #sockets = new Set<Socket>()
  readonly #affinity: Affinity
  /** Addresses whose trouble was told: asking again each second brings the same. */
  readonly #told = new Set<string>()
  #rules: readonly PortRules[] = []
  #retry: Timer | undefined
  #removed = false

  constructor(options: UserspaceOptions) {
    this.#options = options
    this.#affinity = new Affinity(options.clock)
  }

  async apply(rules: readonly PortRules[]): Promise<void> {
    this.#rules = rules
    const wanted = new Map<string, { ip: string; port: number; rule: PortRules }>()
    for (const rule of rules) {
      if (rule.protocol !== 'tcp' || rule.endpoints.length === 0) continue
      for (const frontend of rule.frontends)
        for (const ip of this.#options.addressesOf(frontend)) {
          const key = `${ip}:${frontend.port}`
          if (!wanted.has(key)) wanted.set(key, { ip, port: frontend.port, rule })
        }
    }
    this.#affinity.keepOnly(new Set(rules.map((rule) => rule.key)))
    for (const key of this.#told) if (!wanted.has(key)) this.#told.delete(key)
    const steps: Promise<void>[] = []
    for (const [key, { server }] of this.#listeners)
      if (!wanted.has(key)) {
        this.#listeners.delete(key)
        steps.push(closed(server))
      }
    await Promise.all(steps)
    const opening: Promise<void>[] = []
    for (const [key, { ip, port, rule }] of wanted) {
      const listener = this.#listeners.get(key)
      if (listener) listener.rule = rule
      else opening.push(this.#listen(key, ip, port, rule))
    }
    await Promise.all(opening)
  }

  intact(): Promise<boolean> {
    return Promise.resolve(true)
  }

  async remove(): Promise<void> {
    this.#removed = true
    this.#retry?.cancel()
    const servers = [...this.#listeners.values()].map(({ server }) => closed(server))
    this.#listeners.clear()
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(servers)
  }

  /** A port that is taken is tried again later: the other frontends must not wait for it. */
  #listen(key: string, ip: string, port: number, rule: PortRules): Promise<void> {
    return new Promise((resolve) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
      const listener: Listener = { server, rule }
      server.on('connection', (socket) => this.#serve(socket, listener.rule))
      server.once('error', (error: NodeJS.ErrnoException) => {
        this.#tell(key, rule, error)
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key)
        this.#listenLater()
        resolve()
      })
      this.#listeners.set(key, listener)
      server.listen({ host: ip, port }, () => {
        this.#told.delete(key)
        resolve()
      })
    })
  }

  #tell(address: string, rule: PortRules, error: NodeJS.ErrnoException): void {
    if (this.#told.has(address)) return
    this.#told.add(address)
    const denied = error.code === 'EACCES'
    this.#options.logger.warn(
      { address, service: rule.key, error: error.message },
      denied
        ? 'this user may not listen on ports under 1024: give the Service a port from 1024 on'
        : 'cannot listen yet',
    )
  }

  #listenLater(): void {
    if (this.#removed || this.#retry) return
    this.#retry = this.#options.clock.after(retryListenMs, () => {
      this.#retry = undefined
      if (!this.#removed) void this.apply(this.#rules)
    })
  }

  #serve(client: Socket, rule: PortRules): void {
    if (this.#sockets.size >= 2 * limits.proxyConnectionsMax) {
      client.resetAndDestroy()
      return
    }
    this.#track(client)
    const address = client.remoteAddress ?? ''
    const endpoints = endpointsFor(rule, address, client.localAddress)
    const candidates = this.#candidates({ ...rule, endpoints }, address)
    const tryNext = (): void => {
      const endpoint = candidates.shift()
      if (client.destroyed) return
      if (!endpoint) {
        client.resetAndDestroy()
        return
      }
      const server = connect({ host: endpoint.ip, port: endpoint.port, allowHalfOpen: true })
      this.#track(server)
      server.setNoDelay(true)
      const deadline = this.#options.clock.after(dialMsMax, () => server.destroy())
      const giveUp = () => server.destroy()
      client.once('close', giveUp)
      server.once('close', () => {
        deadline.cancel()
        client.off('close', giveUp)
        tryNext()
      })
      server.once('connect', () => {
        deadline.cancel()
        server.removeAllListeners('close')
        client.off('close', giveUp)
        this.#track(server)
        this.#affinity.remember(rule, address, endpoint)
        join(client, server)
      })
    }
    tryNext()
  }

  /** The endpoint that the client knows first, then the others from a random place on. */
  #candidates({ endpoints, key, affinitySeconds }: PortRules, address: string): Endpoint[] {
    if (endpoints.length === 0) return []
    const start = this.#options.random.integer(0, endpoints.length)
    const order = [...endpoints.slice(start), ...endpoints.slice(0, start)]
    const known = affinitySeconds === undefined ? undefined : this.#affinity.of(key, address)
    if (known) order.sort((one, other) => Number(same(other, known)) - Number(same(one, known)))
    return order.slice(0, triesMax)
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => void this.#sockets.delete(socket))
    // A broken connection closes; what that means is decided there.
    if (socket.listenerCount('error') === 0) socket.on('error', () => {})
  }
}

/** Copies both ways; the end of one direction leaves the other open, a broken one breaks both. */
function join(client: Socket, server: Socket): void {
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.pipe(other)
    one.once('close', (hadError) => {
      if (hadError) other.resetAndDestroy()
      else if (!one.readableEnded) other.destroy()
    })
  }
}

/** Those of this host alone when the policy says so, and the client is not on this host itself. */
export function endpointsFor(
  { endpoints, local }: PortRules,
  clientAddress: string,
  ownAddress: string | undefined,
): readonly Endpoint[] {
  const isHere = isLoopback(clientAddress) || clientAddress === ownAddress
  return isHere ? endpoints : (local ?? endpoints)
}

function same(one: Endpoint, other: Endpoint): boolean {
  return one.ip === other.ip && one.port === other.port
}

/** Stops listening at once; open connections live on. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) resolve()
    else {
      server.close()
      resolve()
    }
  })
}
