import { WireReader, wire } from '../../../kinds/codec/wire-reader.ts'
import { BackwardWriter } from './backward-writer.ts'

declare const fieldValue: unique symbol

/** One field of a message: its number, what it holds, and (for the compiler alone) its type. */
export interface Field<Value> {
  readonly number: number
  readonly holds: Scalar | (() => NestedType)
  readonly repeated: boolean
  /** As JSON has it where that is not the name in small letters and underscores. */
  readonly jsonName?: string
  /** Of an enum: the names of its values, from 0 on. */
  readonly symbols?: readonly string[]
  /** At most 32 bits: a number in JSON, where wider ones are strings. */
  readonly isNarrow?: boolean
  readonly [fieldValue]?: Value
}

type NumberKind = 'int' | 'int64' | 'id' | 'bool'
type Scalar = NumberKind | 'bytes' | 'text'

interface NestedType {
  read(reader: WireReader): object
  write(writer: BackwardWriter, message: object): void
}

export type MessageOf<Fields> = {
  -readonly [Name in keyof Fields]: Fields[Name] extends Field<infer Value> ? Value : never
}

/** What may be left out when a message is made: everything. */
export type Draft<Value> = Value extends Uint8Array | bigint | number | string | boolean | undefined
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Draft<Item>[]
    : { readonly [Name in keyof Value]?: Draft<Value[Name]> | undefined }

const scalar = <Value>(holds: Scalar, number: number): Field<Value> => ({
  ...{ number, holds, repeated: false },
})

/** Any integer that is no identifier. Exact to 2^53, rounded beyond. */
export const int = (number: number) => scalar<number>('int', number)
export const uint32 = (number: number) => ({ ...int(number), isNarrow: true })
/** `symbols` are the names of 0, 1 and so on. */
export const oneOf = (number: number, ...symbols: string[]) => ({ ...int(number), symbols })
/** 64 bits with a sign, exact: a big integer where a number is not. */
export const int64 = (number: number) => scalar<number | bigint>('int64', number)
/** 64 bits that identify something: exact, unsigned. */
export const id = (number: number) => scalar<bigint>('id', number)
export const bool = (number: number) => scalar<boolean>('bool', number)
export const bytes = (number: number) => scalar<Uint8Array>('bytes', number)
export const text = (number: number) => scalar<string>('text', number)
/** A message that may be missing; members of a oneof are such fields. */
export const one = <Message extends object>(
  number: number,
  type: () => MessageType<Message>,
): Field<Message | undefined> => ({ number, holds: type, repeated: false })
export const many = <Message extends object>(
  number: number,
  type: () => MessageType<Message>,
): Field<Message[]> => ({ number, holds: type, repeated: true })
export const each = <Value>(field: Field<Value>): Field<Value[]> =>
  ({ ...field, repeated: true }) as Field<unknown> as Field<Value[]>
/** A field whose name in JSON does not follow from ours. */
export const named = <Value>(jsonName: string, field: Field<Value>): Field<Value> => ({
  ...{ ...field, jsonName },
})

export interface NamedField extends Field<unknown> {
  readonly name: string
  readonly jsonName: string
}

const nothing = new Uint8Array(0)

/** A protobuf message as a table of fields: decoding, encoding and the TypeScript type come from it. */
export class MessageType<Message extends object> {
  readonly #fields: readonly NamedField[]
  readonly #byNumber = new Map<number, NamedField>()

  constructor(fields: { readonly [Name in keyof Message]-?: Field<Message[Name]> }) {
    this.#fields = Object.entries<Field<unknown>>(fields).map(([name, field]) => ({
      ...{ ...field, name, jsonName: field.jsonName ?? underscored(name) },
    }))
    for (const field of this.#fields) this.#byNumber.set(field.number, field)
  }

  /** The table. */
  get fields(): readonly NamedField[] {
    return this.#fields
  }

  /** Every field is set: missing ones to zero, nothing, or undefined for messages. */
  decode(encoded: Uint8Array): Message {
    return this.read(new WireReader(encoded))
  }

  encode(draft: Draft<Message>): Buffer {
    const writer = new BackwardWriter()
    this.write(writer, draft as object)
    return writer.finish()
  }

  read(reader: WireReader): Message {
    const message: Record<string, unknown> = {}
    for (const field of this.#fields) message[field.name] = emptyValue(field)
    while (reader.nextField()) {
      const field = this.#byNumber.get(reader.field)
      if (!field) reader.skip()
      else if (field.repeated) readItems(reader, field, message[field.name] as unknown[])
      else message[field.name] = readValue(reader, field)
    }
    return message as Message
  }

  write(writer: BackwardWriter, draft: object): void {
    const values = draft as Readonly<Record<string, unknown>>
    for (let at = this.#fields.length - 1; at >= 0; at -= 1) {
      const field = this.#fields[at] as NamedField
      const value = values[field.name]
      if (value === undefined) continue
      if (field.repeated) writeItems(writer, field, value as readonly unknown[])
      else if (!isZero(value)) writeValue(writer, field, value)
    }
  }
}

function underscored(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function emptyValue({ holds, repeated }: NamedField): unknown {
  if (repeated) return []
  if (holds === 'int' || holds === 'int64') return 0
  if (holds === 'bytes') return nothing
  if (holds === 'text') return ''
  if (holds === 'bool') return false
  return holds === 'id' ? 0n : undefined
}

/** Zero values of scalars are not sent (proto3). */
function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.length === 0
  return value === 0 || value === '' || value === false || value === 0n
}

function readValue(reader: WireReader, { holds }: NamedField): unknown {
  if (holds === 'bytes') return reader.bytes()
  if (holds === 'text') return reader.text()
  if (typeof holds === 'function') return holds().read(new WireReader(reader.bytes()))
  return readNumber(reader, holds)
}

function isNumber(holds: NamedField['holds']): holds is NumberKind {
  return holds === 'int' || holds === 'int64' || holds === 'id' || holds === 'bool'
}

function readNumber(reader: WireReader, holds: NumberKind): unknown {
  if (holds === 'id') return reader.varint()
  if (holds === 'int64') return exact(BigInt.asIntN(64, reader.varint()))
  return holds === 'bool' ? reader.integer() !== 0 : reader.integer()
}

function exact(value: bigint): number | bigint {
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}

/** Numbers may come packed into one field or one by one. */
function readItems(reader: WireReader, field: NamedField, items: unknown[]): void {
  const { holds } = field
  if (!isNumber(holds) || reader.wireType !== wire.bytes) {
    items.push(readValue(reader, field))
    return
  }
  const packed = new WireReader(reader.bytes())
  while (!packed.done) items.push(readNumber(packed, holds))
}

function writeItems(writer: BackwardWriter, field: NamedField, items: readonly unknown[]): void {
  for (let at = items.length - 1; at >= 0; at -= 1) writeValue(writer, field, items[at])
}

function writeValue(writer: BackwardWriter, field: NamedField, value: unknown): void {
  const { number, holds } = field
  if (isNumber(holds)) {
    writer.varint(typeof value === 'bigint' ? value : Number(value))
    writer.tag(number, wire.varint)
    return
  }
  const before = writer.length
  if (holds === 'bytes') writer.raw(value as Uint8Array)
  else if (holds === 'text') writer.text(value as string)
  else holds().write(writer, value as object)
  writer.varint(writer.length - before)
  writer.tag(number, wire.bytes)
}
