import type { AnyObject, FieldError } from '../kind.ts'
import { type Definition, elementDefinition } from '../schema.ts'
import { immutable } from './field-error.ts'

/** How deep below an object immutable fields stand: in the object itself or in its spec. */
const depthMax = 2

/** Fields that the schema table calls immutable and that differ from the old object's. */
export function immutableErrors(
  schema: Definition,
  object: AnyObject,
  old: AnyObject,
): FieldError[] {
  return compare(schema, object, old, '', 1)
}

function compare(
  schema: Definition,
  value: Readonly<Record<string, unknown>>,
  old: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
): FieldError[] {
  return schema.fields.flatMap((field) => {
    const at = `${path}${field.name}`
    const now = value[field.name]
    const before = old[field.name]
    if (field.immutable) return immutable(at, now, before)
    const inner = field.type.is === 'object' ? elementDefinition(field.type) : undefined
    if (!inner || depth === depthMax || now === undefined || before === undefined) return []
    return compare(
      inner,
      now as Readonly<Record<string, unknown>>,
      before as Readonly<Record<string, unknown>>,
      `${at}.`,
      depth + 1,
    )
  })
}
