import { setMaxListeners } from 'node:events'
import { type Clock, delay } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Scope } from '../base/scope.ts'
import { isStatus } from '../base/status.ts'
import { Backoff } from './backoff.ts'
import type { Informer, InformerHandler, InformerOptions } from './informer.ts'
import { deepFreeze, InformerStore } from './informer-store.ts'
import type {
  Client,
  KubernetesObject,
  ObjectList,
  ResourceClient,
  ResourcePath,
  WatchRequest,
} from './typed.ts'

export interface InformerDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Longest wait between tries; 5 s unless told. Less in process, where trying costs nothing. */
  readonly backoffMaxMs?: number
}

const backoffFirstMs = 50
const defaultBackoffMaxMs = 5_000
/** Pages keep decoding and freezing of a big list from holding the event loop. */
const listPageItems = 500
/** A watch is asked to end by itself after this much, and a little more by chance. */
const watchSecondsMin = 300

/** An informer over list and watch; see the contract of Informer. */
export function createInformer<T extends KubernetesObject>(
  resource: ResourceClient<T>,
  options: InformerOptions<T>,
  deps: InformerDeps,
): Informer<T> {
  return new Reflector(resource, options, deps)
}

class Reflector<T extends KubernetesObject> implements Informer<T> {
  readonly synced: Promise<void>
  #resolveSynced: () => void = () => {}
  #hasSynced = false
  #started = false
  readonly #resource: ResourceClient<T>
  readonly #options: InformerOptions<T>
  readonly #deps: InformerDeps
  readonly #store: InformerStore<T>
  readonly #backoff: Backoff
  readonly #backoffMaxMs: number
  /** False until the first list, and again whenever the history that a watch needs is gone. */
  #mayWatch = false

  constructor(resource: ResourceClient<T>, options: InformerOptions<T>, deps: InformerDeps) {
    this.#resource = resource
    this.#options = options
    this.#deps = deps
    this.#backoffMaxMs = deps.backoffMaxMs ?? defaultBackoffMaxMs
    this.#backoff = new Backoff(backoffFirstMs, this.#backoffMaxMs, deps.random)
    this.#store = new InformerStore(options, (error) =>
      deps.logger.error(
        { err: error, resource: resource.path.resource },
        'informer handler failed',
      ),
    )
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve
    })
  }

  get hasSynced(): boolean {
    return this.#hasSynced
  }

  get resourceName(): string {
    return this.#resource.path.resource
  }

  get resourceVersion(): string {
    return this.#store.resourceVersion
  }

  get(key: string): T | undefined {
    return this.#store.get(key)
  }

  list(): readonly T[] {
    return this.#store.list()
  }

  indexed(index: string, value: string): readonly T[] {
    return this.#store.indexed(index, value)
  }

  subscribe(handler: InformerHandler<T>): () => void {
    return this.#store.subscribe(handler)
  }

  addIndexes(indexes: NonNullable<InformerOptions<T>['indexes']>): void {
    this.#store.addIndexes(indexes)
  }

  start(scope: Scope): void {
    if (this.#started) return
    this.#started = true
    // One scope may own any number of informers: that many listeners are no leak.
    setMaxListeners(0, scope.signal)
    const running = this.#run(scope.signal)
    scope.onClose(`informer of ${this.#resource.path.resource}`, () => running)
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = 0
      const startedMs = this.#deps.clock.monotonicMs()
      try {
        if (this.#mayWatch) await this.#watch(signal)
        else waitMs = await this.#list(signal)
      } catch (error) {
        if (signal.aborted) return
        // What ran long enough is no repeated failure.
        if (this.#deps.clock.monotonicMs() - startedMs > this.#backoffMaxMs) this.#backoff.reset()
        waitMs = this.#afterFailure(error)
      }
      if (waitMs > 0) await delay(this.#deps.clock, waitMs, signal).catch(() => {})
    }
  }

  /** Lists once. Returns how long to wait before what comes next. */
  async #list(signal: AbortSignal): Promise<number> {
    const list = await this.#wholeList(signal)
    if (signal.aborted) return 0
    // An answer from a server behind our copy: ask again, some other server may know more.
    if (!this.#store.replace(list)) return this.#backoff.nextMs()
    this.#mayWatch = true
    if (!this.#hasSynced) {
      this.#hasSynced = true
      this.#resolveSynced()
    }
    return 0
  }

  async #wholeList(signal: AbortSignal): Promise<ObjectList<T>> {
    const items: T[] = []
    let page: ObjectList<T> | undefined
    do {
      page = await this.#resource.list({
        ...this.#selection(),
        limit: listPageItems,
        signal,
        ...(page?.continue ? { continue: page.continue } : {}),
      })
      for (const object of page.items) items.push(deepFreeze(object))
      if (page.continue) await new Promise((resolve) => setImmediate(resolve))
    } while (page.continue && !signal.aborted)
    return { items, resourceVersion: page.resourceVersion, continue: undefined }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const startedMs = this.#deps.clock.monotonicMs()
    let events = 0
    const watch = this.#resource.watch({
      ...this.#selection(),
      resourceVersion: this.#store.resourceVersion,
      timeoutSeconds: watchSecondsMin + this.#deps.random.integer(0, watchSecondsMin),
      allowBookmarks: true,
      signal,
    })
    for await (const event of watch) {
      if (signal.aborted) return
      this.#store.apply(event)
      events += 1
      this.#backoff.reset()
    }
    // A server that ends every watch at once must not be asked in a tight loop.
    if (events === 0 && this.#deps.clock.monotonicMs() - startedMs < 1_000 && !signal.aborted) {
      const waitMs = this.#backoff.nextMs()
      await delay(this.#deps.clock, waitMs, signal).catch(() => {})
    }
  }

  /** Returns how long to wait: nothing after the first failure, for another server may be there. */
  #afterFailure(error: unknown): number {
    const expired = isStatus(error, 'Expired', 'Gone')
    if (expired) this.#mayWatch = false
    const first = this.#backoff.failures === 0
    const waitMs = this.#backoff.nextMs()
    const { resource } = this.#resource.path
    const fields = { err: error, resource, resourceVersion: this.#store.resourceVersion }
    if (isStatus(error, 'ServiceUnavailable', 'Expired', 'Gone', 'Timeout', 'TooManyRequests'))
      this.#deps.logger.debug(fields, 'watch interrupted')
    else this.#deps.logger.warn(fields, 'list or watch failed')
    return first ? 0 : waitMs
  }

  #selection(): Pick<WatchRequest, 'namespace' | 'labelSelector' | 'fieldSelector'> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    }
  }
}

/** Informers shared by all parts of a process: one copy of each resource and selection. */
export interface InformerFactory {
  /** The same informer for the same path and selection; indexes that are missing are added to it. */
  informer<T extends KubernetesObject>(
    path: ResourcePath,
    options?: InformerOptions<T>,
  ): Informer<T>
  /** Starts those asked for so far and every later one, until the scope closes. */
  start(scope: Scope): void
  /** Resolves when every informer asked for so far has its first list. */
  synced(): Promise<void>
  /** Resources of those that have no first list yet. */
  unsynced(): readonly string[]
}

export function createInformerFactory(client: Client, deps: InformerDeps): InformerFactory {
  const informers = new Map<string, Reflector<KubernetesObject>>()
  let startedIn: Scope | undefined
  return {
    informer<T extends KubernetesObject>(path: ResourcePath, options: InformerOptions<T> = {}) {
      const { group, version, resource } = path
      const { namespace = '', labelSelector = '', fieldSelector = '' } = options
      const key = [group, version, resource, namespace, labelSelector, fieldSelector].join('\n')
      // What is filed under a path was made for the same path: the type is that of its caller.
      let informer = informers.get(key) as unknown as Reflector<T> | undefined
      if (!informer) {
        informer = new Reflector<T>(client.resource<T>(path), options, deps)
        informers.set(key, informer as unknown as Reflector<KubernetesObject>)
        if (startedIn) informer.start(startedIn)
      } else if (options.indexes) informer.addIndexes(options.indexes)
      return informer
    },
    start(scope) {
      startedIn = scope
      for (const informer of informers.values()) informer.start(scope)
    },
    async synced() {
      await Promise.all([...informers.values()].map((informer) => informer.synced))
    },
    unsynced: () =>
      [...informers.values()].filter((one) => !one.hasSynced).map((one) => one.resourceName),
  }
}
