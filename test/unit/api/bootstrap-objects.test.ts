import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensureBootstrapObjects, keepBootstrapObjects } from '../../../src/api/bootstrap-objects.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { Scope } from '../../../src/base/scope.ts'
import { createClient } from '../../../src/client/client.ts'
import { createInProcessTransport } from '../../../src/client/in-process-transport.ts'
import { admin, openCluster } from './cluster.ts'

test('a cluster begins with its namespaces and its own service, once', async () => {
  await using cluster = await openCluster()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const masters = [
    { address: '10.0.0.1', port: 6443 },
    { address: '10.0.0.2', port: 6443 },
    { address: '10.0.0.1', port: 6444 },
  ]
  await ensureBootstrapObjects(client, masters)
  const namespaces = await cluster.ask('GET', '/api/v1/namespaces')
  const names = namespaces.json.items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  )
  assert.deepEqual(names, ['default', 'kube-node-lease', 'kube-public', 'kube-system'])
  const service = await cluster.ask('GET', '/api/v1/namespaces/default/services/kubernetes')
  assert.equal(service.json.spec.clusterIP, '10.96.0.1')
  assert.equal(service.json.spec.ports[0].port, 443)

  const revision = cluster.memory.store.view.revision
  await ensureBootstrapObjects(client, masters)
  assert.equal(cluster.memory.store.view.revision, revision, 'the second run writes nothing')

  await ensureBootstrapObjects(client, masters.slice(0, 1))
  const slices = await cluster.ask(
    'GET',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
  )
  assert.equal(slices.json.items.length, 1)
  assert.deepEqual(slices.json.items[0].endpoints, [
    { addresses: ['10.0.0.1'], conditions: { ready: true } },
  ])
})

test('the service of the cluster comes back when somebody deletes it', async () => {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const { clock } = cluster
  const keeping = { clock, logger: silentLogger, scope }
  const endpoints = [{ address: '10.0.0.1', port: 6443 }]
  await keepBootstrapObjects(client, () => endpoints, keeping)
  const revision = cluster.memory.store.view.revision
  await clock.advanceAsync(30_000)
  assert.equal(cluster.memory.store.view.revision, revision, 'looking writes nothing')
  const service = '/api/v1/namespaces/default/services/kubernetes'
  assert.equal((await cluster.ask('DELETE', service)).status, 200)
  await clock.advanceAsync(10_000)
  for (let turn = 0; turn < 50; turn += 1) await clock.advanceAsync(0)
  assert.equal((await cluster.ask('GET', service)).status, 200)
})

test('what masters publish is there, and comes back when somebody changes it', async () => {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const { clock } = cluster
  const name = 'extension-apiserver-authentication'
  const published = [
    {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' } },
      data: { 'client-ca-file': 'PEM' },
    },
  ]
  await keepBootstrapObjects(client, () => [], { clock, logger: silentLogger, scope, published })
  const path = `/api/v1/namespaces/kube-system/configmaps/${name}`
  const { revision } = cluster.memory.store.view
  await clock.advanceAsync(30_000)
  assert.equal(cluster.memory.store.view.revision, revision, 'looking writes nothing')
  const { json } = await cluster.ask('GET', path)
  const data = { 'client-ca-file': 'wrong', mine: 'kept' }
  assert.equal((await cluster.ask('PUT', path, { ...json, data })).status, 200)
  await clock.advanceAsync(10_000)
  for (let turn = 0; turn < 50; turn += 1) await clock.advanceAsync(0)
  const { json: after } = await cluster.ask('GET', path)
  assert.deepEqual(after.data, { 'client-ca-file': 'PEM', mine: 'kept' })
})

test('the range of cluster IPs is an object that is ready, and a condition that somebody wrote stays', async () => {
  await using cluster = await openCluster()
  await using scope = new Scope()
  const client = createClient(
    createInProcessTransport((request) => cluster.api.handle(request, admin)),
  )
  const keeping = { clock: cluster.clock, logger: silentLogger, scope }
  const range = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes'
  await keepBootstrapObjects(client, () => [], { ...keeping, serviceCidr: '10.96.0.0/16' })
  const made = await cluster.ask('GET', range)
  assert.deepEqual(made.json.spec.cidrs, ['10.96.0.0/16'])
  const [condition] = made.json.status.conditions
  assert.deepEqual([condition.type, condition.status], ['Ready', 'True'])
  const unready = { conditions: [{ ...condition, status: 'False', reason: 'Closed' }] }
  const body = { ...made.json, status: unready }
  assert.equal((await cluster.ask('PUT', `${range}/status`, body)).status, 200)
  await keepBootstrapObjects(client, () => [], { ...keeping, serviceCidr: '10.96.0.0/16' })
  const kept = await cluster.ask('GET', range)
  assert.equal(kept.json.status.conditions[0].reason, 'Closed')
})
