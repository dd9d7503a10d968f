import type { Taint, Toleration } from '../../kinds/types.ts'
import { type Plugin, rejection } from '../plugin.ts'

const untolerated = rejection('node(s) had untolerated taint(s)', false)

/** Whether a toleration covers a taint (core/v1 toleration.go). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case '':
    case 'Equal':
      return toleration.key !== undefined && (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    case 'Gt':
    case 'Lt':
      return comparesTo(toleration, taint)
    default:
      return false
  }
}

/** Gt and Lt: the taint's whole number lies above or below the toleration's. */
function comparesTo(toleration: Toleration, taint: Taint): boolean {
  const whole = /^-?\d{1,18}$/
  if (!whole.test(toleration.value ?? '') || !whole.test(taint.value ?? '')) return false
  const bound = BigInt(toleration.value ?? '')
  const value = BigInt(taint.value ?? '')
  return toleration.operator === 'Gt' ? value > bound : value < bound
}

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
