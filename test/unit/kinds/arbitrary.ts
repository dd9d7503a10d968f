import fc from 'fast-check'
import {
  type Definition,
  definition,
  type Field,
  type ScalarType,
  type ValueType,
} from '../../../src/kinds/schema.ts'
import { formatMicroTime, formatTime } from '../../../src/kinds/time.ts'

/** Objects of any shape that a definition allows, in the canonical form that decoding gives. */
const depthMax = 6
const yearMs = 365 * 86_400_000

const keys = fc.oneof(
  fc.stringMatching(/^[a-z]{1,6}$/),
  fc.constantFrom('__proto__', 'constructor', 'toString', '1', 'é', 'a.b/c'),
)
const words = fc.oneof(fc.stringMatching(/^[a-z0-9-]{1,8}$/), fc.string({ minLength: 1 }))

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  string: words,
  bool: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.integer(),
  bytes: fc
    .uint8Array({ minLength: 1, maxLength: 9 })
    .map((b) => Buffer.from(b).toString('base64')),
  quantity: fc.constantFrom('1', '500m', '1Gi', '3Ki', '-2', '1e3', '0'),
  intOrString: fc.oneof(fc.integer(), fc.constantFrom('25%', 'http')),
  time: fc.integer({ min: -yearMs, max: 80 * yearMs }).map(formatTime),
  microTime: fc.integer({ min: 1, max: 80 * yearMs }).map(formatMicroTime),
  fieldsV1: fc.constantFrom({ 'f:a': {} }, { 'f:b': { 'k:{"x":1}': { '.': {} } } }),
  raw: fc.constantFrom({ a: [1, 'b', null] }, 'text', 7),
  json: fc.constantFrom({ a: [1, 'b', null] }, 'text', 7, false, ''),
  schemaOrArray: fc.constantFrom({ type: 'string' }, [{ minimum: 0 }, {}], [{ type: 'object' }]),
  schemaOrBool: fc.constantFrom({ type: 'string' }, {}, true, false),
  schemaOrStrings: fc.constantFrom({ items: { type: 'string' } }, ['a', 'b']),
}

/** Any object of the definition of that name. `raw` values only where JSON carries them. */
export function objectOf(name: string): fc.Arbitrary<Record<string, unknown>> {
  return ofDefinition(definition(name), 0)
}

function ofDefinition(schema: Definition, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = schema.fields.filter(
    (field) => field.number > 0 && (depth < depthMax || !holdsObject(field.type)),
  )
  return fc
    .subarray(fields, { minLength: 0, maxLength: Math.min(fields.length, 5) })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map((field) => [field.name, ofField(field, depth)]))),
    )
}

function ofField(field: Field, depth: number): fc.Arbitrary<unknown> {
  const values = ofType(field.type, depth)
  if (field.pointer || field.type.is !== 'scalar') return values
  if (field.type.scalar === 'json') return values
  return values.filter((value) => value !== 0 && value !== '' && value !== false)
}

function ofType(type: ValueType, depth: number): fc.Arbitrary<unknown> {
  switch (type.is) {
    case 'scalar':
      return scalars[type.scalar]
    case 'object':
      return fc.constant(null).chain(() => ofDefinition(definition(type.definition), depth + 1))
    case 'list':
      return fc.array(ofType(type.of, depth + 1), { minLength: 1, maxLength: 2 })
    case 'map':
      return fc
        .uniqueArray(fc.tuple(keys, ofType(type.of, depth + 1)), {
          minLength: 1,
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((entries) => {
          const map: Record<string, unknown> = Object.create(null)
          for (const [key, value] of entries) map[key] = value
          return map
        })
  }
}

function holdsObject(type: ValueType): boolean {
  return type.is === 'object' || (type.is !== 'scalar' && holdsObject(type.of))
}
