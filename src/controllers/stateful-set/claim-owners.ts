import type {
  ObjectMeta,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../kinds/types.ts'
import { controllerReference } from '../ownership.ts'

/**
 * Who owns a claim, so that the garbage collector removes it when the policy of its set says so:
 * the set, when claims go with it; the pod, when claims go with scaling down and the pod is surplus.
 */

interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

const setOwner = ({ metadata }: StatefulSet): Owner => ({
  ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata },
})
const podOwner = ({ metadata }: Pod): Owner => ({ apiVersion: 'v1', kind: 'Pod', metadata })

function names(reference: OwnerReference, owner: Owner): boolean {
  return (
    reference.apiVersion === owner.apiVersion &&
    reference.kind === owner.kind &&
    reference.name === owner.metadata.name
  )
}

const ownersOf = ({ metadata }: PersistentVolumeClaim) => metadata.ownerReferences ?? []

function policyOf({ spec }: StatefulSet): { deleted: boolean; scaled: boolean } {
  const { whenDeleted, whenScaled } = spec?.persistentVolumeClaimRetentionPolicy ?? {}
  return { deleted: whenDeleted === 'Delete', scaled: whenScaled === 'Delete' }
}

/** True for a claim of a former pod or set of the same name, which is about to go. */
function isStaleFor(claim: PersistentVolumeClaim, owner: Owner): boolean {
  const reference = ownersOf(claim).find((one) => names(one, owner))
  return reference !== undefined && reference.uid !== owner.metadata.uid
}

/** True when a pod may not be made yet: its claim goes with its predecessor. */
export function blocksCreation(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): boolean {
  return policyOf(set).scaled && isStaleFor(claim, podOwner(pod))
}

/** True when somebody else manages the claim: then the policy is not followed for it. */
export function isManagedElsewhere(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
): boolean {
  const { deleted, scaled } = policyOf(set)
  if (!deleted && !scaled) return false
  return ownersOf(claim).some((reference) => {
    const owner = [setOwner(set), podOwner(pod)].find((one) => names(reference, one))
    return owner ? reference.uid !== owner.metadata.uid : reference.controller === true
  })
}

/**
 * The owners that the claim of a pod should have; undefined when it has them (isClaimOwnerUpToDate,
 * updateClaimOwnerRefForSetAndPod). `isSurplus`: the set wants no such pod any more.
 */
export function wantedOwners(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
  isSurplus: boolean,
): OwnerReference[] | undefined {
  const owners = [setOwner(set), podOwner(pod)]
  if (owners.some((owner) => isStaleFor(claim, owner))) return undefined
  const others = ownersOf(claim).filter((one) => !owners.some((owner) => names(one, owner)))
  const mine = ownersOf(claim).filter((one) =>
    owners.some((owner) => one.uid === owner.metadata.uid),
  )
  if (isManagedElsewhere(set, pod, claim)) return mine.length > 0 ? others : undefined
  const { deleted, scaled } = policyOf(set)
  const wanted: Owner[] = []
  if (scaled && isSurplus) wanted.push(podOwner(pod))
  else if (deleted) wanted.push(setOwner(set))
  const isRight =
    mine.length === wanted.length &&
    mine.every(
      ({ uid, controller }) =>
        controller === true && wanted.some((owner) => owner.metadata.uid === uid),
    )
  if (isRight) return undefined
  return [
    ...others,
    ...wanted.map((owner) => controllerReference(owner.apiVersion, owner.kind, owner)),
  ]
}
