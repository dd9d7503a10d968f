import {
  type Definition,
  elementDefinition,
  type Field,
  findDefinition,
  type ValueType,
} from '../../kinds/schema.ts'
import type { MergeField, MergeSchema } from './strategic-merge.ts'

/** How the fields of a definition merge, as the schema table says. Unknown names merge as plain JSON. */
export function mergeSchema(definitionName: string): MergeSchema {
  const found = findDefinition(definitionName)
  return found ? ofDefinition(found) : untyped
}

/** For what has no schema: objects merge, lists are replaced. */
const untyped: MergeSchema = {
  field: () => ({ schema: untyped, merges: true, mergeKey: undefined }),
}

const schemas = new WeakMap<Definition, MergeSchema>()

function ofDefinition(definition: Definition): MergeSchema {
  const known = schemas.get(definition)
  if (known) return known
  const schema: MergeSchema = {
    field: (name) => {
      const field = definition.byName.get(name)
      return field ? ofField(field) : { schema: untyped, merges: false, mergeKey: undefined }
    },
  }
  schemas.set(definition, schema)
  return schema
}

function ofField(field: Field): MergeField {
  const isList = field.type.is === 'list'
  const strategies = field.patchStrategies
  return {
    schema: ofType(isList ? elementType(field.type) : field.type),
    merges: isList ? strategies.includes('merge') : !strategies.includes('replace'),
    mergeKey: field.mergeKey,
  }
}

function ofType(type: ValueType): MergeSchema {
  if (type.is === 'map') {
    const schema = ofType(type.of)
    return { field: () => ({ schema, merges: true, mergeKey: undefined }) }
  }
  const found = type.is === 'object' ? elementDefinition(type) : undefined
  return found ? ofDefinition(found) : untyped
}

function elementType(type: ValueType): ValueType {
  return type.is === 'list' ? type.of : type
}
