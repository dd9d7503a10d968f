import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { Endpoint, PortRules } from '../rules.ts'

/** Which endpoint a client has been sent to, for services with session affinity ClientIP. */
export class Affinity {
  readonly #clock: Clock
  /** By service port, then by client address; oldest use first. */
  readonly #clients = new Map<string, Map<string, { endpoint: Endpoint; untilMs: number }>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The endpoint that `address` was sent to, while its time is not over. */
  of(key: string, address: string): Endpoint | undefined {
    const known = this.#clients.get(key)?.get(address)
    return known && known.untilMs > this.#clock.monotonicMs() ? known.endpoint : undefined
  }

  remember({ key, affinitySeconds }: PortRules, address: string, endpoint: Endpoint): void {
    if (affinitySeconds === undefined) return
    const clients = this.#clients.get(key) ?? new Map()
    this.#clients.set(key, clients)
    clients.delete(address)
    clients.set(address, {
      endpoint,
      untilMs: this.#clock.monotonicMs() + affinitySeconds * 1_000,
    })
    if (clients.size <= limits.proxyAffinityClientsPerServiceMax) return
    const oldest = clients.keys().next().value
    if (oldest !== undefined) clients.delete(oldest)
  }

  /** Forgets services that are gone. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#clients.keys()) if (!keys.has(key)) this.#clients.delete(key)
  }
}
