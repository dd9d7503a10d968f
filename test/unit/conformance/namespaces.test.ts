import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, TestCluster } from '../api/cluster.ts'
import { addNodes, namespace, type World, withApi } from '../controllers/with-api.ts'

const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
const pod = (name: string, more: object = {}) => ({
  metadata: { name, ...more },
  spec: { containers: [{ name: 'c', image: 'pause:1' }] },
})

/** A world with a node and the namespace `doomed`, which its service account was made for. */
async function withDoomed(body: (world: World) => Promise<void>): Promise<void> {
  await withApi(async (world) => {
    const { client, until, cluster } = world
    await namespace(client, 'kube-node-lease')
    await addNodes(client, 'n1')
    await namespace(client, 'doomed')
    const account = '/api/v1/namespaces/doomed/serviceaccounts/default'
    await until('the account', async () => (await cluster.ask('GET', account)).status === 200)
    await body(world)
  })
}

const doomed = '/api/v1/namespaces/doomed'

async function post(cluster: TestCluster, path: string, body: object): Promise<Answer> {
  const answer = await cluster.ask('POST', path, body)
  assert.equal(answer.status, 201, answer.text)
  return answer
}

/** Deletes the namespace, waits until it is gone, and makes it anew. */
async function recreate({ cluster, client, until }: World): Promise<void> {
  assert.equal((await cluster.ask('DELETE', doomed)).status, 200)
  await until('the end', async () => (await cluster.ask('GET', doomed)).status === 404)
  await namespace(client, 'doomed')
}

test('[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]', async () => {
  await withDoomed(async (world) => {
    const { cluster, until } = world
    await post(cluster, `${doomed}/pods`, pod('p'))
    const phase = async () => (await cluster.ask('GET', `${doomed}/pods/p`)).json.status.phase
    await until('the pod to run', async () => (await phase()) === 'Running')
    await recreate(world)
    const gone = await cluster.ask('GET', `${doomed}/pods/p`)
    assert.deepEqual([gone.status, gone.json.reason], [404, 'NotFound'])
  })
})

test('[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]', async () => {
  await withDoomed(async (world) => {
    const { cluster } = world
    const spec = { selector: { foo: 'bar' }, ports: [{ port: 80, targetPort: 80 }] }
    await post(cluster, `${doomed}/services`, { metadata: { name: 's' }, spec })
    await recreate(world)
    assert.equal((await cluster.ask('GET', `${doomed}/services/s`)).status, 404)
  })
})

test('[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]', async () => {
  await withDoomed(async ({ cluster, until, failures }) => {
    await post(cluster, `${doomed}/pods`, pod('p', { finalizers: ['e2e.example.com/finalizer'] }))
    await post(cluster, `${doomed}/configmaps`, { metadata: { name: 'c' } })
    assert.equal((await cluster.ask('DELETE', doomed)).status, 200)
    const conditions = async (): Promise<{ type: string; status: string; message: string }[]> =>
      (await cluster.ask('GET', doomed)).json.status.conditions ?? []
    const statusOf = async (type: string) =>
      (await conditions()).find((one) => one.type === type)?.status
    await until(
      'the namespace to be seen to',
      async () => (await statusOf('NamespaceDeletionContentFailure')) === 'False',
    )
    assert.equal(await statusOf('NamespaceContentRemaining'), 'True')
    assert.match(
      (await conditions()).map(({ message }) => message).join(),
      /pods\. has 1 resource instances.*e2e\.example\.com\/finalizer in 1 resource instances/,
    )
    const held = (await cluster.ask('GET', `${doomed}/pods/p`)).json
    assert.ok(held.metadata.deletionTimestamp)
    const map = (await cluster.ask('GET', `${doomed}/configmaps/c`)).json
    assert.equal(map.metadata.deletionTimestamp, undefined, 'nothing but pods goes yet')
    const release = { metadata: { finalizers: null } }
    const freed = await cluster.ask('PATCH', `${doomed}/pods/p`, release, merge)
    assert.equal(freed.status, 200, freed.text)
    await until('the end', async () => (await cluster.ask('GET', doomed)).status === 404)
    assert.deepEqual(failures, [])
  })
})
