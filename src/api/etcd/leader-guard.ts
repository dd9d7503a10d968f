import type { Clock, Timer } from '../../base/clock.ts'
import type { ListenerStore } from './context.ts'
import { type EtcdError, refusals } from './errors.ts'

/**
 * A stream that asks for it is ended when this member has known no leader for so long: etcd's three
 * election timeouts (server/etcdserver/api/v3rpc/interceptor.go). Failing over takes a fraction of it.
 */
const noLeaderMs = 3_000

interface Guarded {
  readonly signal: AbortSignal
  fail(error: EtcdError): void
}

/** Holds those who want an answer of a member with a leader, or none. */
export class LeaderGuard {
  readonly #store: ListenerStore
  readonly #streams = new Set<Guarded>()
  readonly #unsubscribe: () => void
  #timer: Timer | undefined

  constructor(store: ListenerStore, clock: Clock) {
    this.#store = store
    this.#unsubscribe = store.onLeadership(({ leader }) => {
      if (leader !== 0) {
        this.#timer?.cancel()
        this.#timer = undefined
      } else this.#timer ??= clock.after(noLeaderMs, () => this.#endAll())
    })
  }

  get hasLeader(): boolean {
    return this.#store.leadership.leader !== 0
  }

  add(stream: Guarded): void {
    this.#streams.add(stream)
    stream.signal.addEventListener('abort', () => this.#streams.delete(stream))
  }

  stop(): void {
    this.#unsubscribe()
    this.#timer?.cancel()
  }

  #endAll(): void {
    this.#timer = undefined
    for (const stream of this.#streams) stream.fail(refusals.noLeader())
  }
}
