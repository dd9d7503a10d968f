import { setMaxListeners } from 'node:events'

/**
 * Lifetime of what must be stopped: register at creation, and one close undoes everything in
 * reverse order. Every long-lived part gets the scope of its owner.
 */
export class Scope implements AsyncDisposable {
  readonly #abort = new AbortController()
  readonly #closers = new Set<{ what: string; close: () => void | Promise<void> }>()
  #closing: Promise<void> | undefined

  constructor() {
    // Any number of waits may end on it; each takes its listener away again.
    setMaxListeners(0, this.#abort.signal)
  }

  /** Aborted at the first step of close: loops and waits end on it. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Runs `close` when the scope closes; at once when it is closed already. Returns a function that
   * forgets it: for what ended by itself.
   */
  onClose(what: string, close: () => void | Promise<void>): () => void {
    if (this.#closing) {
      this.#closing = this.#closing.then(close)
      return () => {}
    }
    const closer = { what, close }
    this.#closers.add(closer)
    return () => void this.#closers.delete(closer)
  }

  /** A scope that closes with this one, or earlier by itself; then this one forgets it. */
  child(what: string): Scope {
    const child = new Scope()
    const forget = this.onClose(what, () => child.close())
    child.onClose(`place in its parent of ${what}`, forget)
    return child
  }

  /** Closes in reverse order, all of it even when parts fail; then rejects with what failed. */
  close(): Promise<void> {
    this.#closing ??= this.#run()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run(): Promise<void> {
    this.#abort.abort(new ScopeClosedError())
    const failures: unknown[] = []
    for (const { what, close } of [...this.#closers].reverse()) {
      try {
        await close()
      } catch (error) {
        failures.push(new Error(`closing ${what}`, { cause: error }))
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'scope did not close cleanly')
  }
}

/** The abort reason of a closing scope: a loop that ends on it ends well. */
export class ScopeClosedError extends Error {
  override readonly name = 'ScopeClosedError'
  constructor() {
    super('the scope is closed')
  }
}
