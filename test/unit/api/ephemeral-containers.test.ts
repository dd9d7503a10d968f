import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from './cluster.ts'

const pods = '/api/v1/namespaces/default/pods'
const part = `${pods}/web/ephemeralcontainers`
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }
const debug = { name: 'debug', image: 'x', targetContainerName: 'main' }

function add(cluster: TestCluster, ...ephemeralContainers: readonly object[]) {
  return cluster.ask('PATCH', part, { spec: { ephemeralContainers } }, strategic)
}

async function withPod(): Promise<TestCluster> {
  const cluster = await openCluster()
  const pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'x' }] } }
  assert.equal((await cluster.ask('POST', pods, pod)).status, 201)
  return cluster
}

test('ephemeral containers come through their part of the pod, and nothing else does', async () => {
  await using cluster = await withPod()
  const answer = await add(cluster, debug)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.json.spec.ephemeralContainers[0].name, 'debug')
  assert.equal(answer.json.spec.ephemeralContainers[0].imagePullPolicy, 'Always')
  const body = {
    metadata: { labels: { a: 'b' } },
    spec: { activeDeadlineSeconds: 5, ephemeralContainers: [{ name: 'second', image: 'y' }] },
    status: { phase: 'Failed' },
  }
  const second = await cluster.ask('PATCH', part, body, strategic)
  const { metadata, spec, status } = second.json
  const names = spec.ephemeralContainers.map((one: { name: string }) => one.name)
  assert.deepEqual(names.sort(), ['debug', 'second'])
  assert.deepEqual(
    [metadata.labels, spec.activeDeadlineSeconds, status.phase],
    [undefined, undefined, 'Pending'],
  )
  assert.deepEqual(
    (await cluster.ask('GET', part)).json,
    (await cluster.ask('GET', `${pods}/web`)).json,
  )
})

const refusals: readonly (readonly [what: string, container: object, message: RegExp])[] = [
  [
    'a probe',
    { livenessProbe: { exec: { command: ['x'] } } },
    /livenessProbe: Forbidden: cannot be set/,
  ],
  ['resources', { resources: { limits: { cpu: '1' } } }, /resources: Forbidden: cannot be set/],
  ['a port', { ports: [{ containerPort: 1 }] }, /ports: Forbidden: cannot be set/],
  [
    'a name that is taken',
    { name: 'main' },
    /ephemeralContainers\[0\]\.name: Duplicate value: "main"/,
  ],
  ['a target that is not there', { targetContainerName: 'other' }, /Not found: "other"/],
  ['no image', { image: '' }, /image: Required value/],
  ['no name', { name: '' }, /ephemeralContainers\[0\]\.name: Required value/],
]

for (const [what, container, message] of refusals)
  test(`an ephemeral container with ${what} is refused`, async () => {
    await using cluster = await withPod()
    const answer = await add(cluster, { ...debug, ...container })
    assert.equal(answer.status, 422, answer.text)
    assert.match(answer.json.message, message)
  })

test('ephemeral containers neither change nor go, and come with no new pod', async () => {
  await using cluster = await withPod()
  await add(cluster, debug)
  const changed = await add(cluster, { ...debug, image: 'other' })
  assert.match(changed.json.message, /existing ephemeral containers "debug" may not be changed/)
  const { json } = await cluster.ask('GET', part)
  json.spec.ephemeralContainers = []
  const removed = await cluster.ask('PUT', part, json)
  assert.match(removed.json.message, /existing ephemeral containers "debug" may not be removed/)
  const spec = { containers: [{ name: 'main', image: 'x' }], ephemeralContainers: [debug] }
  const created = await cluster.ask('POST', pods, { metadata: { name: 'new' }, spec })
  assert.match(created.json.message, /spec.ephemeralContainers: Forbidden: cannot be set on create/)
})
