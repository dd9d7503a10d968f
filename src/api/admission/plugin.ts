import type { AnyObject } from '../../kinds/kind.ts'
import type { Claims, ResourceContext } from '../handlers/resource-context.ts'

/**
 * One admission plugin (apiserver pkg/admission). Each part is optional. Store look-ups read this
 * member's replica: what is refused is decided again after a barrier when the replica lagged.
 */
export interface AdmissionPlugin {
  /** As Kubernetes names it. */
  readonly name: string
  /** `pods`, or `storage.k8s.io/csinodes`; all resources when left out. */
  readonly resources?: readonly string[]
  /** Completes a new object, before its kind's validation. May run twice on the same object. */
  complete?(context: ResourceContext, object: AnyObject): void
  /** Completes an object that is to take the place of `old`; not asked about subresources. */
  completeUpdate?(context: ResourceContext, object: AnyObject, old: AnyObject): void
  /**
   * Refuses, by throwing, a write from `old` (undefined for a creation) to `object` (undefined for a
   * deletion).
   */
  judge?(context: ResourceContext, object: AnyObject | undefined, old: AnyObject | undefined): void
  /** What must change in the same transaction. Called for every attempt, after `judge`. */
  claims?(
    context: ResourceContext,
    object: AnyObject | undefined,
    old: AnyObject | undefined,
  ): Claims
}

/** How a plugin names a resource. */
export function pluginResource({ group, resource }: { group: string; resource: string }): string {
  return group === '' ? resource : `${group}/${resource}`
}
