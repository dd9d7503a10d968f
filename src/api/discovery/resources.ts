import { createHash } from 'node:crypto'
import { compareVersionNames } from '../../kinds/apiextensions/version-order.ts'
import type { CustomContent, Kind } from '../../kinds/kind.ts'

/** A resource as discovery describes it. */
export interface DiscoveredResource {
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly DiscoveredSubresource[]
  /** Of what is stored: another one says that objects are to be written again. */
  readonly storageVersionHash?: string
  /** Of custom kinds: what takes the place of a definition. */
  readonly custom?: CustomContent
  /** Of custom kinds: what field selectors may name, beside name and namespace. */
  readonly selectableFields?: readonly string[]
}

export interface DiscoveredSubresource {
  readonly name: string
  readonly kind: string
  /** Group and version of its bodies; both '' when they are those of the parent. */
  readonly group: string
  readonly version: string
  readonly verbs: readonly string[]
}

export interface GroupVersion {
  readonly group: string
  readonly version: string
  /** Sorted by name. */
  readonly resources: readonly DiscoveredResource[]
  /** Its server, behind a Service, did not answer: this is what it last said. */
  readonly isStale?: boolean
}

/** Bodies that are answered, or acted upon, and never stored. */
const reviews: readonly DiscoveredResource[] = [
  { ...review('', 'Binding'), namespaced: true },
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authentication.k8s.io', 'TokenReview'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'SubjectAccessReview'),
  { ...review('authorization.k8s.io', 'LocalSubjectAccessReview'), namespaced: true },
]

/** Measured when somebody asks, and never stored: metrics.k8s.io. */
const metrics: readonly DiscoveredResource[] = [
  { ...measured('NodeMetrics', 'nodes'), namespaced: false },
  measured('PodMetrics', 'pods'),
]

function measured(kind: string, resource: string): DiscoveredResource {
  return {
    ...review('metrics.k8s.io', kind),
    version: 'v1beta1',
    resource,
    singular: '',
    namespaced: true,
    verbs: ['get', 'list'],
  }
}

/** The order in which Kubernetes names its groups; others follow by name. */
const groupOrder = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** Everything that is served, by group and version, in discovery's order. */
export function groupVersions(kinds: readonly Kind[]): readonly GroupVersion[] {
  const found = new Map<string, DiscoveredResource[]>()
  for (const resource of [...kinds.map(describe), ...reviews, ...metrics]) {
    const key = `${resource.group}/${resource.version}`
    found.set(key, [...(found.get(key) ?? []), resource])
  }
  return [...found.values()]
    .map((resources) => ({
      group: resources[0]?.group ?? '',
      version: resources[0]?.version ?? '',
      resources: resources.sort(byName),
    }))
    .sort(
      (left, right) =>
        rank(left.group) - rank(right.group) ||
        compare(left.group, right.group) ||
        byVersion(left, right),
    )
}

/** Kubernetes' own groups name their versions in the order of their kinds, others by stability. */
function byVersion(left: GroupVersion, right: GroupVersion): number {
  return groupOrder.includes(left.group) ? 0 : compareVersionNames(left.version, right.version)
}

/** `v1` or `apps/v1`. */
export function groupVersionName({
  group,
  version,
}: Pick<GroupVersion, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

function describe(kind: Kind): DiscoveredResource {
  return {
    group: kind.group,
    version: kind.version,
    resource: kind.resource,
    singular: kind.singular,
    kind: kind.kind,
    namespaced: kind.namespaced,
    verbs: [...kind.verbs].sort(),
    shortNames: kind.shortNames,
    categories: kind.categories,
    storageVersionHash: storageVersionHash(kind),
    ...(kind.custom ? { custom: kind.custom, selectableFields: kind.selectableFieldNames } : {}),
    subresources: kind.subresources
      .map((sub) => ({
        name: sub.name,
        kind: sub.kind,
        group: sub.group === kind.group ? '' : sub.group,
        version: sub.group === kind.group || sub.group === '' ? '' : sub.version,
        verbs: [...sub.verbs].sort(),
      }))
      .sort((left, right) => compare(left.name, right.name)),
  }
}

/** As clients compare it (apiserver pkg/endpoints/discovery/storageversionhash.go: StorageVersionHash). */
function storageVersionHash({ group, version, kind, storedAs, custom }: Kind): string {
  const stored = storedAs ?? { group, version: custom?.storageVersion ?? version }
  const name = `${stored.group}/${stored.version}/${kind}`
  return createHash('sha256').update(name).digest().subarray(0, 8).toString('base64')
}

function review(group: string, kind: string): DiscoveredResource {
  const singular = kind.toLowerCase()
  return {
    group,
    version: 'v1',
    resource: `${singular}s`,
    singular,
    kind,
    namespaced: false,
    verbs: ['create'],
    shortNames: [],
    categories: [],
    subresources: [],
  }
}

function rank(group: string): number {
  const at = groupOrder.indexOf(group)
  return at < 0 ? groupOrder.length : at
}

function byName(left: DiscoveredResource, right: DiscoveredResource): number {
  return compare(left.resource, right.resource)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
