import { defaultRules } from './default-rules/default-rules.ts'
import type { AnyObject, Kind } from './kind.ts'
import { type Definition, definition, elementDefinition, type ValueType } from './schema.ts'
import { applyStructuralDefaults } from './structural/default-values.ts'

/**
 * Sets what the writer left out: first the constants of the schema table, then what depends on
 * other fields (default-rules/). Doing it twice changes nothing more.
 */
export function applyDefaults(kind: Kind, object: AnyObject): void {
  if (kind.custom) {
    applyStructuralDefaults(kind.custom.schema, object)
    return
  }
  const schema = definition(kind.definition)
  // A spec is a struct in Go: one left out is an empty one, and is validated as such.
  if (schema.byName.has('spec')) object['spec'] ??= {}
  applySchemaDefaults(schema, object)
}

/** Defaults of a part of an object, such as a pod template's spec. Changes `value`. */
export function applySchemaDefaults(schema: Definition, value: object): void {
  const record = value as Record<string, unknown>
  for (const field of schema.fields)
    if (record[field.name] === undefined && field.default !== undefined)
      record[field.name] = ownCopy(field.default)
  defaultRules.get(schema.typeName)?.(value as never)
  for (const field of schema.fields) {
    const found = record[field.name]
    if (found !== undefined) descend(field.type, found)
  }
}

function ownCopy(value: unknown): unknown {
  return typeof value === 'object' ? structuredClone(value) : value
}

function descend(type: ValueType, value: unknown): void {
  const schema = elementDefinition(type)
  if (!schema) return
  if (type.is === 'object') applySchemaDefaults(schema, value as object)
  else if (type.is === 'list') for (const item of value as unknown[]) descend(type.of, item)
  else if (type.is === 'map')
    for (const item of Object.values(value as object)) descend(type.of, item)
}
