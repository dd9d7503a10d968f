import type { AnyObject, Kind } from '../../kinds/kind.ts'
import type { Versions } from '../apply/across-versions.ts'
import { shapeOf } from '../apply/shape.ts'
import { groupVersion } from '../errors.ts'
import type { ResourceContext } from '../handlers/resource-context.ts'
import type { Json } from '../patch/json-value.ts'
import { convertObjects } from './convert-objects.ts'

/** Versions of one resource that are stored as the same objects (apiserver EquivalentResourceMapper). */
export function otherVersions({ kind, kinds }: ResourceContext): readonly Kind[] {
  const place = (one: Kind) => `${one.storedAs?.group ?? one.group}/${one.resource}`
  const own = place(kind)
  return kinds.all.filter((one) => one !== kind && place(one) === own)
}

/** An object in another version of its resource. Leaves its argument as it is. */
export async function inVersion(
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

/** The versions in which the owners of an object's fields may have written. */
export function versionsOf(context: ResourceContext): Versions {
  const known = new Map(
    [context.kind, ...otherVersions(context)].map((kind) => [groupVersion(kind), kind]),
  )
  return {
    shapeOf: (apiVersion) => {
      const kind = known.get(apiVersion)
      return kind && shapeOf(kind)
    },
    convert: async (object, from, to) => {
      const [source, target] = [known.get(from), known.get(to)]
      if (!source || !target) return object
      return (await inVersion(context, object as never, source, target)) as unknown as Json
    },
  }
}
