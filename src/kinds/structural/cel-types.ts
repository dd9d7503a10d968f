import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  type ObjectType,
  stringType,
  type Type,
  timestampType,
} from '../cel/types.ts'
import { unescapedName } from './cel-names.ts'
import { member, type SchemaProps, schemaOfAdditional, schemaOfItems } from './schema-props.ts'

/**
 * The type that expressions see of values with a schema; undefined where the schema does not say
 * enough to judge them (apiserver pkg/cel/common/schemas.go SchemaDeclType).
 */
export function celTypeOf(schema: SchemaProps, name: string, isRoot = false): Type | undefined {
  if (schema['x-kubernetes-int-or-string']) return dynType
  switch (schema.type) {
    case 'array': {
      const items = schemaOfItems(schema)
      const type = items && celTypeOf(items, `${name}.@idx`)
      return type && listOf(type)
    }
    case 'object':
      return objectType(schema, name, isRoot)
    case 'string':
      return stringTypeOf(schema.format)
    case 'boolean':
      return boolType
    case 'number':
      return doubleType
    case 'integer':
      return intType
    default:
      return undefined
  }
}

function stringTypeOf(format: string | undefined): Type {
  if (format === 'byte') return bytesType
  if (format === 'duration') return durationType
  return format === 'date' || format === 'date-time' ? timestampType : stringType
}

function objectType(schema: SchemaProps, name: string, isRoot: boolean): Type | undefined {
  const additional = schemaOfAdditional(schema)
  if (additional) {
    const type = celTypeOf(additional, `${name}.@elem`)
    return type && mapOf(stringType, type)
  }
  const known = new Map<string, Type | undefined>()
  const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true
  const type: ObjectType = {
    is: 'object',
    name,
    field: (escaped) => {
      if (!known.has(escaped)) known.set(escaped, fieldType(schema, name, escaped, isResource))
      return known.get(escaped)
    },
  }
  return type
}

const metadataSchema: SchemaProps = {
  type: 'object',
  properties: { name: { type: 'string' }, generateName: { type: 'string' } },
}

function fieldType(
  schema: SchemaProps,
  name: string,
  escaped: string,
  isResource: boolean,
): Type | undefined {
  const field = unescapedName(escaped)
  if (isResource && (field === 'apiVersion' || field === 'kind')) return stringType
  if (isResource && field === 'metadata') return celTypeOf(metadataSchema, `${name}.metadata`)
  const property = member(schema.properties, field) as SchemaProps | undefined
  return property && celTypeOf(property, `${name}.${escaped}`)
}
