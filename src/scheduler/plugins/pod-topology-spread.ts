import { hostnameLabel, type NodeInfo, zoneLabel } from '../node-info.ts'
import { type NodeFilter, type Plugin, rejection } from '../plugin.ts'
import type { PodCounter } from '../pod-counter.ts'
import type { PodInfo, SpreadConstraint } from '../pod-info.ts'
import type { Snapshot } from '../snapshot.ts'
import { requiredNodes } from './node-affinity.ts'
import { taintToleration } from './taint-toleration.ts'

const skewed = rejection("node(s) didn't match pod topology spread constraints", true)
const unlabelled = rejection(
  "node(s) didn't match pod topology spread constraints (missing required label)",
  false,
)

interface Soft {
  readonly counter: PodCounter
  readonly topologyKey: string
  readonly maxSkew: number
  readonly weight: number
}

/**
 * Keeps the pods of a set apart (podtopologyspread/{filtering,scoring}.go). Pods without constraints of
 * their own are spread over hosts and zones with the other pods of their controller.
 */
export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  events: new Set([
    'node-added',
    'node-labels',
    'node-taints',
    'pod-assigned',
    'pod-removed',
    'pod-changed',
  ]),
  filter(pod, snapshot) {
    const tests = pod.spread.filter((one) => one.hard).map((one) => hardTest(pod, one, snapshot))
    if (tests.length === 0) return undefined
    return (node) => {
      for (const test of tests) {
        const refused = test(node)
        if (refused) return refused
      }
      return undefined
    }
  },
  score(pod, snapshot) {
    const constraints = softConstraints(pod, snapshot)
    if (constraints.length === 0) return undefined
    return {
      weight: 2,
      normalize: 'spread',
      score(node) {
        let sum = 0
        for (const { counter, topologyKey, maxSkew, weight } of constraints) {
          const there =
            topologyKey === hostnameLabel ? counter.on(node) : counter.inDomain(topologyKey, node)
          if (there !== undefined) sum += there * weight + (maxSkew - 1)
        }
        return Math.round(sum)
      },
    }
  },
}

/** The smallest count over the domains that the pod could use bounds what a domain may hold. */
function hardTest(pod: PodInfo, constraint: SpreadConstraint, snapshot: Snapshot): NodeFilter {
  const { topologyKey, maxSkew, minDomains, set } = constraint
  const counter = snapshot.counter(set)
  const counts = new Map<string, number>()
  const eligible = eligibleNodes(pod, constraint, snapshot)
  for (const node of snapshot.nodes) {
    const value = node.labels.get(topologyKey)
    if (value === undefined || !eligible(node)) continue
    counts.set(value, (counts.get(value) ?? 0) + counter.on(node))
  }
  let least = counts.size < minDomains ? 0 : Number.POSITIVE_INFINITY
  for (const count of counts.values()) least = Math.min(least, count)
  const own = set.matches(pod) ? 1 : 0
  return (node) => {
    const value = node.labels.get(topologyKey)
    if (value === undefined) return unlabelled
    return (counts.get(value) ?? 0) + own - least > maxSkew ? skewed : undefined
  }
}

function eligibleNodes(
  pod: PodInfo,
  constraint: SpreadConstraint,
  snapshot: Snapshot,
): (node: NodeInfo) => boolean {
  const hardKeys = pod.spread.filter((one) => one.hard).map((one) => one.topologyKey)
  const allowed = constraint.honorAffinity ? requiredNodes(pod) : undefined
  const untainted = constraint.honorTaints ? taintToleration.filter?.(pod, snapshot) : undefined
  return (node) =>
    hardKeys.every((key) => node.labels.has(key)) &&
    (!allowed || allowed(node)) &&
    !untainted?.(node)
}

function softConstraints(pod: PodInfo, snapshot: Snapshot): Soft[] {
  const weight = (topologyKey: string) =>
    Math.log(
      (topologyKey === hostnameLabel ? snapshot.nodes.length : snapshot.domainCount(topologyKey)) +
        2,
    )
  if (pod.spread.length > 0)
    return pod.spread
      .filter((one) => !one.hard)
      .map(({ set, topologyKey, maxSkew }) => ({
        counter: snapshot.counter(set),
        topologyKey,
        maxSkew,
        weight: weight(topologyKey),
      }))
  const counter = snapshot.ownerCounter(pod)
  if (!counter) return []
  return [
    { counter, topologyKey: hostnameLabel, maxSkew: 3, weight: weight(hostnameLabel) },
    { counter, topologyKey: zoneLabel, maxSkew: 5, weight: weight(zoneLabel) },
  ]
}
