import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap, openCluster, type TestCluster, type WatchReader } from '../api/cluster.ts'

const path = '/api/v1/namespaces/default/configmaps'
const labelled = (name: string, watched: string, data: Record<string, string> = {}) =>
  configMap(name, data, { 'watch-this-configmap': watched })

async function change(cluster: TestCluster, name: string, merge: object): Promise<string> {
  const headers = { 'content-type': 'application/merge-patch+json' }
  const answer = await cluster.ask('PATCH', `${path}/${name}`, merge, { headers })
  assert.equal(answer.status, 200, answer.text)
  return answer.json.metadata.resourceVersion
}

async function create(cluster: TestCluster, object: object): Promise<string> {
  const answer = await cluster.ask('POST', path, object)
  assert.equal(answer.status, 201, answer.text)
  return answer.json.metadata.resourceVersion
}

async function expects(watch: WatchReader, type: string, mutation?: string): Promise<void> {
  const event = await watch.next()
  assert.equal(event?.type, type)
  if (mutation !== undefined) assert.equal(event.object.data.mutation, mutation)
}

/** Nothing came before a marker that is written last. */
async function expectsNothing(cluster: TestCluster, watches: WatchReader[], watched: string) {
  await create(cluster, labelled(`marker-${watched.toLowerCase()}`, watched))
  for (const watch of watches) {
    const event = await watch.next()
    assert.deepEqual(
      [event.type, event.object.metadata.name],
      ['ADDED', `marker-${watched.toLowerCase()}`],
    )
  }
}

const now = '?watch=true&labelSelector=watch-this-configmap'

test('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]', async () => {
  await using cluster = await openCluster()
  const ofA = await cluster.watch(`${path}${now}=A`)
  const ofB = await cluster.watch(`${path}${now}=B`)
  const ofBoth = await cluster.watch(`${path}${now}%20in%20(A,B)`)
  await create(cluster, labelled('a', 'A'))
  for (const watch of [ofA, ofBoth]) await expects(watch, 'ADDED')
  for (const mutation of ['1', '2']) {
    await change(cluster, 'a', { data: { mutation } })
    for (const watch of [ofA, ofBoth]) await expects(watch, 'MODIFIED', mutation)
  }
  await cluster.ask('DELETE', `${path}/a`)
  for (const watch of [ofA, ofBoth]) await expects(watch, 'DELETED')
  await create(cluster, labelled('b', 'B'))
  for (const watch of [ofB, ofBoth]) await expects(watch, 'ADDED')
  await cluster.ask('DELETE', `${path}/b`)
  for (const watch of [ofB, ofBoth]) await expects(watch, 'DELETED')
  await expectsNothing(cluster, [ofA, ofBoth], 'A')
  await expectsNothing(cluster, [ofB, ofBoth], 'B')
  for (const watch of [ofA, ofB, ofBoth]) await watch.close()
})

test('[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]', async () => {
  await using cluster = await openCluster()
  await create(cluster, labelled('a', 'A'))
  const first = await change(cluster, 'a', { data: { mutation: '1' } })
  await change(cluster, 'a', { data: { mutation: '2' } })
  await cluster.ask('DELETE', `${path}/a`)
  const watch = await cluster.watch(`${path}${now}=A&resourceVersion=${first}`)
  await expects(watch, 'MODIFIED', '2')
  await expects(watch, 'DELETED')
  await watch.close()
})

test('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]', async () => {
  await using cluster = await openCluster()
  const broken = await cluster.watch(`${path}${now}=A`)
  await create(cluster, labelled('a', 'A'))
  await expects(broken, 'ADDED')
  await change(cluster, 'a', { data: { mutation: '1' } })
  const { object } = await broken.next()
  await broken.close()
  await change(cluster, 'a', { data: { mutation: '2' } })
  await cluster.ask('DELETE', `${path}/a`)
  const version = object.metadata.resourceVersion
  const resumed = await cluster.watch(`${path}${now}=A&resourceVersion=${version}`)
  await expects(resumed, 'MODIFIED', '2')
  await expects(resumed, 'DELETED')
  await resumed.close()
})

test('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]', async () => {
  await using cluster = await openCluster()
  const watch = await cluster.watch(`${path}${now}=A`)
  await create(cluster, labelled('a', 'A'))
  await expects(watch, 'ADDED')
  await change(cluster, 'a', { data: { mutation: '1' } })
  await expects(watch, 'MODIFIED', '1')
  await change(cluster, 'a', { metadata: { labels: { 'watch-this-configmap': 'wrong' } } })
  await expects(watch, 'DELETED')
  await change(cluster, 'a', { data: { mutation: '2' } })
  await change(cluster, 'a', { metadata: { labels: { 'watch-this-configmap': 'A' } } })
  await expects(watch, 'ADDED', '2')
  await change(cluster, 'a', { data: { mutation: '3' } })
  await expects(watch, 'MODIFIED', '3')
  await cluster.ask('DELETE', `${path}/a`)
  await expects(watch, 'DELETED')
  await watch.close()
})

test('[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]', async () => {
  await using cluster = await openCluster()
  const began = (await cluster.ask('GET', path)).json.metadata.resourceVersion
  const versions: string[] = []
  const watches: WatchReader[] = []
  for (let at = 0; at < 20; at += 1) {
    // Each watch begins at another moment, and reads from the same one.
    watches.push(await cluster.watch(`${path}?watch=true&resourceVersion=${began}`))
    versions.push(await create(cluster, configMap(`c-${at}`)))
    versions.push(await change(cluster, `c-${at}`, { data: { mutation: '1' } }))
    if (at % 3 === 0) await cluster.ask('DELETE', `${path}/c-${at}`)
  }
  const orders = []
  for (const watch of watches) {
    const order: string[] = []
    while (order.length < 47) {
      const { type, object } = await watch.next()
      order.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`)
    }
    orders.push(order.join('\n'))
    await watch.close()
  }
  assert.equal(new Set(orders).size, 1)
  for (const version of versions) assert.match(orders[0] ?? '', new RegExp(` ${version}(\n|$)`))
})
