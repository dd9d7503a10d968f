import type { Pod } from '../../kinds/types.ts'
import type { PodAction } from '../plan.ts'
import { RuntimeError } from '../runtime/runtime.ts'
import type { WorkerDeps } from '../worker-deps.ts'

const retryMs = 10_000

/** Gives running containers of one pod other resources, and remembers what the engine refused. */
export class Resizes {
  readonly #deps: Pick<WorkerDeps, 'runtime' | 'clock' | 'recorder'>
  readonly #refused = new Map<string, { message: string; retryAtMs: number }>()

  constructor(deps: Pick<WorkerDeps, 'runtime' | 'clock' | 'recorder'>) {
    this.#deps = deps
  }

  /** By container name, in wall time. */
  get heldUntilMs(): ReadonlyMap<string, number> {
    return new Map([...this.#refused].map(([name, { retryAtMs }]) => [name, retryAtMs]))
  }

  /** What the engine said last, while it refuses. */
  get error(): string | undefined {
    return [...this.#refused.values()].at(-1)?.message
  }

  async perform(
    pod: Pod,
    { id, name, resources }: Extract<PodAction, { do: 'resizeContainer' }>,
  ): Promise<void> {
    const { runtime, clock, recorder } = this.#deps
    try {
      await runtime.updateResources(id, resources)
      this.#refused.delete(name)
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error
      // It has ended meanwhile: the next one starts with what is wanted.
      if (error.reason === 'NotFound' || error.reason === 'NotRunning') return
      const message = `container ${name}: ${error.message}`
      this.#refused.set(name, { message, retryAtMs: clock.wallMs() + retryMs })
      recorder.event(pod, 'Warning', 'ResizeError', message)
    }
  }
}
