import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isStatus } from '../../../src/base/status.ts'
import { decodeJson } from '../../../src/kinds/decode-json.ts'
import { decodeProtobuf } from '../../../src/kinds/decode-protobuf.ts'
import { encodeObject, parseStored } from '../../../src/kinds/encode.ts'
import type { AnyObject } from '../../../src/kinds/kind.ts'
import { allKinds, apiVersionOf } from '../../../src/kinds/scheme.ts'
import { objectOf } from './arbitrary.ts'
import { chunk, encodeProtobuf, text, varintField } from './wire-writer.ts'

const kindAndObject = fc.constantFrom(...allKinds).chain((kind) =>
  objectOf(kind.definition).map((fields) => {
    const typeMeta = { apiVersion: apiVersionOf(kind), kind: kind.kind }
    return { kind, typeMeta, object: { ...typeMeta, metadata: {}, ...fields } as AnyObject }
  }),
)
const runs = { numRuns: 150, verbose: true }

test('an encoded object decodes to itself, strictly', () => {
  fc.assert(
    fc.property(kindAndObject, ({ kind, object }) => {
      const bytes = new TextEncoder().encode(JSON.stringify(object))
      const decoded = decodeJson(kind.definition, bytes, 'Strict')
      assert.deepEqual(plain(decoded.object), plain(object))
      assert.deepEqual(decoded.warnings, [])
    }),
    runs,
  )
})

test('protobuf and JSON of the same object decode alike', () => {
  fc.assert(
    fc.property(kindAndObject, ({ kind, typeMeta, object }) => {
      const { apiVersion: _v, kind: _k, ...fields } = object
      const bytes = encodeProtobuf(kind.definition, fields, typeMeta)
      assert.deepEqual(plain(decodeProtobuf(kind.definition, bytes).object), plain(object))
    }),
    runs,
  )
})

test('stored bytes leave out the resourceVersion and say where it goes', () => {
  fc.assert(
    fc.property(kindAndObject, ({ object }) => {
      const metadata = { ...object.metadata, name: 'x', resourceVersion: '9' }
      const { bytes, revisionOffset } = encodeObject({ ...object, metadata })
      const at = Buffer.from(bytes)
      const before = at.subarray(0, revisionOffset).toString()
      assert.ok(before.endsWith('"metadata":{'), before)
      const spliced = Buffer.concat([
        at.subarray(0, revisionOffset),
        Buffer.from('"resourceVersion":"9",'),
        at.subarray(revisionOffset),
      ])
      assert.deepEqual(plain(parseStored(spliced)), plain({ ...object, metadata }))
    }),
    runs,
  )
})

test('cut or damaged protobuf is a BadRequest, never another error', () => {
  fc.assert(
    fc.property(kindAndObject, fc.nat(), fc.nat(255), ({ kind, object }, at, byte) => {
      const bytes = encodeProtobuf(kind.definition, object)
      const damaged = bytes.slice()
      damaged[4 + (at % Math.max(1, bytes.length - 4))] = byte
      for (const body of [damaged, bytes.subarray(0, at % bytes.length)])
        try {
          decodeProtobuf(kind.definition, body)
        } catch (error) {
          assert.ok(isStatus(error, 'BadRequest'), String((error as Error).stack))
        }
    }),
    runs,
  )
})

test('any JSON is decoded or a BadRequest', () => {
  fc.assert(
    fc.property(fc.constantFrom(...allKinds), fc.json(), (kind, json) => {
      for (const body of [json, `{"metadata":${json},"spec":${json}}`])
        try {
          decodeJson(kind.definition, new TextEncoder().encode(body), 'Strict')
        } catch (error) {
          assert.ok(isStatus(error, 'BadRequest'), String((error as Error).stack))
        }
    }),
    runs,
  )
})

test('hand-built protobuf: zeros without a pointer vanish, pointers and labels stay', () => {
  const meta = Buffer.concat([
    text(1, 'web'),
    text(2, ''),
    chunk(8, Buffer.alloc(0)),
    chunk(11, Buffer.concat([text(1, '__proto__'), text(2, 'x')])),
    chunk(11, Buffer.concat([text(1, 'empty'), text(2, '')])),
  ])
  const spec = Buffer.concat([varintField(1, 0n), varintField(5, 0n)])
  const unknown = Buffer.concat([
    chunk(1, Buffer.concat([text(1, 'apps/v1'), text(2, 'Deployment')])),
    chunk(2, Buffer.concat([chunk(1, meta), chunk(2, spec)])),
  ])
  const body = Buffer.concat([Buffer.from([0x6b, 0x38, 0x73, 0]), unknown])
  const { object } = decodeProtobuf('io.k8s.api.apps.v1.Deployment', body)
  assert.equal(
    JSON.stringify(object),
    '{"apiVersion":"apps/v1","kind":"Deployment",' +
      '"metadata":{"name":"web","labels":{"__proto__":"x","empty":""}},"spec":{"replicas":0}}',
  )
})

/** The body of kubectl 1.35: `create deployment web --image=nginx --replicas=0 --port=80`. */
const kubectlBody =
  'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYB' +
  'CAASDAoKCgNhcHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54' +
  'KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgA' +
  'OAAaDAgAEAAYACAAKAA4ABoAIgA='

test('the protobuf that kubectl sends is decoded', () => {
  const bytes = Buffer.from(kubectlBody, 'base64')
  const labels = { app: 'web' }
  const container = { name: 'nginx', image: 'nginx', ports: [{ containerPort: 80 }], resources: {} }
  const { object } = decodeProtobuf('io.k8s.api.apps.v1.Deployment', bytes)
  assert.deepEqual(plain(object), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      strategy: {},
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
    status: {},
  })
})

test('bytes without the magic are refused', () => {
  assert.throws(
    () => decodeProtobuf('io.k8s.api.core.v1.Pod', Buffer.from('{}')),
    /expected prefix \[107 56 115 0\]/,
  )
})

/** Without prototypes and their differences: what JSON shows. */
function plain(object: AnyObject): unknown {
  return JSON.parse(JSON.stringify(object))
}
