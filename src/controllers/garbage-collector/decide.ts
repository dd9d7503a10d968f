import type { KubernetesObject } from '../../client/typed.ts'
import type { OwnerReference } from '../../kinds/types.ts'

export const foregroundFinalizer = 'foregroundDeletion'
export const orphanFinalizer = 'orphan'

/** What became of an owner: there, gone, or itself waiting until its dependents are gone. */
export type OwnerState = 'solid' | 'absent' | 'waiting'

export interface GarbageState {
  readonly object: KubernetesObject
  /** The state of each of its owners, by uid. */
  readonly owners: ReadonlyMap<string, OwnerState>
  /** Objects that name it as an owner. */
  readonly dependents: readonly KubernetesObject[]
}

export type GarbageAction =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'delete'
      readonly policy: 'Background' | 'Foreground' | 'Orphan'
      /** First make its references unblocking: owners and dependents wait for each other in a circle. */
      readonly unblock: boolean
    }
  /** Some owners are gone, others are not: only the references to those gone go. */
  | { readonly kind: 'forget-owners'; readonly uids: ReadonlySet<string> }
  /** Its dependents that block it have to go first. */
  | { readonly kind: 'collect-dependents'; readonly dependents: readonly KubernetesObject[] }
  /** Its dependents shall outlive it: they lose their references, then it its finalizer. */
  | { readonly kind: 'orphan-dependents'; readonly dependents: readonly KubernetesObject[] }
  | { readonly kind: 'remove-finalizer'; readonly finalizer: string }

/** What the collector does about one object (pkg/controller/garbagecollector, attemptToDeleteItem). */
export function decideGarbage({ object, owners, dependents }: GarbageState): GarbageAction {
  const { deletionTimestamp } = object.metadata
  if (deletionTimestamp && hasFinalizer(object, orphanFinalizer))
    return dependents.length > 0
      ? { kind: 'orphan-dependents', dependents }
      : { kind: 'remove-finalizer', finalizer: orphanFinalizer }
  if (isWaiting(object)) return whileWaiting(object, dependents)
  if (deletionTimestamp) return { kind: 'nothing' }
  const references = object.metadata.ownerReferences ?? []
  if (references.length === 0) return { kind: 'nothing' }
  return byOwners(object, references, owners, dependents)
}

/** True while it is deleted in the foreground: it goes after its dependents. */
export function isWaiting(object: KubernetesObject): boolean {
  return (
    object.metadata.deletionTimestamp !== undefined && hasFinalizer(object, foregroundFinalizer)
  )
}

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false
}

function whileWaiting(
  object: KubernetesObject,
  dependents: readonly KubernetesObject[],
): GarbageAction {
  const uid = object.metadata.uid
  const blocking = dependents.filter((dependent) =>
    dependent.metadata.ownerReferences?.some(
      (reference) => reference.uid === uid && reference.blockOwnerDeletion === true,
    ),
  )
  if (blocking.length === 0) return { kind: 'remove-finalizer', finalizer: foregroundFinalizer }
  return {
    kind: 'collect-dependents',
    dependents: blocking.filter((dependent) => !isWaiting(dependent)),
  }
}

function byOwners(
  object: KubernetesObject,
  references: readonly OwnerReference[],
  owners: ReadonlyMap<string, OwnerState>,
  dependents: readonly KubernetesObject[],
): GarbageAction {
  const withState = (state: OwnerState) =>
    references.filter(({ uid }) => owners.get(uid) === state).map(({ uid }) => uid)
  const gone = [...withState('absent'), ...withState('waiting')]
  // An owner of a kind that is not known here counts as one that is there: never delete on a guess.
  if (gone.length < references.length)
    return gone.length === 0 ? { kind: 'nothing' } : { kind: 'forget-owners', uids: new Set(gone) }
  if (withState('waiting').length > 0 && dependents.length > 0)
    return { kind: 'delete', policy: 'Foreground', unblock: dependents.some(isWaiting) }
  const policy = hasFinalizer(object, orphanFinalizer)
    ? 'Orphan'
    : hasFinalizer(object, foregroundFinalizer)
      ? 'Foreground'
      : 'Background'
  return { kind: 'delete', policy, unblock: false }
}
