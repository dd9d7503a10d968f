import type { Clock, Timer } from '../../base/clock.ts'
import type { Container, Probe } from '../../kinds/types.ts'
import type { ProbeVerdict } from '../plan.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type CheckTarget, check } from './check.ts'
import type { CheckResult } from './grpc-check.ts'

/** Between readiness checks of a container that has just started. */
const eagerMs = 200

export type ProbeKind = 'startup' | 'liveness' | 'readiness'

/** PURE: where one probe stands. */
export interface ProbeState {
  readonly verdict: 'unknown' | 'success' | 'failure'
  readonly inARow: number
  readonly last: boolean | undefined
}

export const freshProbe: ProbeState = { verdict: 'unknown', inARow: 0, last: undefined }

/** PURE: takes in one result; the verdict turns at the probe's thresholds (prober/worker.go). */
export function probeStep(state: ProbeState, healthy: boolean, probe: Probe): ProbeState {
  const inARow = state.last === healthy ? state.inARow + 1 : 1
  const needed = healthy ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  const verdict = inARow < needed ? state.verdict : healthy ? 'success' : 'failure'
  return { verdict, inARow, last: healthy }
}

export interface ProbedContainer {
  readonly target: CheckTarget
  /** Wall time at which the container started. */
  readonly startedMs: number
  /** What the API knows of a container that an earlier kubelet started. */
  readonly known: { readonly started: boolean; readonly ready: boolean } | undefined
}

export interface ProbeDeps {
  readonly runtime: Runtime
  readonly clock: Clock
  /** A verdict has turned. */
  readonly changed: () => void
  /** A check was unhealthy. */
  readonly unhealthy: (kind: ProbeKind, container: Container, message: string) => void
}

/** The probes of one pod's running containers. */
export class PodProbes {
  readonly #deps: ProbeDeps
  readonly #containers = new Map<string, ContainerProbes>()

  constructor(deps: ProbeDeps) {
    this.#deps = deps
  }

  /** Starts probes of new containers and ends those of others. */
  sync(running: readonly ProbedContainer[]): void {
    const ids = new Set(running.map((one) => one.target.containerId))
    for (const [id, probes] of this.#containers)
      if (!ids.has(id)) {
        probes.stop()
        this.#containers.delete(id)
      }
    for (const one of running)
      if (!this.#containers.has(one.target.containerId))
        this.#containers.set(one.target.containerId, new ContainerProbes(one, this.#deps))
  }

  verdicts(): ReadonlyMap<string, ProbeVerdict> {
    return new Map([...this.#containers].map(([id, probes]) => [id, probes.verdict()]))
  }

  /** By container id: whether it has started up and is ready. */
  health(): ReadonlyMap<string, { started: boolean; ready: boolean }> {
    return new Map([...this.#containers].map(([id, probes]) => [id, probes.health()]))
  }

  stop(): void {
    this.sync([])
  }
}

class ContainerProbes {
  readonly #one: ProbedContainer
  readonly #deps: ProbeDeps
  readonly #states = new Map<ProbeKind, ProbeState>()
  readonly #timers = new Map<ProbeKind, Timer>()
  #readinessFirstMs: number | undefined
  #stopped = false

  constructor(one: ProbedContainer, deps: ProbeDeps) {
    this.#one = one
    this.#deps = deps
    const { known } = one
    // An earlier kubelet's verdicts hold until the first check of this one: a restart of the kubelet
    // takes no pod out of service.
    if (known?.started) this.#states.set('startup', { ...freshProbe, verdict: 'success' })
    if (known?.ready) this.#states.set('readiness', { ...freshProbe, verdict: 'success' })
    const delayMs = (kind: ProbeKind) =>
      Math.max(
        0,
        one.startedMs + (this.#probe(kind)?.initialDelaySeconds ?? 0) * 1000 - deps.clock.wallMs(),
      )
    if (this.#probe('startup') && !this.#started()) this.#schedule('startup', delayMs('startup'))
    else for (const kind of ['liveness', 'readiness'] as const) this.#schedule(kind, delayMs(kind))
  }

  verdict(): ProbeVerdict {
    return { startup: this.#state('startup').verdict, liveness: this.#state('liveness').verdict }
  }

  health(): { started: boolean; ready: boolean } {
    const started = this.#started()
    const ready = !this.#probe('readiness') || this.#state('readiness').verdict === 'success'
    return { started, ready: started && ready }
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers.values()) timer.cancel()
  }

  #started(): boolean {
    return !this.#probe('startup') || this.#state('startup').verdict === 'success'
  }

  #schedule(kind: ProbeKind, delayMs: number): void {
    const probe = this.#probe(kind)
    if (!probe || this.#stopped) return
    const run = () => void this.#run(kind, probe)
    this.#timers.set(kind, this.#deps.clock.after(delayMs, run))
  }

  async #run(kind: ProbeKind, probe: Probe): Promise<void> {
    const { runtime, clock } = this.#deps
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
    const result: CheckResult = await check(
      probe,
      this.#one.target,
      timeoutMs,
      runtime,
      clock,
    ).catch((error: unknown) => ({ healthy: false, message: String(error) }))
    if (this.#stopped) return
    const periodMs = (probe.periodSeconds ?? 10) * 1000
    if (kind === 'readiness' && !result.healthy && this.#startsUp(periodMs)) {
      this.#schedule(kind, eagerMs)
      return
    }
    const before = this.#state(kind)
    const after = probeStep(before, result.healthy, probe)
    this.#states.set(kind, after)
    if (!result.healthy) this.#deps.unhealthy(kind, this.#one.target.container, result.message)
    if (kind === 'startup' && after.verdict === 'success') {
      // Its work is done: the other two begin now.
      this.#schedule('liveness', 0)
      this.#schedule('readiness', 0)
    } else if (kind !== 'startup' || after.verdict !== 'failure') this.#schedule(kind, periodMs)
    if (after.verdict !== before.verdict) this.#deps.changed()
  }

  /**
   * A server needs a moment until it listens. In its first period, and until its first success, the
   * readiness probe asks again soon instead of a whole period later: a refusal then changes nothing,
   * for the container is not ready anyway, and counts for nothing.
   */
  #startsUp(periodMs: number): boolean {
    const nowMs = this.#deps.clock.monotonicMs()
    this.#readinessFirstMs ??= nowMs
    return this.#state('readiness').last === undefined && nowMs - this.#readinessFirstMs < periodMs
  }

  #state(kind: ProbeKind): ProbeState {
    return this.#states.get(kind) ?? freshProbe
  }

  #probe(kind: ProbeKind): Probe | undefined {
    const { container } = this.#one.target
    if (kind === 'startup') return container.startupProbe
    return kind === 'liveness' ? container.livenessProbe : container.readinessProbe
  }
}
