import { type Numbering, numberingOf } from './codec/numbering.ts'
import { wire } from './codec/wire-reader.ts'
import { varintBytes, WireWriter } from './codec/wire-writer.ts'
import { envelopeMagic } from './decode-protobuf.ts'
import type { AnyObject } from './kind.ts'
import {
  type Definition,
  definition,
  type Field,
  type ScalarType,
  schemaPropsName,
  type ValueType,
} from './schema.ts'

/**
 * Objects as Go's generated marshallers write them (generated.pb.go): fields by number; what is no pointer
 * is there even when it says nothing; maps by their keys. The same object is always the same bytes.
 */

type JsonRecord = Readonly<Record<string, unknown>>
/** Writes a value with its tag. */
type Put = (value: unknown) => void
/** Writes one field of an object, if it is to be there. */
type PutField = (object: JsonRecord) => void

/** One for all: nothing pauses within a message. */
const writer = new WireWriter()
const plans = new WeakMap<Numbering, readonly PutField[]>()
const nothing: JsonRecord = Object.freeze(Object.create(null))

/** The message of an object, without the envelope that says what it is. */
export function protobufMessage(definitionName: string, object: AnyObject | object): Uint8Array {
  try {
    putFields(definition(definitionName), object as JsonRecord)
    return writer.take()
  } finally {
    writer.clear()
  }
}

/** What an envelope says of the message within. */
export interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

const noEncoding = Buffer.from([0x1a, 0, 0x22, 0])

/**
 * What stands before and after a message of that many bytes: the magic, and the rest of a runtime.Unknown
 * (apimachinery pkg/runtime/serializer/protobuf/protobuf.go).
 */
export function envelopeAround(
  { apiVersion, kind }: TypeMeta,
  messageBytes: number,
): { before: Uint8Array; after: Uint8Array } {
  writer.varint(messageBytes)
  writer.tag(2, wire.bytes)
  const since = writer.written
  writer.text(2, kind)
  writer.text(1, apiVersion)
  writer.message(1, since)
  writer.bytes(envelopeMagic)
  return { before: writer.take(), after: noEncoding }
}

/** A message in its envelope. */
export function inEnvelope(type: TypeMeta, message: Uint8Array): Uint8Array {
  const { before, after } = envelopeAround(type, message.length)
  return Buffer.concat([before, message, after])
}

/** Tag and length in front of a field's bytes. */
export function fieldHead(number: number, bytes: number): Uint8Array {
  writer.varint(bytes)
  writer.tag(number, wire.bytes)
  return writer.take()
}

/** How long that head is. */
export function fieldHeadBytes(bytes: number): number {
  return 1 + varintBytes(bytes)
}

function putFields(schema: Definition, object: JsonRecord): void {
  putAll(planOf(numberingOf(schema)), object)
}

function putAll(plan: readonly PutField[], object: JsonRecord): void {
  for (const put of plan) put(object)
}

/** How to write each field, the highest number first. */
function planOf(numbering: Numbering): readonly PutField[] {
  const known = plans.get(numbering)
  if (known) return known
  const numbered: [number, PutField][] = [
    ...[...numbering.fields].map(([number, field]): [number, PutField] => [
      number,
      fieldPut(field),
    ]),
    ...[...numbering.inlined].map(([number, inner]): [number, PutField] => [
      number,
      inlinedPut(number, inner),
    ]),
  ]
  const plan = numbered.sort(([left], [right]) => right - left).map(([, put]) => put)
  plans.set(numbering, plan)
  return plan
}

/** A structure that Go inlines is no pointer: it is always there. */
function inlinedPut(number: number, inner: Numbering): PutField {
  return (object) => {
    const since = writer.written
    putAll(planOf(inner), object)
    writer.message(number, since)
  }
}

function fieldPut(field: Field): PutField {
  const { name, number, type, pointer } = field
  if (type.is === 'list') return listPut(field, type.of)
  if (type.is === 'map') return mapPut(field, type.of)
  const put = valuePut(number, type)
  // Bytes are a slice in Go: absent, they are nil.
  const isLeftOut = pointer || (type.is === 'scalar' && type.scalar === 'bytes')
  const absent = isLeftOut ? undefined : zeroOf(type)
  return (object) => {
    const value = object[name] ?? absent
    if (value !== undefined) put(value)
  }
}

function listPut({ name, number, wrapped }: Field, of: ValueType): PutField {
  const put = wrapped ? valuePut(number, { is: 'list', of }) : undefined
  const putItem = valuePut(number, of)
  return (object) => {
    const list = object[name] as readonly unknown[] | undefined
    if (!list) return
    if (put) put(list)
    else for (let at = list.length - 1; at >= 0; at -= 1) putItem(list[at])
  }
}

function mapPut({ name, number }: Field, of: ValueType): PutField {
  const put = valuePut(2, of)
  return (object) => {
    const map = object[name] as JsonRecord | undefined
    if (!map) return
    const keys = sortedKeys(map)
    for (let at = keys.length - 1; at >= 0; at -= 1) {
      const key = keys[at] ?? ''
      const since = writer.written
      put(map[key])
      writer.text(1, key)
      writer.message(number, since)
    }
  }
}

/** In the order of their bytes, as Go sorts text. */
function sortedKeys(map: JsonRecord): string[] {
  const keys = Object.keys(map)
  if (keys.length < 2) return keys
  const isPlain = keys.every((key) => !/[\ud800-\uffff]/.test(key))
  // Only above the surrogates do UTF-16 and UTF-8 order differently.
  return isPlain ? keys.sort() : keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** What Go has where nobody set anything; undefined writes an empty message. */
function zeroOf(type: ValueType): unknown {
  if (type.is !== 'scalar') return nothing
  switch (type.scalar) {
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0
    case 'quantity':
      return '0'
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
      return ''
    default:
      return unset
  }
}

/** Stands for free JSON that is not there. */
const unset = Symbol('unset')

function valuePut(number: number, type: ValueType): Put {
  switch (type.is) {
    case 'object':
      return objectPut(number, type.definition)
    case 'list': {
      // A list as a value of its own: a message with the items in field 1 (ExtraValue, Verbs).
      const put = valuePut(1, type.of)
      return messagePut(number, (value) => {
        const list = value as readonly unknown[]
        for (let at = list.length - 1; at >= 0; at -= 1) put(list[at])
      })
    }
    case 'map':
      throw new Error('a map never stands inside a list or map')
    case 'scalar':
      return scalarPut(number, type.scalar)
  }
}

function objectPut(number: number, definitionName: string): Put {
  let plan: readonly PutField[] | undefined
  return messagePut(number, (value) => {
    plan ??= planOf(numberingOf(definition(definitionName)))
    putAll(plan, value as JsonRecord)
  })
}

function messagePut(number: number, put: Put): Put {
  return (value) => {
    const since = writer.written
    put(value)
    writer.message(number, since)
  }
}

function scalarPut(number: number, scalar: ScalarType): Put {
  switch (scalar) {
    case 'string':
      return (value) => writer.text(number, value as string)
    case 'bool':
      return (value) => putVarint(number, value ? 1 : 0)
    case 'int32':
    case 'int64':
      return (value) => putVarint(number, value as number)
    case 'double':
      return (value) => {
        writer.double(value as number)
        writer.tag(number, wire.fixed64)
      }
    case 'bytes':
      return messagePut(number, (value) => writer.bytes(Buffer.from(value as string, 'base64')))
    case 'quantity':
      return messagePut(number, (value) => writer.text(1, value as string))
    case 'intOrString':
      return messagePut(number, putIntOrString)
    case 'time':
    case 'microTime':
      return messagePut(number, putTime)
    case 'raw':
    case 'fieldsV1':
      return messagePut(number, (value) => {
        if (value !== unset) writer.text(1, JSON.stringify(value))
      })
    case 'json':
      return messagePut(number, (value) => writer.text(1, goJson(value)))
    case 'schemaOrBool':
      return messagePut(number, putSchemaOrBool)
    case 'schemaOrArray':
    case 'schemaOrStrings':
      return messagePut(number, putSchemaOr)
  }
}

function putVarint(number: number, value: number): void {
  writer.varint(value)
  writer.tag(number, wire.varint)
}

/** IntOrString: which of the two it is, then both. */
function putIntOrString(value: unknown): void {
  const isText = typeof value === 'string'
  writer.text(3, isText ? value : '')
  putVarint(2, isText ? 0 : (value as number))
  putVarint(1, isText ? 1 : 0)
}

const zeroTime = '0001-01-01T00:00:00'

/** Seconds and nanoseconds since 1970; nothing at all for Go's zero time. */
function putTime(value: unknown): void {
  const text = value as string
  if (text === '') return
  const whole = text.slice(0, 19)
  const micros = text.charCodeAt(19) === dot ? Number(text.slice(20, 26)) : 0
  if (whole === zeroTime && micros === 0) return
  putVarint(2, micros * 1_000)
  putVarint(1, Date.parse(`${whole}Z`) / 1_000)
}

const dot = 0x2e

/** JSONSchemaPropsOrBool: a schema allows, too. */
function putSchemaOrBool(value: unknown): void {
  if (typeof value !== 'boolean') putSchema(2, value)
  putVarint(1, value === false ? 0 : 1)
}

/** JSONSchemaPropsOrArray and JSONSchemaPropsOrStringArray: a schema, or a list in field 2. */
function putSchemaOr(value: unknown): void {
  if (!Array.isArray(value)) putSchema(1, value)
  else
    for (const item of value.toReversed())
      if (typeof item === 'string') writer.text(2, item)
      else putSchema(2, item)
}

function putSchema(number: number, value: unknown): void {
  const since = writer.written
  putFields(definition(schemaPropsName), value as JsonRecord)
  writer.message(number, since)
}

/** JSON as Go's encoder writes what it read: keys by their bytes, nothing that a browser may take for HTML. */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join()}]`
  if (typeof value !== 'object' || value === null)
    return JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  const map = value as JsonRecord
  return `{${sortedKeys(map)
    .map((key) => `${goJson(key)}:${goJson(map[key])}`)
    .join()}}`
}
