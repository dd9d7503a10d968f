import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, openCluster } from './cluster.ts'
import { play } from './transcripts.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }

test('list: selectors by labels and fields', () =>
  play([
    { ask: ['POST', maps, configMap('a', {}, { app: 'x' })], status: 201 },
    { ask: ['POST', maps, configMap('b', {}, { app: 'y' })], status: 201 },
    {
      ask: ['GET', `${maps}?labelSelector=app%20in%20(x,z)`],
      answer: { items: [{ metadata: { name: 'a' } }] },
    },
    {
      ask: ['GET', `${maps}?fieldSelector=metadata.name%3Db`],
      answer: { items: [{ metadata: { name: 'b' } }] },
    },
    {
      ask: ['GET', '/api/v1/configmaps?fieldSelector=metadata.name%3Db'],
      answer: { items: [{ metadata: { name: 'b' } }] },
    },
    {
      ask: ['GET', `${maps}?fieldSelector=metadata.name!%3Db`],
      answer: { items: [{ metadata: { name: 'a' } }] },
    },
    {
      ask: ['GET', '/api/v1/configmaps?fieldSelector=metadata.namespace%3Ddefault'],
      answer: { items: [{}, {}] },
    },
    {
      ask: ['GET', '/api/v1/configmaps?fieldSelector=metadata.namespace%3Dother'],
      answer: { items: [] },
    },
    {
      ask: [
        'GET',
        '/api/v1/namespaces/other/configmaps?fieldSelector=metadata.namespace%3Ddefault',
      ],
      answer: { items: [] },
    },
    {
      ask: ['GET', `${maps}?fieldSelector=data.x%3Db`],
      status: 400,
      message:
        /"data\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"/,
    },
    {
      ask: ['GET', '/api/v1/pods?fieldSelector=spec.x%3Db'],
      status: 400,
      message: /field label not supported: spec\.x/,
    },
    { ask: ['GET', `${maps}?labelSelector=a%20b`], status: 400 },
    { ask: ['GET', '/api/v1/namespaces/none/configmaps'], answer: { items: [] } },
  ]))

test('list: a page at a time, all of one revision', async () => {
  await using cluster = await openCluster()
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await cluster.ask(
      'POST',
      maps,
      configMap(name, {}, { even: String(name === 'b' || name === 'd') }),
    )
  const first = await cluster.ask('GET', `${maps}?limit=2`)
  assert.equal(first.json.metadata.remainingItemCount, 3)
  await cluster.ask('DELETE', `${maps}/c`)
  await cluster.ask('POST', maps, configMap('cc'))
  const names: string[] = first.json.items.map((item: Named) => item.metadata.name)
  let token: string | undefined = first.json.metadata.continue
  while (token) {
    const page = await cluster.ask('GET', `${maps}?limit=2&continue=${encodeURIComponent(token)}`)
    assert.equal(page.json.metadata.resourceVersion, first.json.metadata.resourceVersion)
    names.push(...page.json.items.map((item: Named) => item.metadata.name))
    token = page.json.metadata.continue
  }
  assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e'])

  const selected = await cluster.ask('GET', `${maps}?limit=1&labelSelector=even%3Dtrue`)
  assert.deepEqual(
    selected.json.items.map((item: Named) => item.metadata.name),
    ['b'],
  )
  assert.equal(selected.json.metadata.remainingItemCount, undefined)
  const next = encodeURIComponent(selected.json.metadata.continue)
  const rest = await cluster.ask(
    'GET',
    `${maps}?limit=5&labelSelector=even%3Dtrue&continue=${next}`,
  )
  assert.deepEqual(
    rest.json.items.map((item: Named) => item.metadata.name),
    ['d'],
  )
  assert.equal(rest.json.metadata.continue, undefined)
})

interface Named {
  readonly metadata: { readonly name: string }
}

test('list: revisions are read as asked', async () => {
  await using cluster = await openCluster()
  const { clock, memory } = cluster
  const first = await cluster.ask('POST', maps, configMap('a'))
  const at = first.json.metadata.resourceVersion
  await cluster.ask('POST', maps, configMap('b'))
  const count = async (query: string) =>
    (await cluster.ask('GET', `${maps}?${query}`)).json.items.length
  assert.equal(await count('resourceVersion=0'), 2)
  assert.equal(await count(`resourceVersion=${at}`), 2)
  assert.equal(await count(`resourceVersion=${at}&resourceVersionMatch=NotOlderThan`), 2)
  assert.equal(await count(`resourceVersion=${at}&resourceVersionMatch=Exact`), 1)
  assert.equal(await count(`resourceVersion=${at}&limit=10`), 1)
  const page = await cluster.ask('GET', `${maps}?limit=1`)
  await cluster.ask('POST', maps, configMap('c'))
  await memory.store.compact(memory.store.view.revision)
  const exact = await cluster.ask('GET', `${maps}?resourceVersion=${at}&resourceVersionMatch=Exact`)
  assert.deepEqual([exact.status, exact.json.reason], [410, 'Expired'])
  const token = encodeURIComponent(page.json.metadata.continue)
  const expired = await cluster.ask('GET', `${maps}?limit=1&continue=${token}`)
  assert.deepEqual([expired.status, expired.json.reason], [410, 'Expired'])
  const fresh = encodeURIComponent(expired.json.metadata.continue)
  const rest = await cluster.ask('GET', `${maps}?continue=${fresh}`)
  assert.deepEqual(
    rest.json.items.map((item: Named) => item.metadata.name),
    ['b', 'c'],
  )
  assert.equal(clock.pendingTimers, 0)
})

test('list: options that cannot be are refused', () =>
  play([
    {
      ask: ['GET', `${maps}?resourceVersionMatch=Exact`],
      status: 422,
      message: /is forbidden unless resourceVersion is provided/,
    },
    { ask: ['GET', `${maps}?resourceVersion=0&resourceVersionMatch=Exact`], status: 422 },
    { ask: ['GET', `${maps}?resourceVersion=1&resourceVersionMatch=Newer`], status: 422 },
    { ask: ['GET', `${maps}?resourceVersion=abc`], status: 400 },
    { ask: ['GET', `${maps}?resourceVersion=-1`], status: 400 },
    { ask: ['GET', `${maps}?limit=many`], status: 400 },
    {
      ask: ['GET', `${maps}?continue=nonsense`],
      status: 400,
      message: /continue key is not valid/,
    },
    {
      ask: ['GET', `${maps}?sendInitialEvents=true`],
      status: 422,
      message: /sendInitialEvents is forbidden for list/,
    },
    {
      ask: ['GET', `${maps}?watch=1&sendInitialEvents=true`],
      status: 422,
      message: /requires setting resourceVersionMatch to NotOlderThan/,
    },
    { ask: ['GET', `${maps}?watch=1&resourceVersionMatch=NotOlderThan`], status: 422 },
  ]))

test('answers come in the form that Accept asks for', () =>
  play([
    { ask: ['POST', maps, configMap('a', { x: '1' })], status: 201 },
    {
      ask: ['GET', `${maps}/a`],
      headers: { accept: 'application/json,application/vnd.kubernetes.protobuf' },
      answer: { kind: 'ConfigMap' },
    },
    {
      ask: ['GET', `${maps}/a`],
      headers: { accept: 'application/cbor' },
      status: 406,
      answer: { reason: 'NotAcceptable' },
    },
    {
      ask: ['GET', `${maps}/a`],
      headers: { accept: 'text/html, */*;q=0.1' },
      answer: { kind: 'ConfigMap' },
    },
    {
      ask: ['GET', `${maps}/a`],
      headers: table,
      answer: {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        columnDefinitions: [
          { name: 'Name', type: 'string', format: 'name', priority: 0 },
          { name: 'Data' },
          { name: 'Age' },
        ],
        rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
      },
    },
    {
      ask: ['GET', maps],
      headers: table,
      answer: { kind: 'Table', rows: [{ cells: ['a', /1/, /.*/] }] },
    },
    {
      ask: ['GET', `${maps}?includeObject=None`],
      headers: table,
      answer: { rows: [{ object: undefined }] },
    },
    {
      ask: ['GET', `${maps}?includeObject=Object`],
      headers: table,
      answer: { rows: [{ object: { kind: 'ConfigMap', data: { x: '1' } } }] },
    },
    { ask: ['GET', `${maps}?includeObject=Half`], headers: table, status: 422 },
    {
      ask: ['GET', maps],
      headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      answer: {
        kind: 'PartialObjectMetadataList',
        items: [{ kind: 'PartialObjectMetadata', data: undefined }],
      },
    },
    {
      ask: ['GET', `${maps}/a`],
      headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
      answer: { kind: 'PartialObjectMetadata' },
    },
  ]))

test('answers may be YAML', async () => {
  await using cluster = await openCluster()
  await cluster.ask('POST', maps, configMap('a', { x: '1', u: 'yes', z: '2001-01-02' }))
  const one = await cluster.ask('GET', `${maps}/a`, undefined, {
    headers: { accept: 'application/yaml' },
  })
  assert.match(one.text, /^apiVersion: v1\nkind: ConfigMap\n/)
  assert.match(one.text, / {2}u: "yes"\n {2}z: "2001-01-02"\n/)
  const list = await cluster.ask('GET', maps, undefined, {
    headers: { accept: 'application/yaml' },
  })
  assert.match(list.text, /^kind: ConfigMapList\n/)
})

test('a large list is a stream of blocks that together are one list', async () => {
  await using cluster = await openCluster()
  const data = { x: 'y'.repeat(10_000) }
  for (let index = 0; index < 60; index += 1)
    await cluster.ask('POST', maps, configMap(`m${index}`, data))
  const list = await cluster.ask('GET', maps)
  assert.equal(list.json.items.length, 60)
  assert.equal(list.json.items[59].data.x.length, 10_000)
  const rows = await cluster.ask('GET', `${maps}?includeObject=Object`, undefined, {
    headers: table,
  })
  assert.equal(rows.json.rows.length, 60)
})
