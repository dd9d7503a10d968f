import type { Pod } from '../kinds/types.ts'
import { hostPorts } from './desired.ts'
import type { HostPort } from './runtime/runtime.ts'

export interface Refusal {
  readonly reason: string
  readonly message: string
}

/**
 * PURE: why this node does not take a pod that it was given; undefined when it does. The scheduler asks
 * the same, but a pod that names its node was never asked (pkg/kubelet/lifecycle/predicate.go). Those
 * count that were taken before, and of the others those that are older.
 */
export function refusalOf(pod: Pod, others: readonly Pod[]): Refusal | undefined {
  const wanted = hostPorts(pod)
  if (wanted.length === 0) return undefined
  const taken = others.filter((one) => isActive(one) && isAhead(one, pod)).flatMap(hostPorts)
  if (!wanted.some((port) => taken.some((other) => meet(port, other)))) return undefined
  const why = "node(s) didn't have free ports for the requested pod ports"
  return { reason: 'NodePorts', message: `Predicate NodePorts failed: ${why}` }
}

function isActive({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

function isAhead(one: Pod, pod: Pod): boolean {
  if (one.status?.startTime !== undefined) return true
  const [left, right] = [ageOf(one), ageOf(pod)]
  return left < right
}

/** Text that sorts by age; no two pods have the same. */
function ageOf({ metadata }: Pod): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid ?? ''}`
}

function meet(one: HostPort, other: HostPort): boolean {
  if (one.hostPort !== other.hostPort || one.protocol !== other.protocol) return false
  const isAll = (ip: string) => ip === '' || ip === '0.0.0.0'
  return isAll(one.hostIp) || isAll(other.hostIp) || one.hostIp === other.hostIp
}
