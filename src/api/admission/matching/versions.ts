import type { AnyObject, Kind } from '../../../kinds/kind.ts'
import { groupVersion } from '../../errors.ts'
import { convertObjects } from '../../extension/convert-objects.ts'
import type { Attributes, ResourceContext } from '../../handlers/resource-context.ts'

/** Versions of one resource that are stored as the same objects (apiserver EquivalentResourceMapper). */
export function otherVersions({ context: { kind, kinds } }: Attributes): readonly Kind[] {
  const place = (one: Kind) => `${one.storedAs?.group ?? one.group}/${one.resource}`
  const own = place(kind)
  return kinds.all.filter((one) => one !== kind && place(one) === own)
}

/** The request as who asked for another version of the resource sees it. */
export async function seenAs(attributes: Attributes, kind: Kind): Promise<Attributes> {
  const { context, object, old, objectKind } = attributes
  if (kind === context.kind) return attributes
  // A Scale is the same in whatever version its resource is named.
  if (objectKind) return { ...attributes, seenAs: kind }
  const shown = (one: AnyObject | undefined) => one && converted(context, one, context.kind, kind)
  return { ...attributes, seenAs: kind, object: await shown(object), old: await shown(old) }
}

/** What was made of an object in another version, in the version of the request. */
export async function asRequested(
  { context, seenAs: from, objectKind }: Attributes,
  object: AnyObject,
): Promise<AnyObject> {
  return !from || objectKind ? object : await converted(context, object, from, context.kind)
}

async function converted(
  { kinds, options }: ResourceContext,
  object: AnyObject,
  from: Kind,
  to: Kind,
): Promise<AnyObject> {
  if (!to.custom) {
    const stored = from.storedAs?.toStored(object) ?? object
    return to.storedAs?.fromStored(stored) ?? stored
  }
  const conversion = kinds.definitionOf(to.group, to.resource)?.spec.conversion
  const copy = { ...structuredClone(object), apiVersion: groupVersion(from), kind: from.kind }
  const [result = copy] = await convertObjects(conversion, [copy], groupVersion(to), options)
  return result
}
