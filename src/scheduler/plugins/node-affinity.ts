import type { NodeInfo } from '../node-info.ts'
import { type Plugin, rejection } from '../plugin.ts'
import type { PodInfo } from '../pod-info.ts'
import { nodeTermMatcher } from '../selector.ts'

const mismatch = rejection("node(s) didn't match Pod's node affinity/selector", false)

/** Whether spec.nodeSelector and required node affinity allow a node; undefined when all are allowed. */
export function requiredNodes(pod: PodInfo): ((node: NodeInfo) => boolean) | undefined {
  const exact = Object.entries(pod.pod.spec?.nodeSelector ?? {})
  const required =
    pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (exact.length === 0 && !required) return undefined
  const terms = required?.nodeSelectorTerms.map((term) => nodeTermMatcher(term))
  return (node) =>
    exact.every(([key, value]) => node.labels.get(key) === value) &&
    (!terms || terms.some((matches) => matches(node.labels, node.name)))
}

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  events: new Set(['node-added', 'node-labels', 'pod-changed']),
  filter(pod) {
    const allowed = requiredNodes(pod)
    return allowed && ((node) => (allowed(node) ? undefined : mismatch))
  },
  score(pod) {
    const preferred =
      pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    const terms = preferred.map(({ preference, weight }) => ({
      weight,
      matches: nodeTermMatcher(preference),
    }))
    return {
      weight: 2,
      normalize: 'highest',
      score: (node) =>
        terms.reduce(
          (sum, { weight, matches }) => sum + (matches(node.labels, node.name) ? weight : 0),
          0,
        ),
    }
  },
}
