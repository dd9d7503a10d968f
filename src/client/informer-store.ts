import { type Informer, type InformerHandler, type InformerOptions, objectKey } from './informer.ts'
import type { KubernetesObject, ObjectList, WatchEvent } from './typed.ts'

/** The error sink of handlers: one failing subscriber must not stop the copy or the others. */
export type HandlerFailed = (error: unknown) => void

/**
 * The copy itself: objects by key, files of the index functions, subscribers. Applies lists and
 * events, tells subscribers what changed. Holds no connection and no time.
 */
export class InformerStore<T extends KubernetesObject>
  implements Pick<Informer<T>, 'get' | 'list' | 'indexed' | 'subscribe' | 'resourceVersion'>
{
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, Index<T>>()
  readonly #handlers = new Set<InformerHandler<T>>()
  readonly #handlerFailed: HandlerFailed
  #resourceVersion = ''
  #hasList = false

  constructor(options: InformerOptions<T>, handlerFailed: HandlerFailed) {
    this.#handlerFailed = handlerFailed
    this.addIndexes(options.indexes ?? {})
  }

  /** Adds the indexes that are not there yet; one name means one function. */
  addIndexes(indexes: NonNullable<InformerOptions<T>['indexes']>): void {
    for (const [name, values] of Object.entries(indexes)) {
      if (this.#indexes.has(name)) continue
      const index = new Index(values)
      for (const [key, object] of this.#objects) index.put(key, object)
      this.#indexes.set(name, index)
    }
  }

  get resourceVersion(): string {
    return this.#resourceVersion
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): readonly T[] {
    return [...this.#objects.values()]
  }

  indexed(index: string, value: string): readonly T[] {
    const found: T[] = []
    for (const key of this.#indexes.get(index)?.keys(value) ?? []) {
      const object = this.#objects.get(key)
      if (object) found.push(object)
    }
    return found
  }

  subscribe(handler: InformerHandler<T>): () => void {
    // Its own object: the same handler may subscribe twice.
    const own: InformerHandler<T> = {
      added: (object) => handler.added?.(object),
      updated: (object, previous) => handler.updated?.(object, previous),
      deleted: (object) => handler.deleted?.(object),
    }
    this.#handlers.add(own)
    for (const object of this.list()) this.#call(() => own.added?.(object))
    return () => void this.#handlers.delete(own)
  }

  /**
   * Replaces the copy by a list, told as the difference. A list older than the copy changes nothing:
   * a lagging server must not make the copy go back. Returns false then.
   */
  replace(list: ObjectList<T>): boolean {
    if (this.#hasList && isOlder(list.resourceVersion, this.#resourceVersion)) return false
    const gone = new Set(this.#objects.keys())
    for (const object of list.items) {
      gone.delete(objectKey(object))
      this.#put(object)
    }
    for (const key of gone) this.#remove(key, undefined)
    this.#hasList = true
    this.#resourceVersion = list.resourceVersion
    return true
  }

  apply(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') {
      this.#advance(event.resourceVersion)
      return
    }
    const { object } = event
    if (event.type === 'DELETED') this.#remove(objectKey(object), object)
    else this.#put(object)
    this.#advance(object.metadata.resourceVersion ?? '')
  }

  #advance(resourceVersion: string): void {
    if (resourceVersion !== '' && !isOlder(resourceVersion, this.#resourceVersion))
      this.#resourceVersion = resourceVersion
  }

  #put(object: T): void {
    const key = objectKey(object)
    const previous = this.#objects.get(key)
    const version = object.metadata.resourceVersion ?? ''
    if (previous) {
      const known = previous.metadata.resourceVersion ?? ''
      if (version === known || isOlder(version, known)) return
    }
    deepFreeze(object)
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) index.put(key, object)
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      // Deleted and made again unseen: two objects, so a deletion and an addition.
      this.#each((handler) => handler.deleted?.(previous))
      this.#each((handler) => handler.added?.(object))
    } else if (previous) this.#each((handler) => handler.updated?.(object, previous))
    else this.#each((handler) => handler.added?.(object))
  }

  #remove(key: string, last: T | undefined): void {
    const previous = this.#objects.get(key)
    if (!previous) return
    const version = last?.metadata.resourceVersion
    if (version && isOlder(version, previous.metadata.resourceVersion ?? '')) return
    this.#objects.delete(key)
    for (const index of this.#indexes.values()) index.remove(key)
    const state = last ? deepFreeze(last) : previous
    this.#each((handler) => handler.deleted?.(state))
  }

  #each(call: (handler: InformerHandler<T>) => void): void {
    for (const handler of [...this.#handlers]) this.#call(() => call(handler))
  }

  #call(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#handlerFailed(error)
    }
  }
}

/** Keys by the values that one index function gives. */
class Index<T> {
  readonly #valuesOf: (object: T) => readonly string[]
  readonly #keysByValue = new Map<string, Set<string>>()
  readonly #valuesByKey = new Map<string, readonly string[]>()

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf
  }

  keys(value: string): ReadonlySet<string> {
    return this.#keysByValue.get(value) ?? new Set()
  }

  put(key: string, object: T): void {
    this.remove(key)
    const values = this.#valuesOf(object)
    if (values.length === 0) return
    this.#valuesByKey.set(key, values)
    for (const value of values) {
      const keys = this.#keysByValue.get(value)
      if (keys) keys.add(key)
      else this.#keysByValue.set(value, new Set([key]))
    }
  }

  remove(key: string): void {
    for (const value of this.#valuesByKey.get(key) ?? []) {
      const keys = this.#keysByValue.get(value)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysByValue.delete(value)
    }
    this.#valuesByKey.delete(key)
  }
}

/** Compares two resourceVersions, which are decimal revisions here. */
export function isOlder(version: string, than: string): boolean {
  if (version.length !== than.length) return version.length < than.length
  return version < than
}

/** Freezes a decoded JSON value all through, and returns it. */
export function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}
