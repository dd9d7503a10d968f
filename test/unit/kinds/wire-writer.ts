import {
  type Definition,
  definition,
  type Field,
  type ScalarType,
  type ValueType,
} from '../../../src/kinds/schema.ts'

/** Writes objects as Go's generated marshallers do. For tests: the product only reads protobuf. */
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
  const direct: Buffer[] = []
  const inlined = new Map<number, Buffer[]>()
  for (const field of schema.fields) {
    const value = object[field.name]
    if (value === undefined || field.number === 0) continue
    const parts = field.inside === 0 ? direct : (inlined.get(field.inside) ?? [])
    if (field.inside !== 0) inlined.set(field.inside, parts)
    parts.push(fieldBytes(field, value))
  }
  for (const [number, parts] of inlined) direct.push(chunk(number, Buffer.concat(parts)))
  return Buffer.concat(direct)
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
    case 'fieldsV1':
    case 'raw':
      return chunk(number, text(1, JSON.stringify(value)))
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value as number)
      return Buffer.concat([varint(BigInt(number * 8 + 1)), bytes])
    }
  }
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
