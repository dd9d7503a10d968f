import { undecodable, unrecognized } from './codec/decode-error.ts'
import { type Numbering, numberingOf } from './codec/numbering.ts'
import { malformed, WireReader, wire } from './codec/wire-reader.ts'
import type { Decoded } from './decode-json.ts'
import type { AnyObject } from './kind.ts'
import { canonicalQuantity } from './quantity.ts'
import {
  type Definition,
  definition,
  definitionOfKind,
  type Field,
  type ScalarType,
  schemaPropsName,
  type ValueType,
} from './schema.ts'
import { formatTime } from './time.ts'

/** `k8s` and a zero byte (apimachinery pkg/runtime/serializer/protobuf/protobuf.go). */
export const envelopeMagic: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00)

/**
 * Reads an `application/vnd.kubernetes.protobuf` body: the magic bytes and a runtime.Unknown whose
 * raw bytes are the definition's message. The result has the JSON form that decodeJson gives.
 * Fields that Go writes only because they hold no pointer (empty text, zero, empty times) are
 * dropped, inlined sub-messages flattened. Throws StatusError BadRequest.
 */
export function decodeProtobuf(definitionName: string, bytes: Uint8Array): Decoded {
  const schema = definition(definitionName)
  const envelope = readEnvelope(bytes, schema.kinds[0]?.kind ?? schema.shortName)
  try {
    const object = readMessage(schema, envelope.raw) as AnyObject
    if (object.metadata === undefined && schema.byName.has('metadata')) object.metadata = {}
    const { apiVersion, kind } = envelope
    return {
      object: {
        ...(apiVersion === '' ? {} : { apiVersion }),
        ...(kind === '' ? {} : { kind }),
        ...object,
      },
      warnings: [],
    }
  } catch (error) {
    if (error === malformed) throw undecodable(schema, undefined, cutOff)
    throw error
  }
}

/** What Go's unmarshallers say of most bytes that are no message: that they end too early. */
const cutOff = 'unexpected EOF'

/** As `decodeProtobuf`, of whatever kind the body says it is; undefined when the table has no such kind. */
export function decodeAnyProtobuf(bytes: Uint8Array): AnyObject | undefined {
  const schema = definitionOfKind(readEnvelope(bytes))
  return schema && decodeProtobuf(schema.name, bytes).object
}

/** True for what begins as protobuf bodies do. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return envelopeMagic.every((byte, index) => bytes[index] === byte)
}

interface Envelope {
  readonly apiVersion: string
  readonly kind: string
  readonly raw: Uint8Array
}

/**
 * apiVersion and kind of a protobuf body, and its raw message. Throws StatusError BadRequest, which names the
 * kind that was expected.
 */
export function readEnvelope(bytes: Uint8Array, expected = 'object'): Envelope {
  const refused = (problem: string) => unrecognized(expected, bytes, problem)
  if (bytes.length === 0) throw refused('empty data')
  if (!isProtobuf(bytes))
    throw refused(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    )
  if (bytes.length === envelopeMagic.length) throw refused('empty body')
  let apiVersion = ''
  let kind = ''
  let raw: Uint8Array = new Uint8Array()
  try {
    const unknown = new WireReader(bytes.subarray(envelopeMagic.length))
    while (unknown.nextField()) {
      if (unknown.field === 1) {
        const typeMeta = new WireReader(unknown.bytes())
        while (typeMeta.nextField()) {
          if (typeMeta.field === 1) apiVersion = typeMeta.text()
          else if (typeMeta.field === 2) kind = typeMeta.text()
          else typeMeta.skip()
        }
      } else if (unknown.field === 2) raw = unknown.bytes()
      else unknown.skip()
    }
  } catch (error) {
    if (error !== malformed) throw error
    throw refused(cutOff)
  }
  return { apiVersion, kind, raw }
}

type JsonRecord = Record<string, unknown>

function readMessage(schema: Definition, bytes: Uint8Array): JsonRecord {
  const result: JsonRecord = {}
  readFields(numberingOf(schema), bytes, result)
  return result
}

function readFields({ fields, inlined }: Numbering, bytes: Uint8Array, result: JsonRecord): void {
  const reader = new WireReader(bytes)
  while (reader.nextField()) {
    const inner = inlined.get(reader.field)
    const field = fields.get(reader.field)
    if (inner) readFields(inner, reader.bytes(), result)
    else if (field) readField(field, reader, result)
    else reader.skip()
  }
}

function readField(field: Field, reader: WireReader, result: JsonRecord): void {
  const { type, name } = field
  if (type.is === 'list' && field.wrapped) {
    result[name] = readWrappedList(type.of, reader.bytes())
    return
  }
  if (type.is === 'list') {
    const list = (result[name] ?? []) as unknown[]
    result[name] = list
    if (reader.wireType === wire.bytes && isVarint(type.of)) {
      const packed = new WireReader(reader.bytes())
      while (!packed.done) list.push(varintValue(type.of, packed.varint()))
    } else list.push(readValue(type.of, reader) ?? '')
    return
  }
  if (type.is === 'map') {
    const map = (result[name] ?? Object.create(null)) as JsonRecord
    result[name] = map
    readMapEntry(type.of, reader, map)
    return
  }
  const value = readValue(type, reader)
  if (value === undefined) return
  const isZero = value === '' || ((value === 0 || value === false) && !field.required)
  if (isZero && !field.pointer && !isFreeJson(type)) return
  result[name] = value
}

/** Whatever JSON stands in it was put there: the empty text, too. */
function isFreeJson(type: ValueType): boolean {
  return type.is === 'scalar' && ['fieldsV1', 'json', 'raw'].includes(type.scalar)
}

function readMapEntry(type: ValueType, reader: WireReader, map: JsonRecord): void {
  const entry = new WireReader(reader.bytes())
  let key = ''
  let value: unknown
  while (entry.nextField()) {
    if (entry.field === 1) key = entry.text()
    else if (entry.field === 2) value = readValue(type, entry)
    else entry.skip()
  }
  map[key] = value ?? (type.is === 'scalar' ? '' : {})
}

/** One value; undefined for the zero of a wrapper such as an empty Time. */
function readValue(type: ValueType, reader: WireReader): unknown {
  if (type.is === 'object') return readMessage(definition(type.definition), reader.bytes())
  if (type.is === 'list') return readWrappedList(type.of, reader.bytes())
  if (type.is === 'map') throw malformed
  if (isVarint(type)) return varintValue(type, reader.varint())
  switch (type.scalar) {
    case 'string':
      return reader.text()
    case 'double':
      return reader.double()
    case 'bytes':
      return base64(reader.bytes())
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStrings':
      return readSchemaOr(type.scalar, reader.bytes())
    default:
      return readWrapper(type.scalar, reader.bytes())
  }
}

/**
 * The unions of JSONSchemaProps: the schema, or its alternative. The schema is numbered 1 in
 * OrArray and OrStringArray and 2 in OrBool, whose truth value stands before it.
 */
function readSchemaOr(scalar: ScalarType, bytes: Uint8Array): unknown {
  const reader = new WireReader(bytes)
  const schemaNumber = scalar === 'schemaOrBool' ? 2 : 1
  let schema: JsonRecord | undefined
  let allows = false
  const list: unknown[] = []
  while (reader.nextField()) {
    if (reader.field === schemaNumber)
      schema = readMessage(definition(schemaPropsName), reader.bytes())
    else if (reader.field > 2) reader.skip()
    else if (scalar === 'schemaOrBool') allows = reader.varint() !== 0n
    else if (scalar === 'schemaOrStrings') list.push(reader.text())
    else list.push(readMessage(definition(schemaPropsName), reader.bytes()))
  }
  return schema ?? (scalar === 'schemaOrBool' ? allows : list)
}

/** A list as a map value travels as a message with the items in field 1 (ExtraValue, Verbs). */
function readWrappedList(type: ValueType, bytes: Uint8Array): unknown[] {
  const list: unknown[] = []
  const reader = new WireReader(bytes)
  while (reader.nextField())
    if (reader.field === 1) list.push(readValue(type, reader))
    else reader.skip()
  return list
}

function isVarint(type: ValueType): boolean {
  return type.is === 'scalar' && ['bool', 'int32', 'int64'].includes(type.scalar)
}

function varintValue(type: ValueType, value: bigint): number | boolean {
  if (type.is === 'scalar' && type.scalar === 'bool') return value !== 0n
  return Number(BigInt.asIntN(64, value))
}

/** Quantity{string}, IntOrString{type,intVal,strVal}, Time{seconds,nanos}, FieldsV1 and raw{raw}. */
function readWrapper(scalar: ScalarType, bytes: Uint8Array): unknown {
  const numbers = new Map<number, number>()
  const parts = new Map<number, Uint8Array>()
  const reader = new WireReader(bytes)
  while (reader.nextField()) {
    if (reader.wireType === wire.bytes) parts.set(reader.field, reader.bytes())
    else numbers.set(reader.field, Number(BigInt.asIntN(64, reader.varint())))
  }
  const text = (field: number): string => utf8(parts.get(field) ?? new Uint8Array())
  switch (scalar) {
    case 'quantity': {
      const canonical = canonicalQuantity(text(1) || '0')
      if (canonical === undefined) throw malformed
      return canonical
    }
    case 'intOrString':
      return numbers.get(1) === 1 ? text(3) : (numbers.get(2) ?? 0)
    case 'time':
    case 'microTime':
      return parts.size + numbers.size === 0 ? undefined : timeOf(scalar, numbers)
    default:
      return parts.has(1) ? rawValue(text(1)) : undefined
  }
}

function timeOf(scalar: 'time' | 'microTime', numbers: ReadonlyMap<number, number>): string {
  const seconds = numbers.get(1) ?? 0
  if (Math.abs(seconds) > secondsMax) throw malformed
  const time = formatTime(seconds * 1000)
  if (scalar === 'time') return time
  const micros = Math.floor((numbers.get(2) ?? 0) / 1000)
  return `${time.slice(0, -1)}.${String(micros).padStart(6, '0')}Z`
}

/** The year 9999, past which RFC 3339 has no text. */
const secondsMax = 253_402_300_799

function rawValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed
  }
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
