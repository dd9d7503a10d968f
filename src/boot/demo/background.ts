import type { Scope } from '../../base/scope.ts'

/**
 * Tasks that run beside a story. When one fails the story's scope closes, so its waits end at once,
 * and `end` tells why.
 */
export class Background {
  readonly #scope: Scope
  readonly #tasks: Promise<void>[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(scope: Scope) {
    this.#scope = scope
  }

  run(task: Promise<void>): Promise<void> {
    const watched = task.catch((error: unknown) => {
      this.#failure ??= { error }
      // Not awaited: closing may itself wait for this task.
      void this.#scope.close()
    })
    this.#tasks.push(watched)
    return watched
  }

  /** Resolves when every task has ended; rejects with the first failure. */
  async end(): Promise<void> {
    await Promise.all(this.#tasks)
    if (this.#failure) throw this.#failure.error
  }
}
