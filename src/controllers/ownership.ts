import type { KubernetesObject } from '../client/typed.ts'
import type { Labels } from '../kinds/selector.ts'
import type { ObjectMeta, OwnerReference } from '../kinds/types.ts'

/** The one reference that says who manages an object; undefined for an orphan. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true)
}

/** The reference with which `owner` manages an object. */
export function controllerReference(
  apiVersion: string,
  kind: string,
  owner: { readonly metadata: ObjectMeta },
): OwnerReference {
  return {
    apiVersion,
    kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

export interface Claims<T> {
  readonly owned: readonly T[]
  /** Orphans that match: take them. */
  readonly adopt: readonly T[]
  /** Owned ones that match no more: let them go. */
  readonly release: readonly T[]
}

/**
 * Sorts candidates by what their manager has to do with them (pkg/controller/
 * controller_ref_manager.go). An owner that is being deleted neither adopts nor releases.
 */
export function claim<T extends KubernetesObject>(
  owner: KubernetesObject,
  matches: (labels: Labels, candidate: T) => boolean,
  candidates: readonly T[],
): Claims<T> {
  const deleting = owner.metadata.deletionTimestamp !== undefined
  const owned: T[] = []
  const adopt: T[] = []
  const release: T[] = []
  for (const candidate of candidates) {
    const reference = controllerOf(candidate)
    const matching = matches(candidate.metadata.labels, candidate)
    if (reference) {
      if (reference.uid !== owner.metadata.uid) continue
      if (matching) owned.push(candidate)
      else if (!deleting) release.push(candidate)
    } else if (matching && !deleting && candidate.metadata.deletionTimestamp === undefined)
      adopt.push(candidate)
  }
  return { owned, adopt, release }
}

/**
 * The merge patch that adds a reference, and a finalizer with it when one is given; the uid makes it hit
 * only the object that was meant.
 */
export function adoptPatch(
  object: KubernetesObject,
  reference: OwnerReference,
  finalizer?: string,
): unknown {
  const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = object.metadata
  const held =
    finalizer === undefined || finalizers.includes(finalizer)
      ? {}
      : { finalizers: [...finalizers, finalizer] }
  return {
    metadata: { uid, resourceVersion, ownerReferences: [...ownerReferences, reference], ...held },
  }
}

/** The merge patch that removes the references to these owners, and their finalizer when one is given. */
export function releasePatch(
  object: KubernetesObject,
  ownerUids: ReadonlySet<string>,
  finalizer?: string,
): unknown {
  const { uid, resourceVersion, ownerReferences = [], finalizers = [] } = object.metadata
  const kept = ownerReferences.filter((reference) => !ownerUids.has(reference.uid))
  const left = finalizers.filter((one) => one !== finalizer)
  const freed = left.length < finalizers.length ? { finalizers: left.length > 0 ? left : null } : {}
  return {
    metadata: {
      uid,
      resourceVersion,
      ownerReferences: kept.length > 0 ? kept : null,
      ...freed,
    },
  }
}

/** Index function: the uid of the manager. */
export function byController(object: KubernetesObject): readonly string[] {
  const reference = controllerOf(object)
  return reference ? [reference.uid] : []
}

/** Index function: the namespace. */
export function byNamespace(object: KubernetesObject): readonly string[] {
  return [object.metadata.namespace ?? '']
}
