import { qosClass } from '../kinds/core/pod/qos-class.ts'
import type {
  ContainerState as ApiContainerState,
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '../kinds/types.ts'
import { desiredResources, isSidecar } from './desired.ts'
import { liveSandbox, type ObservedPod } from './observe.ts'
import { restarts } from './plan.ts'
import {
  type ResizePending,
  resizeConditions,
  resizeConditionTypes,
  runsWithOther,
} from './resize/resize.ts'
import type { ContainerState } from './runtime/runtime.ts'

/** PURE: what the API is told about a pod (kubelet_pods.go generateAPIPodStatus). */
export interface StatusInput {
  readonly pod: Pod
  readonly observed: ObservedPod
  readonly nowMs: number
  readonly hostIp: string
  readonly runtimeName: string
  /** Why a container does not start, by its name. */
  readonly waiting: ReadonlyMap<string, { readonly reason: string; readonly message: string }>
  /** By container id; containers without probes are started and ready once they run. */
  readonly health: ReadonlyMap<string, { readonly started: boolean; readonly ready: boolean }>
  /** What containers left behind, by container id. */
  readonly terminationMessages: ReadonlyMap<string, string>
  /** The pod ends for a reason of the kubelet's own. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined
  /** All containers have ended for good. */
  readonly finished: boolean
  /** What is in the way of other resources that the spec asks for. */
  readonly resize?: {
    readonly pending: ResizePending | undefined
    readonly error?: string | undefined
  }
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, observed, hostIp } = input
  const old = pod.status
  const spec = pod.spec
  const sandbox = liveSandbox(observed)
  const mainSeen = (spec?.containers ?? []).some((one) => observed.containers.has(one.name))
  const initialized = mainSeen || initsDone(input)
  const init = (spec?.initContainers ?? []).map((one) => containerStatus(input, one))
  const main = (spec?.containers ?? []).map((one) => containerStatus(input, one))
  const ephemeral = (spec?.ephemeralContainers ?? []).map((one) => ({
    ...containerStatus(input, one),
    ready: false,
  }))
  const phase = podPhase(input, init, main)
  const final = input.finished && (phase === 'Succeeded' || phase === 'Failed')
  const told = final && initialized ? main.map(endedForGood) : main
  const podIp = spec?.hostNetwork ? (sandbox ? hostIp : undefined) : sandbox?.ip
  const keptIp = podIp ?? (phase === 'Pending' ? undefined : old?.podIP)
  const { metadata } = pod
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    phase,
    conditions: conditions(input, { phase, initialized, init, main }),
    ...(input.failure ?? reasonOf(old)),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    ...(keptIp === undefined ? {} : { podIP: keptIp, podIPs: [{ ip: keptIp }] }),
    startTime: old?.startTime ?? apiTime(input.nowMs),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: told,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: old?.qosClass ?? qosClass(pod),
  }
}

function reasonOf(old: PodStatus | undefined): { reason?: string; message?: string } {
  if (old?.phase !== 'Failed' || old.reason === undefined) return {}
  return { reason: old.reason, ...(old.message === undefined ? {} : { message: old.message }) }
}

function initsDone({ pod, observed, health }: StatusInput): boolean {
  return (pod.spec?.initContainers ?? []).every((container) => {
    const last = observed.containers.get(container.name)?.[0]
    if (!last) return false
    if (!isSidecar(container)) return last.state === 'exited' && last.exitCode === 0
    return last.state === 'running' && (health.get(last.id)?.started ?? true)
  })
}

function containerStatus(input: StatusInput, container: Container): ContainerStatus {
  const { observed, waiting, health, runtimeName } = input
  const [newest, previous] = observed.containers.get(container.name) ?? []
  const held = waiting.get(container.name)
  const running = newest?.state === 'running'
  const { started, ready } = (newest && health.get(newest.id)) ?? {
    started: running,
    ready: running,
  }
  const state = currentState(input, newest, held)
  const last = state.terminated ? previous : newest?.state === 'exited' ? newest : previous
  const done = newest?.state === 'exited' && newest.exitCode === 0
  const isInit = (input.pod.spec?.initContainers ?? []).includes(container)
  return {
    name: container.name,
    state,
    lastState: last?.state === 'exited' ? { terminated: terminated(input, last) } : {},
    ready: isInit && !isSidecar(container) ? done : running && started && ready,
    restartCount: newest?.attempt ?? 0,
    image: container.image ?? '',
    imageID: newest ? imageIdOf(runtimeName, newest.imageId) : '',
    ...(newest ? { containerID: `${runtimeName}://${newest.id}` } : {}),
    started: running && started,
    ...containerResources(input, container, newest),
  }
}

/**
 * What was set aside for a container, and what it runs with: what it had before, until the runtime has
 * changed it.
 */
function containerResources(
  { pod }: StatusInput,
  container: Container,
  newest: ContainerState | undefined,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { resources = {} } = container
  const told = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
  ].find((one) => one.name === container.name)
  const isOther = newest !== undefined && runsWithOther(newest, desiredResources(pod, container))
  return {
    ...(newest?.state === 'running'
      ? { resources: (isOther && told?.resources) || resources }
      : {}),
    ...(resources.requests ? { allocatedResources: resources.requests } : {}),
  }
}

/** True while a container that runs has not what was set aside for it. */
function isResizing({ pod, observed }: StatusInput): boolean {
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  return [...containers, ...initContainers.filter(isSidecar)].some((container) => {
    const newest = observed.containers.get(container.name)?.[0]
    return newest?.state === 'running' && runsWithOther(newest, desiredResources(pod, container))
  })
}

function currentState(
  input: StatusInput,
  newest: ContainerState | undefined,
  held: { reason: string; message: string } | undefined,
): ApiContainerState {
  if (newest?.state === 'running')
    return { running: { startedAt: apiTime(newest.startedMs ?? newest.createdMs) } }
  if (held && !input.finished) return { waiting: { ...held } }
  if (newest?.state === 'exited') return { terminated: terminated(input, newest) }
  // Init containers too, and to the end: kubelet_pods.go convertToAPIContainerStatuses.
  const initializes = (input.pod.spec?.initContainers ?? []).length > 0
  return { waiting: { reason: initializes ? 'PodInitializing' : 'ContainerCreating' } }
}

/** Nothing runs or waits in a pod that is over (status_manager.go TerminatePod). */
function endedForGood(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated) return status
  const message = 'The container could not be located when the pod was terminated'
  const state = { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message } }
  return { ...status, state }
}

function terminated(input: StatusInput, container: ContainerState) {
  const { exitCode = 0, startError } = container
  const message = startError ?? input.terminationMessages.get(container.id)
  return {
    exitCode,
    reason: exitReason(container),
    ...(message ? { message } : {}),
    startedAt: apiTime(container.startedMs ?? container.createdMs),
    finishedAt: apiTime(container.finishedMs ?? container.createdMs),
    containerID: `${input.runtimeName}://${container.id}`,
  }
}

function exitReason(container: ContainerState): string {
  if (container.startError !== undefined) return 'ContainerCannotRun'
  if (container.oomKilled) return 'OOMKilled'
  return container.exitCode === 0 ? 'Completed' : 'Error'
}

function imageIdOf(runtimeName: string, imageId: string): string {
  return runtimeName === 'docker' ? `docker://${imageId}` : imageId
}

/** The phase (kubelet_pods.go getPhase). One that is final stays. */
function podPhase(
  { pod, failure, finished }: StatusInput,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
): string {
  const old = pod.status?.phase
  if (old === 'Succeeded' || old === 'Failed') return old
  if (failure) return finished ? 'Failed' : (old ?? 'Pending')
  const policy = pod.spec?.restartPolicy ?? 'Always'
  const plainInits = init.filter((_, at) => {
    const container = pod.spec?.initContainers?.[at]
    return container && !isSidecar(container)
  })
  const initFailed = plainInits.some((one) => (one.state?.terminated?.exitCode ?? 0) !== 0)
  if (initFailed && policy === 'Never') return 'Failed'
  const mainStarted = main.some((one) => one.containerID !== undefined)
  if (!mainStarted && plainInits.some((one) => !one.ready)) return finished ? 'Failed' : 'Pending'
  if (main.some((one) => one.state?.waiting && !one.lastState?.terminated))
    return finished ? 'Failed' : 'Pending'
  if (main.some((one) => one.state?.running)) return 'Running'
  const codes = main.map((one) => one.state?.terminated?.exitCode)
  const ended = codes.every((code) => code !== undefined && (finished || !restarts(pod, code)))
  if (!ended) return 'Running'
  return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed'
}

interface Summary {
  readonly phase: string
  readonly initialized: boolean
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
}

/** Conditions that the kubelet owns, with their times kept; those of others stay. */
function conditions(input: StatusInput, summary: Summary): PodCondition[] {
  const { pod, observed, nowMs } = input
  const { phase, initialized, init, main } = summary
  const old = pod.status?.conditions ?? []
  const over = phase === 'Succeeded' || phase === 'Failed'
  const sidecars = init.filter((_, at) => {
    const container = pod.spec?.initContainers?.[at]
    return container && isSidecar(container)
  })
  const unready = [...sidecars, ...main].filter((one) => !one.ready).map((one) => one.name)
  const containersReady = verdict(
    unready.length === 0 && !over,
    over ? (phase === 'Failed' ? 'PodFailed' : 'PodCompleted') : 'ContainersNotReady',
    over ? undefined : `containers with unready status: [${unready.join(' ')}]`,
  )
  const gates = (pod.spec?.readinessGates ?? []).filter(
    (gate) => old.find((one) => one.type === gate.conditionType)?.status !== 'True',
  )
  const gated =
    containersReady.status === 'True' && gates.length > 0
      ? verdict(false, 'ReadinessGatesNotReady', 'a readiness gate is not True')
      : containersReady
  const incomplete = init.filter((one) => !one.ready).map((one) => one.name)
  const owned: PodCondition[] = [
    { type: 'PodReadyToStartContainers', ...verdict(liveSandbox(observed) !== undefined) },
    {
      type: 'Initialized',
      ...verdict(
        initialized || phase === 'Succeeded',
        'ContainersNotInitialized',
        `containers with incomplete status: [${incomplete.join(' ')}]`,
      ),
    },
    { type: 'Ready', ...gated },
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', ...verdict(true) },
    ...resizeConditions(
      input.resize?.pending,
      !over && isResizing(input),
      input.resize?.error,
      pod.metadata.generation,
    ),
  ]
  const foreign = old.filter(
    ({ type }) => !resizeConditionTypes.has(type) && !owned.some((own) => own.type === type),
  )
  return [...owned.map((one) => timed(one, old, nowMs)), ...foreign]
}

function verdict(
  holds: boolean,
  reason?: string,
  message?: string,
): { status: string; reason?: string; message?: string } {
  if (holds) return { status: 'True' }
  return { status: 'False', ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
}

function timed(condition: PodCondition, old: readonly PodCondition[], nowMs: number): PodCondition {
  const before = old.find((one) => one.type === condition.type)
  const same = before?.status === condition.status
  return {
    ...condition,
    lastTransitionTime: (same ? before.lastTransitionTime : undefined) ?? apiTime(nowMs),
  }
}

/** RFC 3339 in whole seconds, as metav1.Time is on the wire. */
export function apiTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`
}

/** True when the pod's condition Ready holds. */
export function isReady(status: PodStatus | undefined): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false
}

/**
 * A merge patch that turns `old` into `next`: fields that went away become null. Undefined when there
 * is nothing to send.
 */
export function statusPatch(
  old: PodStatus | undefined,
  next: PodStatus,
): Record<string, unknown> | undefined {
  const before: Record<string, unknown> = { ...old }
  const after: Record<string, unknown> = { ...next }
  const patch: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(after))
    if (!sameJson(before[field], value)) patch[field] = value
  for (const field of kubeletFields)
    if (before[field] !== undefined && after[field] === undefined) patch[field] = null
  return Object.keys(patch).length === 0 ? undefined : patch
}

const kubeletFields = [
  'podIP',
  'podIPs',
  'reason',
  'message',
  'initContainerStatuses',
  'ephemeralContainerStatuses',
] as const

/** Equal as JSON values; the order of keys does not count, an empty map equals a missing one. */
export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value)
    .map(([key, one]) => [key, canonical(one)] as const)
    .filter(([, one]) => one !== undefined && one !== null && !isEmptyMap(one))
    .sort(([x], [y]) => (x < y ? -1 : 1))
  return Object.fromEntries(entries)
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 0
  )
}
