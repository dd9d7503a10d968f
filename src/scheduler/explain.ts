import type { Diagnosis } from './cycle.ts'

/**
 * Why a pod stays Pending, in the words of kube-scheduler (framework/types.go FitError), so that people
 * and tools that know its events read ours. `preemption` is what was found about evicting others.
 */
export function explain(diagnosis: Diagnosis, preemptionPolicy: string | undefined): string {
  const { nodeCount, failures } = diagnosis
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const filters = summary(nodeCount, failures)
  if (preemptionPolicy === 'Never')
    return `${filters} preemption: not eligible due to preemptionPolicy=Never.`
  return `${filters} preemption: ${summary(nodeCount, preemptionReasons(diagnosis))}`
}

function summary(nodeCount: number, reasons: ReadonlyMap<string, number>): string {
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodeCount} nodes are available: ${parts.join(', ')}.`
}

function preemptionReasons({ nodeCount, resolvableNodes }: Diagnosis): Map<string, number> {
  const reasons = new Map<string, number>()
  if (resolvableNodes > 0)
    reasons.set('No preemption victims found for incoming pod', resolvableNodes)
  if (nodeCount > resolvableNodes)
    reasons.set('Preemption is not helpful for scheduling', nodeCount - resolvableNodes)
  return reasons
}
