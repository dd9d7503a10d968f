import { Scope } from '../../../src/base/scope.ts'
import { statusError } from '../../../src/base/status.ts'
import type {
  Client,
  DeleteRequest,
  KubernetesObject,
  ListOptions,
  ObjectList,
  PatchType,
  ResourceClient,
  ResourcePath,
  WatchEvent,
  WatchRequest,
  WriteOptions,
} from '../../../src/client/typed.ts'

type Stored = KubernetesObject & {
  spec?: unknown
  status?: unknown
  metadata: KubernetesObject['metadata']
}

interface Logged {
  readonly revision: number
  readonly resource: string
  readonly namespace: string
  readonly event: WatchEvent<KubernetesObject>
}

/**
 * A small API server in memory for tests of controllers and informers: revisions, conflicts, generations, finalizers,
 * grace periods of pods with a node, status writes, watches. No validation, no defaults.
 */
export class MemoryApi implements Client {
  readonly #objects = new Map<string, Stored>()
  readonly #log: Logged[] = []
  readonly #wake = new Set<() => void>()
  #revision = 100
  #uids = 0
  /** Called before each write: may throw what the server should answer. */
  refuse: (verb: string, resource: string, name: string) => void = () => {}
  /** Called after each write: may throw, as when the answer is lost on its way. */
  lose: (verb: string, resource: string, name: string) => void = () => {}
  readonly writes: string[] = []
  /** Awaited before each watch event is handed out: watches may lag. */
  lag: (resource: string) => Promise<void> = () => Promise.resolve()
  wallMs: () => number = () => 0

  resource<T extends KubernetesObject>(path: ResourcePath): ResourceClient<T> {
    return new MemoryResource(this, path) as unknown as ResourceClient<T>
  }

  nextUid(): string {
    this.#uids += 1
    return `uid-${this.#uids}`
  }

  key(path: ResourcePath, namespace: string, name: string): string {
    return `${path.group}/${path.resource}/${path.namespaced ? namespace : ''}/${name}`
  }

  find(path: ResourcePath, namespace: string, name: string): Stored {
    const found = this.#objects.get(this.key(path, namespace, name))
    if (!found) throw statusError('NotFound', `${path.resource} "${name}" not found`)
    return found
  }

  all(path: ResourcePath, options: ListOptions): { items: Stored[]; revision: number } {
    const prefix = `${path.group}/${path.resource}/`
    const items = [...this.#objects]
      .filter(([key]) => key.startsWith(prefix))
      .map(([, object]) => object)
      .filter((object) => !options.namespace || object.metadata.namespace === options.namespace)
    return { items: items.map((item) => structuredClone(item)), revision: this.#revision }
  }

  /** As admission does: nothing new in a namespace that is being deleted. */
  refuseWhereItEnds(namespace: string): void {
    const found = this.#objects.get(`/namespaces//${namespace}`)
    if (found?.metadata.deletionTimestamp)
      throw statusError('Forbidden', `namespace ${namespace} is being terminated`)
  }

  put(path: ResourcePath, object: Stored, type: 'ADDED' | 'MODIFIED'): Stored {
    this.#revision += 1
    object.metadata.resourceVersion = String(this.#revision)
    const namespace = object.metadata.namespace ?? ''
    this.#objects.set(this.key(path, namespace, object.metadata.name ?? ''), object)
    this.#note(path, namespace, { type, object: structuredClone(object) })
    return structuredClone(object)
  }

  drop(path: ResourcePath, object: Stored): void {
    this.#revision += 1
    const namespace = object.metadata.namespace ?? ''
    this.#objects.delete(this.key(path, namespace, object.metadata.name ?? ''))
    const last = structuredClone(object)
    last.metadata.resourceVersion = String(this.#revision)
    this.#note(path, namespace, { type: 'DELETED', object: last })
  }

  has(path: ResourcePath, namespace: string, name: string): boolean {
    return this.#objects.has(this.key(path, namespace, name))
  }

  async *follow(path: ResourcePath, options: WatchRequest): AsyncGenerator<WatchEvent<Stored>> {
    let at = 0
    // A watch keeps the lag that it began with.
    const { lag } = this
    const from = Number(options.resourceVersion ?? 0)
    const resource = `${path.group}/${path.resource}`
    while (!options.signal?.aborted) {
      for (; at < this.#log.length; at += 1) {
        const logged = this.#log[at]
        if (!logged || logged.revision <= from || logged.resource !== resource) continue
        if (options.namespace && logged.namespace !== options.namespace) continue
        await lag(path.resource)
        if (options.signal?.aborted) return
        yield structuredClone(logged.event) as WatchEvent<Stored>
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wake.delete(wake)
          options.signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#wake.add(wake)
        options.signal?.addEventListener('abort', wake, { once: true })
      })
    }
  }

  #note(path: ResourcePath, namespace: string, event: WatchEvent<KubernetesObject>): void {
    const resource = `${path.group}/${path.resource}`
    this.#log.push({ revision: this.#revision, resource, namespace, event })
    for (const wake of [...this.#wake]) wake()
  }
}

class MemoryResource implements ResourceClient<Stored> {
  readonly path: ResourcePath
  readonly #api: MemoryApi

  constructor(api: MemoryApi, path: ResourcePath) {
    this.#api = api
    this.path = path
  }

  async get(namespace: string, name: string): Promise<Stored> {
    return structuredClone(this.#api.find(this.path, namespace, name))
  }

  async list(options: ListOptions = {}): Promise<ObjectList<Stored>> {
    const { items, revision } = this.#api.all(this.path, options)
    return { items, resourceVersion: String(revision), continue: undefined }
  }

  watch(options: WatchRequest): AsyncIterable<WatchEvent<Stored>> {
    return this.#api.follow(this.path, options)
  }

  async create(namespace: string, given: Stored): Promise<Stored> {
    const object = structuredClone(given)
    const { metadata } = object
    if (this.path.namespaced) metadata.namespace = namespace
    const uid = this.#api.nextUid()
    metadata.name ??= `${metadata.generateName ?? ''}${uid.slice(4).padStart(5, 'x')}`
    this.#write('create', metadata.name)
    if (this.path.namespaced) this.#api.refuseWhereItEnds(namespace)
    if (this.#api.has(this.path, namespace, metadata.name))
      throw statusError('AlreadyExists', `${this.path.resource} "${metadata.name}" already exists`)
    metadata.uid = uid
    metadata.generation = 1
    metadata.creationTimestamp = new Date(this.#api.wallMs()).toISOString()
    return this.#answer('create', this.#api.put(this.path, object, 'ADDED'))
  }

  async update(object: Stored, _options?: WriteOptions): Promise<Stored> {
    this.#write('update', object.metadata.name ?? '')
    const old = this.#current(object)
    return this.#answer(
      'update',
      this.#store({ ...structuredClone(object), status: old.status }, old),
    )
  }

  async updateStatus(object: Stored): Promise<Stored> {
    this.#write('updateStatus', object.metadata.name ?? '')
    const old = this.#current(object)
    return this.#answer(
      'updateStatus',
      this.#store({ ...structuredClone(old), status: object.status }, old),
    )
  }

  async patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: unknown,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<Stored> {
    if (type === 'application/json-patch+json')
      throw statusError('UnsupportedMediaType', 'no JSON patches here')
    const verb = options.subresource ? `patch/${options.subresource}` : 'patch'
    this.#write(verb, name)
    const old = this.#api.find(this.path, namespace, name)
    const uid = (patch as Partial<Stored>).metadata?.uid
    if (uid && uid !== old.metadata.uid) throw statusError('Conflict', 'another uid')
    return this.#answer(verb, this.#store(merged(structuredClone(old), patch) as Stored, old))
  }

  async delete(namespace: string, name: string, options: DeleteRequest = {}): Promise<void> {
    const old = structuredClone(this.#api.find(this.path, namespace, name))
    const { preconditions } = options
    if (preconditions?.uid && preconditions.uid !== old.metadata.uid)
      throw statusError('Conflict', 'another uid')
    this.#write('delete', name)
    const { metadata } = old
    const finalizers = new Set(metadata.finalizers)
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion')
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan')
    const bound = (old.spec as { nodeName?: string } | undefined)?.nodeName
    const graceSeconds = this.path.resource === 'pods' && bound ? 30 : 0
    const grace = options.gracePeriodSeconds ?? graceSeconds
    const spec = old.spec as { finalizers?: string[] } | undefined
    const held = finalizers.size > 0 || (this.path.resource === 'namespaces' && spec?.finalizers)
    if (!held && grace === 0) return this.#api.drop(this.path, old)
    metadata.deletionTimestamp ??= new Date(this.#api.wallMs()).toISOString()
    metadata.deletionGracePeriodSeconds = grace
    if (finalizers.size > 0) metadata.finalizers = [...finalizers]
    // A deletion under way that is asked for again is no write.
    const stored = this.#api.find(this.path, namespace, name)
    if (JSON.stringify(stored.metadata) === JSON.stringify(metadata)) return
    this.#api.put(this.path, old, 'MODIFIED')
  }

  async subresource(
    namespace: string,
    name: string,
    subresource: string,
    method: 'GET' | 'POST' | 'PUT',
    body?: unknown,
  ): Promise<unknown> {
    this.#write(`${method}/${subresource}`, name)
    const old = this.#api.find(this.path, namespace, name)
    if (subresource !== 'finalize') throw statusError('NotFound', subresource)
    const next = structuredClone(body as Stored)
    const spec = next.spec as { finalizers?: string[] } | undefined
    if (!spec?.finalizers?.length && old.metadata.deletionTimestamp)
      return this.#api.drop(this.path, next)
    return this.#store(next, old)
  }

  #answer(verb: string, object: Stored): Stored {
    this.#api.lose(verb, this.path.resource, object.metadata.name ?? '')
    return object
  }

  #current(object: Stored): Stored {
    const { namespace = '', name = '', resourceVersion } = object.metadata
    const old = this.#api.find(this.path, namespace, name)
    if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
      throw statusError('Conflict', 'the object has been modified')
    return old
  }

  #store(next: Stored, old: Stored): Stored {
    const specChanged = JSON.stringify(next.spec) !== JSON.stringify(old.spec)
    next.metadata.generation = (old.metadata.generation ?? 1) + (specChanged ? 1 : 0)
    next.metadata.uid = old.metadata.uid
    if (next.metadata.deletionTimestamp && !next.metadata.finalizers?.length) {
      const grace = next.metadata.deletionGracePeriodSeconds ?? 0
      if (grace === 0 && this.path.resource !== 'namespaces') {
        this.#api.drop(this.path, next)
        return next
      }
    }
    return this.#api.put(this.path, next, 'MODIFIED')
  }

  #write(verb: string, name: string): void {
    this.#api.refuse(verb, this.path.resource, name)
    this.#api.writes.push(`${verb} ${this.path.resource}/${name}`)
  }
}

/** JSON merge patch (RFC 7396). */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target)
      ? (target as Record<string, unknown>)
      : {}
  for (const [name, value] of Object.entries(patch)) {
    // Of strategic merge patches only what controllers here use.
    const list = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1]
    if (list !== undefined) {
      const old = (result[list] ?? []) as unknown[]
      result[list] = old.filter((item) => !(value as unknown[]).includes(item))
    } else if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

/** Runs `body` with a scope that is closed at its end. */
export async function withScope(body: (scope: Scope) => Promise<void>): Promise<void> {
  const scope = new Scope()
  try {
    await body(scope)
  } finally {
    await scope.close()
  }
}
