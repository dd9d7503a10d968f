import assert from 'node:assert/strict'
import { test } from 'node:test'
import { available, inLab, labels, merge, pods, template, workload } from './lab.ts'

const inDefault = (path: string) => `/apis/${path.replace('/', '/v1/namespaces/default/')}`
const deployments = inDefault('apps/deployments')
const replicaSets = inDefault('apps/replicasets')
const budgets = inDefault('policy/poddisruptionbudgets')

test('[sig-apps] Deployment Deployment should have a working scale subresource [Conformance]', () =>
  inLab(async (lab) => {
    await lab.ok('POST', deployments, workload(1))
    await available(lab, `${deployments}/w`, 1)
    await lab.scale(`${deployments}/w`)
  }))

test('[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]', () =>
  inLab(async (lab) => {
    await lab.ok('POST', replicaSets, workload(1))
    await available(lab, `${replicaSets}/w`, 1)
    await lab.scale(`${replicaSets}/w`)
  }))

test('[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]', () =>
  inLab(async (lab) => {
    const path = `${deployments}/w`
    await lab.ok('POST', deployments, workload(1, { strategy: { type: 'Recreate' } }))
    await available(lab, path, 1)
    const watch = await lab.cluster.watch(
      `${pods}?watch=true&resourceVersion=${(await lab.ok('GET', pods)).metadata.resourceVersion}`,
    )
    await lab.ok('PATCH', path, { spec: { template: template('web:2') } }, merge)
    const isNew = async () => {
      const all = await lab.items(pods)
      return all.length === 1 && all[0]?.spec.containers?.[0]?.image === 'web:2'
    }
    await lab.until('the new pod', isNew)
    let gone = false
    for (;;) {
      const { type, object } = await watch.next()
      if (type === 'DELETED') gone = true
      if (object.spec.containers[0].image !== 'web:2') continue
      assert.ok(gone, 'a new pod is not made before the old one is gone')
      break
    }
    await watch.close()
  }))

test('[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]', () =>
  inLab(async (lab) => {
    const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' }
    await lab.ok('POST', replicaSets, workload(1, {}, { name: 'old', annotations }))
    await available(lab, `${replicaSets}/old`, 1)
    await lab.ok('POST', deployments, workload(1, { template: template('web:2') }))
    await lab.until('the adoption', async () => {
      const { status } = await lab.ok('GET', `${deployments}/w`)
      return (
        status?.updatedReplicas === 1 && status.replicas === 1 && status.availableReplicas === 1
      )
    })
    const { metadata } = await lab.ok('GET', `${deployments}/w`)
    const revision = '3546343826724305833'
    assert.equal(metadata.annotations['deployment.kubernetes.io/revision'], revision)
    const sets = await lab.items(replicaSets)
    const old = sets.find((one) => one.metadata.name === 'old')
    assert.deepEqual([sets.length, old?.spec.replicas], [2, 0])
    assert.equal(old?.metadata.ownerReferences?.[0]?.uid, metadata.uid)
  }))

test('[sig-apps] Deployment deployment should delete old replica sets [Conformance]', () =>
  inLab(async (lab) => {
    await lab.ok('POST', replicaSets, workload(1, {}, { name: 'old' }))
    await available(lab, `${replicaSets}/old`, 1)
    await lab.ok(
      'POST',
      deployments,
      workload(1, { revisionHistoryLimit: 0, template: template('web:2') }),
    )
    await lab.until('the old set to go', async () => {
      const sets = await lab.items(replicaSets)
      return sets.length === 1 && sets[0]?.metadata.name !== 'old'
    })
  }))

test('[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]', () =>
  inLab(async (lab) => {
    const path = `${deployments}/w`
    const { metadata } = await lab.ok('GET', deployments)
    const watch = await lab.cluster.watch(
      `${deployments}?watch=true&resourceVersion=${metadata.resourceVersion}`,
    )
    await lab.ok(
      'POST',
      deployments,
      workload(1, {}, { labels: { 'test-deployment-static': 'true' } }),
    )
    assert.equal((await watch.next()).type, 'ADDED')
    await available(lab, path, 1)
    const patch = {
      metadata: { labels: { 'test-deployment': 'patched' } },
      spec: { replicas: 2, template: template('web:2') },
    }
    await lab.ok('PATCH', path, patch, {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    })
    await available(lab, path, 2)
    const found = await lab.items(
      '/apis/apps/v1/deployments?labelSelector=test-deployment-static=true',
    )
    assert.equal(found[0]?.metadata.labels?.['test-deployment'], 'patched')
    const status = { status: { readyReplicas: 0, availableReplicas: 0 } }
    assert.equal(
      (await lab.ok('PATCH', `${path}/status`, status, merge)).status.availableReplicas ?? 0,
      0,
    )
    await available(lab, path, 2)
    assert.equal((await lab.ok('GET', `${path}/status`)).kind, 'Deployment')
    await lab.ok('DELETE', `${deployments}?labelSelector=test-deployment-static=true`)
    await watch.close()
    await lab.until('the end', async () => (await lab.items(pods)).length === 0)
  }))

test('[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]', () =>
  inLab(async (lab) => {
    const { spec } = template()
    await lab.ok('POST', pods, { metadata: { name: 'orphan', labels }, spec })
    const { metadata } = await lab.ok('POST', replicaSets, workload(1))
    const owner = async () => (await lab.ok('GET', `${pods}/orphan`)).metadata.ownerReferences?.[0]
    await lab.until('the adoption', async () => (await owner())?.uid === metadata.uid)
    assert.deepEqual([(await owner()).kind, (await owner()).controller], ['ReplicaSet', true])
    await lab.ok('PATCH', `${pods}/orphan`, { metadata: { labels: { name: 'other' } } }, merge)
    await lab.until('the release', async () => (await owner()) === undefined)
    await lab.until('another pod', async () => (await lab.items(pods)).length === 2)
  }))

test('[sig-apps] ReplicaSet Replace and Patch tests [Conformance]', () =>
  inLab(async (lab) => {
    const path = `${replicaSets}/w`
    await lab.ok('POST', replicaSets, workload(1))
    await available(lab, path, 1)
    const object = await lab.ok('GET', path)
    object.spec.replicas = 2
    await lab.ok('PUT', path, object)
    await available(lab, path, 2)
    const patch = {
      metadata: { labels: { 'test-rs': 'patched' } },
      spec: { replicas: 3, template: template('web:2') },
    }
    const patched = await lab.ok('PATCH', path, patch, merge)
    assert.deepEqual([patched.metadata.labels['test-rs'], patched.spec.replicas], ['patched', 3])
    await available(lab, path, 3)
  }))

const budget = (spec: object, name = 'b') => ({
  metadata: { name },
  spec: { selector: { matchLabels: labels }, ...spec },
})

test('[sig-apps] DisruptionController should create a PodDisruptionBudget [Conformance]', () =>
  inLab(async (lab) => {
    const path = `${budgets}/b`
    const seen = () =>
      lab.until('the budget to be seen', async () => {
        const { metadata, status } = await lab.ok('GET', path)
        return (status?.observedGeneration ?? 0) >= metadata.generation
      })
    await lab.ok('POST', budgets, budget({ minAvailable: '1%' }))
    await seen()
    const object = await lab.ok('GET', path)
    object.spec.minAvailable = '2%'
    assert.equal((await lab.ok('PUT', path, object)).spec.minAvailable, '2%')
    await seen()
    const patched = await lab.ok('PATCH', path, { spec: { minAvailable: '3%' } }, merge)
    assert.equal(patched.spec.minAvailable, '3%')
    await seen()
    await lab.ok('DELETE', path)
    assert.equal((await lab.cluster.ask('GET', path)).status, 404)
  }))

test('[sig-apps] DisruptionController should observe PodDisruptionBudget status updated [Conformance]', () =>
  inLab(async (lab) => {
    await lab.ok('POST', budgets, budget({ minAvailable: 1 }))
    await lab.ok('POST', replicaSets, workload(3))
    await lab.until('the count', async () => {
      const { status } = await lab.ok('GET', `${budgets}/b`)
      return status.currentHealthy === 3 && status.disruptionsAllowed === 2
    })
    const { status } = await lab.ok('GET', `${budgets}/b`)
    assert.deepEqual([status.desiredHealthy, status.expectedPods], [1, 3])
  }))

test('[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it [Conformance]', () =>
  inLab(async (lab) => {
    const running = (count: number) =>
      lab.until(
        `${count} running`,
        async () =>
          (await lab.items(pods)).filter((one) => one.status?.phase === 'Running').length === count,
      )
    const { spec } = template()
    for (const name of ['a', 'b', 'c'])
      await lab.ok('POST', pods, { metadata: { name, labels }, spec })
    await running(3)
    await lab.ok('POST', budgets, budget({ minAvailable: 3 }))
    const state = (allowed: number) =>
      lab.until(`${allowed} allowed`, async () => {
        const { metadata, status } = await lab.ok('GET', `${budgets}/b`)
        return (
          status?.observedGeneration === metadata.generation &&
          (status.disruptionsAllowed ?? 0) === allowed
        )
      })
    await state(0)
    const evict = (name: string) =>
      lab.cluster.ask('POST', `${pods}/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name },
      })
    const refused = await evict('a')
    assert.deepEqual([refused.status, refused.json.reason], [429, 'TooManyRequests'])
    assert.equal(refused.json.details.causes[0].reason, 'DisruptionBudget')
    await lab.ok('PATCH', `${budgets}/b`, { spec: { minAvailable: 2 } }, merge)
    await state(1)
    assert.equal((await evict('a')).status, 201)
    await lab.until(
      'the pod to go',
      async () => (await lab.cluster.ask('GET', `${pods}/a`)).status === 404,
    )
    await lab.ok('PATCH', `${budgets}/b`, { spec: { minAvailable: '100%' } }, merge)
    await state(0)
    assert.equal((await evict('b')).status, 429)
    await lab.ok('DELETE', `${budgets}/b`)
    assert.equal((await evict('b')).status, 201)
  }))
