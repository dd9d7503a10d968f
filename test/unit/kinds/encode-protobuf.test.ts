import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { WireReader } from '../../../src/kinds/codec/wire-reader.ts'
import { varintBytes, WireWriter } from '../../../src/kinds/codec/wire-writer.ts'
import { decodeJson } from '../../../src/kinds/decode-json.ts'
import { decodeProtobuf } from '../../../src/kinds/decode-protobuf.ts'
import { inEnvelope, protobufMessage } from '../../../src/kinds/encode-protobuf.ts'
import type { AnyObject, Kind } from '../../../src/kinds/kind.ts'
import { definition, elementDefinition, type ValueType } from '../../../src/kinds/schema.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'

type JsonRecord = Record<string, unknown>

const kindAndObject = fc.constantFrom(...allKinds).chain((kind) =>
  objectOf(kind.definition).map((fields) => {
    const typeMeta = { apiVersion: apiVersionOf(kind), kind: kind.kind }
    return { kind, object: { ...typeMeta, metadata: {}, ...fields } as AnyObject }
  }),
)
const runs = { numRuns: 300, verbose: true }

function encoded(kind: Kind, object: AnyObject): Uint8Array {
  const type = { apiVersion: apiVersionOf(kind), kind: kind.kind }
  return inEnvelope(type, protobufMessage(kind.definition, object))
}

test('objects are the very bytes that the real server writes for them', () => {
  const path = resolve(import.meta.dirname, '../../../../test/golden/protobuf/objects.ndjson.gz')
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n')
  const seen = new Set<string>()
  for (const line of lines) {
    const [json, base64] = JSON.parse(line) as [AnyObject, string]
    const kind = allKinds.find(
      (one) => apiVersionOf(one) === json.apiVersion && one.kind === json.kind,
    )
    assert.ok(kind, `${json.apiVersion} ${json.kind}`)
    const bytes = Buffer.from(base64, 'base64')
    const where = `${json.kind} ${json.metadata.name}`
    const { object } = decodeJson(kind.definition, Buffer.from(JSON.stringify(json)), 'Strict')
    assert.equal(hex(encoded(kind, object)), hex(bytes), where)
    const back = decodeProtobuf(kind.definition, bytes).object
    assert.equal(hex(encoded(kind, back)), hex(bytes), `${where}, read and written again`)
    seen.add(kind.kind)
  }
  assert.ok(seen.size > 50, `${seen.size} kinds`)
})

test('an object comes back from protobuf as it was, but for zeros that Go never leaves out', () => {
  fc.assert(
    fc.property(kindAndObject, ({ kind, object }) => {
      const bytes = encoded(kind, object)
      const back = decodeProtobuf(kind.definition, bytes).object
      const type: ValueType = { is: 'object', definition: kind.definition }
      assert.deepEqual(withoutEmpty(type, back), withoutEmpty(type, object))
      assert.equal(hex(encoded(kind, back)), hex(bytes))
    }),
    runs,
  )
})

test('what the writer wrote, the reader reads', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.record({ varint: fc.maxSafeInteger() }),
      fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 60 }) }),
      fc.record({ double: fc.double({ noNaN: true }) }),
      fc.record({ text: fc.constant('x'.repeat(100_000)) }),
    ),
  )
  const writer = new WireWriter()
  fc.assert(
    fc.property(
      pieces,
      (values: readonly { varint?: number; text?: string; double?: number }[]) => {
        for (const [at, { varint, text, double }] of [...values.entries()].reverse()) {
          if (varint !== undefined) {
            writer.varint(varint)
            writer.tag(at + 1, 0)
          } else if (text !== undefined) writer.text(at + 1, text)
          else {
            writer.double(double ?? 0)
            writer.tag(at + 1, 1)
          }
        }
        const reader = new WireReader(writer.take())
        for (const [at, { varint, text, double }] of values.entries()) {
          assert.ok(reader.nextField())
          assert.equal(reader.field, at + 1)
          if (varint !== undefined) assert.equal(Number(BigInt.asIntN(64, reader.varint())), varint)
          else if (text !== undefined) assert.equal(reader.text(), text)
          else assert.equal(reader.double(), double)
        }
        assert.equal(reader.done, true)
      },
    ),
    runs,
  )
  for (const value of [0, 127, 128, 2 ** 21, 2 ** 35, Number.MAX_SAFE_INTEGER]) {
    writer.varint(value)
    assert.equal(writer.take().length, varintBytes(value), String(value))
  }
})

test('maxUnavailable: 0 in protobuf is not the default', () => {
  const definitionName = 'io.k8s.api.policy.v1.PodDisruptionBudget'
  const budget = { metadata: {}, spec: { maxUnavailable: 0 } }
  const type = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }
  const body = inEnvelope(type, protobufMessage(definitionName, budget))
  const { object } = decodeProtobuf(definitionName, body)
  assert.deepEqual(plain(object['spec']), { maxUnavailable: 0 })
})

test('map keys are in the order of their bytes, whatever JavaScript thinks of them', () => {
  const data = Object.create(null) as Record<string, string>
  for (const key of ['10', '9', '\ue000', '\u{1f600}', 'b', 'a', '__proto__']) data[key] = key
  const message = protobufMessage('io.k8s.api.core.v1.ConfigMap', { metadata: {}, data })
  const { object } = decodeProtobuf(
    'io.k8s.api.core.v1.ConfigMap',
    inEnvelope({ apiVersion: 'v1', kind: 'ConfigMap' }, message),
  )
  assert.deepEqual(plain(object['data']), plain(data), 'nothing is lost')
  const positions = ['10', '9', '__proto__', 'a', 'b', '\ue000', '\u{1f600}'].map((key) => {
    const entry = Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(key)]), Buffer.from(key)])
    return Buffer.from(message).indexOf(entry)
  })
  assert.deepEqual(
    positions,
    [...positions].sort((a, b) => a - b),
  )
  assert.ok(positions[0] !== undefined && positions[0] > 0)
})

test('JSON of definitions has its keys in order and nothing that looks like HTML', () => {
  const schema = { default: { b: '<&>', a: [true, null], 10: 1, 9: 2 } }
  const message = protobufMessage(
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
    schema,
  )
  const text = '{"10":1,"9":2,"a":[true,null],"b":"\\u003c\\u0026\\u003e"}'
  assert.ok(Buffer.from(message).includes(text), Buffer.from(message).toString('latin1'))
})

test('times: what is before 1970, Go’s zero, and microseconds', () => {
  const lease = (renewTime: string) =>
    hex(protobufMessage('io.k8s.api.coordination.v1.LeaseSpec', { renewTime }))
  assert.equal(lease('1969-12-31T23:59:59.500000Z'), '221108ffffffffffffffffff011080cab5ee01')
  assert.equal(lease('1970-01-01T00:00:01.000001Z'), '2205080110e807')
  const meta = hex(protobufMessage('io.k8s.api.core.v1.PodCondition', {}))
  assert.equal(meta, '0a0012001a0022002a0032003800')
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Without what says nothing, where Go has no pointer. */
function withoutEmpty(type: ValueType, value: unknown): unknown {
  const fields = elementDefinition(type)
  if (!fields || value === undefined) return plain(value)
  if (type.is === 'list') return (value as unknown[]).map((item) => withoutEmpty(type.of, item))
  if (type.is === 'map')
    return Object.fromEntries(
      Object.entries(value as JsonRecord).map(([key, item]) => [key, withoutEmpty(type.of, item)]),
    )
  const result: JsonRecord = {}
  for (const field of definition(fields.name).fields) {
    const inner = withoutEmpty(field.type, (value as JsonRecord)[field.name])
    if (!field.pointer && saysNothing(field.type, inner)) continue
    if (inner !== undefined) result[field.name] = inner
  }
  return result
}

function saysNothing(type: ValueType, value: unknown): boolean {
  if (type.is === 'object') return Object.keys(Object(value)).length === 0
  if (type.is !== 'scalar' || ['raw', 'json', 'fieldsV1'].includes(type.scalar)) return false
  return value === 0 || value === false || value === '' || value === '0'
}

/** Without prototypes and their differences. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
