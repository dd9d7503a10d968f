/**
 * Lets writes that compete for the same record go one by one: side by side, all but one of them
 * would find it changed and begin again.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `write` when those that came before it under this key are done, however they ended. */
  async take<T>(key: string, write: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = before.then(write, write)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#last.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key)
    }
  }
}
