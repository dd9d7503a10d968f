import {
  isObject,
  propertyEntries,
  type SchemaProps,
  schemaOfAdditional,
  schemaOfItems,
  schemaOfMember,
  setMember,
} from './schema-props.ts'

/**
 * Sets what is left out and has a default, in place; a null where none may be counts as left out
 * (apiextensions-apiserver pkg/apiserver/schema/defaulting: Default, PruneNonNullableNulls).
 */
export function applyStructuralDefaults(schema: SchemaProps, value: unknown): void {
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema)
    if (items) for (const item of value) applyStructuralDefaults(items, item)
    return
  }
  if (!isObject(value)) return
  for (const [name, property] of propertyEntries(schema)) {
    if (isDroppedNull(property, value, name)) delete value[name]
    if (property.default !== undefined && !Object.hasOwn(value, name))
      setMember(value, name, structuredClone(property.default))
    if (Object.hasOwn(value, name)) applyStructuralDefaults(property, value[name])
  }
  const additional = schemaOfAdditional(schema)
  if (!additional) return
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(schema.properties ?? {}, name)) continue
    if (value[name] === null && !additional.nullable && additional.default !== undefined)
      setMember(value, name, structuredClone(additional.default))
    applyStructuralDefaults(additional, value[name])
  }
}

/**
 * Takes out each null that may not be one and that no default replaces, in place: it says as much as
 * nothing (apiextensions-apiserver pkg/apiserver/schema/defaulting/prunenulls.go).
 */
export function dropNulls(schema: SchemaProps, value: unknown): void {
  if (Array.isArray(value)) {
    const items = schemaOfItems(schema)
    if (items) for (const item of value) dropNulls(items, item)
    return
  }
  if (!isObject(value)) return
  for (const name of Object.keys(value)) {
    const below = schemaOfMember(schema, name)
    if (!below) continue
    if (value[name] === null && !below.nullable && below.default === undefined) delete value[name]
    else dropNulls(below, value[name])
  }
}

function isDroppedNull(property: SchemaProps, value: object, name: string): boolean {
  return (
    !property.nullable &&
    property.default !== undefined &&
    Object.hasOwn(value, name) &&
    (value as Record<string, unknown>)[name] === null
  )
}

/** True when a schema has a default anywhere: only then can a stored object lack one. */
export function hasDefaults(schema: SchemaProps): boolean {
  if (schema.default !== undefined) return true
  const below = [
    ...Object.values(schema.properties ?? {}),
    schemaOfItems(schema),
    schemaOfAdditional(schema),
  ]
  return below.some((one) => one !== undefined && hasDefaults(one))
}
