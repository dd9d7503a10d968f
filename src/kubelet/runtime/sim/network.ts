import { createServer, type Server } from 'node:http'
import type { Logger } from '../../../base/log.ts'

const slots = 127

/**
 * Addresses and listeners of simulated pods. All of 127/8 answers on Linux's loopback, so every pod
 * gets an address of its own there that this host, and only it, can reach.
 */
export class SimNetwork {
  readonly #prefix: string
  readonly #taken = new Set<number>()
  readonly #logger: Logger
  #last = 0

  /**
   * `slot` tells clusters of one host apart (0 to 126), `node` the nodes of one cluster (0 to 255). The
   * lower half of 127/8 is left to the Services of simulated clusters.
   */
  constructor(slot: number, node: number, logger: Logger) {
    this.#prefix = `127.${128 + (slot % slots)}.${node % 256}`
    this.#logger = logger
  }

  /** The next free address; addresses are used again as late as possible. Undefined when all are taken. */
  allocate(): string | undefined {
    for (let step = 1; step <= 254; step += 1) {
      const host = ((this.#last + step - 1) % 254) + 1
      if (this.#taken.has(host)) continue
      this.#taken.add(host)
      this.#last = host
      return `${this.#prefix}.${host}`
    }
    return undefined
  }

  release(ip: string | undefined): void {
    if (ip?.startsWith(`${this.#prefix}.`)) this.#taken.delete(Number(ip.split('.')[3]))
  }

  /**
   * Answers HTTP there: the pod's name, and 200 for any path. Resolves with undefined when the port
   * cannot be had (a privileged one without root, or one that is taken): the container runs without.
   */
  serve(ip: string, port: number, podName: string): Promise<Server | undefined> {
    const server = createServer((request, response) => {
      request.resume()
      response.setHeader('content-type', 'text/plain')
      response.end(request.url === '/healthz' ? 'ok' : `${podName}\n`)
    })
    server.keepAliveTimeout = 1000
    return new Promise((resolve) => {
      server.once('error', (error) => {
        this.#logger.warn({ ip, port, error: String(error) }, 'simulated container does not listen')
        resolve(undefined)
      })
      server.listen(port, ip, () => resolve(server))
    })
  }
}

/** Closes a listener and its connections at once: what a killed process does. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A number for a cluster's name, to tell clusters of one host apart. */
export function slotOf(clusterId: string): number {
  let hash = 2166136261
  for (const char of clusterId) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619) >>> 0
  return hash % slots
}
