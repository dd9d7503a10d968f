import type { Container, Pod } from '../../types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/**
 * Who is killed first when memory runs out: whoever asked for nothing, then whoever may use more
 * than it asked for (k8s.io/kubernetes pkg/apis/core/v1/helper/qos/qos.go).
 */
export function qosClass({ spec }: Pod): QosClass {
  // What the pod asks for as a whole counts alone.
  const containers: readonly Pick<Container, 'resources'>[] = spec?.resources
    ? [{ resources: spec.resources }]
    : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  if (containers.every((container) => !asks(container))) return 'BestEffort'
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

const computeResources = ['cpu', 'memory']

function asks({ resources }: Pick<Container, 'resources'>): boolean {
  return computeResources.some((name) => {
    const amounts = [resources?.requests?.[name], resources?.limits?.[name]]
    return amounts.some((amount) => amount !== undefined && amount !== '0')
  })
}

function isGuaranteed({ resources }: Pick<Container, 'resources'>): boolean {
  return computeResources.every((name) => {
    const limit = resources?.limits?.[name]
    const request = resources?.requests?.[name] ?? limit
    return limit !== undefined && limit !== '0' && request === limit
  })
}
