import type { AnyObject } from '../../kinds/kind.ts'
import type { Attributes, ObjectKind, ResourceContext } from '../handlers/resource-context.ts'

const k8s = 'io.k8s.api'

/** Kinds of what is sent to subresources, by the name of the subresource. */
export const partKinds = {
  scale: objectKind('autoscaling', 'Scale', `${k8s}.autoscaling.v1.Scale`),
  binding: objectKind('', 'Binding', `${k8s}.core.v1.Binding`),
  eviction: objectKind('policy', 'Eviction', `${k8s}.policy.v1.Eviction`),
  token: objectKind(
    'authentication.k8s.io',
    'TokenRequest',
    `${k8s}.authentication.v1.TokenRequest`,
  ),
} as const

function objectKind(group: string, kind: string, definition: string): ObjectKind {
  return { group, version: 'v1', kind, definition }
}

/**
 * Asks webhooks and policies about what is sent to a subresource: made there (CREATE), or put in the place
 * of `old` (UPDATE). Returns it as they leave it. Throws refusals.
 */
export async function admitPart(
  context: ResourceContext,
  part: keyof typeof partKinds,
  object: AnyObject,
  dryRun: boolean,
  old?: AnyObject,
): Promise<AnyObject> {
  const { dynamic } = context.shared
  const attributes: Attributes = {
    ...{ context, object, old, dryRun, objectKind: partKinds[part] },
    operation: old ? 'UPDATE' : 'CREATE',
  }
  const mutated = (await dynamic.mutate(attributes)) ?? object
  await dynamic.validate({ ...attributes, object: mutated })
  return mutated
}
