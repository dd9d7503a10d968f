import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openCluster, type TestCluster } from '../api/cluster.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const twice = `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  name: b
data: {k: v}
date: {}
`
const line = 'line 5: key "name" already set in map'

function write(cluster: TestCluster, method: 'POST' | 'PATCH', path: string, type: string) {
  return (validation: string, body: string) =>
    cluster.ask(method, `${path}fieldValidation=${validation}`, body, {
      headers: { 'content-type': `application/${type}` },
    })
}

describe('bodies that say something twice', () => {
  test('YAML: the last counts, by its line it is refused or warned of', async () => {
    await using cluster = await openCluster()
    const post = write(cluster, 'POST', `${maps}?`, 'yaml')
    const strict = await post('Strict', twice)
    assert.equal(strict.status, 400)
    assert.match(
      strict.json.message,
      /strict decoding error: yaml: unmarshal errors:\n {2}line 5: key "name" already set in map, unknown field "date"$/,
    )
    const warned = await post('Warn', twice)
    assert.equal(warned.status, 201, warned.text)
    assert.equal(warned.json.metadata.name, 'b')
    const warning = warned.headers.get('warning') ?? ''
    assert.ok(warning.includes(JSON.stringify(line)), warning)
    assert.ok(warning.includes(JSON.stringify('unknown field "date"')), warning)
    const ignored = await post('Ignore', twice.replace('name: b', 'name: c'))
    assert.equal(ignored.headers.get('warning') ?? '', '')
  })

  test('YAML that is nested without end is refused before anybody parses it', async () => {
    await using cluster = await openCluster()
    const post = write(cluster, 'POST', `${maps}?`, 'yaml')
    for (const deep of ['[', '- ', '{a: ', '? ']) {
      const { status, json } = await post('Warn', `data: ${deep.repeat(100_000)}`)
      assert.equal(status, 400)
      assert.equal(json.message, 'the body is not YAML: exceeded max depth of 1000')
    }
    const script = `metadata: {name: s}\ndata:\n  k: |\n    ${'[0m'.repeat(2_000)}\n`
    assert.equal((await post('Warn', script)).status, 201)
  })

  test('server-side apply: JSON, too, has lines', async () => {
    await using cluster = await openCluster()
    const apply = write(cluster, 'PATCH', `${maps}/a?fieldManager=me&`, 'apply-patch+yaml')
    const json = '{"apiVersion":"v1","kind":"ConfigMap",\n"data":{"k":"1"},\n"data":{"k":"2"}}'
    const strict = await apply('Strict', json)
    assert.equal(strict.status, 400)
    assert.equal(
      strict.json.message,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key "data" already set in map',
    )
    const warned = await apply('Warn', json)
    assert.equal(warned.status, 201, warned.text)
    assert.deepEqual(warned.json.data, { k: '2' })
    const warning = warned.headers.get('warning') ?? ''
    assert.ok(warning.includes('line 3: key'), warning)
  })

  test('a JSON patch is told by the place of its operations', async () => {
    await using cluster = await openCluster()
    await cluster.ask('POST', maps, { metadata: { name: 'a' } })
    const patch = write(cluster, 'PATCH', `${maps}/a?`, 'json-patch+json')
    const body =
      '[{"op":"add","path":"/x","path":"/data","value":{"k":"v"}},{"op":"test","path":"/kind","value":"ConfigMap","foo":1}]'
    const strict = await patch('Strict', body)
    assert.equal(strict.status, 422)
    const problem =
      'strict decoding error: json patch unknown field "[1].foo", json patch duplicate field "[0].path"'
    assert.ok(strict.json.message.endsWith(problem), strict.json.message)
    const taken = await patch('Ignore', body)
    assert.deepEqual(taken.json.data, { k: 'v' })
  })

  test('a strategic merge patch that names a field twice is refused when that is asked for', async () => {
    await using cluster = await openCluster()
    await cluster.ask('POST', maps, { metadata: { name: 'a' } })
    const patch = write(cluster, 'PATCH', `${maps}/a?`, 'strategic-merge-patch+json')
    const strict = await patch('Strict', '{"data":{"k":"1"},"data":{"k":"2"}}')
    assert.equal(strict.status, 422)
    assert.ok(strict.json.message.endsWith('strict decoding error: duplicate field "data"'))
  })

  test('an owner that is named twice is there once, and its writer is told', async () => {
    await using cluster = await openCluster()
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' }
    const body = { metadata: { name: 'a', ownerReferences: [owner, owner] } }
    const made = await cluster.ask('POST', maps, body)
    assert.deepEqual(made.json.metadata.ownerReferences, [owner])
    assert.match(made.headers.get('warning') ?? '', /duplicate UID\(s\) observed: u"$/)
    const patched = await cluster.ask('PATCH', `${maps}/a`, body, {
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    assert.deepEqual(patched.json.metadata.ownerReferences, [owner])
    assert.match(patched.headers.get('warning') ?? '', /after mutating admission happens/)
  })

  test('a namespace’s status without a phase is Active; OpenAPI is nobody else’s to keep', async () => {
    await using cluster = await openCluster()
    const path = '/api/v1/namespaces/default'
    const { json } = await cluster.ask('GET', path)
    const put = await cluster.ask('PUT', `${path}/status`, { ...json, status: {} })
    assert.equal(put.json.status?.phase, 'Active', put.text)
    const openapi = await cluster.ask('GET', '/openapi/v2')
    assert.equal(openapi.headers.get('cache-control'), 'no-cache, private')
  })

  test('the namespace of what has none, and a resourceVersion that is none, are passed over', async () => {
    await using cluster = await openCluster()
    const made = await cluster.ask('POST', '/api/v1/namespaces', {
      metadata: { name: 'n', namespace: 'default', resourceVersion: 'x' },
    })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.json.metadata.namespace, undefined)
  })
})
