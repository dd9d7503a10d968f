import { limits } from '../../base/limits.ts'
import { Budget } from '../cel/budget.ts'
import type { FieldError } from '../kind.ts'
import { structuralErrors } from '../structural/check-structural.ts'
import { hasRules } from '../structural/compile-rules.ts'
import { applyStructuralDefaults } from '../structural/default-values.ts'
import { prune } from '../structural/prune.ts'
import { judgeRules } from '../structural/rules.ts'
import { isObject, member, type SchemaProps, schemaOfItems } from '../structural/schema-props.ts'
import { validateValue } from '../structural/validate-value.ts'
import { forbidden, invalid, notSupported, required } from '../validation/field-error.ts'
import { ruleErrors } from './validate-rules.ts'

/**
 * The rules of the schema of a version
 * (apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go).
 */
export function schemaErrors(
  schema: SchemaProps,
  path: string,
  isUnchanged: boolean,
): FieldError[] {
  const shape = shapeErrors(schema, path, 0)
  if (shape.length > 0) return shape
  const structural = structuralErrors(schema, path)
  const lists = listTypeErrors(schema, path)
  const defaults = structural.length > 0 ? [] : defaultErrors(schema, path, true)
  const wrongAt = lists.map(({ field }) => field)
  const compiles = structural.length === 0 && defaults.length === 0
  return [
    ...structural,
    ...lists,
    ...defaults,
    ...ruleErrors(schema, path, { wrongAt, compiles, isUnchanged }),
  ]
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const unsupported: readonly (readonly [string, string])[] = [
  ['$ref', '$ref is not supported'],
  ['$schema', 'schema is not supported'],
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
]

/** What no schema may hold, structural or not. */
function shapeErrors(schema: SchemaProps, path: string, depth: number): FieldError[] {
  if (!isObject(schema as unknown)) return [invalid(path, schema, 'must be a schema')]
  if (depth === 0 && schema.nullable)
    return [forbidden(`${path}.nullable`, 'nullable cannot be true at the root')]
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return [
      invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'),
    ]
  if (depth > limits.schemaDepthMax)
    return [invalid(path, 'object', `is nested deeper than ${limits.schemaDepthMax}`)]
  const found: FieldError[] = []
  for (const [name, detail] of unsupported)
    if (member(schema, name) !== undefined) found.push(forbidden(`${path}.${name}`, detail))
  const { type, additionalProperties: additional, items, properties } = schema
  if (type && !types.includes(type)) found.push(notSupported(`${path}.type`, type, types))
  if (schema.uniqueItems)
    found.push(
      forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  if (additional === false)
    found.push(
      forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'),
    )
  // `true` says no more than that unknown fields are dropped, as everywhere.
  const restricts = additional !== undefined && additional !== true
  if (restricts && Object.keys(properties ?? {}).length > 0)
    found.push(
      forbidden(
        `${path}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    )
  if (Array.isArray(items))
    found.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  const below: [unknown, string][] = [
    ...Object.entries(properties ?? {}).map(([name, one]): [unknown, string] => [
      one,
      `${path}.properties[${name}]`,
    ]),
    ...(isObject(additional)
      ? [[additional, `${path}.additionalProperties`] as [unknown, string]]
      : []),
    ...(items && !Array.isArray(items) ? [[items, `${path}.items`] as [unknown, string]] : []),
    ...(schema.not ? [[schema.not, `${path}.not`] as [unknown, string]] : []),
    ...(['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
      (schema[name] ?? []).map((one, index): [unknown, string] => [
        one,
        `${path}.${name}[${index}]`,
      ]),
    ),
  ]
  for (const [one, at] of below) found.push(...shapeErrors(one as SchemaProps, at, depth + 1))
  return found
}

/** x-kubernetes-list-type, -list-map-keys and -map-type must fit what they stand at. */
function listTypeErrors(schema: SchemaProps, path: string): FieldError[] {
  const found: FieldError[] = []
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const mapType = schema['x-kubernetes-map-type']
  const items = schemaOfItems(schema)
  const at = `${path}.x-kubernetes-list-type`
  if (listType !== undefined) {
    if (schema.type !== 'array')
      found.push(
        schema.type
          ? invalid(
              `${path}.type`,
              schema.type,
              'must be array if x-kubernetes-list-type is specified',
            )
          : required(`${path}.type`, 'must be array if x-kubernetes-list-type is specified'),
      )
    if (!['atomic', 'set', 'map'].includes(listType))
      found.push(notSupported(at, listType, ['atomic', 'set', 'map']))
  }
  if (mapType !== undefined && schema.type !== 'object')
    found.push(
      invalid(
        `${path}.type`,
        schema.type ?? '',
        'must be object if x-kubernetes-map-type is specified',
      ),
    )
  if (mapType !== undefined && !['atomic', 'granular'].includes(mapType))
    found.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']))
  const keysAt = `${path}.x-kubernetes-list-map-keys`
  if (keys.length > 0 && listType !== 'map')
    found.push(
      listType === undefined
        ? required(at, 'must be map if x-kubernetes-list-map-keys is non-empty')
        : invalid(at, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'),
    )
  if (listType === 'map') found.push(...listMapErrors(items, keys, path, keysAt))
  if (listType === 'set' && items?.nullable)
    found.push(
      forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'),
    )
  if (listType === 'set' && items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    found.push(
      invalid(
        `${path}.items.x-kubernetes-map-type`,
        items['x-kubernetes-map-type'] ?? null,
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    )
  for (const [below, place] of schemasBelow(schema, path))
    found.push(...listTypeErrors(below, place))
  return found
}

function listMapErrors(
  items: SchemaProps | undefined,
  keys: readonly string[],
  path: string,
  keysAt: string,
): FieldError[] {
  const found: FieldError[] = []
  if (keys.length === 0)
    found.push(required(keysAt, 'must not be empty if x-kubernetes-list-type is map'))
  if (items?.type !== 'object')
    return [
      ...found,
      invalid(
        `${path}.items.type`,
        items?.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ]
  keys.forEach((key, index) => {
    const property = member(items.properties, key) as SchemaProps | undefined
    if (!property) found.push(invalid(keysAt, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object')
      found.push(
        invalid(
          `${path}.items.properties[${key}].type`,
          property.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      )
    else if (!items.required?.includes(key) && property.default === undefined)
      found.push(
        required(
          `${path}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      )
    if (keys.indexOf(key) < index)
      found.push(invalid(keysAt, keys, 'must not contain duplicate entries'))
  })
  return found
}

/** The schemas right below one, outside of its logic. */
function schemasBelow(schema: SchemaProps, path: string): [SchemaProps, string][] {
  const items = schemaOfItems(schema)
  const { additionalProperties: additional } = schema
  return [
    ...Object.entries(schema.properties ?? {}).map(([name, property]): [SchemaProps, string] => [
      property,
      `${path}.properties[${name}]`,
    ]),
    ...(items ? [[items, `${path}.items`] as [SchemaProps, string]] : []),
    ...(isObject(additional)
      ? [[additional as SchemaProps, `${path}.additionalProperties`] as [SchemaProps, string]]
      : []),
  ]
}

/** A default must be pruned, complete and valid itself (schema/defaulting/validation.go). */
function defaultErrors(schema: SchemaProps, path: string, isRoot: boolean): FieldError[] {
  const found: FieldError[] = []
  if (schema.default !== undefined) {
    const at = `${path}.default`
    const value = structuredClone(schema.default)
    const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
    const unknown = prune(schema, value, isEmbedded)
    if (isRoot) found.push(forbidden(at, 'must not be set at the root'))
    else if (unknown.length > 0)
      found.push(invalid(at, schema.default, 'must not have unknown fields'))
    else {
      applyStructuralDefaults(schema, value)
      const errors = validateValue(schema, value, '')
      const field = (error: FieldError) => (error.field === '<nil>' ? '' : error.field)
      const all = errors.length > 0 ? errors : defaultRuleErrors(schema, value, isEmbedded)
      for (const error of all)
        found.push({ ...error, field: `${at}.${field(error)}`.replace(/\.(?=\[|$)/, '') })
    }
  }
  for (const [below, place] of schemasBelow(schema, path)) {
    // There they are left out when they are made, so nobody asks whether they fit.
    if (place === `${path}.additionalProperties`) continue
    if (isRoot && place === `${path}.properties[metadata]`)
      found.push(...defaultsWithin(below, place))
    else found.push(...defaultErrors(below, place, false))
  }
  return found
}

/** A default does not come after another one. */
const noCorrelation = null

/** A default has to satisfy the rules as what is new, and as what was there before. */
function defaultRuleErrors(schema: SchemaProps, value: unknown, isRoot: boolean): FieldError[] {
  if (!hasRules(schema)) return []
  const judged = (old: unknown) =>
    judgeRules(schema, value, old, new Budget(limits.celRequestCostMax), isRoot, noCorrelation)
      .errors
  const errors = judged(value)
  return errors.length > 0 ? errors : judged(undefined)
}

/** Metadata is completed by its own rules. */
function defaultsWithin(schema: SchemaProps, path: string): FieldError[] {
  if (schema.default !== undefined)
    return [forbidden(`${path}.default`, 'must not be set in top-level metadata')]
  return schemasBelow(schema, path).flatMap(([below, place]) => defaultsWithin(below, place))
}
