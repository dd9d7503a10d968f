import { tolerates } from '../../kinds/node-selection.ts'
import { type Plugin, rejection } from '../plugin.ts'

const untolerated = rejection('node(s) had untolerated taint(s)', false)

/** Pods go only where they tolerate the taints, and rather where none would have them elsewhere. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  events: new Set(['node-added', 'node-taints', 'pod-changed']),
  filter(pod) {
    const { tolerations } = pod
    return (node) => {
      for (const taint of node.taints) {
        if (taint.effect !== 'NoSchedule' && taint.effect !== 'NoExecute') continue
        if (!tolerations.some((one) => tolerates(one, taint))) return untolerated
      }
      return undefined
    }
  },
  score(pod) {
    const soft = pod.tolerations.filter((one) => !one.effect || one.effect === 'PreferNoSchedule')
    return {
      weight: 3,
      normalize: 'lowest',
      score: (node) =>
        node.taints.filter(
          (taint) =>
            taint.effect === 'PreferNoSchedule' && !soft.some((one) => tolerates(one, taint)),
        ).length,
    }
  },
}
