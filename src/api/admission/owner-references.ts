import type { AnyObject } from '../../kinds/kind.ts'
import type { OwnerReference } from '../../kinds/types.ts'
import type { HandlerContext } from '../context.ts'
import { type Json, jsonEqual } from '../patch/json-value.ts'

const isSame = (one: OwnerReference, other: OwnerReference): boolean =>
  one.uid === other.uid && jsonEqual(one as unknown as Json, other as unknown as Json)

/**
 * Takes out owners that an object names twice, and tells its writer (apiserver pkg/endpoints/handlers/rest.go,
 * dedupOwnerReferencesAndAddWarning).
 */
export function withoutRepeatedOwners(
  { warnings }: Pick<HandlerContext, 'warnings'>,
  { metadata }: AnyObject,
  isAdmitted: boolean,
): void {
  const owners = metadata.ownerReferences
  if (!owners || owners.length < 2) return
  const left: OwnerReference[] = []
  const repeated: string[] = []
  for (const owner of owners) {
    if (left.some((one) => isSame(one, owner))) repeated.push(owner.uid ?? '')
    else left.push(owner)
  }
  if (repeated.length === 0) return
  const when = isAdmitted ? ' after mutating admission happens' : ''
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  )
  metadata.ownerReferences = left
}
