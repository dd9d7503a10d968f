import { type FieldSet, FieldSet as Fields, wholeField } from './field-set.ts'
import type { Ownership } from './managed-fields.ts'
import { memberShape, type Shape } from './shape.ts'

/**
 * Who owned parts of what is one whole by now, as the schema changed, owns the whole. The other way round
 * nothing changes: who owned the whole owns it without its parts
 * (structured-merge-diff typed/reconcile_schema.go). Ownerships in another version stay as they are.
 */
export function reconciled(
  shape: Shape,
  apiVersion: string,
  ownerships: readonly Ownership[],
): readonly Ownership[] {
  return ownerships.map((one) =>
    one.apiVersion === apiVersion ? { ...one, fields: withWholes(shape, one.fields) } : one,
  )
}

/** The same set when nothing changes. */
function withWholes(shape: Shape, fields: FieldSet): FieldSet {
  if (fields.children.size === 0) return fields
  if (shape.is === 'leaf') return wholeField
  let isChanged = false
  const children = [...fields.children].map(([element, child]): [string, FieldSet] => {
    const below = shapeBelow(shape, element)
    const made = below ? withWholes(below, child) : child
    isChanged ||= made !== child
    return [element, made]
  })
  return isChanged ? new Fields(fields.member, new Map(children)) : fields
}

function shapeBelow(shape: Shape, element: string): Shape | undefined {
  if (shape.is === 'list') return shape.of
  if (shape.is === 'leaf' || shape.is === 'set' || !element.startsWith('f:')) return undefined
  // Of what no schema speaks nothing is known to have changed.
  if (shape.is === 'custom' && !shape.schema.properties && !shape.schema.additionalProperties)
    return shape.isResource ? memberShape(shape, element.slice(2)) : undefined
  return memberShape(shape, element.slice(2))
}
