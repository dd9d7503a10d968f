import {
  type Definition,
  definition,
  type Field,
  type ScalarType,
  schemaPropsName,
  type ValueType,
} from '../../../src/kinds/schema.ts'

/** Writes what is there of an object, in its own way: to hold the reader to the format and not to our writer. */
export function encodeProtobuf(
  name: string,
  object: Record<string, unknown>,
  typeMeta = { apiVersion: '', kind: '' },
): Uint8Array {
  const schema = definition(name)
  const meta = Buffer.concat([text(1, typeMeta.apiVersion), text(2, typeMeta.kind)])
  const unknown = Buffer.concat([
    chunk(1, meta),
    chunk(2, message(schema, object)),
    text(3, ''),
    text(4, ''),
  ])
  return new Uint8Array(Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), unknown]))
}

export function message(schema: Definition, object: Record<string, unknown>): Buffer {
  const root = emptyMessage()
  for (const field of schema.fields) {
    const value = object[field.name]
    if (value === undefined || field.number === 0) continue
    let message = root
    for (const number of field.inside) {
      const inner = message.inlined.get(number) ?? emptyMessage()
      message.inlined.set(number, inner)
      message = inner
    }
    message.parts.push(fieldBytes(field, value))
  }
  return assembled(root)
}

interface Message {
  readonly parts: Buffer[]
  readonly inlined: Map<number, Message>
}

function emptyMessage(): Message {
  return { parts: [], inlined: new Map() }
}

function assembled({ parts, inlined }: Message): Buffer {
  const inner = [...inlined].map(([number, message]) => chunk(number, assembled(message)))
  return Buffer.concat([...parts, ...inner])
}

function fieldBytes(field: Field, value: unknown): Buffer {
  const { number, type } = field
  if (type.is === 'list')
    return Buffer.concat((value as unknown[]).map((item) => valueBytes(number, type.of, item)))
  if (type.is === 'map')
    return Buffer.concat(
      Object.entries(value as object).map(([key, item]) =>
        chunk(number, Buffer.concat([text(1, key), valueBytes(2, type.of, item)])),
      ),
    )
  return valueBytes(number, type, value)
}

function valueBytes(number: number, type: ValueType, value: unknown): Buffer {
  switch (type.is) {
    case 'object':
      return chunk(number, message(definition(type.definition), value as Record<string, unknown>))
    case 'scalar':
      return scalarBytes(number, type.scalar, value)
    case 'list':
      return chunk(
        number,
        Buffer.concat((value as unknown[]).map((item) => valueBytes(1, type.of, item))),
      )
    case 'map':
      throw new Error('a map never stands inside a list or map')
  }
}

function scalarBytes(number: number, scalar: ScalarType, value: unknown): Buffer {
  switch (scalar) {
    case 'bool':
      return varintField(number, value ? 1n : 0n)
    case 'int32':
    case 'int64':
      return varintField(number, BigInt(value as number))
    case 'string':
      return text(number, value as string)
    case 'bytes':
      return chunk(number, Buffer.from(value as string, 'base64'))
    case 'quantity':
      return chunk(number, text(1, value as string))
    case 'intOrString':
      return typeof value === 'number'
        ? chunk(number, Buffer.concat([varintField(1, 0n), varintField(2, BigInt(value))]))
        : chunk(number, Buffer.concat([varintField(1, 1n), text(3, value as string)]))
    case 'time':
    case 'microTime': {
      const seconds = Date.parse((value as string).replace(/\.\d+/, '')) / 1000
      const micros = Number(/\.(\d{6})/.exec(value as string)?.[1] ?? 0)
      return chunk(
        number,
        Buffer.concat([varintField(1, BigInt(seconds)), varintField(2, BigInt(micros * 1000))]),
      )
    }
    case 'schemaOrArray':
    case 'schemaOrBool':
    case 'schemaOrStrings':
      return chunk(number, schemaOrBytes(scalar, value))
    case 'fieldsV1':
    case 'raw':
    case 'json':
      return chunk(number, text(1, JSON.stringify(value)))
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value as number)
      return Buffer.concat([varint(BigInt(number * 8 + 1)), bytes])
    }
  }
}

function schemaOrBytes(scalar: ScalarType, value: unknown): Buffer {
  const schema = (at: number, item: unknown) =>
    chunk(at, message(definition(schemaPropsName), item as Record<string, unknown>))
  if (typeof value === 'boolean') return varintField(1, value ? 1n : 0n)
  if (!Array.isArray(value))
    return scalar === 'schemaOrBool'
      ? Buffer.concat([varintField(1, 1n), schema(2, value)])
      : schema(1, value)
  const item = (one: unknown) => (typeof one === 'string' ? text(2, one) : schema(2, one))
  return Buffer.concat(value.map(item))
}

export function text(number: number, value: string): Buffer {
  return chunk(number, Buffer.from(value, 'utf8'))
}

export function chunk(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(bytes.length)), bytes])
}

export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([varint(BigInt(number * 8)), varint(value)])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? low : low | 0x80)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}
