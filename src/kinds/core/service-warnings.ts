import type { KindWarnings } from '../kind.ts'
import type { ServiceSpec } from '../types.ts'

const topologyHints = 'service.kubernetes.io/topology-aware-hints'
const topologyMode = 'service.kubernetes.io/topology-mode'

/** Fields of a Service that do nothing, or will not for long (k8s.io/kubernetes pkg/api/service/warnings.go). */
export const serviceWarnings: KindWarnings = ({ metadata, ...object }) => {
  const spec = (object['spec'] ?? {}) as ServiceSpec
  const { externalIPs = [], externalName = '', loadBalancerIP = '', sessionAffinity } = spec
  const isExternalName = spec.type === 'ExternalName'
  const isHeadless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  const checks: [holds: boolean, warning: string][] = [
    [
      Object.hasOwn(metadata.annotations ?? {}, topologyHints),
      `annotation ${topologyHints} is deprecated, please use ${topologyMode} instead`,
    ],
    [isHeadless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services'],
    [isHeadless && externalIPs.length > 0, 'spec.externalIPs is ignored for headless services'],
    [
      isHeadless && sessionAffinity !== 'None',
      'spec.SessionAffinity is ignored for headless services',
    ],
    [
      externalIPs.length > 0 && !isHeadless && !isExternalName,
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
    ],
    [
      externalIPs.length > 0 && isExternalName,
      'spec.externalIPs is ignored when spec.type is "ExternalName"',
    ],
    [
      externalName !== '' && !isExternalName,
      'spec.externalName is ignored when spec.type is not "ExternalName"',
    ],
    [
      spec.trafficDistribution === 'PreferClose',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ]
  return checks.flatMap(([holds, warning]) => (holds ? [warning] : []))
}
