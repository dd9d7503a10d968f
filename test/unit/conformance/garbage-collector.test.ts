import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

const merge = { headers: { 'content-type': 'application/strategic-merge-patch+json' } }
const inDefault = (resource: string, group = '/apis/apps/v1') =>
  `${group}/namespaces/default/${resource}`
const pods = inDefault('pods', '/api/v1')
const deployments = inDefault('deployments')
const replicaSets = inDefault('replicasets')

const labels = { gctest: 'x' }
const template = {
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'pause:1' }], terminationGracePeriodSeconds: 0 },
}
const deployment = {
  metadata: { name: 'simpletest' },
  spec: { replicas: 2, selector: { matchLabels: labels }, template },
}

interface Listed {
  readonly metadata: {
    name: string
    uid: string
    ownerReferences?: { uid: string }[]
    deletionTimestamp?: string
  }
}

async function listed({ cluster }: World, path: string): Promise<Listed[]> {
  return (await cluster.ask('GET', path)).json.items
}

async function withNode(body: (world: World) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    await namespace(world.client, 'kube-node-lease')
    await addNodes(world.client, 'n1')
    await body(world)
    assert.deepEqual(world.failures, [])
  })
}

async function withDeployment(body: (world: World, uid: string) => Promise<void>): Promise<void> {
  await withNode(async (world) => {
    const made = await world.cluster.ask('POST', deployments, deployment)
    assert.equal(made.status, 201, made.text)
    await world.until('its pods', async () => (await listed(world, pods)).length === 2)
    await body(world, made.json.metadata.uid)
  })
}

test('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]', async () => {
  await withDeployment(async (world, uid) => {
    const options = { propagationPolicy: 'Background', preconditions: { uid } }
    const gone = await world.cluster.ask('DELETE', `${deployments}/simpletest`, options)
    assert.equal(gone.status, 200, gone.text)
    await world.until('the end of all', async () => {
      const all = [deployments, replicaSets, pods].map((path) => listed(world, path))
      return (await Promise.all(all)).every((items) => items.length === 0)
    })
  })
})

test('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]', async () => {
  await withDeployment(async (world, uid) => {
    const options = { propagationPolicy: 'Orphan', preconditions: { uid } }
    await world.cluster.ask('DELETE', `${deployments}/simpletest`, options)
    await world.until('the end', async () => (await listed(world, deployments)).length === 0)
    await world.clock.advanceAsync(30_000)
    const [set, ...others] = await listed(world, replicaSets)
    assert.equal(others.length, 0)
    assert.equal(set?.metadata.ownerReferences, undefined)
    assert.equal((await listed(world, pods)).length, 2)
  })
})

test('[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]', async () => {
  await withNode(async (world) => {
    const { cluster, until } = world
    const uids = new Map<string, string>()
    for (const name of ['pod1', 'pod2', 'pod3']) {
      const { spec } = template
      const { json } = await cluster.ask('POST', pods, { metadata: { name }, spec })
      uids.set(name, json.metadata.uid)
    }
    const circle: [string, string][] = [
      ['pod1', 'pod3'],
      ['pod2', 'pod1'],
      ['pod3', 'pod2'],
    ]
    for (const [name, owner] of circle) {
      const reference = {
        ...{ apiVersion: 'v1', kind: 'Pod', name: owner, uid: uids.get(owner) },
        ...{ controller: true, blockOwnerDeletion: true },
      }
      const patch = { metadata: { ownerReferences: [reference] } }
      const patched = await cluster.ask('PATCH', `${pods}/${name}`, patch, merge)
      assert.equal(patched.json.metadata.ownerReferences[0].uid, uids.get(owner))
    }
    const preconditions = { uid: uids.get('pod1') }
    const options = { propagationPolicy: 'Foreground', preconditions }
    assert.equal((await cluster.ask('DELETE', `${pods}/pod1`, options)).status, 200)
    await until('the end of the circle', async () => (await listed(world, pods)).length === 0)
  })
})
