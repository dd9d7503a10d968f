import { readFile } from 'node:fs/promises'
import type { Timer } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import { isStatus } from '../base/status.ts'
import { pods } from '../client/resources.ts'
import type { Container, Pod, ResourceRequirements } from '../kinds/types.ts'
import { type Refusal, refusalOf } from './admission.ts'
import type { BackoffEntry } from './backoff.ts'
import { ContainerStarter, type StartProblem } from './container-starter.ts'
import { desiredSandbox, podIdentity } from './desired.ts'
import { Killer } from './killer.ts'
import { allContainers, liveSandbox, nothingObserved, type ObservedPod } from './observe.ts'
import { computePodActions, type Plan, type PodAction } from './plan.ts'
import { PodProbes, type ProbedContainer, type ProbeKind } from './probes/probes.ts'
import { allocate, type ResizePending, withAllocated } from './resize/resize.ts'
import { Resizes } from './resize/resizes.ts'
import { isReady, podStatus } from './status.ts'
import { StatusSender } from './status-sender.ts'
import { memoryMountsOfProcess } from './volumes/memory-mounts.ts'
import { PodVolumes } from './volumes/volumes.ts'
import type { WorkerDeps } from './worker-deps.ts'

/** A pod that the API does not know any more ends within this. */
const forcedGraceSeconds = 1
const retryMs = 1_000
const deleteRetryMs = 1_000
/** A resize that waits for other pods to go is looked at again after this. */
const deferredMs = 5_000

/**
 * Brings one pod to what the API asks for. One loop: look, plan, tell the API, act; again while there
 * is something to do, then sleep until woken.
 */
export class PodWorker {
  readonly #deps: WorkerDeps
  readonly #volumes: PodVolumes
  readonly #starter: ContainerStarter
  readonly #killer: Killer
  readonly #probes: PodProbes
  readonly #status: StatusSender
  readonly #abort = new AbortController()
  readonly #backoff = new Map<string, BackoffEntry>()
  readonly #problems = new Map<string, StartProblem>()
  readonly #messages = new Map<string, string>()
  /** Ended containers whose back-off was told as an event. */
  readonly #toldBackOff = new Set<string>()
  readonly #resizes: Resizes
  #allocated: ReadonlyMap<string, ResourceRequirements> | undefined
  #spec: Pod
  #orphan: boolean
  #retryAtMs = 0
  #woken = true
  #wakeUp: () => void = () => {}
  #timer: Timer | undefined
  #loop: Promise<void> | undefined
  #ready = false
  /** Whether this node takes the pod is decided once. */
  #admission: 'open' | 'taken' | 'refused' = 'open'

  /** `orphan`: the runtime has it, the API does not. */
  constructor(pod: Pod, orphan: boolean, deps: WorkerDeps) {
    this.#deps = deps
    this.#spec = pod
    this.#orphan = orphan
    this.#ready = isReady(pod.status)
    const { uid = '' } = pod.metadata
    // Simulated containers see no files: nothing is mounted for them.
    const memory = deps.runtime.name === 'docker' ? memoryMountsOfProcess() : undefined
    this.#volumes = new PodVolumes(deps.podsDirectory, uid, deps.clock, memory)
    this.#starter = new ContainerStarter(deps, this.#volumes)
    this.#resizes = new Resizes(deps)
    this.#killer = new Killer(deps, () => this.wake())
    this.#status = new StatusSender(pod, { ...deps, signal: this.#abort.signal })
    this.#probes = new PodProbes({
      runtime: deps.runtime,
      clock: deps.clock,
      changed: () => this.wake(),
      unhealthy: (kind, container, message) => this.#unhealthy(kind, container, message),
    })
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** The API's object has changed. */
  update(pod: Pod): void {
    this.#spec = pod
    this.#status.seen(pod)
    this.wake()
  }

  /** The API's object is gone. */
  removed(): void {
    this.#orphan = true
    this.wake()
  }

  wake(): void {
    this.#woken = true
    this.#wakeUp()
  }

  /** Brings the files of ConfigMaps and Secrets up to date, for pods that have been started. */
  refreshVolumes(): void {
    const uses = (this.#spec.spec?.volumes ?? []).some(
      (one) => one.configMap ?? one.secret ?? one.projected,
    )
    if (!uses || this.#orphan || this.#spec.metadata.deletionTimestamp) return
    this.#starter.refresh(this.#spec).catch((error: unknown) => {
      const { name } = this.#spec.metadata
      this.#deps.logger.debug({ pod: name, error: String(error) }, 'volumes are not refreshed')
    })
  }

  /** Ends the loop; containers go on. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#probes.stop()
    this.wake()
    await this.#loop
    await this.#status.settled()
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.#woken = false
      try {
        const next = await this.#syncOnce()
        if (next === 'gone') {
          this.#probes.stop()
          this.#abort.abort()
          this.#deps.gone(this.#spec.metadata.uid ?? '')
          return
        }
        if (next !== 'again') await this.#sleepUntil(next)
      } catch (error) {
        const { name } = this.#spec.metadata
        this.#deps.logger.debug({ pod: name, error: String(error) }, 'pod sync failed')
        await this.#sleepUntil(this.#deps.clock.wallMs() + retryMs)
      }
    }
  }

  async #syncOnce(): Promise<'again' | 'gone' | number | undefined> {
    const { clock } = this.#deps
    const { pod, pending } = this.#sized(this.#pod())
    const identity = podIdentity(pod)
    const observed = (await this.#deps.observe(identity.uid)) ?? nothingObserved(identity)
    if (this.#abort.signal.aborted) return undefined
    if (this.#admission === 'open') this.#admit(pod, observed)
    if (this.#admission === 'refused')
      return this.#orphan || pod.metadata.deletionTimestamp
        ? this.#finish(pod, observed)
        : undefined
    this.#syncProbes(pod, observed)
    const nowMs = clock.wallMs()
    const deadline = this.#deadlineMs(pod)
    const late = deadline !== undefined && nowMs >= deadline
    const plan = computePodActions({
      pod,
      observed,
      nowMs,
      backoff: this.#backoff,
      heldUntilMs: new Map([...this.#problems].map(([name, one]) => [name, one.retryAtMs])),
      resizeHeldUntilMs: this.#resizes.heldUntilMs,
      probes: this.#probes.verdicts(),
      killing: this.#killer.deadlines,
      ending: this.#ending(pod, late),
    })
    await this.#tell(pod, observed, { plan, late, pending })
    if (plan.finished && (this.#orphan || pod.metadata.deletionTimestamp))
      return this.#finish(pod, observed)
    if (nowMs < this.#retryAtMs) return this.#retryAtMs
    if (await this.#perform(pod, observed, plan)) return 'again'
    const times = [
      plan.wakeAtMs,
      late || plan.finished ? undefined : deadline,
      pending?.reason === 'Deferred' ? nowMs + deferredMs : undefined,
    ]
    const known = times.filter((time) => time !== undefined)
    return known.length > 0 ? Math.min(...known) : undefined
  }

  /** A pod that was begun is taken, also by a kubelet that has forgotten it. */
  #admit(pod: Pod, observed: ObservedPod): void {
    const begun = pod.status?.startTime !== undefined || observed.sandboxes.length > 0
    const ends = this.#orphan || pod.metadata.deletionTimestamp !== undefined
    const isFinal = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
    const others = this.#deps.otherPods(pod.metadata.uid ?? '')
    const refusal = begun || ends || isFinal ? undefined : refusalOf(pod, others)
    this.#admission = refusal ? 'refused' : 'taken'
    if (refusal) this.#refuse(pod, refusal)
  }

  #refuse(pod: Pod, { reason, message }: Refusal): void {
    this.#deps.recorder.event(pod, 'Warning', reason, message)
    const { qosClass } = pod.status ?? {}
    this.#status.send({
      ...{ phase: 'Failed', reason, message: `Pod was rejected: ${message}` },
      ...(qosClass === undefined ? {} : { qosClass }),
    })
  }

  /** The newest of spec and status that this kubelet knows. */
  #pod(): Pod {
    const { status } = this.#status.pod
    return status === undefined ? this.#spec : { ...this.#spec, status }
  }

  /** The pod with the resources that this node has set aside for it. */
  #sized(pod: Pod): { pod: Pod; pending: ResizePending | undefined } {
    const { allocatable, otherPods } = this.#deps
    const others = () => otherPods(pod.metadata.uid ?? '')
    const { resources, pending } = allocate(pod, this.#allocated, others, allocatable)
    this.#allocated = resources
    return { pod: withAllocated(pod, resources), pending }
  }

  #ending(pod: Pod, late: boolean) {
    const { deletionTimestamp, deletionGracePeriodSeconds: seconds = 30 } = pod.metadata
    if (this.#orphan)
      return { graceSeconds: Math.min(seconds, forcedGraceSeconds), why: 'deleted' } as const
    if (deletionTimestamp) return { graceSeconds: seconds, why: 'deleted' } as const
    if (!late) return undefined
    const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? 30
    return { graceSeconds, why: 'finished' } as const
  }

  #deadlineMs(pod: Pod): number | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds
    const startTime = pod.status?.startTime
    if (seconds === undefined || startTime === undefined) return undefined
    return Date.parse(startTime) + seconds * 1000
  }

  #syncProbes(pod: Pod, observed: ObservedPod): void {
    const ip = liveSandbox(observed)?.ip ?? this.#deps.nodeIp
    const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
    const running = allContainers(observed).flatMap((state): ProbedContainer[] => {
      const container = all.find((one) => one.name === state.name)
      if (!container || state.state !== 'running') return []
      const known = this.#spec.status?.containerStatuses?.find((one) =>
        one.containerID?.endsWith(`://${state.id}`),
      )
      return [
        {
          target: { containerId: state.id, container, ip },
          startedMs: state.startedMs ?? state.createdMs,
          known: known ? { started: known.started ?? false, ready: known.ready } : undefined,
        },
      ]
    })
    this.#probes.sync(running)
  }

  async #tell(
    pod: Pod,
    observed: ObservedPod,
    { plan, late, pending }: { plan: Plan; late: boolean; pending: ResizePending | undefined },
  ): Promise<void> {
    if (this.#orphan) return
    await this.#readMessages(pod, observed)
    const waiting = new Map<string, { reason: string; message: string }>()
    for (const [name, { reason, message }] of this.#problems) waiting.set(name, { reason, message })
    for (const [name, untilMs] of plan.backingOff) {
      const delayMs = this.#backoff.get(name)?.delayMs ?? untilMs - this.#deps.clock.wallMs()
      const { namespace, name: podName, uid } = podIdentity(pod)
      const text = `back-off ${Math.ceil(delayMs / 1000)}s restarting failed container=${name}`
      const message = `${text} pod=${podName}_${namespace}(${uid})`
      waiting.set(name, { reason: 'CrashLoopBackOff', message })
      const last = observed.containers.get(name)?.[0]?.id ?? ''
      if (this.#toldBackOff.has(last)) continue
      this.#toldBackOff.add(last)
      const event = `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${uid})`
      this.#deps.recorder.event(pod, 'Warning', 'BackOff', event)
    }
    const status = podStatus({
      pod,
      observed,
      nowMs: this.#deps.clock.wallMs(),
      hostIp: this.#deps.nodeIp,
      runtimeName: this.#deps.runtime.name,
      waiting,
      health: this.#probes.health(),
      terminationMessages: this.#messages,
      failure: late
        ? {
            reason: 'DeadlineExceeded',
            message: 'Pod was active on the node longer than the specified deadline',
          }
        : undefined,
      finished: plan.finished,
      resize: { pending, error: this.#resizes.error },
    })
    this.#status.send(status)
    const ready = isReady(status)
    if (ready !== this.#ready) {
      this.#ready = ready
      this.#emit(ready ? 'pod-ready' : 'pod-not-ready')
    }
  }

  /** Performs a plan; true when it is worth looking again at once. */
  async #perform(pod: Pod, observed: ObservedPod, plan: Plan): Promise<boolean> {
    const { runtime } = this.#deps
    const podIp = liveSandbox(observed)?.ip
    const starts: Promise<void>[] = []
    let acted = false
    for (const action of plan.actions) {
      if (this.#abort.signal.aborted) break
      switch (action.do) {
        case 'runSandbox':
          await this.#runSandbox(pod, action.attempt)
          acted = true
          break
        case 'startContainer':
          starts.push(this.#startContainer(pod, action, podIp))
          acted = true
          break
        case 'killContainer': {
          const state = allContainers(observed).find((one) => one.id === action.id)
          if (state) this.#killer.kill(pod, action, state, podIp)
          break
        }
        case 'resizeContainer':
          await this.#resizes.perform(pod, action)
          acted = true
          break
        case 'removeContainer':
          this.#messages.delete(action.id)
          this.#toldBackOff.delete(action.id)
          await runtime.removeContainer(action.id)
          break
        case 'stopSandbox':
          await runtime.stopSandbox(action.id)
          acted = true
          break
        case 'removeSandbox':
          await runtime.removeSandbox(action.id)
          break
      }
    }
    await Promise.all(starts)
    return acted
  }

  async #runSandbox(pod: Pod, attempt: number): Promise<void> {
    const { runtime, recorder, clusterDns, clock } = this.#deps
    // Meanwhile the volumes are made; what goes wrong with them is told when a container needs them.
    this.#starter.prepare(pod).catch(() => {})
    try {
      await runtime.runSandbox(desiredSandbox(pod, attempt, clusterDns))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      recorder.event(pod, 'Warning', 'FailedCreatePodSandBox', message)
      this.#retryAtMs = clock.wallMs() + retryMs
    }
  }

  async #startContainer(
    pod: Pod,
    action: Extract<PodAction, { do: 'startContainer' }>,
    podIp: string | undefined,
  ): Promise<void> {
    const { name } = action.container
    const problem = await this.#starter.start(pod, action, podIp)
    if (problem) {
      this.#problems.set(name, problem)
      return
    }
    this.#problems.delete(name)
    if (action.backoff) this.#backoff.set(name, action.backoff)
    this.#emit('container-started', { container: name, attempt: action.attempt })
  }

  /** The pod has ended: last status, then runtime and disk, then the API's object. */
  async #finish(pod: Pod, observed: ObservedPod): Promise<'gone' | number> {
    const { runtime, client, clock } = this.#deps
    await this.#status.settled()
    for (const sandbox of observed.sandboxes) await runtime.removeSandbox(sandbox.id)
    for (const container of allContainers(observed)) await runtime.removeContainer(container.id)
    await this.#volumes.remove()
    const { namespace = '', name = '', uid } = pod.metadata
    if (!this.#orphan) {
      try {
        await pods(client).delete(namespace, name, {
          gracePeriodSeconds: 0,
          ...(uid === undefined ? {} : { preconditions: { uid } }),
          signal: this.#abort.signal,
        })
      } catch (error) {
        if (!isStatus(error, 'NotFound', 'Conflict')) return clock.wallMs() + deleteRetryMs
      }
    }
    this.#emit('pod-terminated')
    return 'gone'
  }

  /** What ended containers left in their message file, or in their log when the policy says so. */
  async #readMessages(pod: Pod, observed: ObservedPod): Promise<void> {
    for (const state of allContainers(observed)) {
      if (state.state !== 'exited' || this.#messages.has(state.id)) continue
      const file = this.#volumes.terminationMessageFile(state.name, state.attempt)
      const bytes = await readFile(file).catch(() => Buffer.alloc(0))
      let message = bytes.subarray(0, limits.terminationMessageBytesMax).toString('utf8')
      const container = pod.spec?.containers.find((one) => one.name === state.name)
      const fallback = container?.terminationMessagePolicy === 'FallbackToLogsOnError'
      if (message === '' && fallback && state.exitCode !== 0)
        message = await this.#lastLog(state.id)
      this.#messages.set(state.id, message)
    }
  }

  async #lastLog(id: string): Promise<string> {
    const stream = await this.#deps.runtime.logs(id, {
      follow: false,
      timestamps: false,
      tailLines: 80,
      sinceMs: undefined,
      bytesMax: limits.terminationMessageBytesMax,
    })
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    return text
  }

  #unhealthy(kind: ProbeKind, container: Container, message: string): void {
    const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`
    const text = `${title} probe failed: ${message || container.name}`
    this.#deps.recorder.event(this.#spec, 'Warning', 'Unhealthy', text)
  }

  #emit(event: string, detail: Record<string, string | number> = {}): void {
    const { namespace, name } = podIdentity(this.#spec)
    this.#deps.emit('kubelet', event, { detail: { pod: `${namespace}/${name}`, ...detail } })
  }

  /** Sleeps until woken, or until a wall time. */
  async #sleepUntil(wallMs: number | undefined): Promise<void> {
    if (this.#woken || this.#abort.signal.aborted) return
    const { clock } = this.#deps
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
      if (wallMs !== undefined)
        this.#timer = clock.after(Math.max(1, wallMs - clock.wallMs()), resolve)
    })
    this.#wakeUp = () => {}
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
