import { paths } from '../../client/resources.ts'
import type { KubernetesObject, ResourcePath } from '../../client/typed.ts'
import type { ReplicaSet, ReplicaSetStatus, ReplicationController } from '../../kinds/types.ts'

/** A kind that keeps a number of equal pods, seen as a ReplicaSet. */
export interface ReplicaKind {
  readonly controllerName: string
  readonly kind: string
  readonly path: ResourcePath
  /** The same view for the same object, with apiVersion and kind. Objects of copies are frozen. */
  toSet(object: KubernetesObject): ReplicaSet
  /** What to write to /status. */
  withStatus(set: ReplicaSet, status: ReplicaSetStatus): KubernetesObject
}

export const replicaSetKind: ReplicaKind = {
  controllerName: 'replica-set',
  kind: 'ReplicaSet',
  path: paths.replicaSets,
  toSet: onceEach((set: ReplicaSet) => ({ ...set, apiVersion: 'apps/v1', kind: 'ReplicaSet' })),
  withStatus: (set, status) => ({ ...set, status }),
}

/** The elder form: its selector is a plain map (pkg/controller/replication/conversion.go). */
export const replicationControllerKind: ReplicaKind = {
  controllerName: 'replication-controller',
  kind: 'ReplicationController',
  path: paths.replicationControllers,
  toSet: onceEach(({ spec, ...rest }: ReplicationController) => ({
    ...rest,
    ...{ apiVersion: 'v1', kind: 'ReplicationController' },
    spec: { ...spec, selector: { matchLabels: spec?.selector ?? {} } },
  })),
  withStatus: ({ spec, ...rest }, { terminatingReplicas: _, ...status }) => ({
    ...rest,
    spec: { ...spec, selector: spec?.selector?.matchLabels },
    status,
  }),
}

function onceEach<T extends KubernetesObject>(
  view: (object: T) => ReplicaSet,
): (object: KubernetesObject) => ReplicaSet {
  const views = new WeakMap<KubernetesObject, ReplicaSet>()
  return (object) => {
    const known = views.get(object)
    if (known) return known
    const made = view(object as T)
    views.set(object, made)
    return made
  }
}
