import type { AnyObject } from '../../kinds/kind.ts'
import type { PodSpec, Toleration } from '../../kinds/types.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import type { AdmissionPlugin } from './plugin.ts'

/** ApiOptions.tolerationSeconds of a cluster that says nothing. */
const tolerationSecondsDefault = 300
const nodeTroubles = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/**
 * Pods put up with a failing node for a while, those too whose writer left that out of an update
 * (plugin/pkg/admission/defaulttolerationseconds).
 */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resources: ['pods'],
  complete: addTolerations,
  completeUpdate: addTolerations,
}

function addTolerations({ info, options }: ResourceContext, pod: AnyObject): void {
  const spec = pod['spec'] as PodSpec | undefined
  if (!spec || info.subresource !== '') return
  const tolerationSeconds = options.tolerationSeconds ?? tolerationSecondsDefault
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
