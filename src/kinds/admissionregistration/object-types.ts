import {
  boolType,
  bytesType,
  doubleType,
  dynType,
  intType,
  listOf,
  mapOf,
  type ObjectType,
  stringType,
  type Type,
  timestampType,
} from '../cel/types.ts'
import type { Kind } from '../kind.ts'
import { definition, type ScalarType, type ValueType } from '../schema.ts'
import { unescapedName } from '../structural/cel-names.ts'
import { celTypeOf } from '../structural/cel-types.ts'

/**
 * The types that expressions of policies see of objects whose kind is known: what the published schema
 * says of them (apiserver pkg/cel/common/schemas.go). Pure.
 */

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The type of objects of a kind; undefined where the schema does not say enough. */
export function objectTypeOf(kind: Kind): Type | undefined {
  if (!kind.custom) return typeOfDefinition(kind.definition)
  const type = celTypeOf(kind.custom.schema, `${kind.group}/${kind.version}.${kind.kind}`, true)
  if (type?.is !== 'object') return type
  const metadata = typeOfDefinition(objectMeta)
  return { ...type, field: (name) => (name === 'metadata' ? metadata : type.field(name)) }
}

const known = new Map<string, ObjectType>()

function typeOfDefinition(name: string): ObjectType {
  const found = known.get(name)
  if (found) return found
  const { byName } = definition(name)
  const fields = new Map<string, Type>()
  const type: ObjectType = {
    is: 'object',
    name,
    field: (escaped) => {
      const field = byName.get(unescapedName(escaped))
      if (!field) return undefined
      const made = fields.get(escaped) ?? typeOfValue(field.type)
      fields.set(escaped, made)
      return made
    },
  }
  known.set(name, type)
  return type
}

function typeOfValue(type: ValueType): Type {
  switch (type.is) {
    case 'object':
      return typeOfDefinition(type.definition)
    case 'list':
      return listOf(typeOfValue(type.of))
    case 'map':
      return mapOf(stringType, typeOfValue(type.of))
    case 'scalar':
      return scalarTypes[type.scalar]
  }
}

const scalarTypes: Readonly<Record<ScalarType, Type>> = {
  string: stringType,
  bool: boolType,
  int32: intType,
  int64: intType,
  double: doubleType,
  bytes: bytesType,
  quantity: stringType,
  time: timestampType,
  microTime: timestampType,
  intOrString: dynType,
  fieldsV1: dynType,
  raw: dynType,
  json: dynType,
  schemaOrArray: dynType,
  schemaOrBool: dynType,
  schemaOrStrings: dynType,
}
