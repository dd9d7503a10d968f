import type { FieldError, FieldErrorType } from '../kind.ts'
import { same } from '../validation/field-error.ts'
import { isOfFormat } from './formats.ts'
import { findsPattern } from './pattern.ts'
import {
  childPath,
  isObject,
  type JsonObject,
  member,
  type SchemaProps,
  schemaOfItems,
} from './schema-props.ts'

/**
 * What a value breaks of its schema, in Kubernetes' words: kube-openapi's validation, as
 * apiextensions-apiserver pkg/apiserver/validation/validation.go tells it. Empty when it fits. With
 * `old`, the value before, what did not change is not judged again (ratcheting.go): a schema that
 * became stricter does not hold back changes elsewhere.
 */
export function validateValue(
  schema: SchemaProps,
  value: unknown,
  path: string,
  old?: unknown,
): FieldError[] {
  if (value === null && schema.nullable) return []
  if (old !== undefined && isUnchanged(schema, value, old)) return []
  const found = typeErrors(schema, value, path)
  // A value of the wrong type breaks every other rule too: but for what it may be, one error says it.
  if (found.length > 0) return [...found, ...enumErrors(schema, value, path)]
  return [
    ...enumErrors(schema, value, path),
    ...stringErrors(schema, value, path),
    ...numberErrors(schema, value, path),
    ...listErrors(schema, value, path, old),
    ...objectErrors(schema, value, path, old),
    ...junctionErrors(schema, value, path),
  ]
}

/** A list with keys has no order that counts (apiserver pkg/cel/common CachedDeepEqual). */
function isUnchanged(schema: SchemaProps, value: unknown, old: unknown): boolean {
  if (same(value, old)) return true
  if (schema['x-kubernetes-list-type'] !== 'map') return false
  if (!Array.isArray(value) || !Array.isArray(old) || value.length !== old.length) return false
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const before = new Map(old.map((item) => [jsonKey(keysOf(item, keys)), item]))
  const isSame = (item: unknown) => same(item, before.get(jsonKey(keysOf(item, keys))))
  return before.size === old.length && value.every(isSame)
}

function error(type: FieldErrorType, field: string, message: string): FieldError {
  return { type, field, message }
}

/** An `Invalid value` error; objects and lists are named by their type, as Kubernetes does. */
export function invalidValue(path: string, value: unknown, detail: string): FieldError {
  return error('FieldValueInvalid', path, `Invalid value: ${shownValue(value)}: ${detail}`)
}

export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return '"array"'
  if (isObject(value)) return '"object"'
  return JSON.stringify(value) ?? 'null'
}

function typeErrors(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof value === 'string' || Number.isInteger(value)) return []
    return [wrongType(path, value, 'integer,string')]
  }
  const { type } = schema
  if (!type || isOfType(type, value)) return []
  const found = [wrongType(path, value, type)]
  if (type === 'integer' && typeof value === 'number')
    found.push(unplaced(`Checked value must be of type integer (default format) in ${path}`))
  return found
}

/** What kube-openapi says of a value as a whole: its error names neither field nor value. */
function unplaced(detail: string): FieldError {
  return error('FieldValueInvalid', '<nil>', `Invalid value: "": ${detail}`)
}

function wrongType(path: string, value: unknown, type: string): FieldError {
  const detail = `${path} in body must be of type ${type}: ${JSON.stringify(typeOf(value))}`
  return error(
    'FieldValueTypeInvalid',
    path,
    `Invalid value: ${JSON.stringify(typeOf(value))}: ${detail}`,
  )
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function isOfType(type: string, value: unknown): boolean {
  const actual = typeOf(value)
  return actual === type || (type === 'number' && actual === 'integer')
}

function enumErrors(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  const { enum: allowed } = schema
  if (!allowed || allowed.some((one) => jsonKey(one) === jsonKey(value))) return []
  const listed = allowed.map((one) =>
    JSON.stringify(typeof one === 'string' ? one : String(JSON.stringify(one))),
  )
  return [
    error(
      'FieldValueNotSupported',
      path,
      `Unsupported value: ${shownValue(value)}: supported values: ${listed.join(', ')}`,
    ),
  ]
}

/** JSON with sorted members: equal texts, equal values. */
export function jsonKey(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonKey).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${jsonKey(value[name])}`).join(',')}}`
}

function stringErrors(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  if (typeof value !== 'string') return []
  const { maxLength, minLength, pattern, format } = schema
  const found: FieldError[] = []
  const length = maxLength !== undefined || minLength !== undefined ? [...value].length : 0
  // The first of these that a text breaks is all that is told.
  if (maxLength !== undefined && length > maxLength)
    found.push(
      error('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} bytes`),
    )
  else if (minLength !== undefined && length < minLength)
    found.push(
      invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`),
    )
  else if (pattern && !findsPattern(pattern, value))
    found.push(invalidValue(path, value, `${path} in body should match '${pattern}'`))
  if (format && !isOfFormat(format, value))
    found.push(
      invalidValue(
        path,
        value,
        `${path} in body must be of type ${format}: ${JSON.stringify(value)}`,
      ),
    )
  return found
}

const integerRanges: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['int64', [-(2 ** 63), 2 ** 63]],
  ['uint32', [0, 2 ** 32 - 1]],
  ['uint64', [0, 2 ** 64]],
])

function numberErrors(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  if (typeof value !== 'number') return []
  const { maximum, minimum, exclusiveMaximum, exclusiveMinimum, multipleOf, format } = schema
  const found: FieldError[] = []
  const refuse = (detail: string) =>
    found.push(invalidValue(path, value, `${path} in body ${detail}`))
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    refuse(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`)
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    refuse(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`)
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(value, multipleOf))
    refuse(`should be a multiple of ${multipleOf}`)
  const range = schema.type === 'integer' && format ? integerRanges.get(format) : undefined
  if (range && (value < range[0] || value > range[1]))
    found.push(unplaced(`Checked value must be of type integer with format ${format} in ${path}`))
  return found
}

function isMultiple(value: number, of: number): boolean {
  const quotient = value / of
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient))
}

function listErrors(schema: SchemaProps, value: unknown, path: string, old: unknown): FieldError[] {
  if (!Array.isArray(value)) return []
  const { maxItems, minItems } = schema
  const found: FieldError[] = []
  if (maxItems !== undefined && value.length > maxItems)
    found.push(
      error(
        'FieldValueTooMany',
        path,
        `Too many: ${value.length}: must have at most ${maxItems} item${maxItems === 1 ? '' : 's'}`,
      ),
    )
  if (minItems !== undefined && value.length < minItems)
    found.push(
      invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`),
    )
  if (schema.uniqueItems) found.push(...duplicates(value, path, jsonKey))
  const items = schemaOfItems(schema)
  if (items)
    value.forEach((item, index) => {
      found.push(
        ...validateValue(items, item, `${path}[${index}]`, elementBefore(schema, item, old)),
      )
    })
  return [...found, ...setErrors(schema, value, path)]
}

/** Lists that are sets or maps may hold each element, or each key, once (schema/listtype). */
function setErrors(schema: SchemaProps, value: readonly unknown[], path: string): FieldError[] {
  if (schema['x-kubernetes-list-type'] === 'set') return duplicates(value, path, jsonKey)
  if (schema['x-kubernetes-list-type'] !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const keyed = value.map((item) => keysOf(item, keys))
  return duplicates(keyed, path, jsonKey)
}

/** The element that this one was before: only lists with keys tell. */
export function elementBefore(schema: SchemaProps, item: unknown, old: unknown): unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const wanted = jsonKey(keysOf(item, keys))
  return old.find((one) => jsonKey(keysOf(one, keys)) === wanted)
}

function keysOf(item: unknown, keys: readonly string[]): JsonObject {
  const named: JsonObject = Object.create(null)
  for (const key of keys) {
    const found = isObject(item) ? member(item, key) : undefined
    if (found !== undefined) named[key] = found
  }
  return named
}

function duplicates(
  values: readonly unknown[],
  path: string,
  keyOf: (value: unknown) => string,
): FieldError[] {
  const seen = new Set<string>()
  const found: FieldError[] = []
  values.forEach((value, index) => {
    const key = keyOf(value)
    if (seen.has(key))
      found.push(error('FieldValueDuplicate', `${path}[${index}]`, `Duplicate value: ${key}`))
    seen.add(key)
  })
  return found
}

function objectErrors(
  schema: SchemaProps,
  value: unknown,
  path: string,
  old: unknown,
): FieldError[] {
  if (!isObject(value)) return []
  const found: FieldError[] = []
  const count = Object.keys(value).length
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    found.push(
      error(
        'FieldValueTooMany',
        path,
        `Too many: ${count}: must have at most ${schema.maxProperties} item${schema.maxProperties === 1 ? '' : 's'}`,
      ),
    )
  if (schema.minProperties !== undefined && count < schema.minProperties)
    found.push(
      invalidValue(
        path,
        count,
        `${path} in body should have at least ${schema.minProperties} properties`,
      ),
    )
  for (const name of schema.required ?? [])
    if (member(value, name) === undefined)
      found.push(error('FieldValueRequired', childPath(path, name), 'Required value'))
  const { additionalProperties: additional } = schema
  for (const name of Object.keys(value)) {
    const property = member(schema.properties, name) as SchemaProps | undefined
    const before = isObject(old) ? member(old, name) : undefined
    if (property) found.push(...validateValue(property, value[name], childPath(path, name), before))
    else if (typeof additional === 'object')
      found.push(...validateValue(additional, value[name], childPath(path, name), before))
  }
  return found
}

function junctionErrors(schema: SchemaProps, value: unknown, path: string): FieldError[] {
  const found: FieldError[] = []
  const refuse = (detail: string) => found.push(unplaced(`${quoted(path)} ${detail}`))
  // Every alternative is judged once: nested ones must not cost twice a level.
  const judge = (schemas: readonly SchemaProps[] | undefined) =>
    (schemas ?? []).map((one) => validateValue(one, value, path))
  const any = judge(schema.anyOf)
  if (any.length > 0 && any.every((errors) => errors.length > 0)) {
    refuse('must validate at least one schema (anyOf)')
    found.push(...fewest(any))
  }
  const one = judge(schema.oneOf)
  const fitting = one.filter((errors) => errors.length === 0).length
  if (one.length > 0 && fitting !== 1) {
    const count = fitting === 0 ? 'none valid' : `${fitting} valid alternatives`
    refuse(`must validate one and only one schema (oneOf). Found ${count}`)
    if (fitting === 0) found.push(...fewest(one))
  }
  const all = judge(schema.allOf).flat()
  found.push(...all)
  if (all.length > 0) refuse('must validate all the schemas (allOf)')
  if (schema.not && validateValue(schema.not, value, path).length === 0)
    refuse('must not validate the schema (not)')
  return found
}

function quoted(path: string): string {
  return JSON.stringify(path === '' ? '<nil>' : path)
}

/** The errors of the alternative that comes closest. */
function fewest(alternatives: readonly FieldError[][]): FieldError[] {
  return [...alternatives].sort((left, right) => left.length - right.length)[0] ?? []
}
