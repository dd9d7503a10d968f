import { resizableResources } from '../../kinds/core/pod/resize.ts'
import { type Amounts, addAmounts } from '../../kinds/quota/amounts.ts'
import { podRequests } from '../../kinds/quota/pod-amounts.ts'
import type {
  Container,
  Pod,
  PodCondition,
  PodSpec,
  ResourceRequirements,
} from '../../kinds/types.ts'
import { same } from '../../kinds/validation/field-error.ts'
import type { ContainerResources, ContainerState } from '../runtime/runtime.ts'

/**
 * PURE: resources of a running pod's containers change when /resize has written others and the node has
 * room for them (pkg/kubelet/allocation/allocation_manager.go).
 */
export interface Allocation {
  /** By container name: what the node has set aside for it, which is what it runs with. */
  readonly resources: ReadonlyMap<string, ResourceRequirements>
  /** Why what the spec asks for is not set aside. */
  readonly pending: ResizePending | undefined
}

export interface ResizePending {
  /** Infeasible: never on this node. Deferred: not while the other pods are there. */
  readonly reason: 'Infeasible' | 'Deferred'
  readonly message: string
}

export interface NodeRoom {
  readonly cpuCores: number
  readonly memoryBytes: number
}

/**
 * Decides about the spec's resources. `before` is the decision of the last time; what the pod's status
 * tells stands in for it, so that a kubelet that was restarted goes on.
 */
export function allocate(
  pod: Pod,
  before: ReadonlyMap<string, ResourceRequirements> | undefined,
  others: () => readonly Pod[],
  room: NodeRoom,
): Allocation {
  const spec = pod.spec ?? { containers: [] }
  const wanted = new Map(resizable(spec).map(({ name, resources }) => [name, resources ?? {}]))
  const known = before ?? resourcesTold(pod)
  const isSame = [...wanted].every(([name, resources]) => {
    const old = known.get(name)
    return old === undefined || same(old, resources)
  })
  if (isSame) return { resources: wanted, pending: undefined }
  const pending = obstacle(spec, others, room)
  if (!pending) return { resources: wanted, pending }
  return {
    resources: new Map([...wanted].map(([name, own]) => [name, known.get(name) ?? own])),
    pending,
  }
}

/** The pod as the node has room for it. */
export function withAllocated(pod: Pod, resources: ReadonlyMap<string, ResourceRequirements>): Pod {
  if (!pod.spec) return pod
  const sized = (container: Container): Container => {
    const own = resources.get(container.name)
    return own === undefined || own === container.resources
      ? container
      : { ...container, resources: own }
  }
  const { containers, initContainers } = pod.spec
  const spec = {
    ...{ ...pod.spec, containers: containers.map(sized) },
    ...(initContainers ? { initContainers: initContainers.map(sized) } : {}),
  }
  return { ...pod, spec }
}

/** Containers that run as long as the pod does: the others are over before anybody could resize them. */
function resizable({ containers, initContainers = [] }: PodSpec): Container[] {
  return [...containers, ...initContainers.filter((one) => one.restartPolicy === 'Always')]
}

function resourcesTold({ status }: Pod): ReadonlyMap<string, ResourceRequirements> {
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return new Map(
    all.flatMap(({ name, resources }) => (resources === undefined ? [] : [[name, resources]])),
  )
}

const nanoPerUnit = 1_000_000_000n

function obstacle(
  spec: PodSpec,
  others: () => readonly Pod[],
  { cpuCores, memoryBytes }: NodeRoom,
): ResizePending | undefined {
  const own = podRequests(spec)
  const capacity = {
    cpu: BigInt(cpuCores) * nanoPerUnit,
    memory: BigInt(memoryBytes) * nanoPerUnit,
  }
  for (const name of resizableResources) {
    const requested = nano(own, name)
    if (requested > capacity[name])
      return {
        reason: 'Infeasible',
        message: `Node didn't have enough capacity: ${name}, requested: ${shown(name, requested)}, capacity: ${shown(name, capacity[name])}`,
      }
  }
  const used = othersTake(others())
  for (const name of resizableResources) {
    const [requested, taken] = [nano(own, name), nano(used, name)]
    if (requested + taken > capacity[name])
      return {
        reason: 'Deferred',
        message:
          `Node didn't have enough resource: ${name}, requested: ${shown(name, requested)}, ` +
          `used: ${shown(name, taken)}, capacity: ${shown(name, capacity[name])}`,
      }
  }
  return undefined
}

function othersTake(others: readonly Pod[]): Amounts {
  let total: Amounts = new Map()
  for (const other of others) {
    const { phase } = other.status ?? {}
    if (phase === 'Succeeded' || phase === 'Failed' || !other.spec) continue
    const { spec } = withAllocated(other, resourcesTold(other))
    if (spec) total = addAmounts(total, podRequests(spec))
  }
  return total
}

function nano(amounts: Amounts, name: string): bigint {
  return amounts.get(name)?.nano ?? 0n
}

/** As the scheduler's messages count: thousandths of a core, bytes. */
function shown(name: string, amount: bigint): string {
  return String(name === 'cpu' ? amount / 1_000_000n : amount / nanoPerUnit)
}

/** True when the runtime's figures are not those that the kubelet would ask for. */
export function runsWithOther(state: ContainerState, wanted: ContainerResources): boolean {
  return changedResources(state, wanted).length > 0
}

/** What a running container has otherwise than wanted; nothing where the runtime does not tell. */
export function changedResources(
  { resources }: ContainerState,
  wanted: ContainerResources,
): ('cpu' | 'memory')[] {
  if (!resources) return []
  const quota = Math.round(wanted.cpuQuotaMicros ?? 0)
  const isOtherCpu =
    resources.cpuShares !== wanted.cpuShares || (resources.cpuQuotaMicros ?? 0) !== quota
  const isOtherMemory = resources.memoryBytesMax !== wanted.memoryBytesMax
  return [
    ...(isOtherCpu ? (['cpu'] as const) : []),
    ...(isOtherMemory ? (['memory'] as const) : []),
  ]
}

/** True when the container's resizePolicy wants it restarted for one of these. */
export function resizeRestarts(
  { resizePolicy = [] }: Container,
  changed: readonly string[],
): boolean {
  return resizePolicy.some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' && changed.includes(resourceName),
  )
}

/** What the API is told of a resize (api/core/v1: PodResizePending, PodResizeInProgress). */
export function resizeConditions(
  pending: ResizePending | undefined,
  underWay: boolean,
  error: string | undefined,
  generation: number | undefined,
): PodCondition[] {
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  return [
    ...(pending ? [{ type: 'PodResizePending', status: 'True', ...pending, ...observed }] : []),
    ...(underWay
      ? [
          {
            ...{ type: 'PodResizeInProgress', status: 'True', ...observed },
            ...(error === undefined ? {} : { reason: 'Error', message: error }),
          },
        ]
      : []),
  ]
}

/** Conditions that are there only while they hold. */
export const resizeConditionTypes: ReadonlySet<string> = new Set([
  'PodResizePending',
  'PodResizeInProgress',
])
