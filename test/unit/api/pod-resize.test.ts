import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster, type TestCluster } from './cluster.ts'

const pods = '/api/v1/namespaces/default/pods'
const part = `${pods}/web/resize`
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }

const resources = {
  requests: { cpu: '100m', memory: '64Mi' },
  limits: { cpu: '200m', memory: '128Mi' },
}
const containers = [
  { name: 'main', image: 'x', resources },
  { name: 'side', image: 'y', resources: { requests: { cpu: '50m' } } },
]
const initContainers = [
  { name: 'first', image: 'x', resources: { requests: { cpu: '10m' } } },
  { name: 'logs', image: 'x', restartPolicy: 'Always', resources: { requests: { cpu: '10m' } } },
]

async function withPod(spec: object = {}, metadata: object = {}): Promise<TestCluster> {
  const cluster = await openCluster()
  const pod = { metadata: { name: 'web', ...metadata }, spec: { containers, ...spec } }
  const made = await cluster.ask('POST', pods, pod)
  assert.equal(made.status, 201, made.text)
  return cluster
}

function resize(cluster: TestCluster, spec: object, query = '') {
  return cluster.ask('PATCH', `${part}${query}`, { spec }, strategic)
}

const main = (more: object) => ({ containers: [{ name: 'main', ...more }] })
const cpu = (request: string, limit: string) =>
  main({ resources: { requests: { cpu: request }, limits: { cpu: limit } } })

test('resources of a running pod change through /resize, and nothing else does', async () => {
  await using cluster = await withPod()
  const before = (await cluster.ask('GET', `${pods}/web`)).json
  const refused = await cluster.ask('PATCH', `${pods}/web`, { spec: cpu('1', '2') }, strategic)
  assert.equal(refused.status, 422)
  assert.match(refused.json.message, /pod updates may not change fields other than/)
  const { status, json, text } = await cluster.ask(
    'PATCH',
    part,
    {
      metadata: { labels: { a: 'b' } },
      spec: { ...cpu('150m', '300m'), activeDeadlineSeconds: 5 },
      status: { phase: 'Failed' },
    },
    strategic,
  )
  assert.equal(status, 200, text)
  assert.deepEqual(json.spec.containers[0].resources, {
    requests: { cpu: '150m', memory: '64Mi' },
    limits: { cpu: '300m', memory: '128Mi' },
  })
  assert.deepEqual(json.spec.containers[1], before.spec.containers[1])
  assert.deepEqual(
    [json.metadata.labels, json.spec.activeDeadlineSeconds, json.status.phase],
    [undefined, undefined, 'Pending'],
  )
  assert.equal(json.metadata.generation, before.metadata.generation + 1)
  const owners = json.metadata.managedFields.map((one: { subresource?: string }) => one.subresource)
  assert.ok(owners.includes('resize'))
  assert.equal(
    (await cluster.ask('GET', part)).json.spec.containers[0].resources.limits.cpu,
    '300m',
  )
})

test('PUT of a whole pod to /resize takes its resources', async () => {
  await using cluster = await withPod()
  const { json } = await cluster.ask('GET', part)
  json.spec.containers[0].resources.limits.memory = '256Mi'
  json.spec.containers[0].image = 'other'
  const put = await cluster.ask('PUT', part, json)
  assert.equal(put.status, 200, put.text)
  assert.equal(put.json.spec.containers[0].resources.limits.memory, '256Mi')
  assert.equal(put.json.spec.containers[0].image, 'x')
  const stale = await cluster.ask('PUT', part, json)
  assert.equal(stale.status, 409)
})

test('a resize removes nothing, and changes neither class nor order nor other resources', async () => {
  await using cluster = await withPod({ initContainers })
  const messages = async (spec: object) => {
    const { status, json } = await resize(cluster, spec, '?dryRun=All')
    return status === 200 ? 'fine' : json.message.replace(/^Pod "web" is invalid: /, '')
  }
  const asked: readonly [object, string][] = [
    [
      main({ resources: { limits: { memory: null } } }),
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    ],
    [
      { containers: [{ name: 'side', resources: null }] },
      'spec.containers[1].resources.requests: Forbidden: resource requests cannot be removed',
    ],
    [
      main({ resources: { requests: { 'ephemeral-storage': '1Gi' } } }),
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      main({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
      'spec: Forbidden: only cpu and memory resources are mutable',
    ],
    [
      { initContainers: [{ name: 'first', resources: { requests: { cpu: '20m' } } }] },
      'spec: Forbidden: resources for non-sidecar init containers are immutable',
    ],
    [{ initContainers: [{ name: 'logs', resources: { requests: { cpu: '20m' } } }] }, 'fine'],
    [
      { containers: [{ name: 'third', image: 'z' }] },
      'spec.containers: Forbidden: containers may not be added or removed on resize',
    ],
    [
      cpu('300m', '200m'),
      'spec.containers[0].resources.requests: Invalid value: "300m": must be less than or equal to cpu limit of 200m',
    ],
    [cpu('150m', '150m'), 'fine'],
  ]
  for (const [spec, message] of asked) assert.equal(await messages(spec), message)
  const { json } = await cluster.ask('GET', part)
  json.spec.containers.reverse()
  const put = await cluster.ask('PUT', part, json)
  assert.match(
    put.json.message,
    /spec\.containers\[0\]\.name: Forbidden: containers may not be renamed or reordered on resize, spec\.containers\[1\]/,
  )
})

test('the class of service stays: an amount that would change it is refused', async () => {
  const guaranteed = { cpu: '100m', memory: '64Mi' }
  const one = { ...containers[0], resources: { requests: guaranteed, limits: guaranteed } }
  await using cluster = await withPod({ containers: [one] })
  const refused = await resize(cluster, main({ resources: { limits: { cpu: '200m' } } }))
  assert.equal(refused.status, 422)
  assert.equal(
    refused.json.message,
    'Pod "web" is invalid: spec: Invalid value: "Guaranteed": ' +
      'Pod QOS Class may not change as a result of resizing',
  )
  assert.equal((await resize(cluster, cpu('200m', '200m'))).status, 200)
})

test('static pods and pods on nodes that tell no resources are not resized', async () => {
  const annotations = { 'kubernetes.io/config.mirror': 'x' }
  await using cluster = await withPod({ nodeName: 'n' }, { annotations })
  const refused = await resize(cluster, cpu('150m', '300m'))
  assert.match(refused.json.message, /Forbidden: static pods cannot be resized$/)
  await using other = await withPod()
  const running = (more: object) => [
    {
      ...{ name: 'main', image: 'x', imageID: '', ready: true, restartCount: 0 },
      ...{ state: { running: {} }, ...more },
    },
  ]
  const told = (more: object) =>
    other.ask(
      'PATCH',
      `${pods}/web/status`,
      { status: { containerStatuses: running(more) } },
      {
        headers: { 'content-type': 'application/merge-patch+json' },
      },
    )
  assert.equal((await told({})).status, 200)
  const older = await resize(other, cpu('150m', '300m'))
  assert.match(
    older.json.message,
    /spec: Forbidden: Pod running on node without support for resize$/,
  )
  assert.equal((await told({ resources })).status, 200)
  assert.equal((await resize(other, cpu('150m', '300m'))).status, 200)
})

test('a resize takes of quotas and stays within the limits of its namespace', async () => {
  await using cluster = await withPod()
  const put = (path: string, body: object) =>
    cluster.ask('POST', `/api/v1/namespaces/default/${path}`, body)
  const hard = { 'requests.cpu': '300m' }
  const quota = await put('resourcequotas', { metadata: { name: 'q' }, spec: { hard } })
  const status = { hard, used: { 'requests.cpu': '150m' } }
  const counted = await cluster.ask(
    ...(['PUT', '/api/v1/namespaces/default/resourcequotas/q/status'] as const),
    { ...quota.json, status },
  )
  assert.equal(counted.status, 200, counted.text)
  const refused = await resize(cluster, cpu('251m', '300m'))
  assert.equal(refused.status, 403)
  assert.match(
    refused.json.message,
    /exceeded quota: q, requested: requests.cpu=151m, used: requests.cpu=150m/,
  )
  assert.equal((await resize(cluster, cpu('200m', '300m'))).status, 200)
  const used = (await cluster.ask('GET', '/api/v1/namespaces/default/resourcequotas/q')).json
  assert.equal(used.status.used['requests.cpu'], '250m')
  const limits = [{ type: 'Container', max: { cpu: '400m' } }]
  await put('limitranges', { metadata: { name: 'l' }, spec: { limits } })
  const beyond = await resize(cluster, cpu('200m', '500m'))
  assert.equal(beyond.status, 403)
  assert.match(beyond.json.message, /maximum cpu usage per Container is 400m, but limit is 500m/)
})
