import { limits } from '../base/limits.ts'
import {
  DecodeProblem,
  goTypeName,
  jsonProblem,
  undecodable,
  unrecognized,
} from './codec/decode-error.ts'
import { strictProblems } from './codec/strict-scan.ts'
import type { AnyObject } from './kind.ts'
import { canonicalQuantity, quantityPatternMessage } from './quantity.ts'
import {
  type Definition,
  definition,
  type Field,
  type ScalarType,
  schemaPropsName,
  type ValueType,
} from './schema.ts'
import { canonicalMicroTime, canonicalTime } from './time.ts'

export interface Decoded {
  readonly object: AnyObject
  readonly warnings: readonly string[]
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/**
 * Reads a JSON body as the definition of that name, such as `io.k8s.api.core.v1.Pod`. Unknown
 * fields, nulls and values that mean absent are dropped, quantities and times made canonical, maps
 * with user-chosen keys have no prototype. Unknown and duplicate fields are an error (Strict), a
 * warning (Warn) or nothing (Ignore), as are `known` problems of the text before. Throws StatusError BadRequest in Kubernetes' words.
 */
export function decodeJson(
  definitionName: string,
  bytes: Uint8Array,
  validation: FieldValidation,
  known: readonly string[] = [],
): Decoded {
  const schema = definition(definitionName)
  const text = textOf(bytes, schema)
  const body = parse(text, schema)
  const object = decodeValue(schema, body)
  const warnings = validation === 'Ignore' ? [] : [...known, ...strictProblems(text, schema)]
  if (validation === 'Strict' && warnings.length > 0)
    throw undecodable(schema, body, `strict decoding error: ${warnings.join(', ')}`)
  return { object, warnings }
}

/**
 * Gives a parsed value, such as a patched object, the types of its definition. The value may be
 * changed or shared by the result. Throws StatusError BadRequest.
 */
export function decodeValue(schema: Definition, body: unknown): AnyObject {
  try {
    if (!isRecord(body))
      throw new DecodeProblem(
        `json: cannot unmarshal ${jsonKind(body)} into Go value of type v1.${schema.shortName}`,
      )
    const object = readObject(schema, body, '') as AnyObject
    if (object.metadata === undefined && schema.byName.has('metadata')) object.metadata = {}
    return object
  } catch (error) {
    if (error instanceof DecodeProblem) throw undecodable(schema, body, error.message, error)
    throw error
  }
}

/** A part of an object, found at `path`. Throws DecodeProblem. */
export function decodePart(schema: Definition, value: JsonRecord, path: string): JsonRecord {
  return readObject(schema, value, path)
}

/** It keeps nothing from one text to the next. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(bytes: Uint8Array, schema: Definition): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw undecodable(schema, undefined, 'the body is not UTF-8')
  }
}

function parse(text: string, schema: Definition): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const problem = `couldn't get version/kind; json parse error: ${jsonProblem(text, error as Error)}`
    throw unrecognized(schema.shortName, text, problem)
  }
}

type JsonRecord = Record<string, unknown>

function readObject(schema: Definition, value: JsonRecord, path: string): JsonRecord {
  const result: JsonRecord = {}
  for (const name of Object.keys(value)) {
    const field = schema.byName.get(name)
    const found = value[name]
    if (field === undefined || found === null || found === undefined) continue
    const read = readValue(field.type, found, { schema, field, path: joinPath(path, name) })
    if (!meansAbsent(field, read)) result[name] = read
  }
  return result
}

/**
 * False, zero, empty text, lists and maps say the same as nothing, unless the field must be there or
 * Go keeps a pointer (`omitempty`): so `hostNetwork: false` taken out of a template is no new
 * template, and an empty imagePullPolicy gets its default.
 */
function meansAbsent({ type, required, pointer }: Field, value: unknown): boolean {
  if (required || pointer) return false
  if (type.is === 'list') return (value as unknown[]).length === 0
  if (type.is === 'map') return Object.keys(value as JsonRecord).length === 0
  if (type.is !== 'scalar' || !emptyMeansAbsent.has(type.scalar)) return false
  return value === false || value === 0 || value === ''
}

const emptyMeansAbsent: ReadonlySet<ScalarType> = new Set([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
])

/** Where a value stands: the struct and field that Kubernetes names when it does not fit. */
interface Place {
  readonly schema: Definition
  readonly field: Field
  readonly path: string
}

function readValue(type: ValueType, value: unknown, place: Place): unknown {
  switch (type.is) {
    case 'object':
      if (!isRecord(value)) throw misfit(value, type, place)
      return readObject(definition(type.definition), value, place.path)
    case 'list':
      if (!Array.isArray(value)) throw misfit(value, type, place)
      return value.map((item) =>
        item === null ? zeroOf(type.of) : readValue(type.of, item, place),
      )
    case 'map': {
      if (!isRecord(value)) throw misfit(value, type, place)
      const result: JsonRecord = Object.create(null)
      for (const key of Object.keys(value)) {
        const item = value[key]
        result[key] = item === null ? zeroOf(type.of) : readValue(type.of, item, place)
      }
      return result
    }
    case 'scalar':
      return readScalar(type, value, place)
  }
}

/** Go decodes null inside a list or map as the zero value. */
function zeroOf(type: ValueType): unknown {
  if (type.is === 'object') return {}
  if (type.is === 'list') return []
  if (type.is === 'map') return Object.create(null)
  if (type.scalar === 'bool') return false
  if (type.scalar === 'json') return null
  if (type.scalar === 'quantity') return '0'
  return ['int32', 'int64', 'double', 'intOrString'].includes(type.scalar) ? 0 : ''
}

const int32Max = 2 ** 31 - 1
const int64Max = 2 ** 63

function readScalar(
  type: Extract<ValueType, { is: 'scalar' }>,
  value: unknown,
  place: Place,
): unknown {
  switch (type.scalar) {
    case 'string':
      if (typeof value === 'string') return value
      break
    case 'bool':
      if (typeof value === 'boolean') return value
      break
    case 'double':
      if (typeof value === 'number') return value
      break
    case 'int32':
    case 'int64':
      if (isInteger(value, type.scalar)) return value
      break
    case 'intOrString':
      if (typeof value === 'string' || isInteger(value, 'int32')) return value
      break
    case 'bytes':
      if (typeof value === 'string') return readBase64(value)
      break
    case 'quantity':
      return readQuantity(value)
    case 'time':
      return readTime(value, canonicalTime, '2006-01-02T15:04:05Z07:00')
    case 'microTime':
      return readTime(value, canonicalMicroTime, '2006-01-02T15:04:05.000000Z07:00')
    case 'fieldsV1':
    case 'raw':
    case 'json':
      return withoutPrototypes(value, 1)
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStrings':
      return readSchemaOr(type.scalar, value, place)
  }
  throw misfit(value, type, place)
}

/** The unions of JSONSchemaProps (apiextensions-apiserver pkg/apis/apiextensions/v1/marshal.go). */
function readSchemaOr(scalar: ScalarType, value: unknown, place: Place): unknown {
  if (isRecord(value)) return readObject(definition(schemaPropsName), value, place.path)
  if (scalar === 'schemaOrBool') {
    if (typeof value === 'boolean') return value
    throw new DecodeProblem('boolean or JSON schema expected')
  }
  const of: ValueType =
    scalar === 'schemaOrArray'
      ? { is: 'object', definition: schemaPropsName }
      : { is: 'scalar', scalar: 'string' }
  return readValue({ is: 'list', of }, value, place)
}

function isInteger(value: unknown, size: 'int32' | 'int64'): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  if (size === 'int64') return value >= -int64Max && value < int64Max
  return value >= -int32Max - 1 && value <= int32Max
}

function readBase64(text: string): string {
  const compact = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(compact) && compact.length % 4 === 0) return compact
  const at = compact.search(/[^A-Za-z0-9+/]/)
  const offset = at < 0 || compact[at] === '=' ? compact.length - (compact.length % 4) : at
  throw new DecodeProblem(`illegal base64 data at input byte ${offset}`)
}

function readQuantity(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value
  const canonical = typeof text === 'string' ? canonicalQuantity(text.trim()) : undefined
  if (canonical === undefined) throw new DecodeProblem(quantityPatternMessage)
  return canonical
}

function readTime(
  value: unknown,
  canonical: (text: string) => string | undefined,
  layout: string,
): string {
  if (typeof value !== 'string')
    throw new DecodeProblem(
      `json: cannot unmarshal ${jsonKind(value)} into Go value of type string`,
    )
  const time = canonical(value)
  if (time === undefined)
    throw new DecodeProblem(
      `parsing time "${value}" as "${layout}": cannot parse "${value}" as "2006"`,
    )
  return time
}

/** Copies free-form JSON: no prototypes, no deeper than limits.jsonDepthMax. */
export function withoutPrototypes(value: unknown, depth: number): unknown {
  if (depth > limits.jsonDepthMax)
    throw new DecodeProblem(`json: exceeded max depth of ${limits.jsonDepthMax}`)
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item, depth + 1))
  if (!isRecord(value)) return value
  const result: JsonRecord = Object.create(null)
  for (const key of Object.keys(value)) result[key] = withoutPrototypes(value[key], depth + 1)
  return result
}

function misfit(value: unknown, type: ValueType, { schema, path }: Place): DecodeProblem {
  return new DecodeProblem(
    `json: cannot unmarshal ${jsonKind(value, type)} into Go struct field ` +
      `${schema.shortName}.${path} of type ${goTypeName(type)}`,
    untypedMisfit(value, type),
  )
}

/** In the words of apimachinery pkg/runtime/converter.go: fromUnstructured. */
function untypedMisfit(value: unknown, type: ValueType): string {
  const found = goKind(value)
  if (type.is === 'map') return `cannot restore map from ${found}`
  if (type.is === 'list') return `cannot restore slice from ${found}`
  if (type.is === 'object') return `cannot restore struct from: ${found}`
  const wanted = goTypeName(type)
  const isConverted = typeof value === 'number' && wanted !== 'bool'
  return isConverted ? `cannot convert ${found} to ${wanted}` : `unrecognized type: ${wanted}`
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'object' ? 'map' : typeof value
}

/** What Go's decoder calls a JSON value; a number that a number field cannot hold is named. */
export function jsonKind(value: unknown, type?: ValueType): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') {
    const intoNumber = type?.is === 'scalar' && ['int32', 'int64'].includes(type.scalar)
    return intoNumber ? `number ${value}` : 'number'
  }
  return typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
