import type { NodeSelectorTerm, PodAffinity, PodSpec } from '../../types.ts'

const replacedLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  [
    'failure-domain.beta.kubernetes.io/region',
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  ],
  [
    'failure-domain.beta.kubernetes.io/zone',
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  ],
  [
    'beta.kubernetes.io/instance-type',
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  ],
])

/** The warning of a node's label that has another name by now, if it does (pkg/api/node/util.go). */
export function deprecatedLabel(label: string, warning: (what: string) => string): string[] {
  const what = replacedLabels.get(label)
  return what === undefined ? [] : [warning(what)]
}

const matchesNothing = 'a null labelSelector results in matching no pod'

/** Rules of where a pod may go that go by old labels, or match nothing (pkg/api/pod/warnings.go). */
export function placementWarnings(spec: PodSpec, path: string): string[] {
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec.affinity ?? {}
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const at = `${path}.affinity`
  const nodes = `${at}.nodeAffinity`
  return [
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, index) =>
      termWarnings(
        term,
        `${nodes}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`,
      ),
    ),
    ...preferred.flatMap(({ preference }, index) =>
      termWarnings(
        preference,
        `${nodes}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`,
      ),
    ),
    ...(spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
      const one = `${path}.topologySpreadConstraints[${index}]`
      return [
        ...deprecatedLabel(topologyKey, (what) => `${one}.topologyKey: ${topologyKey} is ${what}`),
        ...(labelSelector ? [] : [`${one}.labelSelector: ${matchesNothing}`]),
      ]
    }),
    ...affinityWarnings(podAffinity, `${at}.podAffinity`),
    ...affinityWarnings(podAntiAffinity, `${at}.podAntiAffinity`),
  ]
}

function termWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string): string[] {
  return matchExpressions.flatMap(({ key }, index) =>
    deprecatedLabel(key, (what) => `${path}.matchExpressions[${index}].key: ${key} is ${what}`),
  )
}

function affinityWarnings(affinity: PodAffinity | undefined, path: string): string[] {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const warning = (field: string, part: string) => `${path}.${field}.${part}: ${matchesNothing}`
  return [
    ...required.flatMap(({ labelSelector }, index) =>
      labelSelector
        ? []
        : [warning(`requiredDuringSchedulingIgnoredDuringExecution[${index}]`, 'labelSelector')],
    ),
    ...preferred.flatMap(({ podAffinityTerm }, index) =>
      podAffinityTerm.labelSelector
        ? []
        : [
            warning(
              `preferredDuringSchedulingIgnoredDuringExecution[${index}]`,
              'podAffinityTerm.labelSelector',
            ),
          ],
    ),
  ]
}
