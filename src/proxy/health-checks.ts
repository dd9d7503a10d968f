import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Clock, Timer } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { EndpointSlice, Service } from '../kinds/types.ts'
import { isIpv4 } from './rules.ts'

/** What a load balancer asks of a node: whether it has endpoints of a Service that keeps traffic local. */
export interface HealthCheck {
  readonly namespace: string
  readonly name: string
  readonly port: number
  readonly localEndpoints: number
}

/** That of a Service which has one (pkg/proxy/endpointschangetracker.go: LocalReadyEndpoints). */
export function healthCheckOf(
  { metadata, spec }: Service,
  slices: readonly EndpointSlice[],
  localNodes: ReadonlySet<string>,
): HealthCheck | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort: port } = spec ?? {}
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || !port) return undefined
  const endpoints = slices
    .filter((slice) => slice.addressType === 'IPv4')
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((one) => (one.conditions?.ready ?? true) && localNodes.has(one.nodeName ?? ''))
  const ready = new Set(endpoints.map((one) => one.addresses[0]).filter(isIpv4))
  const { namespace = '', name = '' } = metadata
  return { namespace, name, port, localEndpoints: ready.size }
}

export interface HealthCheckOptions {
  readonly clock: Clock
  readonly logger: Logger
}

const retryMs = 1_000

/**
 * Answers on the health check port of each Service that has one: 200 while this host has a ready endpoint of
 * it and its rules are in force, else 503 (pkg/proxy/healthcheck/service_health.go).
 */
export class HealthCheckPorts {
  readonly #options: HealthCheckOptions
  readonly #servers = new Map<number, Server>()
  #checks: ReadonlyMap<number, HealthCheck> = new Map()
  #address = ''
  #healthy = false
  #retry: Timer | undefined

  constructor(options: HealthCheckOptions) {
    this.#options = options
  }

  /** `healthy`: the rules that were worked out last are in force. Resolves when all ports listen, or failed to. */
  async apply(address: string, checks: Iterable<HealthCheck>, healthy: boolean): Promise<void> {
    this.#address = address
    this.#healthy = healthy
    this.#checks = new Map([...checks].map((check) => [check.port, check]))
    for (const [port, server] of this.#servers)
      if (!this.#checks.has(port)) {
        this.#servers.delete(port)
        end(server)
      }
    await this.#listenAll()
  }

  remove(): void {
    this.#retry?.cancel()
    this.#checks = new Map()
    for (const server of this.#servers.values()) end(server)
    this.#servers.clear()
  }

  async #listenAll(): Promise<void> {
    const missing = [...this.#checks.keys()].filter((port) => !this.#servers.has(port))
    await Promise.all(missing.map((port) => this.#listen(port)))
  }

  /** A port that is taken is tried again later. */
  #listen(port: number): Promise<void> {
    return new Promise((resolve) => {
      const server = createServer((_request, response) => this.#answer(port, response))
      this.#servers.set(port, server)
      server.once('error', (error) => {
        this.#options.logger.warn({ port, error: error.message }, 'cannot answer health checks yet')
        if (this.#servers.get(port) === server) this.#servers.delete(port)
        this.#listenLater()
        resolve()
      })
      server.listen({ host: this.#address, port }, resolve)
    })
  }

  #listenLater(): void {
    this.#retry?.cancel()
    if (this.#checks.size === 0) return
    this.#retry = this.#options.clock.after(retryMs, () => void this.#listenAll())
  }

  #answer(port: number, response: ServerResponse): void {
    const check = this.#checks.get(port)
    const { namespace, name, localEndpoints = 0 } = check ?? {}
    const isServing = localEndpoints > 0 && this.#healthy
    response.writeHead(isServing ? 200 : 503, {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'x-load-balancing-endpoint-weight': String(localEndpoints),
    })
    const body = { service: { namespace, name }, localEndpoints }
    response.end(`${JSON.stringify({ ...body, serviceProxyHealthy: this.#healthy })}\n`)
  }
}

function end(server: Server): void {
  server.close()
  server.closeAllConnections()
}
