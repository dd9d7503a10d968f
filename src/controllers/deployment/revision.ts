import type { Deployment, ReplicaSet } from '../../kinds/types.ts'
import { controllerReference } from '../ownership.ts'
import { boundsOf, desiredAnnotation, maxAnnotation } from './sizes.ts'
import { templateHash, templateHashLabel } from './template.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'

/** Annotations of a deployment that its replica sets do not inherit. */
const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deprecated.deployment.rollback.to',
])

type Annotations = Record<string, string>

/** Revisions are 64 bits wide: anybody may write one of nineteen digits. What is none counts as 0. */
export function revisionOf(object: {
  metadata: { annotations?: Annotations | undefined }
}): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation] ?? ''
  if (!/^\d{1,19}$/.test(text)) return 0n
  const revision = BigInt(text)
  return BigInt.asIntN(64, revision) === revision ? revision : 0n
}

/** The revision that the new set has or gets: one more than any old set's. */
export function nextRevision(oldSets: readonly ReplicaSet[]): bigint {
  return oldSets.map(revisionOf).reduce((most, one) => (one > most ? one : most), 0n) + 1n
}

/**
 * The annotations that the new set should have: those of the deployment, so that history shows its
 * change-cause, and its revision, with those it had before it became new again by a rollback.
 */
export function newSetAnnotations(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Annotations {
  const annotations = copy(newSet?.metadata.annotations)
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!ownAnnotations.has(name)) annotations[name] = value
  const revision = nextRevision(oldSets)
  const known = newSet ? revisionOf(newSet) : 0n
  if (known >= revision) return annotations
  annotations[revisionAnnotation] = String(revision)
  if (known > 0n) {
    const history = annotations[historyAnnotation]
    annotations[historyAnnotation] = history ? `${history},${known}` : String(known)
  }
  return annotations
}

/** Annotations that say for which wanted number a set was sized. */
export function sizeAnnotations(deployment: Deployment): Annotations {
  const { replicas, maxSurge } = boundsOf(deployment)
  return {
    [desiredAnnotation]: String(replicas),
    [maxAnnotation]: String(replicas + maxSurge),
  }
}

/** The replica set for the present template. */
export function newReplicaSet(
  deployment: Deployment,
  oldSets: readonly ReplicaSet[],
  replicas: number,
): ReplicaSet {
  const { spec, metadata, status } = deployment
  const template = spec?.template ?? {}
  const hash = templateHash(template, status?.collisionCount ?? 0)
  const labels = { ...template.metadata?.labels, [templateHashLabel]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: {
        ...newSetAnnotations(deployment, undefined, oldSets),
        ...sizeAnnotations(deployment),
      },
      ownerReferences: [controllerReference('apps/v1', 'Deployment', deployment)],
    },
    spec: {
      replicas,
      ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector.matchLabels, [templateHashLabel]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

export function sameAnnotations(one: Annotations | undefined, other: Annotations): boolean {
  const names = new Set([...Object.keys(one ?? {}), ...Object.keys(other)])
  return [...names].every((name) => one?.[name] === other[name])
}

/** Spread defines properties, so a key like `__proto__` stays a key. */
function copy(annotations: Annotations | undefined): Annotations {
  return Object.assign(Object.create(null), { ...annotations }) as Annotations
}
