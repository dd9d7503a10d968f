import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleRequest } from '../certificates/sample-request.ts'
import { openCluster } from './cluster.ts'

/** What a kind's own rules do on the way through the API. */
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] },
}

test('a job selects its own pods by its uid, under the name that was generated for it', async () => {
  await using cluster = await openCluster()
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  const { json } = await cluster.ask('POST', jobs, {
    metadata: { generateName: 'once-' },
    spec: { template },
  })
  const { labels } = json.spec.template.metadata
  assert.match(json.metadata.name, /^once-[a-z0-9]{5}$/)
  assert.equal(labels['batch.kubernetes.io/job-name'], json.metadata.name)
  assert.deepEqual(json.spec.selector, {
    matchLabels: { 'batch.kubernetes.io/controller-uid': json.metadata.uid },
  })
  assert.equal(json.spec.backoffLimit, 6)
  assert.equal(json.spec.completions, 1)
})

test('a certificate request names who asked, and is approved apart from its status', async () => {
  await using cluster = await openCluster()
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const { json, status, text } = await cluster.ask('POST', path, {
    metadata: { name: 'r' },
    spec: {
      request: sampleRequest,
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      username: 'somebody-else',
    },
  })
  assert.equal(status, 201, text)
  assert.equal(json.spec.username, 'admin')
  const approved = { type: 'Approved', status: 'True', reason: 'Fine', message: 'fine' }
  const put = (part: string, conditions: object[]) =>
    cluster.ask('PUT', `${path}/r/${part}`, { ...json, status: { conditions } })
  const bySubresource = await put('status', [approved])
  assert.deepEqual(bySubresource.json.status.conditions ?? [], [])
  json.metadata.resourceVersion = bySubresource.json.metadata.resourceVersion
  const answer = await put('approval', [approved])
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(answer.json.status.conditions, [
    {
      ...approved,
      lastUpdateTime: '2026-01-01T00:00:00Z',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ])
  json.metadata.resourceVersion = answer.json.metadata.resourceVersion
  const denied = await put('approval', [{ ...approved, type: 'Denied' }])
  assert.equal(denied.status, 422)
})

test('a replication controller is scaled, its selector being a plain map', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/namespaces/default/replicationcontrollers'
  const labels = { app: 'a' }
  const pods = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } }
  const made = await cluster.ask('POST', path, {
    metadata: { name: 'rc' },
    spec: { template: pods },
  })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.spec.selector, labels)
  const scale = await cluster.ask(
    'PATCH',
    `${path}/rc/scale`,
    { spec: { replicas: 4 } },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  )
  assert.deepEqual(scale.json.spec, { replicas: 4 })
  assert.equal(scale.json.status.selector, 'app=a')
  const as = (form: string) =>
    cluster.ask('GET', `${path}/rc/scale`, undefined, { headers: { accept: form } })
  const table = await as('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')
  assert.deepEqual(
    table.json.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'Desired', 'Available', 'Age'],
  )
  assert.deepEqual(table.json.rows[0].cells.slice(0, 3), ['rc', 4, 0])
  const partial = await as('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io')
  assert.equal(partial.json.kind, 'PartialObjectMetadata')
  assert.equal(partial.json.metadata.name, 'rc')
})

test('component statuses are made when asked for, and nothing else can be done with them', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/componentstatuses'
  const list = await cluster.ask('GET', path)
  assert.equal(list.json.kind, 'ComponentStatusList')
  assert.equal(list.json.items.length, 3)
  const table = await cluster.ask('GET', path, undefined, {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  })
  assert.deepEqual(table.json.rows[1].cells, ['etcd-0', 'Healthy', 'ok', ''])
  assert.equal((await cluster.ask('GET', `${path}/etcd-0`)).json.conditions[0].status, 'True')
  assert.equal((await cluster.ask('GET', `${path}/nothing`)).status, 404)
  assert.equal((await cluster.ask('DELETE', `${path}/etcd-0`)).status, 405)
})

test('a volume remembers when its phase last changed', async () => {
  await using cluster = await openCluster()
  const path = '/api/v1/persistentvolumes'
  const { json } = await cluster.ask('POST', path, {
    metadata: { name: 'v' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      hostPath: { path: '/data' },
    },
  })
  assert.equal(json.status.phase, 'Pending')
  cluster.clock.advance(60_000)
  const { json: bound } = await cluster.ask('PUT', `${path}/v/status`, {
    ...json,
    status: { phase: 'Available' },
  })
  assert.equal(bound.status.lastPhaseTransitionTime, '2026-01-01T00:01:00Z')
  const put = async (status: object) =>
    (await cluster.ask('PUT', `${path}/v/status`, { ...bound, status, metadata: { name: 'v' } }))
      .json
  // Who says when is taken at his word; who says nothing takes nothing away.
  const told = await put({ phase: 'Bound', lastPhaseTransitionTime: '2025-12-31T00:00:00Z' })
  assert.equal(told.status.lastPhaseTransitionTime, '2025-12-31T00:00:00Z')
  const silent = await put({ phase: 'Bound' })
  assert.equal(silent.status.lastPhaseTransitionTime, '2025-12-31T00:00:00Z')
})

test('a scale is applied: its replicas have owners, who quarrel and take over', async () => {
  await using cluster = await openCluster()
  const path = '/apis/apps/v1/namespaces/default/deployments'
  const labels = { app: 'a' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } }
  const spec = { replicas: 1, selector: { matchLabels: labels }, template }
  await cluster.ask('POST', path, { metadata: { name: 'd' }, spec })
  const apply = (query: string, body: object, name = 'd') =>
    cluster.ask(
      'PATCH',
      `${path}/${name}/scale?${query}`,
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, ...body },
      { headers: { 'content-type': 'application/apply-patch+yaml' } },
    )
  const refused = await apply('fieldManager=hpa', { spec: { replicas: 3 } })
  assert.equal(refused.status, 409, refused.text)
  assert.equal(refused.json.details.causes[0].field, '.spec.replicas')
  const forced = await apply('fieldManager=hpa&force=true', { spec: { replicas: 3 } })
  assert.equal(forced.status, 200, forced.text)
  assert.equal(forced.json.spec.replicas, 3)
  const { json } = await cluster.ask('GET', `${path}/d`)
  const [own] = json.metadata.managedFields.filter(
    ({ manager }: { manager: string }) => manager === 'hpa',
  )
  assert.equal(own.operation, 'Apply')
  assert.equal(own.apiVersion, 'apps/v1')
  assert.equal(own.subresource, 'scale')
  assert.deepEqual(own.fieldsV1, { 'f:spec': { 'f:replicas': {} } })
  assert.equal((await apply('fieldManager=hpa', { spec: { replicas: 4 } })).json.spec.replicas, 4)
  const stale = { metadata: { name: 'd', resourceVersion: '1' }, spec: { replicas: 5 } }
  assert.equal((await apply('fieldManager=hpa', stale)).status, 409)
  assert.equal((await apply('fieldManager=hpa', { spec: { replica: 5 } })).status, 500)
  assert.equal((await apply('fieldManager=hpa', {}, 'nowhere')).status, 404)
})
