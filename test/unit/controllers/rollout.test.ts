import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { statusError } from '../../../src/base/status.ts'
import { deployments, pods, replicaSets } from '../../../src/client/resources.ts'
import { isActive, isReady } from '../../../src/controllers/pod-facts.ts'
import type { Deployment } from '../../../src/kinds/types.ts'
import { type Cluster, withCluster } from './cluster.ts'

const labels = { app: 'web' }
const web = (replicas: number, image = 'one'): Deployment => ({
  metadata: { name: 'web', namespace: 'ns' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
  },
})

async function change(cluster: Cluster, spec: Partial<NonNullable<Deployment['spec']>>) {
  const found = await deployments(cluster.api).get('ns', 'web')
  const merged = { ...(found.spec ?? web(1).spec), ...spec } as NonNullable<Deployment['spec']>
  await deployments(cluster.api).update({ ...found, spec: merged })
}

async function isDone(cluster: Cluster, image: string, replicas: number): Promise<boolean> {
  const { metadata, status } = await deployments(cluster.api).get('ns', 'web')
  const all = (await cluster.pods()).filter(isActive)
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas &&
    all.length === replicas &&
    all.every((pod) => isReady(pod) && pod.spec?.containers[0]?.image === image)
  )
}

describe('deployment and replica set controllers together', () => {
  test('roll out, update, scale and restart', async () => {
    await withCluster(async (cluster) => {
      await deployments(cluster.api).create('ns', web(3))
      await cluster.until('the first rollout', () => isDone(cluster, 'one', 3))
      await change(cluster, { template: web(1, 'two').spec?.template ?? {} })
      await cluster.until('the update', () => isDone(cluster, 'two', 3))
      await change(cluster, { replicas: 7 })
      await cluster.until('the growth', () => isDone(cluster, 'two', 7))
      await change(cluster, { replicas: 1 })
      await cluster.until('the shrinking', () => isDone(cluster, 'two', 1))
      assert.deepEqual(cluster.failures, [])
      assert.ok(cluster.events.some((event) => /^ScalingReplicaSet web: Scaled up/.test(event)))
    })
  })

  test('say nothing of a set that begins without pods', async () => {
    await withCluster(async (cluster) => {
      await deployments(cluster.api).create('ns', web(0))
      await cluster.until('the rollout', () => isDone(cluster, 'one', 0))
      assert.equal((await replicaSets(cluster.api).list()).items.length, 1)
      assert.deepEqual(cluster.events, [])
    })
  })

  test('make each pod once, though copies lag and writes meet refusals', async () => {
    await withCluster(async (cluster) => {
      cluster.api.lag = () => new Promise((resolve) => cluster.clock.after(35, resolve))
      let refusals = 3
      cluster.api.refuse = (verb, resource) => {
        if (verb === 'create' && resource === 'pods' && refusals > 0) {
          refusals -= 1
          throw statusError('ServiceUnavailable', 'no leader')
        }
      }
      await deployments(cluster.api).create('ns', web(20))
      await cluster.until('the rollout', () => isDone(cluster, 'one', 20))
      const made = cluster.api.writes.filter((write) => write.startsWith('create pods/'))
      assert.equal(made.length, 20)
    })
  })

  test('a new leader goes on without making anything twice', async () => {
    await withCluster(async (cluster) => {
      await deployments(cluster.api).create('ns', web(6))
      for (let terms = 0; terms < 4; terms += 1) {
        await cluster.run(50)
        await cluster.lead()
      }
      await cluster.until('the rollout', () => isDone(cluster, 'one', 6))
      const made = cluster.api.writes.filter((write) => write.startsWith('create pods/'))
      assert.equal(made.length, 6)
      assert.equal((await replicaSets(cluster.api).list()).items.length, 1)
    })
  })

  test('a new leader whose copy misses the last one’s pods does not make them again', async () => {
    await withCluster(async (cluster) => {
      let arrive = () => {}
      const late = new Promise<void>((resolve) => {
        arrive = resolve
      })
      cluster.api.lag = (resource) => (resource === 'pods' ? late : Promise.resolve())
      const successor = cluster.warm()
      await cluster.run(50)
      cluster.api.lag = () => Promise.resolve()
      await deployments(cluster.api).create('ns', web(5))
      await cluster.run(200)
      assert.equal((await cluster.pods()).length, 5)
      await cluster.lead(successor)
      assert.equal((await cluster.pods()).length, 5)
      arrive()
      await cluster.until('the rollout', () => isDone(cluster, 'one', 5))
      const made = cluster.api.writes.filter((write) => write.startsWith('create pods/'))
      assert.equal(made.length, 5)
    })
  })

  test('replaces a pod that was deleted and one that failed', async () => {
    await withCluster(async (cluster) => {
      await deployments(cluster.api).create('ns', web(3))
      await cluster.until('the rollout', () => isDone(cluster, 'one', 3))
      const [first, second] = await cluster.pods()
      assert.ok(first && second)
      await pods(cluster.api).delete('ns', first.metadata.name ?? '')
      await pods(cluster.api).updateStatus({ ...second, status: { phase: 'Failed' } })
      await cluster.until('the replacements', () => isDone(cluster, 'one', 3))
    })
  })
})
