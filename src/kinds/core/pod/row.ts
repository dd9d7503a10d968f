import type { AnyObject } from '../../kind.ts'
import { age, ageOf, nameOf, orNone } from '../../print.ts'
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus } from '../../types.ts'

/** One line of `kubectl get pods` (k8s.io/kubernetes pkg/printers/internalversion/printers.go). */
export function podRow(object: AnyObject, nowMs: number): string[] {
  const pod = object as Pod
  const summary = podSummary(pod)
  const { spec, status } = pod
  const restarts =
    summary.restarts > 0 && summary.lastRestart !== undefined
      ? `${summary.restarts} (${ageOf(summary.lastRestart, nowMs)} ago)`
      : String(summary.restarts)
  return [
    nameOf(object),
    `${summary.ready}/${summary.total}`,
    summary.reason,
    restarts,
    age(object, nowMs),
    orNone(status?.podIPs?.[0]?.ip ?? status?.podIP),
    orNone(spec?.nodeName),
    orNone(status?.nominatedNodeName),
    readinessGates(pod),
  ]
}

export interface PodSummary {
  readonly ready: number
  readonly total: number
  /** What stands in the STATUS column: a phase, or the reason that says more. */
  readonly reason: string
  readonly restarts: number
  readonly lastRestart: string | undefined
}

/** What containers' states add up to. */
export function podSummary({ metadata, spec, status = {} }: Pod): PodSummary {
  const sidecars = new Set((spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name))
  const tally: Tally = {
    ready: 0,
    reason: phaseReason(status),
    restarts: 0,
    lastRestart: undefined,
  }
  const initializing = countInitContainers(tally, status, sidecars, spec?.initContainers ?? [])
  if (!initializing || hasCondition(status, 'Initialized')) {
    const started = (status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))
    tally.restarts = 0
    tally.lastRestart = undefined
    for (const container of started) countRestarts(tally, container)
    countContainers(tally, status)
  }
  const terminal = status.phase === 'Succeeded' || status.phase === 'Failed'
  if (metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') tally.reason = 'Unknown'
    else if (!terminal) tally.reason = 'Terminating'
  }
  return { ...tally, total: (spec?.containers ?? []).length + sidecars.size }
}

/** An init container that keeps running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

interface Tally {
  ready: number
  reason: string
  restarts: number
  lastRestart: string | undefined
}

function phaseReason({ phase = '', reason, conditions = [] }: PodStatus): string {
  const gated = conditions.some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  )
  return gated ? 'SchedulingGated' : reason || phase
}

/** Goes through the init containers up to the first that is not done; true when there is one. */
function countInitContainers(
  tally: Tally,
  status: PodStatus,
  sidecars: ReadonlySet<string>,
  containers: readonly Container[],
): boolean {
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    countRestarts(tally, container)
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) tally.ready++
      continue
    }
    if (terminated) tally.reason = `Init:${terminationReason(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing')
      tally.reason = `Init:${waiting.reason}`
    else tally.reason = `Init:${index}/${containers.length}`
    return true
  }
  return false
}

/** The first container with something to say has the last word, so they are read backwards. */
function countContainers(tally: Tally, status: PodStatus): void {
  let running = false
  for (const container of [...(status.containerStatuses ?? [])].reverse()) {
    countRestarts(tally, container)
    const { waiting, terminated } = container.state ?? {}
    if (waiting?.reason) tally.reason = waiting.reason
    else if (terminated) tally.reason = terminationReason(terminated)
    else if (container.ready && container.state?.running) {
      running = true
      tally.ready++
    }
  }
  if (tally.reason === 'Completed' && running)
    tally.reason = hasCondition(status, 'Ready') ? 'Running' : 'NotReady'
}

function countRestarts(tally: Tally, container: ContainerStatus): void {
  tally.restarts += container.restartCount ?? 0
  const finishedAt = container.lastState?.terminated?.finishedAt
  if (finishedAt === undefined) return
  if (tally.lastRestart === undefined || finishedAt > tally.lastRestart)
    tally.lastRestart = finishedAt
}

function terminationReason(terminated: NonNullable<ContainerState['terminated']>): string {
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`
}

function readinessGates({ spec, status = {} }: Pod): string {
  const gates = spec?.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const met = gates.filter(({ conditionType }) => hasCondition(status, conditionType))
  return `${met.length}/${gates.length}`
}

function hasCondition({ conditions = [] }: PodStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True')
}
