import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  configMaps,
  deployments,
  namespaces,
  pods,
  secrets,
} from '../../../src/client/resources.ts'
import type { KubernetesObject } from '../../../src/client/typed.ts'
import {
  decideGarbage,
  type OwnerState,
} from '../../../src/controllers/garbage-collector/decide.ts'
import { deletionConditions } from '../../../src/controllers/namespace/conditions.ts'
import { type Cluster, withCluster } from './cluster.ts'

const deletionTimestamp = '2026-01-01T00:00:00Z'
const object = (uid: string, owners: string[] = [], extra: object = {}): KubernetesObject => ({
  metadata: {
    name: uid,
    namespace: 'ns',
    uid,
    ownerReferences: owners.map((owner) => reference(owner)),
    ...extra,
  },
})
const reference = (uid: string, blockOwnerDeletion = true) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  blockOwnerDeletion,
})
const going = (...finalizers: string[]) => ({ deletionTimestamp, finalizers })

describe('garbage', () => {
  const decide = (
    one: KubernetesObject,
    owners: Record<string, OwnerState> = {},
    dependents: KubernetesObject[] = [],
  ) => decideGarbage({ object: one, owners: new Map(Object.entries(owners)), dependents })

  test('what has no owners, or one that is there, stays', () => {
    assert.equal(decide(object('a')).kind, 'nothing')
    assert.equal(decide(object('a', ['o']), { o: 'solid' }).kind, 'nothing')
  })

  test('what lost all owners goes', () => {
    assert.deepEqual(decide(object('a', ['o', 'p']), { o: 'absent', p: 'absent' }), {
      kind: 'delete',
      policy: 'Background',
      unblock: false,
    })
  })

  test('with one live owner left only the references to the others go', () => {
    const action = decide(object('a', ['o', 'p']), { o: 'absent', p: 'solid' })
    assert.deepEqual(action, { kind: 'forget-owners', uids: new Set(['o']) })
  })

  test('an owner of an unknown kind counts as there', () => {
    assert.equal(decide(object('a', ['o', 'x']), { o: 'absent' }).kind, 'forget-owners')
    assert.equal(decide(object('a', ['x'])).kind, 'nothing')
  })

  test('under an owner that waits, what has dependents itself goes in the foreground', () => {
    const dependents = [object('d', ['a'])]
    assert.deepEqual(decide(object('a', ['o']), { o: 'waiting' }, dependents), {
      kind: 'delete',
      policy: 'Foreground',
      unblock: false,
    })
    const circle = [object('d', ['a'], going('foregroundDeletion'))]
    const action = decide(object('a', ['o']), { o: 'waiting' }, circle)
    assert.equal(action.kind === 'delete' && action.unblock, true)
  })

  test('foreground: dependents that block go first, then the finalizer', () => {
    const owner = object('o', [], going('foregroundDeletion'))
    const blocking = object('a', ['o'])
    const free = { metadata: { ...blocking.metadata, ownerReferences: [reference('o', false)] } }
    assert.deepEqual(decide(owner, {}, [blocking, free]), {
      kind: 'collect-dependents',
      dependents: [blocking],
    })
    assert.equal(decide(owner, {}, [free]).kind, 'remove-finalizer')
  })

  test('orphan: dependents are let go first, then the finalizer', () => {
    const owner = object('o', [], going('orphan'))
    assert.equal(decide(owner, {}, [object('a', ['o'])]).kind, 'orphan-dependents')
    assert.deepEqual(decide(owner), { kind: 'remove-finalizer', finalizer: 'orphan' })
  })

  test('what is going already is left alone', () => {
    assert.equal(decide(object('a', ['o'], { deletionTimestamp }), { o: 'absent' }).kind, 'nothing')
  })
})

async function make(cluster: Cluster, name: string, ...owners: string[]): Promise<string> {
  const uids = await Promise.all(
    owners.map(
      async (owner) => (await configMaps(cluster.api).get('ns', owner)).metadata.uid ?? '',
    ),
  )
  const ownerReferences = owners.map((owner, index) => ({
    ...reference(owner),
    uid: uids[index] ?? '',
  }))
  const metadata = { name, namespace: 'ns', ...(owners.length > 0 ? { ownerReferences } : {}) }
  return (await configMaps(cluster.api).create('ns', { metadata })).metadata.uid ?? ''
}

const names = async (cluster: Cluster) =>
  (await configMaps(cluster.api).list({ namespace: 'ns' })).items
    .map(({ metadata }) => metadata.name)
    .sort()

describe('garbage collector', () => {
  test('background: dependents go after their owner, level by level', async () => {
    await withCluster(async (cluster) => {
      await make(cluster, 'a')
      await make(cluster, 'b', 'a')
      await make(cluster, 'c', 'b')
      await make(cluster, 'other')
      await cluster.run(50)
      await configMaps(cluster.api).delete('ns', 'a', { propagationPolicy: 'Background' })
      await cluster.run(200)
      assert.deepEqual(await names(cluster), ['other'])
      assert.deepEqual(cluster.failures, [])
    })
  })

  test('foreground: the owner goes last', async () => {
    await withCluster(async (cluster) => {
      await make(cluster, 'a')
      await make(cluster, 'b', 'a')
      await make(cluster, 'c', 'b')
      await cluster.run(50)
      await configMaps(cluster.api).delete('ns', 'a', { propagationPolicy: 'Foreground' })
      await cluster.run(300)
      assert.deepEqual(await names(cluster), [])
      // The last write takes the owner's finalizer away, and nothing was left then.
      const patched = cluster.api.writes.filter((write) => /configmaps\/[abc]$/.test(write))
      assert.equal(patched.at(-1), 'patch configmaps/a')
    })
  })

  test('orphan: dependents stay, without the reference', async () => {
    await withCluster(async (cluster) => {
      await make(cluster, 'a')
      await make(cluster, 'b', 'a')
      await cluster.run(50)
      await configMaps(cluster.api).delete('ns', 'a', { propagationPolicy: 'Orphan' })
      await cluster.run(200)
      assert.deepEqual(await names(cluster), ['b'])
      const kept = await configMaps(cluster.api).get('ns', 'b')
      assert.equal(kept.metadata.ownerReferences, undefined)
    })
  })

  test('an owner of the same name but another uid does not save its dependent', async () => {
    await withCluster(async (cluster) => {
      await make(cluster, 'a')
      await configMaps(cluster.api).create('ns', {
        metadata: {
          name: 'b',
          namespace: 'ns',
          ownerReferences: [{ ...reference('a'), uid: 'x' }],
        },
      })
      await cluster.run(100)
      assert.deepEqual(await names(cluster), ['a'])
    })
  })

  test('a circle of owners that is deleted in the foreground does not hang', async () => {
    await withCluster(async (cluster) => {
      const uid = await make(cluster, 'a')
      await make(cluster, 'b', 'a')
      const b = await configMaps(cluster.api).get('ns', 'b')
      const a = await configMaps(cluster.api).get('ns', 'a')
      const ownerReferences = [{ ...reference('b'), uid: b.metadata.uid ?? '' }]
      await configMaps(cluster.api).update({ ...a, metadata: { ...a.metadata, ownerReferences } })
      await cluster.run(50)
      assert.ok(uid)
      await configMaps(cluster.api).delete('ns', 'a', { propagationPolicy: 'Foreground' })
      await cluster.run(1_000)
      assert.deepEqual(await names(cluster), [])
    })
  })
})

describe('namespaces', () => {
  test('get an account and the authority, also again', async () => {
    await withCluster(async (cluster) => {
      await namespaces(cluster.api).create('', { metadata: { name: 'ns' } })
      await cluster.run(50)
      const map = await configMaps(cluster.api).get('ns', 'kube-root-ca.crt')
      assert.deepEqual(map.data, { 'ca.crt': 'PEM' })
      await configMaps(cluster.api).update({ ...map, data: { 'ca.crt': 'forged' } })
      await cluster.run(50)
      const again = await configMaps(cluster.api).get('ns', 'kube-root-ca.crt')
      assert.deepEqual(again.data, { 'ca.crt': 'PEM' })
      await configMaps(cluster.api).delete('ns', 'kube-root-ca.crt')
      await cluster.run(50)
      await configMaps(cluster.api).get('ns', 'kube-root-ca.crt')
    })
  })

  test('that are deleted go when all in them is gone, pods after their grace', async () => {
    await withCluster(async (cluster) => {
      const spec = { finalizers: ['kubernetes'] }
      await namespaces(cluster.api).create('', { metadata: { name: 'ns' }, spec })
      await secrets(cluster.api).create('ns', { metadata: { name: 's' } })
      await deployments(cluster.api).create('ns', {
        metadata: { name: 'd' },
        spec: {
          replicas: 2,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } },
        },
      })
      await cluster.until(
        'pods run',
        async () =>
          (await cluster.pods()).filter((pod) => pod.status?.phase === 'Running').length === 2,
      )
      cluster.dead.add('n1')
      await namespaces(cluster.api).delete('', 'ns')
      await cluster.run(1_000)
      const waiting = await namespaces(cluster.api).get('', 'ns')
      assert.equal(waiting.status?.phase, 'Terminating')
      assert.match(JSON.stringify(waiting.status?.conditions), /pods\. has [12] resource instances/)
      for (const pod of await cluster.pods())
        assert.ok(pod.metadata.deletionTimestamp, 'all pods were asked to go')
      cluster.dead.clear()
      await cluster.until(
        'the end',
        async () =>
          (await namespaces(cluster.api).list()).items.length === 0 &&
          (await pods(cluster.api).list()).items.length === 0,
      )
    })
  })

  test('say what they wait for', () => {
    const finalizers = new Map([['example.com/hold', 2]])
    const remaining = [{ resource: 'pods', group: '', count: 3, finalizers }]
    const errors = [new Error('a webhook denied it')]
    const told = deletionConditions({ remaining, errors }, [], 0)
    assert.deepEqual(
      told.map(({ type, status, reason }) => [type, status, reason]),
      [
        ['NamespaceDeletionDiscoveryFailure', 'False', 'ResourcesDiscovered'],
        ['NamespaceDeletionGroupVersionParsingFailure', 'False', 'ParsedGroupVersions'],
        ['NamespaceDeletionContentFailure', 'True', 'ContentDeletionFailed'],
        ['NamespaceContentRemaining', 'True', 'SomeResourcesRemain'],
        ['NamespaceFinalizersRemaining', 'True', 'SomeFinalizersRemain'],
      ],
    )
    assert.match(told[2]?.message ?? '', /: a webhook denied it$/)
    assert.match(told[3]?.message ?? '', /: pods\. has 3 resource instances$/)
    assert.match(told[4]?.message ?? '', /: example\.com\/hold in 2 resource instances$/)
  })
})
