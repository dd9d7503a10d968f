import {
  parseDuration,
  parseTimestamp,
  printDuration,
  printTimestamp,
} from '../cel/library/time-text.ts'
import {
  Duration,
  isListValue,
  isMapValue,
  type MapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from '../cel/values.ts'
import { escapedName, unescapedName } from './cel-names.ts'
import {
  type JsonObject,
  member,
  type SchemaProps,
  schemaOfAdditional,
  schemaOfItems,
  setMember,
} from './schema-props.ts'

/**
 * A JSON value as expressions see it, with or without a schema. Objects are read as they are asked
 * for: an expression that looks at one field of a large object pays for one.
 */
export function celValueOf(value: unknown, schema?: SchemaProps): Value {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return textValue(value, schema?.format)
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return numberValue(value, schema?.type === 'number')
  if (Array.isArray(value)) {
    const items = schema && schemaOfItems(schema)
    return value.map((item) => celValueOf(item, items))
  }
  return new JsonMap(value as JsonObject, schema)
}

const intLimit = 2 ** 63

function numberValue(value: number, isDouble: boolean): Value {
  const isInt = !isDouble && Number.isInteger(value) && value >= -intLimit && value < intLimit
  return isInt ? BigInt(value) : value
}

function textValue(text: string, format: string | undefined): Value {
  switch (format) {
    case 'byte':
      return Uint8Array.from(Buffer.from(text, 'base64'))
    case 'duration':
      return parseDuration(text)
    case 'date':
      return parseTimestamp(`${text}T00:00:00Z`)
    case 'date-time':
      return parseTimestamp(text)
    default:
      return text
  }
}

/** A JSON object; the names of properties that a schema types are escaped. */
class JsonMap implements MapValue {
  readonly isMap = true
  readonly typeName = undefined
  readonly #raw: JsonObject
  readonly #schema: SchemaProps | undefined
  readonly #known = new Map<string, Value>()

  constructor(raw: JsonObject, schema: SchemaProps | undefined) {
    this.#raw = raw
    this.#schema = schema
  }

  get #isMapType(): boolean {
    return this.#schema === undefined || schemaOfAdditional(this.#schema) !== undefined
  }

  get size(): number {
    return Object.keys(this.#raw).length
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const name = this.#isMapType ? key : unescapedName(key)
    const raw = member(this.#raw, name)
    if (raw === undefined) return undefined
    const schema = this.#schema
    const below =
      schema &&
      ((member(schema.properties, name) as SchemaProps | undefined) ?? schemaOfAdditional(schema))
    const value = celValueOf(raw, below)
    this.#known.set(key, value)
    return value
  }

  keys(): readonly Value[] {
    const names = Object.keys(this.#raw)
    return this.#isMapType ? names : names.map((name) => escapedName(name) ?? name)
  }

  /** The object itself: look, never change. */
  get raw(): JsonObject {
    return this.#raw
  }
}

/** A value as JSON; undefined for what has none, such as an empty optional. */
export function jsonOf(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return printTimestamp(value)
  if (value instanceof Duration) return printDuration(value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof Optional) return value.value === undefined ? undefined : jsonOf(value.value)
  if (value instanceof Opaque) return value.key
  if (isListValue(value)) return value.map(jsonOf)
  if (value instanceof JsonMap) return structuredClone(value.raw)
  return isMapValue(value) ? objectOf(value) : undefined
}

function objectOf(value: MapValue): JsonObject {
  const found: JsonObject = Object.create(null)
  for (const key of value.keys()) {
    const name = value.typeName === undefined ? String(jsonOf(key)) : unescapedName(String(key))
    const below = jsonOf(value.get(key) ?? null)
    if (below !== undefined) setMember(found, name, below)
  }
  return found
}
