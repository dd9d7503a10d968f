import type { ObjectMeta } from '../kinds/types.ts'

/** Any stored object, as far as generic code needs to know it. Frozen when it comes from a cache. */
export interface KubernetesObject {
  apiVersion?: string | undefined
  kind?: string | undefined
  metadata: ObjectMeta
}

/** Where a kind lives in the API: `{group: 'apps', version: 'v1', resource: 'deployments', namespaced: true}`. */
export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly namespaced: boolean
}

export interface ObjectList<T> {
  readonly resourceVersion: string
  readonly continue: string | undefined
  readonly items: readonly T[]
}

export interface ListOptions {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly limit?: number
  readonly continue?: string
  readonly signal?: AbortSignal
}

export interface WatchRequest extends ListOptions {
  readonly timeoutSeconds?: number
  readonly allowBookmarks?: boolean
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }

export interface WriteOptions {
  readonly fieldManager?: string
  readonly signal?: AbortSignal
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'

export interface DeleteRequest extends WriteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

/**
 * The API of one resource. Every refusal rejects with a StatusError that carries the server's Status.
 * `namespace` is ignored for cluster-scoped resources (pass '').
 */
export interface ResourceClient<T extends KubernetesObject> {
  readonly path: ResourcePath
  get(namespace: string, name: string): Promise<T>
  list(options?: ListOptions): Promise<ObjectList<T>>
  /** Ends when the server ends the watch; throws StatusError Expired when history is gone. */
  watch(options: WatchRequest): AsyncIterable<WatchEvent<T>>
  create(namespace: string, object: T, options?: WriteOptions): Promise<T>
  update(object: T, options?: WriteOptions): Promise<T>
  updateStatus(object: T, options?: WriteOptions): Promise<T>
  patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<T>
  delete(namespace: string, name: string, options?: DeleteRequest): Promise<void>
  /** POST or GET of a subresource such as `binding`, with a JSON body. */
  subresource(
    namespace: string,
    name: string,
    subresource: string,
    method: 'GET' | 'POST' | 'PUT',
    body?: unknown,
  ): Promise<unknown>
}

/**
 * The whole API. `createClient(transport, {fence?})` in client.ts builds one; controllers, scheduler,
 * kubelet and proxy see the cluster through nothing else.
 */
export interface Client {
  resource<T extends KubernetesObject>(path: ResourcePath): ResourceClient<T>
}
