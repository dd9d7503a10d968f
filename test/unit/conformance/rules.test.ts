import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensureBootstrapObjects } from '../../../src/api/bootstrap-objects.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { admin, openCluster, type TestCluster } from '../api/cluster.ts'

const home = '/api/v1/namespaces/default'
const merge = { headers: { 'content-type': 'application/merge-patch+json' } }

for (const [resource, value, name] of [
  [
    'configmaps',
    'value-1',
    '[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]',
  ],
  [
    'secrets',
    'dmFsdWUtMQ==',
    '[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    const object = { metadata: { name: 'x' }, data: { '': value } }
    const { status, json } = await cluster.ask('POST', `${home}/${resource}`, object)
    assert.deepEqual([status, json.reason], [422, 'Invalid'])
    assert.match(json.message, /data\[\]: Invalid value: ""/)
  })

for (const [resource, value, name] of [
  [
    'configmaps',
    'value',
    '[sig-storage] ConfigMap should be immutable if `immutable` field is set [Conformance]',
  ],
  [
    'secrets',
    'dmFsdWU=',
    '[sig-storage] Secrets should be immutable if `immutable` field is set [Conformance]',
  ],
] as const)
  test(name, async () => {
    await using cluster = await openCluster()
    const path = `${home}/${resource}/x`
    await cluster.ask('POST', `${home}/${resource}`, {
      metadata: { name: 'x' },
      data: { a: value },
    })
    const update = async (change: object) => {
      const { json } = await cluster.ask('GET', path)
      return cluster.ask('PUT', path, { ...json, ...change })
    }
    assert.equal((await update({ data: { a: value, b: value } })).status, 200)
    assert.equal((await update({ immutable: true })).status, 200)
    for (const change of [{ immutable: false }, { data: { a: value } }]) {
      const { status, json } = await update(change)
      assert.deepEqual([status, json.reason], [422, 'Invalid'])
      assert.match(json.message, /field is immutable when `immutable` is set/)
    }
    const labelled = await cluster.ask('PATCH', path, { metadata: { labels: { a: 'b' } } }, merge)
    assert.equal(labelled.status, 200, 'metadata may change')
    assert.equal((await cluster.ask('DELETE', path)).status, 200)
  })

test('[sig-node] PodTemplates should replace a pod template [Conformance]', async () => {
  await using cluster = await openCluster()
  const path = `${home}/podtemplates`
  const made = await cluster.ask('POST', path, {
    metadata: { name: 't' },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: { containers: [{ name: 'c', image: 'pause:1' }] },
    },
  })
  assert.equal(made.status, 201, made.text)
  const { json } = await cluster.ask('GET', `${path}/t`)
  json.metadata.annotations = { updated: 'true' }
  const put = await cluster.ask('PUT', `${path}/t`, json)
  assert.equal(put.json.metadata.annotations.updated, 'true')
})

async function pods(cluster: TestCluster, resources: object | undefined, name: string) {
  const containers = [{ name: 'c', image: 'pause:1', ...(resources ? { resources } : {}) }]
  return cluster.ask('POST', `${home}/pods`, { metadata: { name }, spec: { containers } })
}

test('[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]', async () => {
  await using cluster = await openCluster()
  const amounts = (cpu: string, memory: string, disk: string) => ({
    cpu,
    memory,
    'ephemeral-storage': disk,
  })
  const path = `${home}/limitranges`
  const watch = await cluster.watch(`${path}?watch=true`)
  const made = await cluster.ask('POST', path, {
    metadata: { name: 'l' },
    spec: {
      limits: [
        {
          type: 'Container',
          min: amounts('50m', '100Mi', '100Gi'),
          max: amounts('500m', '500Mi', '500Gi'),
          default: amounts('500m', '500Mi', '500Gi'),
          defaultRequest: amounts('100m', '200Mi', '200Gi'),
        },
      ],
    },
  })
  assert.equal(made.status, 201, made.text)
  assert.equal((await watch.next()).type, 'ADDED')
  await watch.close()
  const resourcesOf = ({ json }: Awaited<ReturnType<typeof pods>>) =>
    json.spec.containers[0].resources
  assert.deepEqual(resourcesOf(await pods(cluster, undefined, 'defaults')), {
    requests: amounts('100m', '200Mi', '200Gi'),
    limits: amounts('500m', '500Mi', '500Gi'),
  })
  const partial = {
    requests: { cpu: '300m', memory: '150Mi', 'ephemeral-storage': '150Gi' },
    limits: { cpu: '300m' },
  }
  assert.deepEqual(resourcesOf(await pods(cluster, partial, 'partial')), {
    requests: amounts('300m', '150Mi', '150Gi'),
    limits: amounts('300m', '500Mi', '500Gi'),
  })
  const small = { requests: amounts('10m', '50Mi', '50Gi') }
  const large = {
    requests: amounts('600m', '600Mi', '600Gi'),
    limits: amounts('600m', '600Mi', '600Gi'),
  }
  assert.equal((await pods(cluster, small, 'small')).status, 403)
  assert.equal((await pods(cluster, large, 'large')).status, 403)
  const { json } = await cluster.ask('GET', `${path}/l`)
  json.spec.limits[0].min = amounts('9m', '49Mi', '49Gi')
  assert.equal((await cluster.ask('PUT', `${path}/l`, json)).status, 200)
  assert.equal((await pods(cluster, small, 'small')).status, 201)
  assert.equal((await pods(cluster, large, 'large')).status, 403)
  assert.equal((await cluster.ask('DELETE', `${path}/l`)).status, 200)
  assert.equal((await pods(cluster, large, 'large')).status, 201)
})

test('[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]', async () => {
  await using cluster = await openCluster()
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses'
  for (const [name, value] of Object.entries({ p1: 1, p2: 2 })) {
    const made = await cluster.ask('POST', path, { metadata: { name }, value })
    assert.equal(made.status, 201, made.text)
    const again = await cluster.ask('POST', path, { metadata: { name }, value })
    assert.deepEqual([again.status, again.json.reason], [409, 'AlreadyExists'])
    const { json } = await cluster.ask('GET', `${path}/${name}`)
    const put = await cluster.ask('PUT', `${path}/${name}`, { ...json, value: value * 10 })
    const patched = await cluster.ask('PATCH', `${path}/${name}`, { value: value * 10 }, merge)
    for (const { status, json: refused } of [put, patched]) {
      assert.deepEqual([status, refused.reason], [422, 'Invalid'])
      assert.match(refused.message, /value/)
    }
    const description = { description: 'updated' }
    const changed = await cluster.ask('PUT', `${path}/${name}`, { ...json, ...description })
    assert.equal(changed.json.description, 'updated')
    const label = { metadata: { labels: { e2e: 'x' } } }
    assert.equal((await cluster.ask('PATCH', `${path}/${name}`, label, merge)).status, 200)
  }
  const { items } = (await cluster.ask('GET', `${path}?labelSelector=e2e=x`)).json
  assert.deepEqual(
    items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ['p1', 'p2'],
  )
  assert.equal((await cluster.ask('DELETE', `${path}?labelSelector=e2e=x`)).status, 200)
  assert.equal((await cluster.ask('GET', `${path}/p1`)).status, 404)
})

async function withOwnService(): Promise<TestCluster> {
  const cluster = await openCluster()
  const transport = createInProcessTransport((request) => cluster.api.handle(request, admin))
  await ensureBootstrapObjects(createClient(transport), [{ address: '10.0.0.1', port: 6443 }])
  return cluster
}

test('[sig-network] API Server should provide secure master service [Conformance]', async () => {
  await using cluster = await withOwnService()
  const { json } = await cluster.ask('GET', `${home}/services/kubernetes`)
  assert.deepEqual(
    json.spec.ports.map((one: { name: string; port: number }) => [one.name, one.port]),
    [['https', 443]],
  )
})

test('[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server [Conformance]', async () => {
  await using cluster = await withOwnService()
  const { subsets } = (await cluster.ask('GET', `${home}/endpoints/kubernetes`)).json
  const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  const query = 'labelSelector=kubernetes.io/service-name=kubernetes'
  const { items } = (await cluster.ask('GET', `${path}?${query}`)).json
  assert.deepEqual(
    [items.length, items[0].endpoints[0].addresses, items[0].ports[0].port],
    [1, ['10.0.0.1'], 6_443],
  )
  assert.deepEqual(subsets, [
    { addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'https', port: 6_443, protocol: 'TCP' }] },
  ])
})
