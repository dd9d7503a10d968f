import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'
import type { ClusterStore } from '../../state/cluster-store.ts'
import { StoreError } from '../../state/errors.ts'
import type { LeaseId } from '../../state/leases.ts'

/** kube-apiserver --event-ttl. */
export const eventTtlSecondsDefault = 3_600

interface SharedLease {
  readonly id: Promise<LeaseId>
  readonly untilMs: number
  keys: number
}

/**
 * Leases for objects that expire, such as events. What is written within a minute shares one, up to a
 * limit of keys, so that the end of thousands is one command each minute, and not one each
 * (apiserver pkg/storage/etcd3/lease_manager.go).
 */
export class ExpiryLeases {
  readonly #store: Pick<ClusterStore, 'grantLease'>
  readonly #clock: Clock
  readonly #ttlSeconds: number
  #shared: SharedLease | undefined

  constructor(store: Pick<ClusterStore, 'grantLease'>, clock: Clock, ttlSeconds: number) {
    this.#store = store
    this.#clock = clock
    this.#ttlSeconds = ttlSeconds
  }

  /**
   * Writes with a lease that lasts at least the time to live, and a minute or a twentieth of it more.
   * Somebody may revoke a lease while it is shared: then once more with a new one.
   */
  async write<T>(put: (lease: LeaseId) => Promise<T>): Promise<T> {
    const shared = this.#current()
    try {
      return await put(await shared.id)
    } catch (error) {
      if (!(error instanceof StoreError) || error.refusal !== 'lease not found') throw error
      if (this.#shared === shared) this.#shared = undefined
    }
    return put(await this.#current().id)
  }

  #current(): SharedLease {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#shared
    if (known && nowMs < known.untilMs && known.keys < limits.expiryLeaseKeysMax) {
      known.keys += 1
      return known
    }
    const sharedSeconds = Math.min(limits.expiryLeaseSharedSeconds, this.#ttlSeconds / 20)
    const ttlSeconds = Math.ceil(this.#ttlSeconds + sharedSeconds)
    const id = this.#store.grantLease(ttlSeconds).then((granted) => granted.id)
    const shared = { id, untilMs: nowMs + sharedSeconds * 1_000, keys: 1 }
    this.#shared = shared
    // A grant that failed is nobody's lease: the next write asks again.
    id.catch(() => {
      if (this.#shared === shared) this.#shared = undefined
    })
    return shared
  }
}
