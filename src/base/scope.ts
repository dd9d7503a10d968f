import { setMaxListeners } from 'node:events'

interface Closer {
  readonly what: string
  readonly close: () => void | Promise<void>
  /** The scope that it closes. */
  readonly child?: Scope
}

/**
 * Lifetime of what must be stopped: register at creation, and one close undoes everything in
 * reverse order. Every long-lived part gets the scope of its owner.
 */
export class Scope implements AsyncDisposable {
  readonly #abort = new AbortController()
  readonly #closers = new Set<Closer>()
  #closing: Promise<void> | undefined
  #current: Closer | undefined

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

  /** What a close that is under way waits for, from the outside in: to say what does not end. */
  get waitsFor(): string[] {
    return this.#current ? [this.#current.what, ...(this.#current.child?.waitsFor ?? [])] : []
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
    return this.#add({ what, close })
  }

  #add(closer: Closer): () => void {
    this.#closers.add(closer)
    return () => void this.#closers.delete(closer)
  }

  /** A scope that closes with this one, or earlier by itself; then this one forgets it. */
  child(what: string): Scope {
    const child = new Scope()
    const close = () => child.close()
    const forget = this.#closing ? this.onClose(what, close) : this.#add({ what, close, child })
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
    for (const closer of [...this.#closers].reverse()) {
      this.#current = closer
      try {
        await closer.close()
      } catch (error) {
        failures.push(new Error(`closing ${closer.what}`, { cause: error }))
      }
    }
    this.#current = undefined
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
