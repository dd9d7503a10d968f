import type { NodeInfo } from './node-info.ts'
import type { PodInfo, PodSet } from './pod-info.ts'

/**
 * Counts the pods of one set per node and per topology domain, kept up to date pod by pod: a cycle
 * that spreads or attracts pods asks for a number and never walks over all pods.
 */
export class PodCounter {
  readonly set: PodSet
  total = 0
  readonly #byNode = new Map<NodeInfo, number>()
  readonly #domains = new Map<string, Map<string, number>>()

  constructor(set: PodSet) {
    this.set = set
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0
  }

  /** The number of pods in the domain that `node` belongs to; undefined when it has no such label. */
  inDomain(topologyKey: string, node: NodeInfo): number | undefined {
    const value = node.labels.get(topologyKey)
    return value === undefined ? undefined : (this.domains(topologyKey).get(value) ?? 0)
  }

  /** Pods by value of the label `topologyKey`; domains without pods are left out. */
  domains(topologyKey: string): ReadonlyMap<string, number> {
    let domains = this.#domains.get(topologyKey)
    if (domains) return domains
    domains = new Map()
    for (const [node, count] of this.#byNode) addTo(domains, node.labels.get(topologyKey), count)
    this.#domains.set(topologyKey, domains)
    return domains
  }

  /** Counts `pod` in or out of `node` when it is of the set. */
  change(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (!this.set.matches(pod)) return
    this.total += sign
    addTo(this.#byNode, node, sign)
    for (const [topologyKey, domains] of this.#domains)
      addTo(domains, node.labels.get(topologyKey), sign)
  }

  /** Labels of a node changed: domains are counted anew when next asked for. */
  forgetDomains(): void {
    this.#domains.clear()
  }
}

function addTo<K>(counts: Map<K, number>, key: K | undefined, by: number): void {
  if (key === undefined) return
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
