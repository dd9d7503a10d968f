import { createHash } from 'node:crypto'
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../kinds/types.ts'

/** Label that keeps the pods of a deployment's replica sets apart. */
export const templateHashLabel = 'pod-template-hash'

/** Letters and digits that spell no words, as Kubernetes picks them for generated names. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const hashCharacters = 10

/** Names a template: equal templates have equal names; another collision count gives another name. */
export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  const digest = createHash('sha256')
    .update(canonical(withoutHash(template)))
    .update(`#${collisionCount}`)
    .digest()
  let name = ''
  for (const byte of digest.subarray(0, hashCharacters)) name += alphabet[byte % alphabet.length]
  return name
}

/** True when both make the same pods; the hash label does not count. */
export function sameTemplate(
  one: PodTemplateSpec | undefined,
  other: PodTemplateSpec | undefined,
): boolean {
  return canonical(withoutHash(one ?? {})) === canonical(withoutHash(other ?? {}))
}

/** The replica set that runs the deployment's present template: the oldest, should there be several. */
export function findNewReplicaSet(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  return oldestFirst(replicaSets).find((set) =>
    sameTemplate(set.spec?.template, deployment.spec?.template),
  )
}

export function oldestFirst(replicaSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return [...replicaSets].sort((one, other) => {
    const [a, b] = [one.metadata.creationTimestamp ?? '', other.metadata.creationTimestamp ?? '']
    if (a !== b) return a < b ? -1 : 1
    return (one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1
  })
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const labels = template.metadata?.labels
  if (labels?.[templateHashLabel] === undefined) return template
  const { [templateHashLabel]: _, ...others } = labels
  return { ...template, metadata: { ...template.metadata, labels: others } }
}

/** JSON with sorted keys, without what is empty: a missing map and an empty one mean the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const parts = Object.entries(value)
    .filter(([, inner]) => !isEmpty(inner))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`)
  return `{${parts.join()}}`
}

/** An empty object stays: `emptyDir: {}` says something. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0)
}
