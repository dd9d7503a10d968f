import { type LabelMap as Labels, labelsOf } from '../kinds/node-selection.ts'
import type { Node, Taint } from '../kinds/types.ts'
import type { HostPort, PodInfo } from './pod-info.ts'
import { type Amounts, addAmounts, amountsOf, noAmounts } from './resources.ts'

export const zoneLabel = 'topology.kubernetes.io/zone'
export const hostnameLabel = 'kubernetes.io/hostname'

const noLabels: Labels = new Map()
const anyAddress = '0.0.0.0'

/** One node with all that runs or is assumed to run on it. Changed in place, only by the Snapshot. */
export class NodeInfo {
  readonly name: string
  /** Undefined while pods name a node that the scheduler has not seen (or no longer sees). */
  node: Node | undefined
  labels: Labels = noLabels
  taints: readonly Taint[] = []
  unschedulable = false
  allocatable: Amounts = noAmounts()
  podsMax = 0
  readonly requested: Amounts = noAmounts()
  /** Requests as scorers see them, see resources.ts. */
  readonly scored: Amounts = noAmounts()
  readonly pods = new Map<string, PodInfo>()
  /** Uses by `protocol/port`, then by address. */
  readonly #ports = new Map<string, Map<string, number>>()

  constructor(name: string) {
    this.name = name
  }

  setNode(node: Node): void {
    this.node = node
    this.labels = labelsOf(node.metadata.labels)
    this.taints = node.spec?.taints ?? []
    this.unschedulable = node.spec?.unschedulable === true
    const list = node.status?.allocatable ?? node.status?.capacity
    this.allocatable = amountsOf(list)
    this.podsMax = Number(list?.['pods'] ?? 0)
  }

  add(pod: PodInfo): void {
    this.#change(pod, 1)
    this.pods.set(pod.key, pod)
  }

  remove(pod: PodInfo): void {
    this.#change(pod, -1)
    this.pods.delete(pod.key)
  }

  /** True when the port is taken: the same address, or either side listens on all of them. */
  portTaken({ protocol, ip, port }: HostPort): boolean {
    const uses = this.#ports.get(`${protocol}/${port}`)
    if (!uses) return false
    return ip === anyAddress ? uses.size > 0 : uses.has(ip) || uses.has(anyAddress)
  }

  #change(pod: PodInfo, sign: 1 | -1): void {
    addAmounts(this.requested, pod.requests, sign)
    addAmounts(this.scored, pod.scored, sign)
    for (const { protocol, ip, port } of pod.hostPorts) {
      const key = `${protocol}/${port}`
      const uses = this.#ports.get(key) ?? new Map<string, number>()
      const count = (uses.get(ip) ?? 0) + sign
      if (count > 0) uses.set(ip, count)
      else uses.delete(ip)
      if (uses.size > 0) this.#ports.set(key, uses)
      else this.#ports.delete(key)
    }
  }
}
