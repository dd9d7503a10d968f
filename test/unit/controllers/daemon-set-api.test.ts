import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  controllerRevisions,
  daemonSets,
  events,
  nodes,
  pods,
} from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import { targetNode } from '../../../src/controllers/daemon-set/placement.ts'
import { isActive, isReady } from '../../../src/controllers/pod-facts.ts'
import type { DaemonSet, Pod, PodTemplateSpec } from '../../../src/kinds/types.ts'
import { withCluster } from './cluster.ts'
import { addNodes, namespace, withApi } from './with-api.ts'

const labels = { app: 'd' }
const template = (image: string): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
})
const daemon = (image = 'one'): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd', namespace: 'default' },
  spec: { selector: { matchLabels: labels }, template: template(image), revisionHistoryLimit: 1 },
})
const mergePatch = 'application/merge-patch+json'
const change = (client: Client, patch: unknown) =>
  daemonSets(client).patch('default', 'd', mergePatch, patch)
const own = async (client: Client): Promise<readonly Pod[]> =>
  (await pods(client).list({ namespace: 'default' })).items.filter(isActive)
const revisionsOf = async (client: Client) =>
  (await controllerRevisions(client).list({ namespace: 'default' })).items
    .map(({ metadata, revision }) => [revision, metadata.name] as const)
    .sort(([one], [other]) => one - other)

/** All on these nodes, ready, and of this image; and the status says so. */
const runs =
  (client: Client, image: string, ...names: string[]) =>
  async () => {
    const all = await own(client)
    const { metadata, status } = await daemonSets(client).get('default', 'd')
    return (
      all
        .map((pod) => pod.spec?.nodeName ?? '')
        .sort()
        .join() === names.join() &&
      all.every((pod) => isReady(pod) && pod.spec?.containers[0]?.image === image) &&
      status?.observedGeneration === metadata.generation &&
      (status?.updatedNumberScheduled ?? 0) === names.length &&
      (status?.numberAvailable ?? 0) === names.length
    )
  }

describe('daemon sets on the real API', () => {
  test('[sig-apps] Daemon set [Serial] should run and stop simple daemon [Conformance]', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2')
      await daemonSets(client).create('default', daemon())
      await until('the pods', runs(client, 'one', 'n1', 'n2'))
      const [first] = await own(client)
      await pods(client).delete('default', first?.metadata.name ?? '')
      await until('its successor', async () => {
        const uids = (await own(client)).map(({ metadata }) => metadata.uid)
        return !uids.includes(first?.metadata.uid) && (await runs(client, 'one', 'n1', 'n2')())
      })
      await daemonSets(client).delete('default', 'd')
      await until('the end', async () => (await own(client)).length === 0)
      assert.deepEqual(failures, [])
    })
  })

  test('[sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]', async () => {
    await withApi(async ({ client, clock, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2')
      const onColor = (color: string) => ({ spec: { nodeSelector: { color } } })
      const paint = (name: string, color: string) =>
        nodes(client).patch('', name, mergePatch, { metadata: { labels: { color } } })
      await daemonSets(client).create('default', daemon())
      await change(client, { spec: { template: onColor('blue') } })
      await until('no pods', runs(client, 'one'))
      for (let round = 0; round < 10; round += 1) await clock.advanceAsync(100)
      assert.equal((await own(client)).length, 0)
      await paint('n1', 'blue')
      await until('the pod of the blue node', runs(client, 'one', 'n1'))
      await paint('n1', 'green')
      await until('its end', runs(client, 'one'))
      const updateStrategy = { type: 'RollingUpdate' }
      await change(client, { spec: { template: onColor('green'), updateStrategy } })
      await until('the pod of the green node', runs(client, 'one', 'n1'))
      assert.deepEqual(failures, [])
    })
  })

  test('[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2')
      await daemonSets(client).create('default', daemon())
      await until('the pods', runs(client, 'one', 'n1', 'n2'))
      const [first] = await revisionsOf(client)
      await change(client, { spec: { template: template('two') } })
      await until('the update', runs(client, 'two', 'n1', 'n2'))
      await change(client, { spec: { template: template('one') } })
      await until('the undo', runs(client, 'one', 'n1', 'n2'))
      const revisions = await revisionsOf(client)
      assert.deepEqual(
        revisions.map(([number]) => number),
        [2, 3],
      )
      assert.equal(revisions[1]?.[1], first?.[1], 'the first revision is the newest again')
      await change(client, { spec: { template: template('three') } })
      await until('the third', runs(client, 'three', 'n1', 'n2'))
      await until('the end of the oldest', async () => (await revisionsOf(client)).length === 2)
      await addNodes(client, 'n3')
      await until('the pod of a new node', runs(client, 'three', 'n1', 'n2', 'n3'))
      await nodes(client).patch('', 'n3', mergePatch, { metadata: { labels: { no: 'more' } } })
      const affinity = {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'no', operator: 'DoesNotExist', values: [] }] },
            ],
          },
        },
      }
      await change(client, { spec: { template: { spec: { affinity } } } })
      await until('its leave', runs(client, 'three', 'n1', 'n2'))
      await daemonSets(client).delete('default', 'd', { propagationPolicy: 'Background' })
      await until('the end', async () => {
        const left = [...(await own(client)), ...(await revisionsOf(client))]
        return left.length === 0
      })
      const told = new Set((await events(client).list()).items.map(({ reason }) => reason))
      for (const reason of ['SuccessfulCreate', 'SuccessfulDelete']) assert.ok(told.has(reason))
      assert.deepEqual(failures, [])
    })
  })

  test('[sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]', async () => {
    await withApi(async ({ client, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2')
      await daemonSets(client).create('default', daemon())
      await until('the pods', runs(client, 'one', 'n1', 'n2'))
      const [failed] = await own(client)
      assert.ok(failed)
      await pods(client).updateStatus({ ...failed, status: { phase: 'Failed' } })
      const anew = async () =>
        (await runs(client, 'one', 'n1', 'n2')()) &&
        (await own(client)).every(({ metadata }) => metadata.uid !== failed.metadata.uid)
      await until('the new pod', anew)
      const told = (await events(client).list()).items.map(({ reason, message }) => [
        reason,
        message,
      ])
      const text = `Found failed daemon pod default/${failed.metadata.name} on node`
      assert.ok(
        told.some(([reason, message]) => reason === 'FailedDaemonPod' && message?.startsWith(text)),
      )
      assert.deepEqual(failures, [])
    })
  })

  test('[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]', async () => {
    await withApi(async ({ client, clock, until, failures }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1', 'n2', 'n3')
      await daemonSets(client).create('default', daemon())
      await until('the pods', runs(client, 'one', 'n1', 'n2', 'n3'))
      const before = new Map((await own(client)).map((pod) => [pod.spec?.nodeName, pod]))
      await change(client, { spec: { template: template('broken') } })
      // Nobody starts the new pod: the update stands still after one node.
      const notActive = async () =>
        (await pods(client).list({ namespace: 'default' })).items.filter((pod) => !isActive(pod))
      for (let round = 0; round < 20; round += 1) await clock.advanceAsync(100)
      const going = (await notActive()).map(targetNode)
      assert.equal(going.length, 1)
      await change(client, { spec: { template: template('one') } })
      await until('the way back', runs(client, 'one', 'n1', 'n2', 'n3'))
      for (const pod of await own(client)) {
        const same = pod.metadata.uid === before.get(pod.spec?.nodeName)?.metadata.uid
        assert.equal(same, pod.spec?.nodeName !== going[0], `the pod of ${pod.spec?.nodeName}`)
      }
      assert.deepEqual(failures, [])
    })
  })

  test('adopt revisions and pods that were left, and refuse to share a hash with another template', async () => {
    await withApi(async ({ client, until }) => {
      await namespace(client, 'kube-node-lease')
      await addNodes(client, 'n1')
      await daemonSets(client).create('default', daemon())
      await until('the pods', runs(client, 'one', 'n1'))
      const [[, name = ''] = []] = await revisionsOf(client)
      const [pod] = await own(client)
      await daemonSets(client).delete('default', 'd', { propagationPolicy: 'Orphan' })
      await until('the orphans', async () => {
        const { metadata } = await controllerRevisions(client).get('default', name)
        return (metadata.ownerReferences ?? []).length === 0
      })
      await daemonSets(client).create('default', daemon())
      await until('their adoption', async () => {
        const [revision] = await revisionsOf(client)
        const [adopted] = await own(client)
        const owned = [
          (await controllerRevisions(client).get('default', name)).metadata.ownerReferences,
          adopted?.metadata.ownerReferences,
        ].every((references) => references?.length === 1)
        return owned && revision?.[1] === name && adopted?.metadata.uid === pod?.metadata.uid
      })
      // Somebody's revision under the name that the next template would get.
      const probe = await change(client, { spec: { template: template('two') } })
      await until('the update', runs(client, 'two', 'n1'))
      assert.equal(probe.status?.collisionCount, undefined)
      const taken = (await revisionsOf(client)).at(-1)?.[1] ?? ''
      await change(client, { spec: { template: template('one') } })
      await until('the way back', runs(client, 'one', 'n1'))
      const { metadata } = await controllerRevisions(client).get('default', taken)
      await controllerRevisions(client).delete('default', taken)
      await controllerRevisions(client).create('default', {
        metadata: { name: taken, namespace: metadata.namespace },
        data: { other: true },
        revision: 9,
      })
      await change(client, { spec: { template: template('two') } })
      await until('the update under another name', runs(client, 'two', 'n1'))
      const { status } = await daemonSets(client).get('default', 'd')
      assert.equal(status?.collisionCount, 1)
      assert.notEqual((await revisionsOf(client)).at(-2)?.[1], taken)
    })
  })
})

describe('daemon set controller', () => {
  test('makes each pod once, though copies lag and writes meet refusals', async () => {
    await withCluster(async (cluster) => {
      for (let index = 3; index <= 20; index += 1) await cluster.addNode(`n${index}`)
      cluster.api.lag = () => new Promise((resolve) => cluster.clock.after(35, resolve))
      let refusals = 3
      cluster.api.refuse = (verb, resource) => {
        if (verb !== 'create' || resource !== 'pods' || refusals === 0) return
        refusals -= 1
        throw new Error('refused')
      }
      await daemonSets(cluster.api).create('ns', {
        ...daemon(),
        metadata: { name: 'd', namespace: 'ns' },
      })
      await cluster.until('the pods', async () => {
        const { status } = await daemonSets(cluster.api).get('ns', 'd')
        return status?.numberAvailable === 20
      })
      const made = cluster.api.writes.filter((write) => write.startsWith('create pods/'))
      assert.equal(made.length, 20)
      assert.equal((await controllerRevisions(cluster.api).list()).items.length, 1)
      assert.ok(cluster.events.some((event) => event.startsWith('FailedCreate d: Error creating')))
    })
  })

  test('a new leader goes on without making anything twice', async () => {
    await withCluster(async (cluster) => {
      for (let index = 3; index <= 12; index += 1) await cluster.addNode(`n${index}`)
      const successor = cluster.warm()
      await cluster.run(200)
      // The successor's copies show nothing of what the first leader makes from now on.
      cluster.api.lag = (resource) =>
        resource === 'pods'
          ? new Promise((resolve) => cluster.clock.after(400, resolve))
          : Promise.resolve()
      await daemonSets(cluster.api).create('ns', {
        ...daemon(),
        metadata: { name: 'd', namespace: 'ns' },
      })
      await cluster.run(60)
      await cluster.lead(successor)
      await cluster.until('the pods', async () => {
        const { status } = await daemonSets(cluster.api).get('ns', 'd')
        return status?.numberAvailable === 12
      })
      const made = cluster.api.writes.filter((write) => write.startsWith('create pods/'))
      assert.equal(made.length, 12)
    })
  })
})
