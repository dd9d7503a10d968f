import type { ResourcePath } from '../client/typed.ts'
import { allKinds } from '../kinds/scheme.ts'

/** A kind whose objects can be deleted, and where they are. */
export interface DeletableKind {
  readonly kind: string
  readonly path: ResourcePath
}

/** Of a kind that is served in several versions, the stored one alone: its objects are the same. */
export const deletableKinds: readonly DeletableKind[] = allKinds
  .filter(({ verbs, storedAs }) => storedAs === undefined && verbs.includes('delete'))
  .map(({ kind, group, version, resource, namespaced }) => ({
    kind,
    path: Object.freeze({ group, version, resource, namespaced }),
  }))

/** Those that make others, and those that others hold on to, in the order of removal once pods are gone. */
const firstToGo = [
  'horizontalpodautoscalers',
  'cronjobs',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'replicasets',
  'replicationcontrollers',
  'services',
  'endpointslices',
  'endpoints',
]

/** What a namespace can hold: owners first, so that nobody makes anew what goes; events last. */
export const namespacedPaths: readonly ResourcePath[] = deletableKinds
  .map(({ path }) => path)
  .filter(({ namespaced }) => namespaced)
  .sort((left, right) => rank(left) - rank(right))

function rank({ resource }: ResourcePath): number {
  const at = firstToGo.indexOf(resource)
  if (at >= 0) return at
  return resource === 'events' ? firstToGo.length + 1 : firstToGo.length
}
