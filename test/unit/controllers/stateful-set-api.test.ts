import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  controllerRevisions,
  endpointSlices,
  events,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../../../src/client/resources.ts'
import type { Client } from '../../../src/client/typed.ts'
import { isReady } from '../../../src/controllers/pod-facts.ts'
import type {
  Pod,
  PodTemplateSpec,
  StatefulSet,
  StatefulSetSpec,
} from '../../../src/kinds/types.ts'
import { withCluster } from './cluster.ts'
import { addNodes, namespace, type World, withApi } from './with-api.ts'

const labels = { app: 'web' }
const template = (image: string): PodTemplateSpec => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
})
const web = (replicas: number, spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    ...{ replicas, serviceName: 'web', selector: { matchLabels: labels } },
    ...{ template: template('one'), ...spec },
  },
})
const mergePatch = 'application/merge-patch+json'
const change = (client: Client, spec: unknown) =>
  statefulSets(client).patch('default', 'web', mergePatch, { spec })
const own = async (client: Client): Promise<readonly Pod[]> =>
  (await pods(client).list({ namespace: 'default', labelSelector: 'app=web' })).items
const namesOf = async (client: Client) =>
  (await own(client))
    .map(({ metadata }) => metadata.name)
    .sort()
    .join()
const imagesOf = async (client: Client) =>
  [...(await own(client))]
    .sort((one, other) => ((one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1))
    .map((pod) => pod.spec?.containers[0]?.image)
    .join()

/** All there and ready, and the status says so of the present generation. */
const isWhole = (client: Client, replicas: number) => async () => {
  const all = await own(client)
  const { metadata, status } = await statefulSets(client).get('default', 'web')
  return (
    all.length === replicas &&
    all.every((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined) &&
    status?.observedGeneration === metadata.generation &&
    (status?.availableReplicas ?? 0) === replicas
  )
}

async function setReady(client: Client, name: string, ready: boolean): Promise<void> {
  const pod = await pods(client).get('default', name)
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }]
  await pods(client).updateStatus({
    ...pod,
    status: { ...pod.status, phase: 'Running', conditions },
  })
}

async function rounds({ clock }: World, count = 15): Promise<void> {
  for (let round = 0; round < count; round += 1) await clock.advanceAsync(100)
}

const withSet = (body: (world: World) => Promise<void>) =>
  withApi(async (world) => {
    await namespace(world.client, 'kube-node-lease')
    await addNodes(world.client, 'n1', 'n2')
    await body(world)
    assert.deepEqual(world.failures, [])
  })

describe('stateful sets on the real API', () => {
  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]', () =>
    withSet(async (world) => {
      const { client, until } = world
      const made: string[] = []
      const note = async () => {
        for (const { metadata } of await own(client))
          if (!made.includes(metadata.name ?? '')) made.push(metadata.name ?? '')
      }
      await statefulSets(client).create('default', web(1))
      await until('the first', isWhole(client, 1))
      await setReady(client, 'web-0', false)
      await change(client, { replicas: 3 })
      await rounds(world)
      assert.equal(await namesOf(client), 'web-0', 'scaling up halts')
      await setReady(client, 'web-0', true)
      await until('three', async () => {
        await note()
        return isWhole(client, 3)()
      })
      assert.deepEqual(made, ['web-0', 'web-1', 'web-2'])
      for (const name of made) await setReady(client, name, false)
      await change(client, { replicas: 0 })
      await rounds(world)
      const going = (await own(client)).filter(({ metadata }) => metadata.deletionTimestamp)
      assert.equal(going.length, 0, 'scaling down halts')
      // With the lower ones ready again the broken last one may go.
      for (const name of ['web-0', 'web-1']) await setReady(client, name, true)
      const left: string[] = []
      await until('none', async () => {
        const now = await namesOf(client)
        if (left.at(-1) !== now) left.push(now)
        return isWhole(client, 0)()
      })
      assert.deepEqual(left, ['web-0,web-1,web-2', 'web-0,web-1', 'web-0', ''])
    }))

  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]', () =>
    withSet(async (world) => {
      const { client, until } = world
      await statefulSets(client).create('default', web(1, { podManagementPolicy: 'Parallel' }))
      await until('the first', isWhole(client, 1))
      await setReady(client, 'web-0', false)
      await change(client, { replicas: 3 })
      await until('three', async () => (await namesOf(client)) === 'web-0,web-1,web-2')
      for (const name of ['web-1', 'web-2']) await setReady(client, name, false)
      await change(client, { replicas: 0 })
      await until('none', isWhole(client, 0))
    }))

  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset [Conformance]', () =>
    withSet(async ({ client, until }) => {
      await statefulSets(client).create('default', web(1))
      await until('the pod', isWhole(client, 1))
      const [first] = await own(client)
      assert.ok(first)
      await pods(client).updateStatus({ ...first, status: { phase: 'Failed', reason: 'Evicted' } })
      await until('its successor', async () => {
        const [pod] = await own(client)
        const anew = pod && pod.metadata.uid !== first.metadata.uid
        return anew === true && (await isWhole(client, 1)())
      })
      assert.equal(await namesOf(client), 'web-0')
    }))

  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]', () =>
    withSet(async ({ client, until }) => {
      await statefulSets(client).create('default', web(1))
      await until('the pod', isWhole(client, 1))
      const at = ['default', 'web', 'scale'] as const
      interface Scale {
        spec: { replicas?: number }
        status: { replicas?: number; selector?: string }
      }
      const scale = (await statefulSets(client).subresource(...at, 'GET')) as Scale
      assert.deepEqual(
        [scale.spec.replicas, scale.status],
        [1, { replicas: 1, selector: 'app=web' }],
      )
      const wanted = { ...scale, spec: { replicas: 2 } }
      await statefulSets(client).subresource(...at, 'PUT', wanted)
      await until('two', isWhole(client, 2))
      const patched = await statefulSets(client).patch(
        'default',
        'web',
        mergePatch,
        {
          spec: { replicas: 3 },
        },
        { subresource: 'scale' },
      )
      assert.deepEqual((patched as unknown as Scale).spec, { replicas: 3 })
      await until('three', isWhole(client, 3))
    }))

  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of template modifications [Conformance]', () =>
    withSet(async ({ client, until }) => {
      await statefulSets(client).create('default', web(3))
      await until('three', isWhole(client, 3))
      const first = (await statefulSets(client).get('default', 'web')).status
      assert.equal(first?.currentRevision, first?.updateRevision)
      const seen: string[] = []
      const rolled = (image: string) => async () => {
        const images = await imagesOf(client)
        if (seen.at(-1) !== images) seen.push(images)
        return images === [image, image, image].join() && (await isWhole(client, 3)())
      }
      await change(client, { template: template('two') })
      await until('the update', rolled('two'))
      const steps = seen.filter((images) => images.split(',').length === 3)
      assert.deepEqual(steps, ['one,one,one', 'one,one,two', 'one,two,two', 'two,two,two'])
      const second = (await statefulSets(client).get('default', 'web')).status
      assert.equal(second?.currentRevision, second?.updateRevision)
      assert.notEqual(second?.currentRevision, first?.currentRevision)
      await change(client, { template: template('one') })
      await until('the way back', rolled('one'))
      const third = (await statefulSets(client).get('default', 'web')).status
      assert.equal(third?.currentRevision, first?.currentRevision, 'the first revision again')
      const revisions = (await controllerRevisions(client).list({ namespace: 'default' })).items
      assert.deepEqual(revisions.map(({ revision }) => revision).sort(), [2, 3])
    }))

  test('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications [Conformance]', () =>
    withSet(async (world) => {
      const { client, until } = world
      const upTo = (partition: number) => ({
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
      })
      await statefulSets(client).create('default', web(3, upTo(3)))
      await until('three', isWhole(client, 3))
      await change(client, { template: template('two') })
      await rounds(world)
      assert.equal(await imagesOf(client), 'one,one,one', 'none beyond the partition')
      const { status } = await statefulSets(client).get('default', 'web')
      assert.notEqual(status?.currentRevision, status?.updateRevision)
      const images = (expected: string) => async () =>
        (await imagesOf(client)) === expected && (await isWhole(client, 3)())
      await change(client, upTo(2))
      await until('the canary', images('one,one,two'))
      for (const name of ['web-0', 'web-2']) await pods(client).delete('default', name)
      await until('each of its own revision', images('one,one,two'))
      await change(client, upTo(1))
      await until('the next phase', images('one,two,two'))
      await change(client, upTo(0))
      await until('the end', images('two,two,two'))
      const end = (await statefulSets(client).get('default', 'web')).status
      assert.equal(end?.currentRevision, end?.updateRevision)
    }))

  test('keep a revision that only lacks what has a default today, and the pods of it', () =>
    withSet(async ({ client, until }) => {
      await controllerRevisions(client).create('default', {
        metadata: { name: 'web-elder', labels },
        data: { spec: { template: { $patch: 'replace', ...template('one') } } },
        revision: 4,
      })
      await statefulSets(client).create('default', web(1))
      await until('the pod', isWhole(client, 1))
      const [pod] = await own(client)
      assert.equal(pod?.metadata.labels?.['controller-revision-hash'], 'web-elder')
      const { items } = await controllerRevisions(client).list({ namespace: 'default' })
      assert.deepEqual(
        items.map(({ metadata, revision }) => [metadata.name, revision]),
        [['web-elder', 4]],
      )
      await change(client, { template: template('two') })
      await until('the update', async () => (await imagesOf(client)) === 'two')
      const { items: after } = await controllerRevisions(client).list({ namespace: 'default' })
      assert.deepEqual(after.map(({ revision }) => revision).sort(), [4, 5])
    }))

  test('lose maxUnavailable, a feature that is off in v1.36', () =>
    withSet(async ({ client }) => {
      const maxUnavailable = 2
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } }
      const made = await statefulSets(client).create('default', web(0, { updateStrategy }))
      const written = await change(client, { updateStrategy })
      for (const { spec } of [made, written])
        assert.deepEqual({ ...spec?.updateStrategy?.rollingUpdate }, { partition: 0 })
    }))

  test('name their revisions as kube-controller-manager names them', () =>
    withSet(async ({ client, until }) => {
      const plain = { app: 'plain' }
      const metadata = { name: 'plain', namespace: 'default' }
      const ofImage = (image: string): PodTemplateSpec => ({
        ...{ metadata: { labels: plain }, spec: { containers: [{ name: 'c', image }] } },
      })
      await statefulSets(client).create('default', {
        metadata,
        spec: { replicas: 1, selector: { matchLabels: plain }, template: ofImage('nginx:1') },
      })
      const named = (...names: string[]) =>
        until(`revisions ${names}`, async () => {
          const { items } = await controllerRevisions(client).list({ namespace: 'default' })
          return (
            items
              .map(({ metadata: { name } }) => name)
              .sort()
              .join() === names.join()
          )
        })
      // The names that v1.36.1 gives the same two templates.
      await named('plain-58bdfd9865')
      const spec = { template: ofImage('nginx:2') }
      await statefulSets(client).patch('default', 'plain', mergePatch, { spec })
      await named('plain-58bdfd9865', 'plain-6ff6c6478d')
    }))

  test('make claims, keep them, and with another policy let them go', () =>
    withSet(async ({ client, until }) => {
      const data = {
        metadata: { name: 'data' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
        },
      }
      const claims = async () =>
        (await persistentVolumeClaims(client).list({ namespace: 'default' })).items
          .map(({ metadata }) => [metadata.name, metadata.ownerReferences?.[0]?.kind])
          .sort()
      await statefulSets(client).create('default', web(2, { volumeClaimTemplates: [data] }))
      await until('two', isWhole(client, 2))
      assert.deepEqual(await claims(), [
        ['data-web-0', undefined],
        ['data-web-1', undefined],
      ])
      const [pod] = await own(client)
      const volume = pod?.spec?.volumes?.find(({ name }) => name === 'data')
      assert.deepEqual(volume?.persistentVolumeClaim?.claimName, `data-${pod?.metadata.name}`)
      await change(client, {
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      })
      await until('owners', async () =>
        (await claims()).every(([, owner]) => owner === 'StatefulSet'),
      )
      await change(client, { replicas: 1 })
      await until('one', isWhole(client, 1))
      await until('the end of its claim', async () => (await claims()).length === 1)
      await statefulSets(client).delete('default', 'web', { propagationPolicy: 'Background' })
      await until('the end', async () => (await claims()).length === 0)
      const told = (await events(client).list()).items.map(({ message }) => message)
      for (const text of [
        'Create Claim data-web-0 Pod web-0 in StatefulSet web success',
        'Create Pod web-0 in StatefulSet web successful',
        'Delete Pod web-1 in StatefulSet web successful',
      ])
        assert.ok(told.includes(text), text)
    }))

  test('are counted by budgets of disruptions with what they should have', () =>
    withSet(async ({ client, until }) => {
      await statefulSets(client).create('default', web(3))
      await podDisruptionBudgets(client).create('default', {
        metadata: { name: 'web' },
        spec: { selector: { matchLabels: labels }, maxUnavailable: 1 },
      })
      await until('three', isWhole(client, 3))
      await until('the budget', async () => {
        const { status } = await podDisruptionBudgets(client).get('default', 'web')
        return status?.disruptionsAllowed === 1 && status.expectedPods === 3
      })
      await setReady(client, 'web-1', false)
      await pods(client).delete('default', 'web-2')
      await until('none to spare', async () => {
        const { status } = await podDisruptionBudgets(client).get('default', 'web')
        return status?.disruptionsAllowed === 0 && status.expectedPods === 3
      })
    }))

  test('have names under their service', () =>
    withSet(async ({ client, until }) => {
      await services(client).create('default', {
        metadata: { name: 'web' },
        spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] },
      })
      await statefulSets(client).create('default', web(2))
      await until('two', isWhole(client, 2))
      await until('their names', async () => {
        const { items } = await endpointSlices(client).list({ namespace: 'default' })
        const names = items.flatMap(({ endpoints = [] }) =>
          endpoints.map(({ hostname }) => hostname),
        )
        return names.sort().join() === 'web-0,web-1'
      })
    }))
})

describe('stateful set controller', () => {
  test('makes each pod and claim once, though copies lag and writes meet refusals', async () => {
    await withCluster(async (cluster) => {
      cluster.api.lag = () => new Promise((resolve) => cluster.clock.after(35, resolve))
      let refusals = 3
      cluster.api.refuse = (verb, resource) => {
        if (verb !== 'create' || resource !== 'pods' || refusals === 0) return
        refusals -= 1
        throw new Error('refused')
      }
      const data = { metadata: { name: 'data' }, spec: {} }
      const set = web(12, { podManagementPolicy: 'Parallel', volumeClaimTemplates: [data] })
      await statefulSets(cluster.api).create('ns', {
        ...set,
        metadata: { name: 'web', namespace: 'ns' },
      })
      await cluster.until('the pods', async () => {
        const { status } = await statefulSets(cluster.api).get('ns', 'web')
        return status?.availableReplicas === 12
      })
      const count = (what: string) =>
        cluster.api.writes.filter((write) => write.startsWith(`create ${what}/`)).length
      assert.equal(count('pods'), 12)
      assert.equal(count('persistentvolumeclaims'), 12)
      assert.equal(count('controllerrevisions'), 1)
      assert.ok(
        cluster.events.some((event) =>
          /^FailedCreate web: Create Pod web-\d+ in StatefulSet web failed error: refused/.test(
            event,
          ),
        ),
      )
    })
  })
})
