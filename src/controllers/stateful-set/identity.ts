import type {
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  Volume,
} from '../../kinds/types.ts'
import { hashLabel } from '../controller-history/decide.ts'
import { controllerReference } from '../ownership.ts'

/** What makes a pod of a stateful set the one of its ordinal (stateful_set_utils.go). */

const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'
const ordinalMax = 2 ** 31 - 1

/** The number that a pod's name gives it; undefined when it is no name of this set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const { name = '' } = pod.metadata
  const prefix = `${set.metadata.name}-`
  if (!name.startsWith(prefix)) return undefined
  const digits = name.slice(prefix.length)
  if (!/^(0|[1-9]\d{0,9})$/.test(digits)) return undefined
  const ordinal = Number(digits)
  return ordinal <= ordinalMax ? ordinal : undefined
}

export function startOf({ spec }: StatefulSet): number {
  return spec?.ordinals?.start ?? 0
}

export function replicasOf({ spec }: StatefulSet): number {
  return spec?.replicas ?? 1
}

/** True when the set wants a pod of this ordinal. */
export function isInRange(set: StatefulSet, ordinal: number): boolean {
  return ordinal >= startOf(set) && ordinal < startOf(set) + replicasOf(set)
}

export function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.[hashLabel] ?? ''
}

/** The pod of an ordinal, made from the template of a revision. */
export function podOf(
  set: StatefulSet,
  template: PodTemplateSpec | undefined,
  revision: string,
  ordinal: number,
): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {}
  const name = `${set.metadata.name}-${ordinal}`
  const subdomain = set.spec?.serviceName
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...labels, [hashLabel]: revision },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference('apps/v1', 'StatefulSet', set)],
    },
    spec: {
      containers: [],
      ...template?.spec,
      hostname: name,
      ...(subdomain ? { subdomain } : {}),
    },
  }
  return withIdentity(set, pod, ordinal)
}

/** The same pod with the labels of its ordinal and the volumes of its claims. */
export function withIdentity(set: StatefulSet, pod: Pod, ordinal: number): Pod {
  const { name = '', labels } = pod.metadata
  const claims = set.spec?.volumeClaimTemplates ?? []
  const claimed = new Set(claims.map((claim) => claim.metadata.name))
  const volumes: Volume[] = [
    ...claims.map((claim) => ({
      name: claim.metadata.name ?? '',
      persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
    })),
    ...(pod.spec?.volumes ?? []).filter((volume) => !claimed.has(volume.name)),
  ]
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...labels, [podNameLabel]: name, [podIndexLabel]: String(ordinal) },
    },
    spec: { containers: [], ...pod.spec, ...(volumes.length > 0 ? { volumes } : {}) },
  }
}

/** False for a pod that somebody changed, or that was adopted: it is put right in place. */
export function hasIdentity(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  if (pod.metadata.labels?.[podNameLabel] !== pod.metadata.name) return false
  return (set.spec?.volumeClaimTemplates ?? []).every((claim) => {
    const volume = pod.spec?.volumes?.find(({ name }) => name === claim.metadata.name)
    return volume?.persistentVolumeClaim?.claimName === claimName(set, claim, ordinal)
  })
}

function claimName(set: StatefulSet, claim: PersistentVolumeClaim, ordinal: number): string {
  return `${claim.metadata.name}-${set.metadata.name}-${ordinal}`
}

/** The claims of an ordinal as the set makes them. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const { labels, annotations, finalizers } = template.metadata
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName(set, template, ordinal),
        namespace: set.metadata.namespace,
        labels: { ...labels, ...set.spec?.selector.matchLabels },
        ...(annotations ? { annotations } : {}),
        ...(finalizers ? { finalizers } : {}),
      },
      spec: template.spec,
    }
  })
}
