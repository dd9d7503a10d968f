import { assert } from '../base/assert.ts'
import { limits } from '../base/limits.ts'
import type { Node, Pod } from '../kinds/types.ts'
import { NodeInfo, zoneLabel } from './node-info.ts'
import { PodCounter } from './pod-counter.ts'
import { type AffinityTerm, ownerSet, type PodInfo, type PodSet, podInfo } from './pod-info.ts'

/**
 * What the scheduling cycle sees: nodes with the pods on them, the assumed ones included. Changed
 * incrementally and read by the same thread, so it is never copied.
 *
 * An assumed pod counts from the decision until the watch shows it on its node (then it is a plain
 * one) or until the binding fails and it is forgotten.
 */
export class Snapshot {
  /** Where the next cycle starts looking, so that all nodes get their turn. */
  nextStart = 0
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, { pod: PodInfo; node: NodeInfo; assumed: boolean }>()
  readonly #counters = new Map<string, PodCounter>()
  /** Counters of one owner's pods, by owner: a pod touches only its own. */
  readonly #owners = new Map<string, PodCounter>()
  /** Required anti-affinity terms of placed pods, with where those pods are. */
  readonly #antiTerms = new Map<string, { term: AffinityTerm; holders: PodCounter; uses: number }>()
  readonly #domainCounts = new Map<string, number>()
  #order: readonly NodeInfo[] | undefined

  /** Nodes that exist, neighbours from different zones where there are several. */
  get nodes(): readonly NodeInfo[] {
    this.#order ??= interleaveZones([...this.#nodes.values()].filter((one) => one.node))
    return this.#order
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name)
  }

  /** The node that a pod takes room on, assumed or not. */
  podOn(key: string): NodeInfo | undefined {
    return this.#placed.get(key)?.node
  }

  isAssumed(key: string): boolean {
    return this.#placed.get(key)?.assumed === true
  }

  setNode(node: Node): void {
    const info = this.#nodeInfo(node.metadata.name ?? '')
    const appeared = info.node === undefined
    const before = info.labels
    info.setNode(node)
    if (appeared || before.get(zoneLabel) !== info.labels.get(zoneLabel)) this.#order = undefined
    if (appeared || !sameLabels(before, info.labels)) this.#forgetDomains()
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info) return
    info.node = undefined
    info.labels = new Map()
    if (info.pods.size === 0) this.#nodes.delete(name)
    this.#order = undefined
    this.#forgetDomains()
  }

  /** Records a pod that the API shows on a node. One that has ended takes no room any more. */
  setPod(pod: Pod): void {
    const info = podInfo(pod)
    this.removePod(info.key)
    const nodeName = pod.spec?.nodeName
    const phase = pod.status?.phase
    if (nodeName && phase !== 'Succeeded' && phase !== 'Failed')
      this.#place(info, this.#nodeInfo(nodeName), false)
  }

  removePod(key: string): void {
    const placed = this.#placed.get(key)
    if (!placed) return
    const { pod, node } = placed
    this.#placed.delete(key)
    node.remove(pod)
    this.#count(pod, node, -1)
    for (const term of pod.antiAffinity) this.#changeTerm(term, pod, node, -1)
    if (!node.node && node.pods.size === 0) this.#nodes.delete(node.name)
  }

  /** Counts a pod as running on `node` before the API knows. */
  assume(pod: PodInfo, node: NodeInfo): void {
    assert(!this.#placed.has(pod.key), `${pod.key} is assumed once`)
    this.#place(pod, node, true)
  }

  /** Undoes assume, unless the API has shown the pod on a node meanwhile. */
  forget(key: string): void {
    if (this.isAssumed(key)) this.removePod(key)
  }

  /** The counter of a set of pods; made on first use and kept while it is among the recent ones. */
  counter(set: PodSet): PodCounter {
    return this.#recent(this.#counters, set.key, set)
  }

  /** The counter of the pods that have the same owner as `pod`; undefined when it has none. */
  ownerCounter(pod: PodInfo): PodCounter | undefined {
    const set = ownerSet(pod)
    return set && this.#recent(this.#owners, set.key, set)
  }

  /** How many values the label `topologyKey` has over all nodes. */
  domainCount(topologyKey: string): number {
    let count = this.#domainCounts.get(topologyKey)
    if (count !== undefined) return count
    const values = new Set<string>()
    for (const { labels } of this.nodes) {
      const value = labels.get(topologyKey)
      if (value !== undefined) values.add(value)
    }
    count = values.size
    this.#domainCounts.set(topologyKey, count)
    return count
  }

  /** Anti-affinity of placed pods that speaks of `pod`: where it may not go. */
  *antiTermsAgainst(pod: PodInfo): Iterable<{ term: AffinityTerm; holders: PodCounter }> {
    for (const entry of this.#antiTerms.values()) if (entry.term.matches(pod)) yield entry
  }

  #recent(counters: Map<string, PodCounter>, key: string, set: PodSet): PodCounter {
    const known = counters.get(key)
    const counter = known ?? new PodCounter(set)
    if (known) counters.delete(key)
    else for (const { pod, node } of this.#placed.values()) counter.change(pod, node, 1)
    counters.set(key, counter)
    if (counters.size > limits.schedulerPodCountersMax) {
      const oldest = counters.keys().next().value
      if (oldest !== undefined) counters.delete(oldest)
    }
    return counter
  }

  #count(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    for (const counter of this.#counters.values()) counter.change(pod, node, sign)
    if (pod.ownerKey !== undefined) this.#owners.get(pod.ownerKey)?.change(pod, node, sign)
  }

  #place(pod: PodInfo, node: NodeInfo, assumed: boolean): void {
    this.#placed.set(pod.key, { pod, node, assumed })
    node.add(pod)
    this.#count(pod, node, 1)
    for (const term of pod.antiAffinity) this.#changeTerm(term, pod, node, 1)
  }

  #changeTerm(term: AffinityTerm, pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    const key = `${term.topologyKey}|${term.key}`
    const holders = new PodCounter({ key, matches: () => true })
    const entry = this.#antiTerms.get(key) ?? { term, holders, uses: 0 }
    entry.holders.change(pod, node, sign)
    entry.uses += sign
    if (entry.uses > 0) this.#antiTerms.set(key, entry)
    else this.#antiTerms.delete(key)
  }

  #nodeInfo(name: string): NodeInfo {
    const known = this.#nodes.get(name)
    if (known) return known
    const info = new NodeInfo(name)
    this.#nodes.set(name, info)
    return info
  }

  #forgetDomains(): void {
    this.#domainCounts.clear()
    for (const counter of this.#counters.values()) counter.forgetDomains()
    for (const counter of this.#owners.values()) counter.forgetDomains()
    for (const { holders } of this.#antiTerms.values()) holders.forgetDomains()
  }
}

function sameLabels(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false
  for (const [key, value] of one) if (other.get(key) !== value) return false
  return true
}

/** Takes nodes from the zones in turn (pkg/scheduler/backend/cache/node_tree.go). */
function interleaveZones(nodes: readonly NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const node of nodes) {
    const zone = node.labels.get(zoneLabel) ?? ''
    const members = zones.get(zone)
    if (members) members.push(node)
    else zones.set(zone, [node])
  }
  const order: NodeInfo[] = []
  const longest = Math.max(0, ...[...zones.values()].map((members) => members.length))
  for (let position = 0; position < longest; position++)
    for (const members of zones.values()) {
      const node = members[position]
      if (node) order.push(node)
    }
  return order
}
