import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { inVersion } from '../../extension/other-versions.ts'
import type { Attributes } from '../../handlers/resource-context.ts'

/** The request as who asked for another version of the resource sees it. */
export async function seenAs(attributes: Attributes, kind: Kind): Promise<Attributes> {
  const { context, object, old, objectKind } = attributes
  if (kind === context.kind) return attributes
  // A Scale is the same in whatever version its resource is named.
  if (objectKind) return { ...attributes, seenAs: kind }
  const shown = (one: AnyObject | undefined) => one && inVersion(context, one, context.kind, kind)
  return { ...attributes, seenAs: kind, object: await shown(object), old: await shown(old) }
}

/** What was made of an object in another version, in the version of the request. */
export async function asRequested(
  { context, seenAs: from, objectKind }: Attributes,
  object: AnyObject,
): Promise<AnyObject> {
  return !from || objectKind ? object : await inVersion(context, object, from, context.kind)
}
