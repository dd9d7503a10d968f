import type { Random } from '../base/random.ts'
import type { NodeInfo } from './node-info.ts'
import type { ClusterEvent, NodeFilter, NodeScore, Plugin } from './plugin.ts'
import { scoreMax } from './plugin.ts'
import { interPodAffinity } from './plugins/inter-pod-affinity.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeName, nodePorts, nodeUnschedulable } from './plugins/node-facts.ts'
import { nodeResourcesBalanced, nodeResourcesFit } from './plugins/node-resources.ts'
import { podTopologySpread } from './plugins/pod-topology-spread.ts'
import { taintToleration } from './plugins/taint-toleration.ts'
import type { PodInfo } from './pod-info.ts'
import type { Snapshot } from './snapshot.ts'

/** In the order in which a node is asked: the first refusal counts. */
export const defaultPlugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  nodeResourcesBalanced,
  podTopologySpread,
  interPodAffinity,
]

export interface Diagnosis {
  readonly nodeCount: number
  /** Nodes by reason; a node that lacks two resources stands under both. */
  readonly failures: ReadonlyMap<string, number>
  /** Nodes from which removing pods could help. */
  readonly resolvableNodes: number
  /** Names of the plugins that refused a node. */
  readonly plugins: ReadonlySet<string>
}

export type Decision =
  | { readonly node: NodeInfo; readonly feasible: number; readonly diagnosis?: never }
  | { readonly node?: never; readonly diagnosis: Diagnosis }

/** How many fitting nodes are enough, of `nodeCount` (pkg/scheduler/schedule_one.go). */
export function nodesToFind(nodeCount: number): number {
  if (nodeCount <= 100) return nodeCount
  const percentage = Math.max(5, 50 - Math.floor(nodeCount / 125))
  return Math.max(100, Math.floor((nodeCount * percentage) / 100))
}

/**
 * One scheduling cycle: which node `pod` goes to, or why none will do. Reads the snapshot and moves its
 * starting point; the caller assumes the pod on the node. Ties are broken by `random`.
 */
export function scheduleOne(
  snapshot: Snapshot,
  pod: PodInfo,
  random: Random,
  plugins: readonly Plugin[] = defaultPlugins,
): Decision {
  const filters: { name: string; refuses: NodeFilter }[] = []
  for (const plugin of plugins) {
    const refuses = plugin.filter?.(pod, snapshot)
    if (refuses) filters.push({ name: plugin.name, refuses })
  }
  const { nodes } = snapshot
  const enough = nodesToFind(nodes.length)
  const feasible: NodeInfo[] = []
  const failures = new Map<string, number>()
  const refusing = new Set<string>()
  let resolvableNodes = 0
  let looked = 0
  for (; looked < nodes.length && feasible.length < enough; looked++) {
    const node = nodes[(snapshot.nextStart + looked) % nodes.length]
    if (!node) continue
    let fits = true
    for (const { name, refuses } of filters) {
      const refused = refuses(node)
      if (!refused) continue
      fits = false
      refusing.add(name)
      if (refused.resolvable) resolvableNodes++
      for (const reason of refused.reasons) failures.set(reason, (failures.get(reason) ?? 0) + 1)
      break
    }
    if (fits) feasible.push(node)
  }
  if (nodes.length > 0) snapshot.nextStart = (snapshot.nextStart + looked) % nodes.length
  const node = selectNode(feasible, pod, snapshot, random, plugins)
  if (node) return { node, feasible: feasible.length }
  return {
    diagnosis: { nodeCount: nodes.length, failures, resolvableNodes, plugins: refusing },
  }
}

/** The plugins' events, for the queue: what may help a pod that a plugin refused. */
export function eventsThatHelp(
  refusing: Iterable<string>,
  plugins: readonly Plugin[] = defaultPlugins,
): ReadonlySet<ClusterEvent> {
  const names = new Set(refusing)
  const events = new Set<ClusterEvent>(['node-added', 'pod-changed'])
  for (const plugin of plugins)
    if (names.has(plugin.name)) for (const event of plugin.events) events.add(event)
  return events
}

function selectNode(
  feasible: readonly NodeInfo[],
  pod: PodInfo,
  snapshot: Snapshot,
  random: Random,
  plugins: readonly Plugin[],
): NodeInfo | undefined {
  if (feasible.length <= 1) return feasible[0]
  const totals = new Float64Array(feasible.length)
  const raw = new Float64Array(feasible.length)
  for (const plugin of plugins) {
    const scoring = plugin.score?.(pod, snapshot)
    if (!scoring) continue
    for (const [index, node] of feasible.entries()) raw[index] = scoring.score(node)
    addNormalized(totals, raw, scoring)
  }
  let best = Number.NEGATIVE_INFINITY
  let chosen: NodeInfo | undefined
  let ties = 0
  for (const [index, node] of feasible.entries()) {
    const total = totals[index] ?? 0
    if (total < best) continue
    ties = total > best ? 1 : ties + 1
    best = total
    if (ties === 1 || random.integer(0, ties) === 0) chosen = node
  }
  return chosen
}

function addNormalized(totals: Float64Array, raw: Float64Array, scoring: NodeScore): void {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of raw) {
    if (value < low) low = value
    if (value > high) high = value
  }
  for (let index = 0; index < raw.length; index++) {
    const score = normalized(raw[index] ?? 0, low, high, scoring.normalize)
    totals[index] = (totals[index] ?? 0) + scoring.weight * Math.floor(score)
  }
}

function normalized(value: number, low: number, high: number, how: NodeScore['normalize']): number {
  switch (how) {
    case 'none':
      return value
    case 'highest':
      return high === 0 ? 0 : (scoreMax * value) / high
    case 'lowest':
      return high === 0 ? scoreMax : scoreMax - Math.floor((scoreMax * value) / high)
    case 'range':
      return high === low ? 0 : (scoreMax * (value - low)) / (high - low)
    case 'spread':
      return high === 0 ? scoreMax : (scoreMax * (high + low - value)) / high
  }
}
