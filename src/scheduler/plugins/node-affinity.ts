import { nodeTermMatcher, requiredNode } from '../../kinds/node-selection.ts'
import type { NodeInfo } from '../node-info.ts'
import { type Plugin, rejection } from '../plugin.ts'
import type { PodInfo } from '../pod-info.ts'

const mismatch = rejection("node(s) didn't match Pod's node affinity/selector", false)

/** Whether spec.nodeSelector and required node affinity allow a node; undefined when all are allowed. */
export function requiredNodes(pod: PodInfo): ((node: NodeInfo) => boolean) | undefined {
  const allows = requiredNode(pod.pod.spec)
  return allows && ((node) => allows(node.labels, node.name))
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
