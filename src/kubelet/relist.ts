import { type ObservedPod, observePods } from './observe.ts'
import type { Runtime } from './runtime/runtime.ts'

/**
 * Listings of the runtime, shared: whoever asks while one is under way gets the next one, which begins
 * after the question, so that nobody sees what was true before.
 */
export class Relister {
  readonly #runtime: Runtime
  #running: Promise<ReadonlyMap<string, ObservedPod>> | undefined
  #next: Promise<ReadonlyMap<string, ObservedPod>> | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** By pod uid. */
  fresh(): Promise<ReadonlyMap<string, ObservedPod>> {
    if (!this.#running) return this.#begin()
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    )
    return this.#next
  }

  #begin(): Promise<ReadonlyMap<string, ObservedPod>> {
    this.#next = undefined
    const running = this.#runtime.list().then(observePods)
    this.#running = running
    const done = () => {
      if (this.#running === running) this.#running = undefined
    }
    running.then(done, done)
    return running
  }
}
