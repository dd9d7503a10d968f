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
  readonly #awaited = new Map<string, Map<string, Awaited>>()

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

  /** `owner` asked for the deletion of the object with this key and uid: it is gone, or on its way. */
  deleted(owner: string, key: string, uid: string): void {
    this.shows(owner, key, uid, ({ metadata }) => metadata.deletionTimestamp !== undefined)
  }

  /** The object with this key and uid is gone, or such that `holds` is true. */
  shows(
    owner: string,
    key: string,
    uid: string,
    holds: (object: KubernetesObject) => boolean,
  ): void {
    const keys = this.#awaited.get(owner) ?? new Map<string, Awaited>()
    keys.set(key, { uid, sinceMs: this.#clock.monotonicMs(), holds })
    this.#awaited.set(owner, keys)
  }

  /** True when the copy shows all that `owner` wrote, or when that took suspiciously long. */
  satisfied(owner: string): boolean {
    return this.#writesSeen(owner) && this.#changesSeen(owner)
  }

  forget(owner: string): void {
    this.#written.delete(owner)
    this.#awaited.delete(owner)
  }

  #writesSeen(owner: string): boolean {
    const written = this.#written.get(owner)
    if (!written) return true
    const seen = !isOlder(this.#informer.resourceVersion, written.version)
    if (!seen && !this.#expired(written.sinceMs)) return false
    this.#written.delete(owner)
    return true
  }

  #changesSeen(owner: string): boolean {
    const keys = this.#awaited.get(owner)
    if (!keys) return true
    for (const [key, { uid, sinceMs, holds }] of keys) {
      const object = this.#informer.get(key)
      const pending = object?.metadata.uid === uid && !holds(object)
      if (!pending || this.#expired(sinceMs)) keys.delete(key)
    }
    if (keys.size > 0) return false
    this.#awaited.delete(owner)
    return true
  }

  #expired(sinceMs: number): boolean {
    return this.#clock.monotonicMs() - sinceMs > expectationMs
  }
}

interface Awaited {
  readonly uid: string
  readonly sinceMs: number
  readonly holds: (object: KubernetesObject) => boolean
}

/** A write that the copy does not show after this time is not waited for any longer. */
const expectationMs = 300_000
