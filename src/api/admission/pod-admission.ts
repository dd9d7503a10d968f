import type { AnyObject } from '../../kinds/kind.ts'
import type { Toleration } from '../../kinds/types.ts'

/** ApiOptions.tolerationSeconds of a cluster that says nothing. */
const tolerationSecondsDefault = 300
const nodeTroubles = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

interface PodSpec {
  serviceAccountName?: string
  serviceAccount?: string
  tolerations?: Toleration[]
  priority?: number
  enableServiceLinks?: boolean
}

/**
 * What Kubernetes' admission plugins add to every new pod: a service account, tolerations of a
 * failing node for a while, a priority.
 */
export function completePod(pod: AnyObject, tolerationSeconds = tolerationSecondsDefault): void {
  const spec = pod['spec'] as PodSpec | undefined
  if (spec === undefined) return
  const account = spec.serviceAccountName || spec.serviceAccount || 'default'
  spec.serviceAccountName = account
  spec.serviceAccount = account
  spec.priority ??= 0
  for (const key of nodeTroubles) {
    const tolerations = spec.tolerations ?? []
    if (tolerations.some((one) => toleratesNoExecute(one, key))) continue
    spec.tolerations = [
      ...tolerations,
      { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds },
    ]
  }
}

function toleratesNoExecute(toleration: Toleration, key: string): boolean {
  const { effect } = toleration
  if (effect && effect !== 'NoExecute') return false
  return toleration.key === key || (!toleration.key && toleration.operator === 'Exists')
}
