import { objectKey } from '../client/informer.ts'
import { type LabelMap as Labels, labelsOf } from '../kinds/node-selection.ts'
import type { Pod, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '../kinds/types.ts'
import { type Amounts, podRequests, scoredRequests } from './resources.ts'
import { labelMatcher } from './selector.ts'

/** What the scheduler needs to know of a pod, worked out once. */
export interface PodInfo {
  readonly pod: Pod
  /** `namespace/name`. */
  readonly key: string
  readonly namespace: string
  readonly labels: Labels
  readonly priority: number
  readonly requests: Amounts
  readonly scored: Amounts
  readonly hostPorts: readonly HostPort[]
  readonly tolerations: readonly Toleration[]
  /** `namespace/uid` of the controller that made the pod: pods of one owner spread by default. */
  readonly ownerKey: string | undefined
  readonly spread: readonly SpreadConstraint[]
  readonly affinity: readonly AffinityTerm[]
  readonly antiAffinity: readonly AffinityTerm[]
  readonly preferred: readonly WeightedTerm[]
}

export interface HostPort {
  readonly protocol: string
  readonly ip: string
  readonly port: number
}

/** A set of pods: those in certain namespaces whose labels match. `key` names it, equal sets alike. */
export interface PodSet {
  readonly key: string
  matches(pod: PodInfo): boolean
}

export interface AffinityTerm extends PodSet {
  readonly topologyKey: string
}

export interface WeightedTerm {
  readonly term: AffinityTerm
  /** Negative for anti-affinity. */
  readonly weight: number
}

export interface SpreadConstraint {
  readonly set: PodSet
  readonly maxSkew: number
  readonly minDomains: number
  readonly topologyKey: string
  readonly hard: boolean
  readonly honorAffinity: boolean
  readonly honorTaints: boolean
}

const known = new WeakMap<Pod, PodInfo>()

/** The pod's facts; remembered as long as the (frozen) object lives. */
export function podInfo(pod: Pod): PodInfo {
  const before = known.get(pod)
  if (before) return before
  const info = read(pod)
  known.set(pod, info)
  return info
}

function read(pod: Pod): PodInfo {
  const spec = pod.spec ?? { containers: [] }
  const namespace = pod.metadata.namespace ?? ''
  const labels = labelsOf(pod.metadata.labels)
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller)
  const affinity = spec.affinity?.podAffinity
  const anti = spec.affinity?.podAntiAffinity
  const term = (one: PodAffinityTerm) => affinityTerm(one, namespace, labels)
  const weighted =
    (sign: number) => (one: { podAffinityTerm: PodAffinityTerm; weight: number }) => ({
      term: term(one.podAffinityTerm),
      weight: sign * one.weight,
    })
  return {
    pod,
    key: objectKey(pod),
    namespace,
    labels,
    priority: spec.priority ?? 0,
    requests: podRequests(spec),
    scored: scoredRequests(spec),
    hostPorts: hostPorts(pod),
    tolerations: spec.tolerations ?? [],
    ownerKey: owner ? `${namespace}/${owner.uid}` : undefined,
    spread: (spec.topologySpreadConstraints ?? []).map((one) => spread(one, namespace, labels)),
    affinity: (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    antiAffinity: (anti?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term),
    preferred: [
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted(1)),
      ...(anti?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weighted(-1)),
    ],
  }
}

function hostPorts(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')
  return [...sidecars, ...(pod.spec?.containers ?? [])]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => ({
      protocol: port.protocol ?? 'TCP',
      ip: port.hostIP || '0.0.0.0',
      port: port.hostPort ?? 0,
    }))
}

/** Adds `key in/notin (own value)` for matchLabelKeys and mismatchLabelKeys. */
function withOwnLabels(
  selector: PodAffinityTerm['labelSelector'],
  own: Labels,
  match: readonly string[] = [],
  mismatch: readonly string[] = [],
): PodAffinityTerm['labelSelector'] {
  if (!selector || match.length + mismatch.length === 0) return selector
  const extra = [
    ...match.map((key) => ({ key, operator: 'In' })),
    ...mismatch.map((key) => ({ key, operator: 'NotIn' })),
  ].flatMap(({ key, operator }) => {
    const value = own.get(key)
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...extra] }
}

function affinityTerm(term: PodAffinityTerm, namespace: string, own: Labels): AffinityTerm {
  const selector = withOwnLabels(
    term.labelSelector,
    own,
    term.matchLabelKeys,
    term.mismatchLabelKeys,
  )
  const named = new Set(term.namespaces ?? [])
  // An empty namespaceSelector means every namespace; others need namespace labels, which the
  // scheduler does not watch: they select by `namespaces` alone.
  const everywhere =
    term.namespaceSelector !== undefined &&
    Object.keys(term.namespaceSelector.matchLabels ?? {}).length === 0 &&
    (term.namespaceSelector.matchExpressions ?? []).length === 0
  if (!everywhere && named.size === 0) named.add(namespace)
  const matches = labelMatcher(selector)
  const where = everywhere ? '*' : [...named].sort().join(',')
  return {
    key: `${where}|${JSON.stringify(selector ?? null)}`,
    topologyKey: term.topologyKey,
    matches: (pod) => (everywhere || named.has(pod.namespace)) && matches(pod.labels),
  }
}

function spread(one: TopologySpreadConstraint, namespace: string, own: Labels): SpreadConstraint {
  const selector = withOwnLabels(one.labelSelector, own, one.matchLabelKeys)
  const matches = labelMatcher(selector)
  return {
    set: {
      key: `${namespace}|${JSON.stringify(selector ?? null)}`,
      matches: (pod) => pod.namespace === namespace && stays(pod) && matches(pod.labels),
    },
    maxSkew: one.maxSkew,
    minDomains: one.minDomains ?? 1,
    topologyKey: one.topologyKey,
    hard: one.whenUnsatisfiable === 'DoNotSchedule',
    honorAffinity: one.nodeAffinityPolicy !== 'Ignore',
    honorTaints: one.nodeTaintsPolicy === 'Honor',
  }
}

/** The pods of the controller that made this one, which spread over nodes and zones by default. */
export function ownerSet(pod: PodInfo): PodSet | undefined {
  const { ownerKey } = pod
  if (ownerKey === undefined) return undefined
  return { key: ownerKey, matches: (other) => other.ownerKey === ownerKey && stays(other) }
}

/** Spreading counts no pod that is on its way out. */
function stays(pod: PodInfo): boolean {
  return pod.pod.metadata.deletionTimestamp === undefined
}
