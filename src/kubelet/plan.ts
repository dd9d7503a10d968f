import type { Container, Pod } from '../kinds/types.ts'
import { type BackoffEntry, backoffDecision, backoffFromHistory } from './backoff.ts'
import { containerHash, desiredResources, isSidecar } from './desired.ts'
import { allContainers, isRunning, liveSandbox, type ObservedPod } from './observe.ts'
import { changedResources, resizeRestarts } from './resize/resize.ts'
import type { ContainerKind, ContainerResources, ContainerState } from './runtime/runtime.ts'

/**
 * PURE: what to do next for one pod (kuberuntime computePodActions). The worker performs the actions,
 * looks again and asks again, until nothing is left to do.
 */
export type PodAction =
  | { readonly do: 'runSandbox'; readonly attempt: number }
  | { readonly do: 'stopSandbox'; readonly id: string }
  | { readonly do: 'removeSandbox'; readonly id: string }
  | {
      readonly do: 'startContainer'
      readonly sandboxId: string
      readonly container: Container
      readonly kind: ContainerKind
      readonly attempt: number
      readonly backoff: BackoffEntry | undefined
      /** Whose processes an ephemeral container sees. */
      readonly targetId?: string | undefined
    }
  | {
      readonly do: 'killContainer'
      readonly id: string
      readonly name: string
      readonly graceSeconds: number
      readonly why: KillReason
    }
  | {
      readonly do: 'resizeContainer'
      readonly id: string
      readonly name: string
      readonly resources: ContainerResources
    }
  | { readonly do: 'removeContainer'; readonly id: string }

export type KillReason =
  | 'deleted'
  | 'finished'
  | 'liveness'
  | 'startup'
  | 'changed'
  | 'resized'
  | 'sandbox'

export interface ProbeVerdict {
  readonly liveness: 'unknown' | 'success' | 'failure'
  readonly startup: 'unknown' | 'success' | 'failure'
}

export interface PlanInput {
  readonly pod: Pod
  readonly observed: ObservedPod
  /** Wall time, as the runtime's stamps are. */
  readonly nowMs: number
  /** By container name. */
  readonly backoff: ReadonlyMap<string, BackoffEntry>
  /** Starts that failed before the engine had a container: not again before this wall time. */
  readonly heldUntilMs: ReadonlyMap<string, number>
  /** Resizes that the engine refused: not again before this wall time. By container name. */
  readonly resizeHeldUntilMs?: ReadonlyMap<string, number>
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeVerdict>
  /** Kills under way, by container id: the wall time of their SIGKILL. */
  readonly killing: ReadonlyMap<string, number>
  /** The pod shall end: it is deleted, past its deadline, or unknown to the API. */
  readonly ending:
    | { readonly graceSeconds: number; readonly why: 'deleted' | 'finished' }
    | undefined
}

export interface Plan {
  readonly actions: readonly PodAction[]
  /** Containers that wait for their back-off, with its end. */
  readonly backingOff: ReadonlyMap<string, number>
  /** Wall time at which the plan changes by itself. */
  readonly wakeAtMs: number | undefined
  /** Nothing runs, and nothing will. */
  readonly finished: boolean
}

const defaultGraceSeconds = 30

export function computePodActions(input: PlanInput): Plan {
  const { pod, observed, ending } = input
  if (ending) return endPod(input, ending.graceSeconds, ending.why)
  if (isFinished(pod, observed))
    return endPod(input, pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds, 'finished')
  return new Planner(input).plan()
}

/** True when the containers' ends and the restart policy leave nothing to run. */
export function isFinished(pod: Pod, observed: ObservedPod): boolean {
  const phase = pod.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') return true
  const { spec } = pod
  for (const init of spec?.initContainers ?? []) {
    const last = observed.containers.get(init.name)?.[0]
    if (!isSidecar(init) && initFailedForGood(pod, last)) return true
  }
  const last = (spec?.containers ?? []).map((one) => observed.containers.get(one.name)?.[0])
  return last.every((one) => one?.state === 'exited' && !restarts(pod, one.exitCode))
}

function initFailedForGood(pod: Pod, last: ContainerState | undefined): boolean {
  return (
    pod.spec?.restartPolicy === 'Never' && last?.state === 'exited' && (last.exitCode ?? 0) !== 0
  )
}

/** Whether the restart policy starts a container anew that ended with `exitCode`. */
export function restarts(pod: Pod, exitCode: number | undefined): boolean {
  const policy = pod.spec?.restartPolicy ?? 'Always'
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function endPod(input: PlanInput, graceSeconds: number, why: 'deleted' | 'finished'): Plan {
  const { pod, observed, killing, nowMs } = input
  const actions: PodAction[] = []
  const kill = (container: ContainerState) => {
    const deadline = killing.get(container.id)
    if (deadline !== undefined && deadline <= nowMs + graceSeconds * 1000) return
    const { id, name } = container
    actions.push({ do: 'killContainer', id, name, graceSeconds, why })
  }
  const running = allContainers(observed).filter(isRunning)
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).map((one) => one.name)
  const first = running.filter((one) => !sidecars.includes(one.name))
  if (first.length > 0) for (const container of first) kill(container)
  else {
    // Sidecars end after what they serve, the last one started first.
    const last = sidecars.findLast((name) => running.some((one) => one.name === name))
    for (const container of running) if (container.name === last) kill(container)
  }
  if (running.length === 0)
    for (const sandbox of observed.sandboxes)
      if (sandbox.ready) actions.push({ do: 'stopSandbox', id: sandbox.id })
  const finished = running.length === 0 && actions.length === 0
  return { actions, backingOff: new Map(), wakeAtMs: undefined, finished }
}

class Planner {
  readonly #input: PlanInput
  readonly #sandboxId: string | undefined
  readonly #actions: PodAction[] = []
  readonly #backingOff = new Map<string, number>()
  #wakeAtMs: number | undefined

  constructor(input: PlanInput) {
    this.#input = input
    this.#sandboxId = liveSandbox(input.observed)?.id
  }

  plan(): Plan {
    if (this.#sandboxId === undefined) this.#replaceSandbox()
    else {
      this.#ephemeralContainers(this.#sandboxId)
      if (this.#initDone()) this.#mainContainers()
      this.#collectGarbage(this.#sandboxId)
    }
    return {
      actions: this.#actions,
      backingOff: this.#backingOff,
      wakeAtMs: this.#wakeAtMs,
      finished: false,
    }
  }

  /** What outlived its sandbox has no network that anyone can reach: it ends before a new one starts. */
  #replaceSandbox(): void {
    const { observed } = this.#input
    const running = allContainers(observed).filter(isRunning)
    for (const container of running) this.#kill(container, 'sandbox', 0)
    if (running.length > 0) return
    const attempt = (observed.sandboxes[0]?.attempt ?? -1) + 1
    this.#actions.push({ do: 'runSandbox', attempt })
  }

  /** Once each, whatever else the pod does; one with a target waits for it to run. */
  #ephemeralContainers(sandboxId: string): void {
    const { pod, observed, heldUntilMs, nowMs } = this.#input
    for (const container of pod.spec?.ephemeralContainers ?? []) {
      const newest = observed.containers.get(container.name)?.[0]
      if (newest && newest.state !== 'created') continue
      const held = heldUntilMs.get(container.name) ?? 0
      const target = container.targetContainerName
      const targetState = target === undefined ? undefined : this.#current(target)
      if (held > nowMs) this.#wakeAt(held)
      else if (target === undefined || targetState?.state === 'running') {
        if (newest) this.#actions.push({ do: 'removeContainer', id: newest.id })
        this.#actions.push({
          ...{ do: 'startContainer', kind: 'ephemeral', sandboxId, container },
          ...{ attempt: 0, backoff: undefined, targetId: targetState?.id },
        })
      }
    }
  }

  /** Starts what is next among the init containers; true when the main ones may run. */
  #initDone(): boolean {
    const { pod } = this.#input
    const mainSeen = (pod.spec?.containers ?? []).some((one) => this.#current(one.name))
    for (const container of pod.spec?.initContainers ?? []) {
      const current = this.#current(container.name)
      if (isSidecar(container)) {
        this.#restartable(container, 'init', current)
        if (!mainSeen && !this.#startedUp(container, current)) return false
        continue
      }
      if (mainSeen || (current?.state === 'exited' && current.exitCode === 0)) continue
      if (current?.state === 'running') return false
      this.#start(container, 'init', current)
      return false
    }
    return true
  }

  #mainContainers(): void {
    const { pod, observed } = this.#input
    for (const container of pod.spec?.containers ?? []) {
      const current = this.#current(container.name)
      const newest = observed.containers.get(container.name)?.[0]
      const ended = newest?.state === 'exited'
      const changed = newest !== undefined && newest.hash !== containerHash(container)
      const mayStart =
        !ended || restarts(pod, newest.exitCode) || (changed && policyOf(pod) !== 'Never')
      if (current?.state === 'running') this.#restartable(container, 'container', current)
      else if (mayStart) this.#start(container, 'container', current ?? newest)
    }
  }

  /** Keeps running what shall always run, unless a probe or a change of the spec is against it. */
  #restartable(container: Container, kind: ContainerKind, current: ContainerState | undefined) {
    if (current?.state !== 'running') {
      this.#start(container, kind, current)
      return
    }
    const verdict = this.#input.probes.get(current.id)
    const grace = this.#input.pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds
    const graceOf = (probe: Container['livenessProbe']) =>
      probe?.terminationGracePeriodSeconds ?? grace
    if (current.hash !== containerHash(container)) this.#kill(current, 'changed', grace)
    else if (verdict?.startup === 'failure')
      this.#kill(current, 'startup', graceOf(container.startupProbe))
    else if (verdict?.liveness === 'failure')
      this.#kill(current, 'liveness', graceOf(container.livenessProbe))
    else this.#resize(container, current, grace)
  }

  /** In place, or by a restart where the container's policy wants one. */
  #resize(container: Container, current: ContainerState, grace: number): void {
    const { pod, killing, resizeHeldUntilMs, nowMs } = this.#input
    const resources = desiredResources(pod, container)
    const changed = changedResources(current, resources)
    if (changed.length === 0 || killing.has(current.id)) return
    const { id, name } = current
    const held = resizeHeldUntilMs?.get(name) ?? 0
    if (resizeRestarts(container, changed)) this.#kill(current, 'resized', grace)
    else if (held > nowMs) this.#wakeAt(held)
    else this.#actions.push({ do: 'resizeContainer', id, name, resources })
  }

  #start(container: Container, kind: ContainerKind, last: ContainerState | undefined): void {
    const { nowMs, backoff, heldUntilMs, observed } = this.#input
    const newest = observed.containers.get(container.name)?.[0] ?? last
    const held = heldUntilMs.get(container.name) ?? 0
    if (held > nowMs) {
      this.#wakeAt(held)
      return
    }
    let entry: BackoffEntry | undefined
    if (newest?.state === 'exited' && newest.sandboxId === this.#sandboxId) {
      const finishedMs = newest.finishedMs ?? newest.createdMs
      const known =
        backoff.get(container.name) ??
        backoffFromHistory(newest.attempt, newest.startedMs, newest.createdMs)
      const decision = backoffDecision(known, finishedMs, nowMs)
      if (decision.wait) {
        this.#backingOff.set(container.name, decision.untilMs)
        this.#wakeAt(decision.untilMs)
        return
      }
      entry = decision.next
    }
    // Made but never started: this kubelet died in between. The next one gets its number.
    if (newest?.state === 'created') this.#actions.push({ do: 'removeContainer', id: newest.id })
    const attempt = newest
      ? newest.attempt + (newest.state === 'created' ? 0 : 1)
      : this.#attemptsTold(container.name)
    const sandboxId = this.#sandboxId ?? ''
    this.#actions.push({
      do: 'startContainer',
      sandboxId,
      container,
      kind,
      attempt,
      backoff: entry,
    })
  }

  /** The runtime has lost all of it (a new disk, simulated containers): the API's count goes on. */
  #attemptsTold(name: string): number {
    const { status } = this.#input.pod
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
    const told = all.find((one) => one.name === name && one.containerID !== undefined)
    return told ? told.restartCount + 1 : 0
  }

  #startedUp(container: Container, current: ContainerState | undefined): boolean {
    if (current?.state !== 'running') return false
    return !container.startupProbe || this.#input.probes.get(current.id)?.startup === 'success'
  }

  #kill(container: ContainerState, why: KillReason, graceSeconds: number): void {
    if (this.#input.killing.has(container.id)) return
    const { id, name } = container
    this.#actions.push({ do: 'killContainer', id, name, graceSeconds, why })
  }

  /** Of each container the last two stay, for its last state and for `logs --previous`. */
  #collectGarbage(sandboxId: string): void {
    const { observed } = this.#input
    const kept = new Set<string>()
    for (const same of observed.containers.values()) {
      const [newest, previous, ...older] = same
      for (const one of [newest, previous]) if (one) kept.add(one.sandboxId)
      for (const one of older)
        if (one.state === 'exited') this.#actions.push({ do: 'removeContainer', id: one.id })
    }
    for (const sandbox of observed.sandboxes)
      if (sandbox.id !== sandboxId && !kept.has(sandbox.id))
        this.#actions.push({ do: 'removeSandbox', id: sandbox.id })
  }

  /** The container's newest state in the sandbox of now. */
  #current(name: string): ContainerState | undefined {
    const newest = this.#input.observed.containers.get(name)?.[0]
    return newest?.sandboxId === this.#sandboxId ? newest : undefined
  }

  #wakeAt(ms: number): void {
    if (this.#wakeAtMs === undefined || ms < this.#wakeAtMs) this.#wakeAtMs = ms
  }
}

function policyOf(pod: Pod): string {
  return pod.spec?.restartPolicy ?? 'Always'
}
