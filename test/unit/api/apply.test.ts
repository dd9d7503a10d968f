import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from './cluster.ts'
import { play, type Step } from './transcripts.ts'

const deployments = '/apis/apps/v1/namespaces/default/deployments'
const maps = '/api/v1/namespaces/default/configmaps'
const headers = { 'content-type': 'application/apply-patch+yaml' }

function apply(name: string, manager: string, data: object, more: Partial<Step> = {}): Step {
  return {
    ask: ['PATCH', `${maps}/${name}?fieldManager=${manager}`, { metadata: { name }, data }],
    headers,
    ...more,
  }
}

test('apply: creates, changes, and takes back what is left out', () =>
  play([
    apply(
      'a',
      'one',
      { x: '1', y: '2' },
      {
        status: 201,
        answer: {
          data: { x: '1', y: '2' },
          metadata: {
            managedFields: [
              {
                manager: 'one',
                operation: 'Apply',
                apiVersion: 'v1',
                fieldsType: 'FieldsV1',
                fieldsV1: { 'f:data': { 'f:x': {}, 'f:y': {} } },
              },
            ],
          },
        },
      },
    ),
    apply(
      'a',
      'one',
      { x: '1', z: '3' },
      { answer: { data: { x: '1', y: undefined, z: '3' } }, keep: 'a' },
    ),
    {
      ask: ['PATCH', `${maps}/a`, { data: { q: '9' } }],
      headers: { 'content-type': 'application/merge-patch+json' },
    },
    apply('a', 'one', { x: '1' }, { answer: { data: { x: '1', z: undefined, q: '9' } } }),
    {
      ask: ['PATCH', `${maps}/a`, {}],
      headers,
      status: 422,
      message: /fieldManager: Required value/,
    },
    { ask: ['PATCH', `${maps}/a?fieldManager=m`, 'a: b: c'], headers, status: 400 },
    {
      ask: [
        'PATCH',
        `${maps}/a?fieldManager=m`,
        { metadata: { managedFields: [{ manager: 'x' }] } },
      ],
      headers,
      status: 400,
    },
    {
      ask: ['PATCH', `${maps}/a?fieldManager=m&fieldValidation=Strict`, { surplus: 1 }],
      headers,
      status: 500,
    },
    { ask: ['PATCH', `${maps}/dry?fieldManager=m&dryRun=All`, {}], headers, status: 201 },
    { ask: ['GET', `${maps}/dry`], status: 404 },
  ]))

test('apply: two appliers share, quarrel, and one takes over by force', () =>
  play([
    apply('a', 'one', { x: '1', y: '2' }, { status: 201 }),
    apply('a', 'two', { x: '1', z: '3' }),
    apply(
      'a',
      'two',
      { x: '9' },
      {
        status: 409,
        message: 'Apply failed with 1 conflict: conflict with "one": .data.x',
        answer: { details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.x' }] } },
      },
    ),
    apply('a', 'one', { y: '2' }, { answer: { data: { x: '1', y: '2', z: '3' } } }),
    apply('a', 'one', { y: '2', z: '4' }, { status: 409 }),
    {
      ask: ['PATCH', `${maps}/a?fieldManager=one&force=true`, { data: { y: '2', z: '4' } }],
      headers,
      answer: { data: { x: '1', y: '2', z: '4' } },
    },
    apply('a', 'two', { x: '1' }, { answer: { data: { x: '1', y: '2', z: '4' } } }),
    apply('a', 'two', {}, { answer: { data: { x: undefined, y: '2', z: '4' } } }),
  ]))

test('apply: the same again makes no revision', async () => {
  await using cluster = await openCluster()
  const body = {
    spec: {
      selector: { matchLabels: { app: 'w' } },
      template: {
        metadata: { labels: { app: 'w' } },
        spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }] }] },
      },
    },
  }
  const path = `${deployments}/w?fieldManager=helm`
  const created = await cluster.ask('PATCH', path, body, { headers })
  assert.equal(created.status, 201, created.text)
  await cluster.clock.advanceAsync(5_000)
  const again = await cluster.ask('PATCH', path, body, { headers })
  assert.equal(again.json.metadata.resourceVersion, created.json.metadata.resourceVersion)
  assert.equal(again.status, 200)
})

test('apply: elements of keyed lists come and go one by one', async () => {
  await using cluster = await openCluster()
  const containers = async (manager: string, names: string[]) => {
    const body = {
      spec: {
        selector: { matchLabels: { app: 'w' } },
        template: {
          metadata: { labels: { app: 'w' } },
          spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) },
        },
      },
    }
    const path = `${deployments}/w?fieldManager=${manager}`
    const answer = await cluster.ask('PATCH', path, body, { headers })
    assert.ok(answer.status < 300, answer.text)
    return answer.json.spec.template.spec.containers.map((one: { name: string }) => one.name)
  }
  assert.deepEqual(await containers('one', ['a', 'b']), ['a', 'b'])
  assert.deepEqual(await containers('two', ['c']), ['a', 'b', 'c'])
  assert.deepEqual(await containers('one', ['b']), ['b', 'c'])
  assert.deepEqual(await containers('two', ['b']), ['b'])
  assert.deepEqual(await containers('one', ['d']), ['b', 'd'], 'b is still wanted by two')
})

test('what a new object sets is owned in the order of the names', async () => {
  await using cluster = await openCluster()
  const { json } = await cluster.ask('POST', maps, {
    ...{ metadata: { name: 's', labels: { l: '1' } }, immutable: true, data: { b: 'x', a: 'y' } },
  })
  assert.equal(
    JSON.stringify(json.metadata.managedFields[0].fieldsV1),
    '{"f:data":{".":{},"f:a":{},"f:b":{}},"f:immutable":{},' +
      '"f:metadata":{"f:labels":{".":{},"f:l":{}}}}',
  )
})
