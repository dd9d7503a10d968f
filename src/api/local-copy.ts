import type { Revision } from '../base/brand.ts'
import { isStatus } from '../base/status.ts'
import type { AnyObject } from '../kinds/kind.ts'
import type { ClusterStore, StoreEvent, StoreWatcher } from '../state/cluster-store.ts'
import { prefixEnd, resourcePrefix } from './storage-keys.ts'
import { parseObject } from './stored-object.ts'

/** Hears what changes of one resource, in order. */
export interface LocalCopyListener {
  /** `key` is that of the store. */
  set(key: string, object: AnyObject): void
  remove(key: string): void
  /** Everything is forgotten: what there is now follows by `set`. */
  clear(): void
}

/**
 * A resource as this member's replica has it, told to a listener that keeps what it needs of it.
 * Nothing is read while nothing changes: `refresh` costs a comparison and a look at a queue. So decisions
 * of every request can rest on it.
 */
export class LocalCopy {
  readonly #store: ClusterStore
  readonly #start: string
  readonly #end: string
  readonly #listener: LocalCopyListener
  #watcher: StoreWatcher | undefined
  /** Of the replica when the listener was last told. */
  #revision: Revision | undefined

  constructor(
    store: ClusterStore,
    place: Parameters<typeof resourcePrefix>[0],
    listener: LocalCopyListener,
  ) {
    this.#store = store
    this.#start = resourcePrefix(place, '')
    this.#end = prefixEnd(this.#start)
    this.#listener = listener
  }

  /** Brings the listener up to what the replica holds. True when something was told. */
  refresh(): boolean {
    if (!this.#watcher) return this.#load()
    const { revision } = this.#store.view
    if (this.#revision === revision) return false
    this.#revision = revision
    try {
      const events = this.#watcher.poll(Number.POSITIVE_INFINITY)
      for (const event of events) this.#tell(event)
      return events.length > 0
    } catch (error) {
      // History was compacted, or the replica restored from a snapshot.
      if (!isStatus(error, 'Expired')) throw error
      this.#watcher.close()
      return this.#load()
    }
  }

  #load(): boolean {
    const { revision, items } = this.#store.view.range(this.#start, this.#end)
    this.#revision = revision
    this.#watcher = this.#store.watch({
      start: this.#start,
      end: this.#end,
      afterRevision: revision,
      // Whoever decides asks by itself: a wake may come a moment too late.
      wake: () => undefined,
    })
    this.#listener.clear()
    for (const item of items) this.#listener.set(item.key, parseObject(item.value))
    return true
  }

  #tell({ type, key, current }: StoreEvent): void {
    if (type === 'delete') this.#listener.remove(key)
    else this.#listener.set(key, parseObject(current.value))
  }
}
