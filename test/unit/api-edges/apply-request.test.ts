import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Api, createApi } from '../../../src/api/api.ts'
import { bodyBytes, type HttpMethod } from '../../../src/client/transport.ts'
import { openMemoryStore } from '../../contract/memory-store.ts'
import { testContext, testUser } from './context.ts'

let api: Api
let stop: () => Promise<void>

before(async () => {
  const { store } = await openMemoryStore()
  stop = () => store.stop()
  api = createApi(testContext('GET', '/', {}, { store }).options)
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }
  assert.equal((await send('POST', '/api/v1/namespaces', namespace)).status, 201)
})
after(() => stop())

async function send(method: HttpMethod, path: string, body?: unknown, type = 'application/json') {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await api.handle(
    {
      method,
      path,
      headers: new Map([
        ['content-type', type],
        ['user-agent', 'editor/1.0'],
      ]),
      ...(body === undefined ? {} : { body: Buffer.from(text) }),
    },
    testUser,
  )
  const answer = Buffer.from(await bodyBytes(response.body)).toString()
  return { status: response.status, json: JSON.parse(answer) }
}

const apply = (path: string, body: string, query = 'fieldManager=me') =>
  send('PATCH', `${path}?${query}`, body, 'application/apply-patch+yaml')
const maps = '/api/v1/namespaces/default/configmaps'
const yaml = (data: string) => `apiVersion: v1\nkind: ConfigMap\ndata: ${data}\n`
const managers = (json: {
  metadata: { managedFields: { manager: string; operation: string }[] }
}) => json.metadata.managedFields.map((entry) => `${entry.operation} ${entry.manager}`)

describe('PATCH of type apply', () => {
  test('creates, changes, and leaves alone what is the same already', async () => {
    const created = await apply(`${maps}/a`, yaml('{k: v}'))
    assert.equal(created.status, 201)
    assert.deepEqual(managers(created.json), ['Apply me'])
    const again = await apply(`${maps}/a`, yaml('{k: v}'))
    assert.equal(again.status, 200)
    assert.equal(again.json.metadata.resourceVersion, created.json.metadata.resourceVersion)
    const changed = await apply(`${maps}/a`, yaml('{z: v}'))
    assert.deepEqual(changed.json.data, { z: 'v' })
  })

  test('knows who changed a field by other means, and gives way only to force', async () => {
    await apply(`${maps}/b`, yaml('{k: v}'))
    const patched = await send(
      'PATCH',
      `${maps}/b`,
      { data: { k: 'w' } },
      'application/merge-patch+json',
    )
    assert.deepEqual(managers(patched.json), ['Update editor'])
    const refused = await apply(`${maps}/b`, yaml('{k: v}'))
    assert.equal(refused.status, 409)
    assert.match(refused.json.message, /conflict with "editor" using v1: \.data\.k$/)
    const forced = await apply(`${maps}/b`, yaml('{k: v}'), 'fieldManager=me&force=true')
    assert.equal(forced.json.data.k, 'v')
    assert.deepEqual(managers(forced.json), ['Apply me'])
  })

  test('stores nothing on a dry run', async () => {
    const dry = await apply(`${maps}/c`, yaml('{k: v}'), 'fieldManager=me&dryRun=All')
    assert.equal(dry.status, 201)
    assert.equal((await send('GET', `${maps}/c`)).status, 404)
  })

  const refusals: [what: string, body: string, query: string, code: number, message: RegExp][] = [
    ['no field manager', yaml('{}'), '', 422, /fieldManager: Required value/],
    [
      'a manager that cannot be printed',
      yaml('{}'),
      'fieldManager=%0a',
      422,
      /invalid character U.000A/,
    ],
    ['another kind', 'kind: Pod', 'fieldManager=me', 400, /Pod/],
    ['what is no YAML', 'a: [', 'fieldManager=me', 400, /not YAML/],
    ['another name', `${yaml('{}')}metadata: {name: q}`, 'fieldManager=me', 400, /does not match/],
    [
      'managed fields',
      `${yaml('{}')}metadata: {managedFields: [{manager: x}]}`,
      'fieldManager=me',
      400,
      /metadata.managedFields must be nil/,
    ],
    [
      'a uid of what is not there',
      `${yaml('{}')}metadata: {uid: "5"}`,
      'fieldManager=me',
      409,
      /uid mismatch: the provided object specified uid 5, and no existing object was found/,
    ],
    [
      'an unknown field, even of who asks for no validation',
      `${yaml('{}')}dat: {}`,
      'fieldManager=me&fieldValidation=Ignore',
      500,
      /^failed to create typed patch object \(default\/d; \/v1, Kind=ConfigMap\): \.dat: field not declared in schema$/,
    ],
    [
      'unknown fields',
      `${yaml('{}')}dat: {}\nmetadata: {nam: x}`,
      'fieldManager=me',
      500,
      /: errors:\n {2}\.dat: field not declared in schema\n {2}\.metadata\.nam: field not declared/,
    ],
    [
      'a field twice, if strict',
      '{"apiVersion":"v1","kind":"ConfigMap","data":{"k":"v"},"data":{"k":"w"}}',
      'fieldManager=me&fieldValidation=Strict',
      400,
      /^error strict decoding YAML: .*\n {2}line 1: key "data" already set in map$/,
    ],
  ]
  for (const [what, body, query, code, message] of refusals)
    test(`refuses ${what}`, async () => {
      const { status, json } = await apply(`${maps}/d`, body, query)
      assert.equal(status, code, json.message)
      assert.match(json.message, message)
    })
})
