import type { FieldError } from '../kind.ts'
import { fieldErrorText, forbidden, invalid, required } from '../validation/field-error.ts'
import { patternProblem } from './pattern.ts'
import {
  isObject,
  member,
  type SchemaProps,
  schemaOfItems,
  schemaOfMember,
} from './schema-props.ts'

/**
 * Whether a schema is structural: every field that it judges is also typed outside of its logic, so
 * that it can be pruned, defaulted and published
 * (apiextensions-apiserver pkg/apiserver/schema/{validation,complete,convert}.go).
 */
export function structuralErrors(schema: SchemaProps, path: string): FieldError[] {
  const errors = [
    ...structureErrors(schema, 'root', path),
    ...incompletenessOf(schema, schema, path),
  ]
  const unique = new Map(errors.map((error) => [fieldErrorText(error), error]))
  return [...unique].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, error]) => error)
}

type Level = 'root' | 'item' | 'field'

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function structureErrors(schema: SchemaProps, level: Level, path: string): FieldError[] {
  const { type, additionalProperties: additional } = schema
  const items = schemaOfItems(schema)
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const found: FieldError[] = []
  if (type === 'array' && !items) found.push(required(`${path}.items`, 'must be specified'))
  if (items) found.push(...structureErrors(items, 'item', `${path}.items`))
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    found.push(...structureErrors(property, 'field', `${path}.properties[${name}]`))
  if (additional !== undefined) {
    const at = `${path}.additionalProperties`
    if (level === 'root') found.push(forbidden(at, 'must not be used at the root'))
    if (isObject(additional)) found.push(...structureErrors(additional as SchemaProps, 'field', at))
    if (isEmbedded)
      found.push(forbidden(at, 'must not be used if x-kubernetes-embedded-resource is set'))
  }
  found.push(...typeErrors(schema, level, path), ...intOrStringErrors(schema, path))
  found.push(...logicErrors(schema, path, true))
  if (level === 'root' || isEmbedded) found.push(...identityErrors(schema, level, path))
  if (
    isEmbedded &&
    !schema['x-kubernetes-preserve-unknown-fields'] &&
    Object.keys(schema.properties ?? {}).length === 0
  )
    found.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  return found
}

function typeErrors(schema: SchemaProps, level: Level, path: string): FieldError[] {
  const type = schema.type ?? ''
  const at = `${path}.type`
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    return [type === '' ? required(at, detail) : invalid(at, type, detail)]
  }
  const mayBeAny =
    schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (type === '' && !mayBeAny) return [required(at, emptyType[level])]
  if (level === 'root' && type !== '' && type !== 'object')
    return [invalid(at, type, 'must be object at the root')]
  return []
}

function intOrStringErrors(schema: SchemaProps, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  const detail = 'must be false if x-kubernetes-int-or-string is true'
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => invalid(`${path}.${name}`, true, detail))
}

/** apiVersion, kind and metadata of an object are what they are for every kind. */
function identityErrors(schema: SchemaProps, level: Level, path: string): FieldError[] {
  const found: FieldError[] = []
  for (const [name, type] of [
    ['kind', 'string'],
    ['apiVersion', 'string'],
    ['metadata', 'object'],
  ] as const) {
    const property = member(schema.properties, name) as SchemaProps | undefined
    if (property && property.type !== type)
      found.push(
        invalid(`${path}.properties[${name}].type`, property.type ?? '', `must be ${type}`),
      )
  }
  const metadata = member(schema.properties, 'metadata') as SchemaProps | undefined
  if (metadata && level === 'root' && !restrictsNamesAlone(metadata))
    found.push(
      forbidden(
        `${path}.properties[metadata]`,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
  return found
}

function restrictsNamesAlone(metadata: SchemaProps): boolean {
  const { type: _type, properties = {}, default: _default, ...rest } = metadata
  const others = Object.entries(rest).filter(([, value]) => value !== undefined)
  const isName = (name: string) => name === 'name' || name === 'generateName'
  return others.length === 0 && Object.keys(properties).every(isName)
}

/** Rules of what stands under allOf, anyOf, oneOf and not: conditions, and nothing that types. */
function logicErrors(schema: SchemaProps, path: string, isTyped: boolean): FieldError[] {
  const found: FieldError[] = []
  const isIntOrString = isTyped && schema['x-kubernetes-int-or-string'] === true
  if (!(isIntOrString && isIntOrStringPair(schema.anyOf)))
    schema.anyOf?.forEach((one, index) => {
      found.push(...nestedErrors(one, `${path}.anyOf[${index}]`, false))
    })
  schema.allOf?.forEach((one, index) => {
    found.push(...nestedErrors(one, `${path}.allOf[${index}]`, isIntOrString && index === 0))
  })
  schema.oneOf?.forEach((one, index) => {
    found.push(...nestedErrors(one, `${path}.oneOf[${index}]`, false))
  })
  if (schema.not) found.push(...nestedErrors(schema.not, `${path}.not`, false))
  const problem = schema.pattern ? patternProblem(schema.pattern) : undefined
  if (problem !== undefined)
    found.push(
      invalid(
        `${path}.pattern`,
        schema.pattern,
        `must be a valid regular expression, but isn't: ${problem}`,
      ),
    )
  return found
}

/** `anyOf: [{type: integer}, {type: string}]`, in either order of Kubernetes' two ways to say it. */
function isIntOrStringPair(schemas: readonly SchemaProps[] | undefined): boolean {
  return (
    schemas?.length === 2 &&
    JSON.stringify(schemas[0]) === '{"type":"integer"}' &&
    JSON.stringify(schemas[1]) === '{"type":"string"}'
  )
}

const untyped: readonly (readonly [keyof SchemaProps, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
]

function nestedErrors(schema: SchemaProps, path: string, mayPair: boolean): FieldError[] {
  const { anyOf: _pair, ...rest } = schema
  const isPair = mayPair && isIntOrStringPair(schema.anyOf)
  const found = logicErrors(isPair ? rest : schema, path, false)
  const items = schemaOfItems(schema)
  if (items) found.push(...nestedErrors(items, `${path}.items`, false))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const at = `${path}.properties[${name}]`
    found.push(...nestedErrors(property, at, false))
    if (name === 'metadata') found.push(forbidden(at, 'must not be specified in a nested context'))
  }
  for (const [name, detail] of untyped)
    if (schema[name] !== undefined && schema[name] !== false)
      found.push(forbidden(`${path}.${name}`, detail))
  if ((schema['x-kubernetes-validations'] ?? []).length > 0)
    found.push(forbidden(`${path}.x-kubernetes-validations`, 'must be empty to be structural'))
  return found
}

/** Fields and items that only logic names have to be named by the structure too. */
function incompletenessOf(schema: SchemaProps, typed: SchemaProps, path: string): FieldError[] {
  const found = missingBelow(schema, typed, path, path)
  const items = schemaOfItems(typed)
  if (items) found.push(...incompletenessOf(items, items, `${path}.items`))
  for (const [name, property] of Object.entries(typed.properties ?? {}))
    found.push(...incompletenessOf(property, property, `${path}.properties[${name}]`))
  const { additionalProperties: additional } = typed
  if (isObject(additional)) {
    const below = additional as SchemaProps
    found.push(...incompletenessOf(below, below, `${path}.additionalProperties`))
  }
  return found
}

function missingBelow(
  schema: SchemaProps,
  typed: SchemaProps,
  path: string,
  logicPath: string,
): FieldError[] {
  const nested: (readonly [SchemaProps, string])[] = (['allOf', 'anyOf', 'oneOf'] as const).flatMap(
    (name) =>
      (schema[name] ?? []).map((one, index) => [one, `${logicPath}.${name}[${index}]`] as const),
  )
  if (schema.not) nested.push([schema.not, `${logicPath}.not`])
  return nested.flatMap(([one, at]) => missingFrom(one, typed, path, at))
}

function missingFrom(
  nested: SchemaProps,
  typed: SchemaProps,
  path: string,
  logicPath: string,
): FieldError[] {
  const found = missingBelow(nested, typed, path, logicPath)
  const items = schemaOfItems(nested)
  if (items) {
    const below = schemaOfItems(typed)
    const at = `${logicPath}.items`
    if (below) found.push(...missingFrom(items, below, `${path}.items`, at))
    else found.push(required(`${path}.items`, `because it is defined in ${at}`))
  }
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const at = `${logicPath}.properties[${name}]`
    const place = `${path}.properties[${name}]`
    const below = schemaOfMember(typed, name)
    if (below) found.push(...missingFrom(property, below, place, at))
    else found.push(required(place, `because it is defined in ${at}`))
  }
  return found
}
