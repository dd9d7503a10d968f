import type { Clock } from '../base/clock.ts'
import type { Informer } from '../client/informer.ts'
import { isOlder } from '../client/informer-store.ts'
import type { KubernetesObject } from '../client/typed.ts'

/**
 * What a controller wrote and its informer has not shown yet. A decision made from a copy that lags
 * behind one's own writes would make everything twice (client-go calls these expectations).
 */
export class Expectations {
  readonly #clock: Clock
  readonly #informer: Informer<KubernetesObject>
  readonly #written = new Map<string, { version: string; sinceMs: number }>()
  readonly #deleted = new Map<string, Map<string, { uid: string; sinceMs: number }>>()

  constructor(informer: Pick<Informer<KubernetesObject>, 'get' | 'resourceVersion'>, clock: Clock) {
    this.#informer = informer as Informer<KubernetesObject>
    this.#clock = clock
  }

  /** `owner` caused this state of an object. */
  wrote(owner: string, object: KubernetesObject): void {
    const version = object.metadata.resourceVersion ?? ''
    const known = this.#written.get(owner)
    if (known && isOlder(version, known.version)) return
    this.#written.set(owner, { version, sinceMs: this.#clock.monotonicMs() })
  }

  /** `owner` asked for the deletion of the object with this key and uid. */
  deleted(owner: string, key: string, uid: string): void {
    const keys = this.#deleted.get(owner) ?? new Map()
    keys.set(key, { uid, sinceMs: this.#clock.monotonicMs() })
    this.#deleted.set(owner, keys)
  }

  /** True when the copy shows all that `owner` wrote, or when that took suspiciously long. */
  satisfied(owner: string): boolean {
    return this.#writesSeen(owner) && this.#deletionsSeen(owner)
  }

  forget(owner: string): void {
    this.#written.delete(owner)
    this.#deleted.delete(owner)
  }

  #writesSeen(owner: string): boolean {
    const written = this.#written.get(owner)
    if (!written) return true
    const seen = !isOlder(this.#informer.resourceVersion, written.version)
    if (!seen && !this.#expired(written.sinceMs)) return false
    this.#written.delete(owner)
    return true
  }

  #deletionsSeen(owner: string): boolean {
    const keys = this.#deleted.get(owner)
    if (!keys) return true
    for (const [key, { uid, sinceMs }] of keys) {
      const object = this.#informer.get(key)
      const pending =
        object?.metadata.uid === uid && object.metadata.deletionTimestamp === undefined
      if (!pending || this.#expired(sinceMs)) keys.delete(key)
    }
    if (keys.size > 0) return false
    this.#deleted.delete(owner)
    return true
  }

  #expired(sinceMs: number): boolean {
    return this.#clock.monotonicMs() - sinceMs > expectationMs
  }
}

/** A write that the copy does not show after this time is not waited for any longer. */
const expectationMs = 300_000
