import type { SizeOf } from '../cel/cost/core.ts'
import { escapedName } from './cel-names.ts'
import {
  isObject,
  member,
  type SchemaProps,
  schemaOfAdditional,
  schemaOfItems,
} from './schema-props.ts'

/**
 * How large values of a schema can be: what the schema says, else what fits a request
 * (apiserver pkg/cel/common/schemas.go, pkg/cel/limits.go).
 */
export interface SizedSchema {
  /** Characters, bytes, elements or entries; 0 for what has no size. */
  readonly most: number
  /** The fewest bytes of JSON that say such a value. */
  readonly jsonBytesMin: number
  readonly element?: SizedSchema
  readonly key?: SizedSchema
  /** By the names that expressions have for them. */
  readonly fields?: ReadonlyMap<string, SizedSchema>
}

/** The largest request that is taken for possible, whatever ours is: the figures are to be Kubernetes'. */
const requestBytesMax = 3 * 1024 * 1024
const quotes = 2
/** Characters of the longest character in bytes: lengths of texts are told in characters. */
const characterBytesMax = 4

const dateBytes = 12
const timeBytesMax = 32
const dateTimeBytesMin = 21
const durationBytesMin = 3

const known = new WeakMap<SchemaProps, Map<boolean, SizedSchema | null>>()

/** Undefined for what expressions cannot see. A schema is gone through once. */
export function sizedSchema(schema: SchemaProps, isRoot: boolean): SizedSchema | undefined {
  const ofSchema = known.get(schema) ?? new Map<boolean, SizedSchema | null>()
  known.set(schema, ofSchema)
  const before = ofSchema.get(isRoot)
  if (before !== undefined) return before ?? undefined
  const found = measured(isRoot ? asResource(schema) : schema)
  ofSchema.set(isRoot, found ?? null)
  return found
}

function below(schema: SchemaProps): SizedSchema | undefined {
  return sizedSchema(schema, schema['x-kubernetes-embedded-resource'] === true)
}

function measured(schema: SchemaProps): SizedSchema | undefined {
  if (schema['x-kubernetes-int-or-string'])
    return { most: lengthOf(schema) ?? requestBytesMax - quotes, jsonBytesMin: 1 }
  switch (schema.type) {
    case 'array':
      return ofList(schema)
    case 'object':
      return ofObject(schema)
    case 'string':
      return ofString(schema)
    case 'boolean':
      return { most: 0, jsonBytesMin: 4 }
    case 'number':
    case 'integer':
      return { most: 0, jsonBytesMin: 1 }
    default:
      return undefined
  }
}

function ofList(schema: SchemaProps): SizedSchema | undefined {
  const items = schemaOfItems(schema)
  const element = items && below(items)
  if (!element) return undefined
  const fitting = Math.floor((requestBytesMax - 2) / (element.jsonBytesMin + 1))
  return { most: atLeastZero(schema.maxItems) ?? fitting, jsonBytesMin: 2, element }
}

const textKey: SizedSchema = { most: 0, jsonBytesMin: 2 }
/** A key of two characters at least, its quotes, a colon and a comma. */
const keyBytes = 6

function ofObject(schema: SchemaProps): SizedSchema | undefined {
  const additional = schemaOfAdditional(schema)
  if (additional) {
    const element = below(additional)
    if (!element) return undefined
    const fitting = Math.floor((requestBytesMax - 2) / (element.jsonBytesMin + keyBytes))
    const most = atLeastZero(schema.maxProperties) ?? fitting
    return { most, jsonBytesMin: 2, element, key: textKey }
  }
  const fields = new Map<string, SizedSchema>()
  const wanted = new Set(schema.required ?? [])
  let jsonBytesMin = 2
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = below(property)
    if (!field) continue
    const escaped = escapedName(name)
    if (escaped !== undefined) fields.set(escaped, field)
    // What has a default need not be sent.
    if (wanted.has(name) && (property.default === undefined || property.default === null))
      jsonBytesMin += Buffer.byteLength(name) + field.jsonBytesMin + 4
  }
  return { most: 0, jsonBytesMin, fields }
}

function ofString(schema: SchemaProps): SizedSchema {
  switch (schema.format) {
    case 'byte':
      return {
        most: atLeastZero(schema.maxLength) ?? requestBytesMax - quotes,
        jsonBytesMin: quotes,
      }
    case 'duration':
      return { most: timeBytesMax, jsonBytesMin: durationBytesMin }
    case 'date':
      return { most: dateBytes, jsonBytesMin: dateBytes }
    case 'date-time':
      return { most: timeBytesMax, jsonBytesMin: dateTimeBytesMin }
  }
  const most = lengthOf(schema) ?? longestOf(schema.enum) ?? requestBytesMax - quotes
  return { most, jsonBytesMin: quotes }
}

function lengthOf({ maxLength }: SchemaProps): number | undefined {
  const length = atLeastZero(maxLength)
  return length === undefined ? undefined : length * characterBytesMax
}

function longestOf(values: readonly unknown[] | undefined): number | undefined {
  if (!values || values.length === 0) return undefined
  const lengths = values.map((one) => (typeof one === 'string' ? Buffer.byteLength(one) : 0))
  return lengths.reduce((longest, one) => Math.max(longest, one), 0)
}

function atLeastZero(value: number | undefined): number | undefined {
  return value === undefined || value === null ? undefined : Math.max(0, value)
}

const text: SchemaProps = { type: 'string' }
const metadata: SchemaProps = { type: 'object', properties: { name: text, generateName: text } }

/** What every resource has, whether its schema says so or not. */
function asResource(schema: SchemaProps): SchemaProps {
  const at = (name: string) => member(schema.properties, name) as SchemaProps | undefined
  const inside = at('metadata')?.properties
  const isComplete =
    at('kind')?.type === 'string' &&
    at('apiVersion')?.type === 'string' &&
    at('metadata')?.type === 'object' &&
    isObject(inside) &&
    (member(inside, 'name') as SchemaProps | undefined)?.type === 'string' &&
    (member(inside, 'generateName') as SchemaProps | undefined)?.type === 'string'
  if (isComplete) return schema
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata } }
}

/** How many values of a schema fit a request, with a comma each. */
export function requestCardinality(schema: SchemaProps, isRoot: boolean): bigint {
  const bytes = sizedSchema(schema, isRoot)?.jsonBytesMin ?? 0
  return BigInt(Math.floor(requestBytesMax / (bytes + 1)))
}

/** The sizes of what an expression about `self` can reach. */
export function sizesWithin(root: SizedSchema): SizeOf {
  return (path) => {
    let at: SizedSchema | undefined = root
    for (const part of path.slice(1)) {
      if (part === '@items' || part === '@values') at = at.element
      else if (part === '@keys') at = at.key
      else at = at.fields?.get(part)
      if (!at) return undefined
    }
    return BigInt(at.most)
  }
}
