import type { Scope } from '../base/scope.ts'
import type { KubernetesObject } from './typed.ts'

/**
 * A local, eventually current copy of one resource, kept by list and watch.
 *
 * Contract: handlers are called one at a time, in the order of the resource's revisions for any one
 * object; intermediate states may be skipped after a reconnect (a re-list is turned into the difference),
 * a deletion is always seen, with the last known state. Nothing is called before the first list is in.
 * Objects are frozen and shared: never change one. A restart of the watch never makes the copy go back.
 */
export interface Informer<T extends KubernetesObject> {
  /** Begins to list and watch until the scope closes. Idempotent. */
  start(scope: Scope): void
  /** Resolves once the first list is in the copy and its handlers were called. */
  readonly synced: Promise<void>
  readonly hasSynced: boolean
  /** By `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined
  list(): readonly T[]
  /** Objects that an index function of InformerOptions filed under `value`. */
  indexed(index: string, value: string): readonly T[]
  /** Returns a function that unsubscribes. A late subscriber first gets `added` for all that is there. */
  subscribe(handler: InformerHandler<T>): () => void
  /** The resourceVersion that the copy reflects. */
  readonly resourceVersion: string
}

export interface InformerHandler<T> {
  added?(object: T): void
  updated?(object: T, previous: T): void
  deleted?(object: T): void
}

export interface InformerOptions<T> {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>
}

/** `namespace/name`, or `name` for a cluster-scoped object. */
export function objectKey(object: KubernetesObject): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name ?? ''}` : (name ?? '')
}
