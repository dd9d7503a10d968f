import {
  allDefinitions,
  type Definition,
  elementDefinition,
  type Field,
  type ScalarType,
  type ValueType,
} from '../schema.ts'

const scalarTypes: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
  bytes: 'string',
  quantity: 'Quantity',
  intOrString: 'IntOrString',
  time: 'Time',
  microTime: 'MicroTime',
  fieldsV1: 'FieldsV1',
  raw: 'unknown',
  json: 'unknown',
  schemaOrArray: 'JSONSchemaProps | JSONSchemaProps[]',
  schemaOrBool: 'JSONSchemaProps | boolean',
  schemaOrStrings: 'JSONSchemaProps | string[]',
}

const aliases: Readonly<Record<string, string>> = {
  FieldsV1: 'Record<string, unknown>',
  IntOrString: 'number | string',
  MicroTime: 'string',
  Quantity: 'string',
  Time: 'string',
}

const header =
  '/** Kubernetes v1.36 types of the kinds that the schema table holds. Generated from it: do not edit. */\n'

/** The text of types.ts, formatted as biome formats it. */
export function typesSource(): string {
  const interfaces = allDefinitions().map(
    (schema) => [schema.typeName, interfaceText(schema)] as const,
  )
  const plain = Object.entries(aliases).map(
    ([name, type]) => [name, `export type ${name} = ${type}\n`] as const,
  )
  const all = [...interfaces, ...plain].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${header}\n${all.map(([, text]) => text).join('\n')}`
}

function interfaceText(schema: Definition): string {
  const lines = schema.fields.map((field) =>
    field.required || isObjectMetadata(schema, field)
      ? `  ${keyText(field.name)}: ${typeText(field.type)}\n`
      : `  ${keyText(field.name)}?: ${typeText(field.type)} | undefined\n`,
  )
  if (lines.length === 0) return `export type ${schema.typeName} = Record<string, never>\n`
  return `export interface ${schema.typeName} {\n${lines.join('')}}\n`
}

/** Only names that are no identifiers need quotes. */
function keyText(name: string): string {
  return /^[\w$]+$/.test(name) ? name : `'${name}'`
}

/** Stored objects always have metadata; Kubernetes' schema does not say so. */
function isObjectMetadata(schema: Definition, field: Field): boolean {
  return (
    field.name === 'metadata' &&
    schema.byName.has('kind') &&
    elementDefinition(field.type)?.shortName === 'ObjectMeta'
  )
}

function typeText(type: ValueType): string {
  switch (type.is) {
    case 'scalar':
      return scalarTypes[type.scalar]
    case 'list':
      return type.of.is === 'map' ? `(${typeText(type.of)})[]` : `${typeText(type.of)}[]`
    case 'map':
      return `Record<string, ${typeText(type.of)}>`
    case 'object':
      return elementDefinition(type)?.typeName ?? 'unknown'
  }
}
