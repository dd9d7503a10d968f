import { delay } from '../base/clock.ts'
import type { Pod } from '../kinds/types.ts'
import { podContainers } from './desired.ts'
import type { KillReason, PodAction } from './plan.ts'
import { check } from './probes/check.ts'
import type { ContainerState } from './runtime/runtime.ts'
import type { WorkerDeps } from './worker-deps.ts'

export type KillAction = Extract<PodAction, { do: 'killContainer' }>

/** What a container gets between its stop signal and SIGKILL even when its hook took all the time. */
const graceAfterHookMs = 2_000

const reasons: Readonly<Record<KillReason, (name: string) => string>> = {
  deleted: (name) => `Stopping container ${name}`,
  finished: (name) => `Stopping container ${name}`,
  liveness: (name) => `Container ${name} failed liveness probe, will be restarted`,
  startup: (name) => `Container ${name} failed startup probe, will be restarted`,
  changed: (name) => `Container ${name} definition changed, will be restarted`,
  resized: (name) => `Container ${name} resize requires restart`,
  sandbox: (name) => `Container ${name} lost its pod sandbox`,
}

/** Ends containers of one pod, each on its own time: preStop hook, stop signal, grace, SIGKILL. */
export class Killer {
  readonly #deps: WorkerDeps
  readonly #ended: () => void
  readonly #deadlines = new Map<string, number>()

  /** `ended` is called after each kill, done or failed. */
  constructor(deps: WorkerDeps, ended: () => void) {
    this.#deps = deps
    this.#ended = ended
  }

  /** Kills under way, by container id: the wall time of their SIGKILL. */
  get deadlines(): ReadonlyMap<string, number> {
    return this.#deadlines
  }

  /** Begins a kill, or shortens the grace of one that goes on. */
  kill(pod: Pod, action: KillAction, state: ContainerState, podIp: string | undefined): void {
    const { clock, recorder, runtime } = this.#deps
    const repeated = this.#deadlines.has(action.id)
    const graceMs = action.graceSeconds * 1000
    const deadline = clock.wallMs() + graceMs
    this.#deadlines.set(action.id, deadline)
    if (!repeated) recorder.event(pod, 'Normal', 'Killing', reasons[action.why](action.name))
    const work = repeated
      ? runtime.stopContainer(action.id, graceMs)
      : this.#stop(pod, action, state, podIp)
    void work
      .catch((error: unknown) => {
        this.#deps.logger.warn({ container: action.name, error: String(error) }, 'kill failed')
      })
      .finally(() => {
        if (this.#deadlines.get(action.id) === deadline) this.#deadlines.delete(action.id)
        this.#ended()
      })
  }

  async #stop(
    pod: Pod,
    action: KillAction,
    state: ContainerState,
    podIp: string | undefined,
  ): Promise<void> {
    const { clock, runtime } = this.#deps
    const graceMs = action.graceSeconds * 1000
    const startedMs = clock.monotonicMs()
    const hooked = graceMs > 0 && action.why !== 'sandbox'
    if (hooked) await this.#preStop(pod, action, state, podIp, graceMs)
    const leftMs = graceMs - (clock.monotonicMs() - startedMs)
    const shortened = (this.#deadlines.get(action.id) ?? 0) - clock.wallMs()
    const waitMs = Math.min(Math.max(leftMs, Math.min(graceAfterHookMs, graceMs)), graceMs)
    await runtime.stopContainer(action.id, shortened < waitMs - graceAfterHookMs ? 0 : waitMs)
  }

  async #preStop(
    pod: Pod,
    action: KillAction,
    state: ContainerState,
    podIp: string | undefined,
    graceMs: number,
  ): Promise<void> {
    const container = podContainers(pod).find((one) => one.name === action.name)
    const hook = container?.lifecycle?.preStop
    if (!container || !hook) return
    const { clock, runtime, recorder, nodeIp } = this.#deps
    if (hook.sleep) {
      await delay(clock, Math.min(hook.sleep.seconds * 1000, graceMs))
      return
    }
    const target = { containerId: state.id, container, ip: podIp ?? nodeIp }
    const { healthy, message } = await check(hook, target, graceMs, runtime, clock)
    if (!healthy)
      recorder.event(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`)
  }
}
