import assert from 'node:assert/strict'
import type { Informer, InformerHandler } from '../../../src/client/informer.ts'
import { objectKey } from '../../../src/client/informer.ts'
import type { KubernetesObject } from '../../../src/client/typed.ts'

/** An informer that shows what a test puts into it. */
export class HandFed<T extends KubernetesObject> implements Informer<T> {
  readonly synced = Promise.resolve()
  readonly hasSynced = true
  readonly resourceVersion = '1'
  readonly #objects = new Map<string, T>()
  readonly #handlers = new Set<InformerHandler<T>>()

  start(): void {}
  get(key: string): T | undefined {
    return this.#objects.get(key)
  }
  list(): readonly T[] {
    return [...this.#objects.values()]
  }
  indexed(_: string, value: string): readonly T[] {
    return this.list().filter((object) => this.index?.(object).includes(value))
  }
  /** Set by the test, or by whoever asks a factory for the informer. */
  index: ((object: T) => readonly string[]) | undefined
  subscribe(handler: InformerHandler<T>): () => void {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }
  get subscribers(): number {
    return this.#handlers.size
  }
  put(object: T): void {
    const key = objectKey(object)
    const before = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const handler of this.#handlers)
      if (before) handler.updated?.(object, before)
      else handler.added?.(object)
  }
  remove(key: string): void {
    const before = this.#objects.get(key)
    assert.ok(before)
    this.#objects.delete(key)
    for (const handler of this.#handlers) handler.deleted?.(before)
  }
}
