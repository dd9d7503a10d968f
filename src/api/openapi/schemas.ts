import {
  type Definition,
  definition,
  elementDefinition,
  type Field,
  type GroupVersionKind,
  type ScalarType,
  type ValueType,
} from '../../kinds/schema.ts'

/** OpenAPI documents come in two dialects; kubectl reads v3, older clients v2. */
export type Dialect = 'v2' | 'v3'

/** A part of an OpenAPI document. Its keys are ours: field and definition names of the table. */
export interface Part {
  [key: string]: unknown
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'

const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

/** Scalars that Kubernetes names as definitions of their own. */
const namedScalars: Partial<Record<ScalarType, string>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  fieldsV1: `${meta}.FieldsV1`,
  raw: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  json: `${extensions}.JSON`,
  schemaOrArray: `${extensions}.JSONSchemaPropsOrArray`,
  schemaOrBool: `${extensions}.JSONSchemaPropsOrBool`,
  schemaOrStrings: `${extensions}.JSONSchemaPropsOrStringArray`,
}

const plainScalars: Partial<Record<ScalarType, Part>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
}

/** `#/components/schemas/<name>` or `#/definitions/<name>`. */
export function reference(name: string, dialect: Dialect): Part {
  return { $ref: `#/${dialect === 'v3' ? 'components/schemas' : 'definitions'}/${name}` }
}

/**
 * The schemas of the definitions named and of all that they refer to, sorted by name.
 * `everywhere` are the kinds of bodies that every group accepts, such as DeleteOptions.
 */
export function schemasOf(
  names: readonly string[],
  dialect: Dialect,
  everywhere: (kind: string) => readonly GroupVersionKind[],
): Part {
  const scalars = new Set<string>()
  const found = reachable(names, scalars)
  const parts = new Map<string, Part>()
  for (const one of found.values()) parts.set(one.name, objectSchema(one, dialect, everywhere))
  for (const scalar of scalars) parts.set(scalar, namedScalarSchema(scalar, dialect))
  return Object.fromEntries([...parts].sort(([left], [right]) => (left < right ? -1 : 1)))
}

function reachable(names: readonly string[], scalars: Set<string>): Map<string, Definition> {
  const found = new Map<string, Definition>()
  const waiting = names.map((name) => definition(name))
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (found.has(next.name)) continue
    found.set(next.name, next)
    for (const { type } of next.fields) {
      const scalar = namedScalars[leafScalar(type) ?? 'string']
      if (scalar !== undefined) scalars.add(scalar)
      const element = elementDefinition(type)
      if (element) waiting.push(element)
    }
  }
  return found
}

function leafScalar(type: ValueType): ScalarType | undefined {
  if (type.is === 'scalar') return type.scalar
  return type.is === 'object' ? undefined : leafScalar(type.of)
}

function objectSchema(
  source: Definition,
  dialect: Dialect,
  everywhere: (kind: string) => readonly GroupVersionKind[],
): Part {
  const required = source.fields.filter((field) => field.required).map((field) => field.name)
  const kinds = source.everyGroup ? everywhere(source.shortName) : source.kinds
  return {
    ...(source.description === '' ? {} : { description: source.description }),
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    ...(source.fields.length > 0
      ? {
          properties: Object.fromEntries(
            source.fields.map((field) => [field.name, fieldSchema(field, dialect)]),
          ),
        }
      : {}),
    ...(source.mapType ? { 'x-kubernetes-map-type': source.mapType } : {}),
    ...(kinds.length > 0
      ? {
          'x-kubernetes-group-version-kind': kinds.map(({ group, version, kind }) => ({
            group,
            kind,
            version,
          })),
        }
      : {}),
  }
}

function fieldSchema(field: Field, dialect: Dialect): Part {
  const value = valueSchema(field.type, dialect)
  const facts: Part = {
    ...(field.description === '' ? {} : { description: field.description }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.enum ? { enum: field.enum } : {}),
    ...listFacts(field),
  }
  // v3 lets nothing stand beside a $ref, so Kubernetes wraps it; kubectl unwraps a list of one.
  const wrap = dialect === 'v3' && '$ref' in value && Object.keys(facts).length > 0
  return wrap ? { allOf: [value], ...facts } : { ...value, ...facts }
}

function listFacts(field: Field): Part {
  const { listType, listKeys, mapType, patchStrategies, mergeKey } = field
  return {
    ...(listKeys.length > 0 ? { 'x-kubernetes-list-map-keys': listKeys } : {}),
    ...(listType ? { 'x-kubernetes-list-type': listType } : {}),
    ...(mapType ? { 'x-kubernetes-map-type': mapType } : {}),
    ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(patchStrategies.length > 0
      ? { 'x-kubernetes-patch-strategy': patchStrategies.join(',') }
      : {}),
  }
}

function valueSchema(type: ValueType, dialect: Dialect): Part {
  switch (type.is) {
    case 'object':
      return reference(type.definition, dialect)
    case 'list':
      return { type: 'array', items: valueSchema(type.of, dialect) }
    case 'map':
      return { type: 'object', additionalProperties: valueSchema(type.of, dialect) }
    case 'scalar': {
      const named = namedScalars[type.scalar]
      return named === undefined ? { ...plainScalars[type.scalar] } : reference(named, dialect)
    }
  }
}

function namedScalarSchema(name: string, dialect: Dialect): Part {
  switch (name) {
    case namedScalars.quantity:
      return {
        description: 'An amount with an optional suffix, such as 500m, 1.5Gi or 2e3.',
        ...(dialect === 'v3' ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : textType),
      }
    case namedScalars.intOrString:
      return {
        description: 'A number, or a text such as 25% or the name of a port.',
        format: 'int-or-string',
        ...(dialect === 'v3' ? { oneOf: [{ type: 'integer' }, { type: 'string' }] } : textType),
      }
    case namedScalars.time:
      return { description: 'A time in RFC 3339, in seconds.', ...textType, format: 'date-time' }
    case namedScalars.microTime:
      return {
        description: 'A time in RFC 3339, in microseconds.',
        ...textType,
        format: 'date-time',
      }
    case namedScalars.fieldsV1:
      return { description: 'A set of fields, as a tree of their paths.', type: 'object' }
    case namedScalars.raw:
      return { description: 'Any JSON object.', type: 'object' }
    case namedScalars.schemaOrArray:
      return { description: 'A schema, or a list of schemas.' }
    case namedScalars.schemaOrBool:
      return { description: 'A schema, or true or false.' }
    case namedScalars.schemaOrStrings:
      return { description: 'A schema, or a list of names.' }
    default:
      return { description: 'Any JSON value.' }
  }
}

const textType: Part = { type: 'string' }
