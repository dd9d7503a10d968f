import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupVersions } from '../../../src/api/discovery/resources.ts'
import { openApiV2 } from '../../../src/api/openapi/document.ts'
import { gnosticPieces } from '../../../src/api/openapi/gnostic.ts'
import { handleOpenApi } from '../../../src/api/openapi/handle-openapi.ts'
import type { Part } from '../../../src/api/openapi/schemas.ts'
import { present } from '../../../src/base/assert.ts'
import { bodyBytes } from '../../../src/client/transport.ts'
import { WireReader, wire } from '../../../src/kinds/codec/wire-reader.ts'
import { allKinds } from '../../../src/kinds/scheme.ts'
import { testContext } from './context.ts'

const asked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
const apps = groupVersions(allKinds.filter(({ group }) => group === 'apps'))

/** The whole document, its parts merged as a reader of protobuf merges them. */
function gnosticDocument(document: Part): Uint8Array {
  return Buffer.concat([...gnosticPieces(document)])
}

/** The fields of a message by number, as bytes or numbers. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const found = new Map<number, (Uint8Array | number)[]>()
  const reader = new WireReader(bytes)
  while (reader.nextField()) {
    const value = reader.wireType === wire.bytes ? reader.bytes() : Number(reader.varint())
    found.set(reader.field, [...(found.get(reader.field) ?? []), value])
  }
  return found
}

/** All instances of a message field, as the one message that they are together. */
function merged(bytes: Uint8Array, number: number): Uint8Array {
  return Buffer.concat((fieldsOf(bytes).get(number) ?? []) as Uint8Array[])
}

/** The message at the end of a path of field numbers, first of each. */
function at(bytes: Uint8Array, ...path: number[]): Uint8Array {
  return path.reduce((message, number) => {
    const [value] = fieldsOf(message).get(number) ?? []
    assert.ok(value instanceof Uint8Array, `field ${number}`)
    return value
  }, bytes)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

/** NamedX{name = 1, value = 2}, repeated as the field of that number. */
function members(bytes: Uint8Array, number: number): Map<string, Uint8Array> {
  return new Map(
    (fieldsOf(bytes).get(number) ?? []).map((one) => [
      text(at(one as Uint8Array, 1)),
      at(one as Uint8Array, 2),
    ]),
  )
}

test('the protobuf form holds every path and definition of the JSON form', () => {
  const json = openApiV2(apps)
  const document = gnosticDocument(json)
  assert.equal(text(at(document, 1)), '2.0')
  assert.deepEqual(
    [...members(merged(document, 8), 2).keys()],
    Object.keys(json['paths'] as object),
  )
  const definitions = members(merged(document, 9), 1)
  assert.deepEqual([...definitions.keys()], Object.keys(json['definitions'] as object))
})

test('a definition has its description, type, references, lists and extensions', () => {
  const definitions = members(merged(gnosticDocument(openApiV2(apps)), 9), 1)
  const deployment = present(definitions.get('io.k8s.api.apps.v1.Deployment'), 'Deployment')
  assert.match(text(at(deployment, 4)), /^Keeps a number of equal pods/)
  assert.equal(text(at(deployment, 22, 1)), 'object')
  const spec = present(members(at(deployment, 25), 1).get('spec'), 'spec')
  assert.equal(text(at(spec, 1)), '#/definitions/io.k8s.api.apps.v1.DeploymentSpec')
  const kinds = present(
    members(deployment, 31).get('x-kubernetes-group-version-kind'),
    'group, version and kind',
  )
  assert.deepEqual(JSON.parse(text(at(kinds, 2))), [
    { group: 'apps', kind: 'Deployment', version: 'v1' },
  ])
  const list = present(definitions.get('io.k8s.api.apps.v1.DeploymentList'), 'DeploymentList')
  const items = present(members(at(list, 25), 1).get('items'), 'items')
  assert.equal(text(at(items, 23, 1, 1)), '#/definitions/io.k8s.api.apps.v1.Deployment')
  assert.deepEqual(
    (fieldsOf(list).get(19) ?? []).map((one) => text(one as Uint8Array)),
    ['items'],
  )
})

test('an operation has its parameters, its body and its answer', () => {
  const paths = members(merged(gnosticDocument(openApiV2(apps)), 8), 2)
  const named = present(
    paths.get('/apis/apps/v1/namespaces/{namespace}/deployments/{name}'),
    'path',
  )
  const [first] = fieldsOf(named).get(9) ?? []
  assert.equal(text(at(first as Uint8Array, 1, 2, 4, 4)), 'name')
  const replace = at(named, 3)
  assert.match(text(at(replace, 5)), /^replaceAppsV1NamespacedDeployment$/)
  const body = at(replace, 8, 1, 1)
  assert.equal(text(at(body, 5, 1)), '#/definitions/io.k8s.api.apps.v1.Deployment')
  const answer = present(members(at(replace, 9), 1).get('200'), '200')
  assert.equal(text(at(answer, 1, 2, 1, 1)), '#/definitions/io.k8s.api.apps.v1.Deployment')
})

test('is served to who asks for it, under a name that is a media type', async () => {
  const answer = await handleOpenApi(testContext('GET', '/openapi/v2', { accept: asked }))
  assert.equal(
    answer?.headers.get('content-type'),
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  )
  const bytes = await bodyBytes(present(answer, 'answer').body)
  assert.equal(text(at(bytes, 2, 1)), 'Kubernetes')
})
